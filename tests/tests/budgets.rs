//! What the shipped model and the program around it cost, as upper bounds that are printed.

use spinet_core::shape::Dimensions;
use spinet_tests::device::{boards, builtin_texts, linear_of_ngrams, model_of_size, shipped_model};
use spinet_trainer::device::{Board, Emulator, Firmware, FirmwareError, Program, report};

/// The program without a model and with the code of the shipped one alone, which is compiled in, in
/// bytes of flash: at most 19,236 of them were measured on Armv6-M and the Cortex-M4 and M7; 19,848
/// for the Cortex-M3; 20,304 for the Cortex-M33, whose table of interrupts is 960 larger; 23,472 for
/// the Cortex-M55, for which it is compiled for speed, so that loops become vectors; 18,458 for RISC-V.
fn program_flash(core: &str) -> u64 {
    match core {
        "Cortex-M0" => 16_250,
        "Cortex-M3" => 20_250,
        "Cortex-M33F" => 20_750,
        "Cortex-M55" => 23_950,
        "RV32IMC" => 18_860,
        _ => 19_660,
    }
}
/// Static RAM in bytes: the service (496, of which the state of a GRU(32) behind an embedding of 16
/// takes 420 and the tokenizer most of the rest) and the logger.
const STATIC_RAM: u64 = 528;

/// Instructions per token of the shipped model (embedding 16, GRU of 32: 4,608
/// multiply-accumulates) on five-letter words: what was measured, and a twentieth more.
const fn instructions_per_token(core: &str) -> u64 {
    match core.as_bytes() {
        b"Cortex-M0" => 48_430,
        b"Cortex-M3" => 17_470,
        b"Cortex-M55" => 4_670,
        // 33,700: the portable kernels.
        b"RV32IMC" => 35_380,
        _ => 11_190,
    }
}

fn shipped(board: &Board) -> Firmware {
    Firmware::build(board, &shipped_model().path, Program::Application).unwrap()
}

#[test]
fn the_shipped_model_fits_every_board_and_its_budget() {
    for board in boards() {
        let firmware = shipped(&board);
        let program = firmware.flash_bytes - firmware.model_bytes;
        let ram = firmware.ram_bytes;
        let hardware = &board.hardware;
        println!(
            "{}: flash {} of {} (program {program}), static RAM {ram} of {}, stack {}",
            board.name,
            firmware.flash_bytes,
            hardware.flash_bytes,
            hardware.ram_bytes,
            hardware.stack_bytes
        );
        assert!(firmware.flash_bytes <= hardware.flash_bytes.into());
        assert!(ram + u64::from(hardware.stack_bytes) <= hardware.ram_bytes.into());
        assert!(
            program <= program_flash(&hardware.core),
            "{}: {program}",
            board.name
        );
        assert!(ram <= STATIC_RAM, "{}: {ram}", board.name);
    }
}

#[test]
fn a_token_costs_no_more_instructions_than_it_did() {
    for board in boards() {
        let firmware = shipped(&board);
        let mut emulator = Emulator::boot(&board, &firmware.path, Box::new(|_| {})).unwrap();
        let verdict = emulator.classify(&b"movie ".repeat(400)).unwrap();
        assert_eq!(verdict.tokens, 400);
        let per_token = verdict.instructions / 400;
        println!("{}: {per_token} instructions per token", board.name);
        let most = instructions_per_token(&board.hardware.core);
        assert!(per_token <= most, "{}: {per_token} > {most}", board.name);
    }
}

/// Instructions per word of a linear model of n-grams of up to 3 words on reviews, of whose n-grams
/// it knows the most: what was measured, and a twentieth more. Half of it is the tokenizer's.
const fn instructions_per_word(core: &str) -> u64 {
    match core.as_bytes() {
        b"Cortex-M0" => 681,
        b"Cortex-M55" => 484,
        _ => 544,
    }
}

/// The inference path alone, without the model's bytes, in bytes of flash: what was measured, and a
/// fiftieth more, below 12 KiB and 10 KiB. On the `stm32f405`, of 11,834 bytes:
///
/// - 3,100: products with weights of 8 bits in quads, 780 of them the loop;
/// - 2,050: the table of tanh on both sides of 0 (1,028 on the Cortex-M0);
/// - 1,850: the tokenizer with its letters' lower case, 1,050 of them the table;
/// - 1,450: copies and zeros, of the compiler's library;
/// - 1,024: the vectors of the interrupts (192 on the `microbit`);
/// - 600: the vocabulary, the embedding, the GRU and the read-out, but for 400 of the GRU's sums.
///
/// The rest makes the classifier and its verdict. Of the model itself there is nothing but its
/// bytes: what it consists of is constants in the code.
const fn inference_flash(core: &str) -> u64 {
    match core.as_bytes() {
        b"Cortex-M0" => 8_400,
        _ => 12_110,
    }
}

/// The same of a model that is checked where it lies when the program starts: what was measured, and
/// a fiftieth more. Some 17,000 are what checks and reads the artifact (its manifest's fields 7,200,
/// the tensors of every cell 2,700, the sum of the bytes with its table 1,500, the second network of
/// an ensemble 1,250); the rest is what other models than this one would need.
const fn parsing_flash(core: &str) -> u64 {
    match core.as_bytes() {
        b"Cortex-M0" => 36_580,
        _ => 39_210,
    }
}

#[test]
fn a_word_and_the_n_grams_that_it_ends_cost_no_more_instructions_than_they_did() {
    let text = builtin_texts(20).join(&b' ');
    let model = linear_of_ngrams(3_000, 3);
    for board in boards() {
        let firmware = Firmware::build(&board, &model.path, Program::Application).unwrap();
        let mut emulator = Emulator::boot(&board, &firmware.path, Box::new(|_| {})).unwrap();
        let verdict = emulator.classify(&text).unwrap();
        assert!(verdict.tokens > 400 && verdict.unknown < 40);
        let per_word = verdict.instructions / u64::from(verdict.tokens);
        println!("{}: {per_word} instructions per word", board.name);
        let most = instructions_per_word(&board.hardware.core);
        assert!(per_word <= most, "{}: {per_word} > {most}", board.name);
    }
}

#[test]
fn the_inference_path_alone_takes_no_more_flash_than_it_did() {
    for board in boards() {
        if !["stm32f405", "microbit"].contains(&board.name.as_str()) {
            continue;
        }
        let (model, core) = (shipped_model().path, &board.hardware.core);
        for (program, most) in [
            (Program::Inference, inference_flash(core)),
            (Program::Parsing, parsing_flash(core)),
        ] {
            let firmware = Firmware::build(&board, &model, program).unwrap();
            let path = firmware.flash_bytes - firmware.model_bytes;
            println!("{}: {program:?} {path} bytes of flash", board.name);
            assert!(path <= most, "{}, {program:?}: {path} > {most}", board.name);
        }
    }
}

/// A GRU of 64 units behind 32 inputs, in bytes: the deepest stack of a step, of which its sums take
/// 1,024 (three for each of 64 units and one for their candidates), or, on the Cortex-M3, 512 and the
/// widened inputs as much, and the copy of what the product's loop works on some 80; and its state.
#[test]
fn a_gru_of_64_units_needs_less_than_2_kib_for_a_step() {
    let dimensions = Dimensions {
        // x_t, h_{t-1} and h_t, two bytes each.
        input: 32,
        hidden: 64,
        widest: 64,
        ..Dimensions::default()
    };
    let state = dimensions.state_bytes();
    let stack = |line: &str| {
        line.split_once("stack_bytes=")?
            .1
            .split(' ')
            .next()?
            .parse()
            .ok()
    };
    for board in boards() {
        let firmware = Firmware::build(&board, &shipped_model().path, Program::Bench).unwrap();
        let report = report::run(&board, &firmware.path).unwrap();
        let measured: Vec<usize> = (report.lines())
            .filter(|line| line.starts_with("cell=gru input=32 hidden=64 "))
            .filter_map(stack)
            .collect();
        assert_eq!(measured.len(), 2);
        for stack in measured {
            println!("{}: {stack} bytes of stack, {state} of state", board.name);
            assert!(stack + state <= 2_048, "{}: {stack} + {state}", board.name);
        }
    }
}

/// The one line with which a board refuses a model.
fn refusal(board: &Board, model: &std::path::Path) -> String {
    match Firmware::build(board, model, Program::Application) {
        Err(FirmwareError::Refused(line)) => line,
        other => panic!("{}: {other:?}", board.name),
    }
}

#[test]
fn a_model_too_large_for_a_board_is_refused_with_the_numbers() {
    let boards = boards();
    let microbit = boards
        .iter()
        .find(|board| board.name == "microbit")
        .unwrap();
    // 6,003 rows of 48 bytes and their vocabulary, of 262,144 bytes.
    let flash = refusal(microbit, &model_of_size(6_000, 48, 0).path);
    assert!(flash.contains("262144 bytes of flash"), "{flash}");
    // A window of 2,500 tokens, twice on the stack while it is made, of 16,384 bytes.
    let ram = refusal(microbit, &model_of_size(5, 48, 2_500).path);
    assert!(ram.contains("16384 bytes of RAM"), "{ram}");
}
