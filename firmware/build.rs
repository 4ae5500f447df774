//! From the board's file and the model's: the memory map, the drivers, the service, and the model
//! itself, checked, as a constant.
//!
//! Everything that does not fit is refused here, in one line with the numbers.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use board::Board;
use spinet_core::artifact::{Front, Task};
use spinet_core::emit::Source;
use spinet_core::{Artifact, ArtifactError};

#[path = "boards/board.rs"]
mod board;

/// The model without `SPINET_MODEL`, in this folder.
const DEFAULT_MODEL: &str = "models/imdb.spinet";

/// The copy of the model that is compiled in: the bytes that were checked, and zeros to a whole word.
const MODEL_WORDS: &str = "model.words";

/// The copies of the service, the model's state in it, that are on the stack on its way to its
/// place.
const COPIES_WHILE_LOADING: u32 = 2;

/// The stack of a step, in bytes (2,252 at most were measured, of which an artifact took some, with
/// blocks of 8 units; those of 32 take 960 more, and the widened inputs of the Cortex-M3 another
/// 1,024), rounded up. A model is made ready by one, unless it reads n-grams.
const STEP_BYTES: u32 = 4_608;

/// The stack of making a model ready without a step, beside the copies, in bytes.
const LOADING_BYTES: u32 = 512;

/// RAM beside the stack, the model's state and the logger's buffer, in bytes: the service's line and
/// counters, the program's own statics and the logger's (168 at most were measured, without the
/// vectors), rounded up.
const PROGRAM_RAM_BYTES: u32 = 384;

/// The buffer of defmt-rtt, in bytes, without `DEFMT_RTT_BUFFER_SIZE`.
const RTT_BYTES: u32 = 1_024;

fn main() {
    if let Err(message) = generate() {
        // Shown by cargo as an error of one line; a failing exit would add a dump.
        println!("cargo::error={}", message.replace('\n', " "));
    }
}

fn generate() -> Result<(), String> {
    let board = board()?;
    let model = Model::read(logger_bytes()?)?;
    model.check(&board)?;
    let out = PathBuf::from(environment("OUT_DIR")?);
    write(&out.join("board.rs"), board_source(&board))?;
    write(&out.join("model.rs"), &model.source)?;
    write(
        &out.join(MODEL_WORDS),
        bytemuck::cast_slice::<u32, u8>(&model.words),
    )?;
    write(
        &out.join("memory.x"),
        memory_map(&board, model.stack_bytes(&board)),
    )?;
    choose("uart", &board.hardware.uart)?;
    choose("timer", &board.hardware.timer)?;
    choose("service", model.service)?;
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    println!("cargo::rustc-link-arg-bin=spinet-firmware=-Tdefmt.x");
    Ok(())
}

/// The board that `SPINET_BOARD` names.
fn board() -> Result<Board, String> {
    println!("cargo::rerun-if-env-changed=SPINET_BOARD");
    println!("cargo::rerun-if-changed=boards");
    let name = environment("SPINET_BOARD")?;
    let board = Board::named(Path::new("boards"), &name).map_err(|error| error.to_string())?;
    let target = environment("TARGET")?;
    if board.target != target {
        let wanted = &board.target;
        return Err(format!(
            "{name} needs the target {wanted}, this build is for {target}"
        ));
    }
    Ok(board)
}

/// The RAM of the chosen logger's buffer, in bytes: semihosting has none.
fn logger_bytes() -> Result<u32, String> {
    const SIZE: &str = "DEFMT_RTT_BUFFER_SIZE";
    println!("cargo::rerun-if-env-changed={SIZE}");
    if env::var_os("CARGO_FEATURE_RTT").is_none() {
        return Ok(0);
    }
    let Some(size) = env::var_os(SIZE) else {
        return Ok(RTT_BYTES);
    };
    let size = size.to_string_lossy();
    size.parse()
        .map_err(|error| format!("{SIZE} `{size}`: {error}"))
}

/// The model's file and what the program must know of it beforehand.
struct Model {
    bytes: usize,
    /// The file, aligned as the format asks.
    words: Vec<u32>,
    /// `model.rs`: the shape, the model as a constant, and its bytes.
    source: String,
    /// The RAM of its state, in bytes.
    state_bytes: usize,
    /// The service that the model asks for.
    service: &'static str,
    /// Numbers in a vector, if the model reads those.
    features: Option<u16>,
    /// Whether making it ready may take a step.
    starts: bool,
    /// The logger's RAM beside the model's, in bytes.
    logger_bytes: u32,
}

impl Model {
    /// The file that `SPINET_MODEL` names.
    fn read(logger_bytes: u32) -> Result<Self, String> {
        println!("cargo::rerun-if-env-changed=SPINET_MODEL");
        let name = env::var("SPINET_MODEL").unwrap_or_else(|_| DEFAULT_MODEL.to_owned());
        println!("cargo::rerun-if-changed={name}");
        let failed = |why: &dyn std::fmt::Display| format!("model {name}: {why}");
        let file = fs::read(&name).map_err(|error| failed(&error))?;
        // A byte vector may lie anywhere; artifacts are read where they lie, at a multiple of 4.
        let mut words = vec![0u32; file.len().div_ceil(4)];
        let bytes = bytemuck::cast_slice_mut::<u32, u8>(&mut words);
        bytes[..file.len()].copy_from_slice(&file);
        let included = format!("concat!(env!(\"OUT_DIR\"), \"/{MODEL_WORDS}\")");
        let source =
            Source::new(&bytes[..file.len()], &included).map_err(|error| failed(&error))?;
        let artifact = &source.artifact;
        let features = match artifact.front {
            Front::Series(series) => Some(series.features()),
            Front::Words(_) | Front::Ngrams(_) | Front::Symbols(_) => None,
        };
        Ok(Self {
            bytes: file.len(),
            source: features.map_or_else(String::new, |features| {
                format!("/// Numbers in a vector.\npub const FEATURES: usize = {features};\n")
            }) + parsed(artifact)
                + &source.to_string(),
            state_bytes: artifact.state_bytes(),
            service: service(artifact).map_err(|why| failed(&why))?,
            starts: starts(artifact).map_err(|error| failed(&error))?,
            features,
            words,
            logger_bytes,
        })
    }

    /// Whether flash and RAM of `board` hold the model beside the program.
    fn check(&self, board: &Board) -> Result<(), String> {
        let Board { name, hardware, .. } = board;
        let (model, program, flash) = (self.bytes, hardware.program_bytes, hardware.flash_bytes);
        if model as u64 + u64::from(program) > u64::from(flash) {
            return Err(format!(
                "the model does not fit {name}: {model} bytes, and {program} for the program, of {flash} bytes of flash"
            ));
        }
        let state = u64::from(self.static_bytes()) + u64::from(self.logger_bytes);
        let (stack, ram) = (self.stack_bytes(board), hardware.ram_bytes);
        if state + u64::from(stack) > u64::from(ram) {
            return Err(format!(
                "the model does not fit {name}: {state} bytes for its state and the program, and {stack} for the stack, of {ram} bytes of RAM"
            ));
        }
        Ok(())
    }

    /// The program's static RAM without the logger's buffer, most of it the service's, at most.
    fn static_bytes(&self) -> u32 {
        // A vector that is being read and one that is being written.
        let vectors = 2 * 2 * u32::from(self.features.unwrap_or(0));
        // Nine 16-bit dimensions, twice of an ensemble: below 2^23.
        self.state_bytes as u32 + vectors + PROGRAM_RAM_BYTES
    }

    /// The stack to keep free: the board's, or more if loading takes more.
    fn stack_bytes(&self, board: &Board) -> u32 {
        let copies = COPIES_WHILE_LOADING * self.static_bytes();
        let loading = match self.starts {
            true => copies + STEP_BYTES,
            false => (copies + LOADING_BYTES).max(STEP_BYTES),
        };
        board.hardware.stack_bytes.max(loading)
    }
}

/// Whether making a model ready may take a step, of either network.
fn starts(artifact: &Artifact<'_>) -> Result<bool, ArtifactError> {
    let steps = |front| !matches!(front, Front::Ngrams(_));
    let second = artifact.companion.map(|companion| companion.artifact());
    Ok(steps(artifact.front)
        || second
            .transpose()?
            .is_some_and(|second| steps(second.front)))
}

/// What a program that checks the model itself takes it for.
fn parsed(artifact: &Artifact<'_>) -> &'static str {
    match artifact.companion {
        None => {
            "/// The model, checked by the program.\npub use ::spinet_core::Checked as Parsed;\n"
        }
        Some(_) => {
            "/// The model, checked by the program.\npub use ::spinet_core::model::Ensemble as Parsed;\n"
        }
    }
}

/// The service for what a model reads and what it is for, a file of `src/service/`.
fn service(artifact: &Artifact<'_>) -> Result<&'static str, &'static str> {
    match (artifact.front, artifact.manifest.task) {
        (Front::Words(_) | Front::Ngrams(_), Task::Classify { .. }) => Ok("classify_text"),
        (Front::Series(_), Task::Classify { .. }) => Ok("classify_series"),
        (Front::Symbols(_), Task::Generate) => Ok("generate_text"),
        (Front::Series(_), Task::Generate) => Ok("generate_series"),
        _ => Err("there is no service for its task"),
    }
}

/// `board.rs`: what the drivers and the answers need.
fn board_source(board: &Board) -> String {
    let Board { name, hardware, .. } = board;
    let (core, clock) = (&hardware.core, hardware.clock_hz);
    let (uart, baud) = (hardware.uart_base, hardware.uart_baud);
    format!(
        "/// The board's name.\n\
         pub const NAME: &str = {name:?};\n\
         /// Its core.\n\
         pub const CORE: &str = {core:?};\n\
         /// The rate of the core and of the timer, in Hz.\n\
         pub const CLOCK_HZ: u32 = {clock};\n\
         /// The UART's first register.\n\
         pub const UART_BASE: u32 = {uart:#010X};\n\
         /// Its rate, in bits a second.\n\
         pub const BAUD: u32 = {baud};\n"
    )
}

/// The names by which riscv-rt's linker script knows the memories.
const RISCV_REGIONS: [(&str, &str); 6] = [
    ("TEXT", "FLASH"),
    ("RODATA", "FLASH"),
    ("DATA", "RAM"),
    ("BSS", "RAM"),
    ("HEAP", "RAM"),
    ("STACK", "RAM"),
];

/// `memory.x`, for the linker script of cortex-m-rt or riscv-rt.
fn memory_map(board: &Board, stack: u32) -> String {
    let hardware = &board.hardware;
    let mut map = String::from("MEMORY\n{\n");
    for (name, origin, length) in [
        ("FLASH", hardware.flash_origin, hardware.flash_bytes),
        ("RAM", hardware.ram_origin, hardware.ram_bytes),
    ] {
        let _ = writeln!(
            map,
            "  {name} : ORIGIN = {origin:#010X}, LENGTH = {length:#X}"
        );
    }
    map.push_str("}\n");
    if board.target.starts_with("riscv") {
        for (region, memory) in RISCV_REGIONS {
            let _ = writeln!(map, "REGION_ALIAS(\"REGION_{region}\", {memory});");
        }
        // Tables for unwinding the stack, which no program here does; cortex-m-rt leaves its own out.
        map.push_str("SECTIONS { /DISCARD/ : { *(.eh_frame .eh_frame.*) } }\n");
    }
    let name = &board.name;
    let _ = writeln!(
        map,
        "ASSERT(__sheap + {stack} <= ORIGIN(RAM) + LENGTH(RAM), \"less than {stack} bytes of RAM are left for the stack on {name}\");"
    );
    map
}

/// Selects the driver or service `chosen` among the files of `src/<kind>/`.
fn choose(kind: &str, chosen: &str) -> Result<(), String> {
    let folder = format!("src/{kind}");
    println!("cargo::rerun-if-changed={folder}");
    let mut known = Vec::new();
    for entry in fs::read_dir(&folder).map_err(|error| format!("{folder}: {error}"))? {
        let path = entry.map_err(|error| format!("{folder}: {error}"))?.path();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        if stem != "mod" {
            known.push(format!("{stem:?}"));
        }
    }
    known.sort();
    let known = known.join(", ");
    println!("cargo::rustc-check-cfg=cfg({kind}, values({known}))");
    println!("cargo::rustc-cfg={kind}={chosen:?}");
    match known.contains(&format!("{chosen:?}")) {
        true => Ok(()),
        false => Err(format!("no {kind} {chosen:?}; there are {known}")),
    }
}

fn environment(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}

fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), String> {
    fs::write(path, contents).map_err(|error| format!("{}: {error}", path.display()))
}
