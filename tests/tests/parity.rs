//! What a board computes is what the host computes, on every board, for every field of the
//! answer, whatever comes in: for every cell, with weights of 8 and of 4 bits, on every core. The
//! cores above the Cortex-M4 and RISC-V are tried with all cells in one model, and with fewer texts.
//!
//! An image is built for each model and board, one after the other: a thread a board boots and
//! asks its own while the next is built.

use spinet_core::{cell::CellKind, matrix::Encoding, sampling::Sampling};
use spinet_tests::{
    device::{
        TestModel, boards, builtin_texts, cores, every_cell, hostile_texts, is_small,
        models_of_ngrams, random_models_for, shipped_model, stack, trained_model,
    },
    host::{self, Text},
    model::Purpose,
};
use spinet_trainer::{
    device::{Board, DeviceVerdict, Emulator, Firmware, GenerateRequest, Program},
    inference::Model,
};
use std::{collections::HashSet, thread};

/// Boots every model on every board, and compares what it answers with what is expected.
fn on_boards<T: Sync>(
    boards: Vec<Board>,
    models: &[(TestModel, T)],
    compare: impl Fn(&mut Emulator, &T, &str) + Sync,
) {
    let try_board = |board: &Board| {
        for (model, expected) in models {
            let firmware = Firmware::build(board, &model.path, Program::Application).unwrap();
            let mut emulator = Emulator::boot(board, &firmware.path, Box::new(|_| {})).unwrap();
            let name = format!("{}, {}", board.name, model.name);
            compare(&mut emulator, expected, &name);
            println!("{name}: equal");
        }
    };
    thread::scope(|scope| {
        let trials: Vec<_> = (boards.iter())
            .map(|board| scope.spawn(|| try_board(board)))
            .collect();
        for trial in trials {
            trial.join().unwrap();
        }
    });
}

/// The boards with small cores among `boards`, or those with large ones.
fn small(boards: Vec<Board>, small: bool) -> Vec<Board> {
    let boards = boards.into_iter();
    boards.filter(|board| is_small(board) == small).collect()
}

/// The models with what `host` makes of them.
fn expected<T>(models: Vec<TestModel>, host: impl Fn(&Model) -> T) -> Vec<(TestModel, T)> {
    let models = models.into_iter().map(|model| {
        let expected = host(&Model::open(&model.path).unwrap());
        (model, expected)
    });
    models.collect()
}

fn same_verdict(device: DeviceVerdict, host: &DeviceVerdict, name: &str) {
    assert!(device.instructions > 0 || device.tokens == 0, "{name}");
    let device = DeviceVerdict {
        instructions: 0,
        ..device
    };
    assert_eq!(&device, host, "{name}");
}

/// Asserts that every one of `boards` answers every text as the host does.
fn same_on_texts(boards: Vec<Board>, models: Vec<TestModel>, texts: &[Vec<u8>]) {
    let models = expected(models, |model| host::read_texts(model, texts));
    on_boards(boards, &models, |emulator, expected, name| {
        let answers = emulator.classify_all(texts).unwrap();
        assert_eq!(answers.len(), texts.len());
        for ((text, host), device) in texts.iter().zip(expected).zip(answers) {
            let shown = String::from_utf8_lossy(&text[..text.len().min(80)]);
            same_verdict(device, host, &format!("{name}: {shown:?}"));
        }
    });
}

#[test]
fn random_models_answer_hostile_texts_as_the_host_does() {
    let models = random_models_for(|purpose| matches!(purpose, Purpose::ReadText { .. }));
    same_on_texts(small(boards(), true), models, &hostile_texts());
}

#[test]
fn the_shipped_model_answers_hostile_texts_as_the_host_does() {
    same_on_texts(boards(), vec![shipped_model()], &hostile_texts());
}

#[test]
fn a_trained_model_answers_reviews_as_the_host_does() {
    let (model, reviews) = trained_model();
    let texts: Vec<Vec<u8>> = reviews
        .into_iter()
        .take(300)
        .map(String::into_bytes)
        .collect();
    let answers = host::read_texts(&Model::open(&model.path).unwrap(), &texts);
    let labels = |name: &str| answers.iter().filter(|answer| answer.label == name).count();
    assert!(
        labels("positive") > 30 && labels("negative") > 30,
        "a constant proves nothing"
    );
    same_on_texts(boards(), vec![model], &texts);
}

#[test]
fn every_cell_reads_500_texts_as_the_host_does() {
    let purpose = Purpose::ReadText {
        words: 60,
        labels: 3,
    };
    let texts = builtin_texts(500);
    assert_eq!(texts.len(), 500);
    let models = every_cell("reads", |_| purpose);
    for model in &models {
        let answers = host::read_texts(&Model::open(&model.path).unwrap(), &texts);
        let logits: HashSet<_> = answers.iter().map(|answer| &answer.logits).collect();
        let labels: HashSet<_> = answers.iter().map(|answer| &answer.label).collect();
        let (logits, labels) = (logits.len(), labels.len());
        assert!(
            logits > 450 && labels > 1,
            "{}: {logits} {labels}",
            model.name
        );
    }
    same_on_texts(small(cores(), true), models, &texts);
}

/// The default board and the smallest.
fn default_and_smallest() -> Vec<Board> {
    let mut boards = boards();
    boards.retain(|board| ["stm32f405", "microbit"].contains(&board.name.as_str()));
    assert_eq!(boards.len(), 2);
    boards
}

#[test]
fn models_of_n_grams_answer_as_the_host_does() {
    let models = models_of_ngrams();
    let texts = [builtin_texts(100), hostile_texts()].concat();
    for model in &models {
        let answers = host::read_texts(&Model::open(&model.path).unwrap(), &texts);
        let logits: HashSet<_> = answers.iter().map(|answer| &answer.logits).collect();
        let unknown: u32 = answers.iter().map(|answer| answer.unknown).sum();
        let tokens: u32 = answers.iter().map(|answer| answer.tokens).sum();
        assert!(logits.len() > 100, "{}: {}", model.name, logits.len());
        assert!(unknown < tokens, "{}", model.name);
    }
    same_on_texts(default_and_smallest(), models, &texts);
}

/// Texts of 2,000 symbols and more: drawn from all, from few, and the likeliest.
fn requests() -> [GenerateRequest; 3] {
    let request = |length, temperature: &str, top_k, top_p: &str, seed| GenerateRequest {
        length,
        sampling: Sampling {
            temperature: temperature.parse().unwrap(),
            top_k,
            top_p: top_p.parse().unwrap(),
            seed,
        },
        end: None,
        skip_unknown: false,
        prompt: b"a bad cafe".to_vec(),
    };
    let greedy = request(100, "0", 0, "1", 0);
    [
        request(1_600, "0.9", 0, "1", 7),
        request(300, "1.3", 5, "0.9", u64::MAX),
        GenerateRequest {
            prompt: Vec::new(),
            ..greedy
        },
    ]
}

#[test]
fn every_cell_writes_2000_symbols_as_the_host_does() {
    // Every fifth writes bytes, which need escapes on the way, the others characters.
    let models = every_cell("writes", |index| Purpose::WriteText {
        symbols: if index % 5 == 0 { 256 } else { 24 },
    });
    let requests = requests();
    let write = |model: &Model| {
        requests
            .each_ref()
            .map(|request| host::write_text(model, request))
    };
    let models = expected(models, write);
    for (model, texts) in &models {
        assert_eq!(texts.iter().map(|text| text.1).sum::<u32>(), 2_000);
        let pieces: HashSet<_> = texts[0].0.windows(12).collect();
        let (pieces, bytes) = (pieces.len(), texts[0].0.len());
        assert!(
            10 * pieces > 7 * bytes,
            "{}: {pieces} of {bytes}",
            model.name
        );
    }
    write_on_boards(small(cores(), true), &models, &requests);
}

/// Asserts that every one of `boards` writes what the host did.
fn write_on_boards<T: AsRef<[Text]> + Sync>(
    boards: Vec<Board>,
    models: &[(TestModel, T)],
    requests: &[GenerateRequest],
) {
    on_boards(boards, models, |emulator, expected, name| {
        for (request, host) in requests.iter().zip(expected.as_ref()) {
            let mut text = Vec::new();
            let end = emulator.generate(request, &mut |bytes| text.extend(bytes));
            let end = end.unwrap();
            let device: Text = (text, end.generated, end.ended);
            assert_eq!(&device, host, "{name}: {request:?}");
        }
    });
}

/// All cells, with weights of both widths.
fn stacks(name: &str, purpose: Purpose) -> Vec<TestModel> {
    use CellKind::{FastGrnn, Gru, Lstm, SimpleRnn};
    let cells = [(Gru, 24), (Lstm, 17), (SimpleRnn, 35), (FastGrnn, 40)];
    [Encoding::Int8, Encoding::Int4]
        .map(|encoding| stack(name, purpose, &cells, encoding))
        .into()
}

#[test]
fn large_cores_read_100_texts_as_the_host_does() {
    let purpose = Purpose::ReadText {
        words: 60,
        labels: 3,
    };
    let texts = builtin_texts(100);
    same_on_texts(small(cores(), false), stacks("reads on", purpose), &texts);
}

#[test]
fn large_cores_write_400_symbols_as_the_host_does() {
    let [_, requests @ ..] = requests();
    let models = stacks("writes on", Purpose::WriteText { symbols: 24 });
    let write = |model: &Model| {
        requests
            .each_ref()
            .map(|request| host::write_text(model, request))
    };
    let models = expected(models, write);
    for (_, texts) in &models {
        assert_eq!(texts.iter().map(|text| text.1).sum::<u32>(), 400);
    }
    write_on_boards(small(cores(), false), &models, &requests);
}

/// So many vectors of so many numbers, a wave in each.
fn waves(length: u32, features: u32, seed: u32) -> Vec<Vec<i16>> {
    let value = |time: u32, feature: u32| {
        let phase = f64::from(time * (feature + 2) + 5 * seed) / 7.0;
        (30_000.0 * phase.sin()) as i16
    };
    (0..length)
        .map(|time| (0..features).map(|feature| value(time, feature)).collect())
        .collect()
}

#[test]
fn every_cell_reads_series_as_the_host_does() {
    use CellKind::{FastGrnn, Gru, Lstm, SimpleRnn};
    let purpose = Purpose::ReadSeries {
        features: 3,
        labels: 4,
    };
    let models = vec![
        stack(
            "vectors",
            purpose,
            &[(Gru, 9), (Lstm, 8), (SimpleRnn, 7), (FastGrnn, 10)],
            Encoding::Int8,
        ),
        stack(
            "vectors",
            purpose,
            &[(SimpleRnn, 9), (FastGrnn, 8), (Gru, 7), (Lstm, 10)],
            Encoding::Int4,
        ),
    ];
    let series: Vec<_> = (0..20).map(|seed| waves(10 + seed, 3, seed)).collect();
    let models = expected(models, |model| host::read_series(model, &series));
    for (_, answers) in &models {
        let logits: HashSet<_> = answers.iter().map(|answer| &answer.logits).collect();
        assert_eq!(logits.len(), series.len());
    }
    on_boards(cores(), &models, |emulator, expected, name| {
        for (vectors, host) in series.iter().zip(expected) {
            same_verdict(emulator.classify_series(vectors).unwrap(), host, name);
        }
    });
}

#[test]
fn every_cell_writes_series_as_the_host_does() {
    use CellKind::{FastGrnn, Gru, Lstm, SimpleRnn};
    let purpose = Purpose::WriteSeries { features: 3 };
    let models = vec![
        stack(
            "waves",
            purpose,
            &[(FastGrnn, 9), (SimpleRnn, 8), (Lstm, 7), (Gru, 10)],
            Encoding::Int8,
        ),
        stack(
            "waves",
            purpose,
            &[(Lstm, 9), (Gru, 8), (FastGrnn, 7), (SimpleRnn, 10)],
            Encoding::Int4,
        ),
    ];
    let prompts: Vec<_> = (0..12).map(|seed| waves(12, 3, seed)).collect();
    let models = expected(models, |model| {
        let continued = prompts.iter();
        let continued = continued.map(|prompt| host::write_series(model, prompt, 3, 25));
        continued.collect::<Vec<_>>()
    });
    for (model, continued) in &models {
        let vectors: HashSet<_> = continued.iter().flatten().collect();
        assert!(vectors.len() > 200, "{}: {}", model.name, vectors.len());
    }
    on_boards(cores(), &models, |emulator, expected, name| {
        for (prompt, host) in prompts.iter().zip(expected) {
            let mut vectors = Vec::new();
            let mut keep = |x: &[i16], _: &str| vectors.push(x.to_vec());
            let end = emulator.continue_series(prompt, 25, false, &mut keep);
            assert_eq!(end.unwrap().generated, 25);
            assert_eq!(&vectors, host, "{name}");
        }
    });
}
