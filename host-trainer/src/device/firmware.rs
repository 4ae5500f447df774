//! Images: the firmware built for a board and a model, and what they take of its memory.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest, Sha256};
use thiserror::Error;

use super::board::Board;
use super::image::{Section, sections};
use super::toolchain::{self, ToolchainError};
use crate::durable::{self, WriteError};

/// A program of the firmware's package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The application: answers lines on the UART.
    Application,
    /// The inference path alone, to look for panics in.
    Inference,
    /// The same of a model that is checked when the program starts.
    Parsing,
    /// Counts what the cells cost; ends by itself.
    Bench,
    /// Compares the board's kernels with the portable ones; ends by itself.
    Kernels,
}

impl Program {
    /// The binary's name.
    const fn name(self) -> &'static str {
        match self {
            Self::Application => "spinet-firmware",
            Self::Inference => "inference",
            Self::Parsing => "parsing",
            Self::Bench => "bench",
            Self::Kernels => "kernels",
        }
    }
}

/// An image for a board, with a model in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Firmware {
    /// The image, an ELF file of its own for each board, program and model.
    pub path: PathBuf,
    /// Flash that the image takes, model and all, in bytes.
    pub flash_bytes: u64,
    /// RAM that its statics take, without the stack, in bytes.
    pub ram_bytes: u64,
    /// The model's share of the flash, in bytes.
    pub model_bytes: u64,
    /// What flash and RAM are taken by.
    pub sections: Vec<Section>,
}

/// An image that could not be built.
#[derive(Debug, Error)]
pub enum FirmwareError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why it could not be.
        source: io::Error,
    },
    /// The image could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The target is missing.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// The model and the board do not go together.
    #[error("{0}")]
    Refused(String),
    /// cargo could not be started.
    #[error("cargo: {0}")]
    Cargo(io::Error),
    /// The program does not compile or link.
    #[error("the firmware for {board} does not build: {error} (all of it is in {})", log.display())]
    Build {
        /// The board's name.
        board: String,
        /// The first error that cargo reported, in one line.
        error: String,
        /// Everything that cargo said.
        log: PathBuf,
    },
    /// cargo's image cannot be understood.
    #[error("{}: {source}", path.display())]
    Image {
        /// The image.
        path: PathBuf,
        /// What is wrong with it.
        source: object::Error,
    },
}

impl Firmware {
    /// Builds `program` for `board` with the artifact at `model`, installing the Rust target
    /// if it is missing.
    ///
    /// Builds wait for each other; what they return stays until the same board, program and
    /// model are built again, and is then replaced as a whole.
    ///
    /// # Errors
    /// [`FirmwareError::Refused`] with one line if the model is damaged or too large.
    pub fn build(board: &Board, model: &Path, program: Program) -> Result<Self, FirmwareError> {
        toolchain::ensure_target(board)?;
        let model = fs::canonicalize(model).map_err(at(model))?;
        let bytes = fs::read(&model).map_err(at(&model))?;
        let folder = super::target_folder();
        let lock = folder.join("build.lock");
        let _lock = super::lock(&lock).map_err(at(&lock))?;
        let images = folder.join("images");
        fs::create_dir_all(&images).map_err(at(&images))?;
        let path = images.join(file_name(board, &bytes, program));
        let log = path.with_extension("log");
        cargo_build(board, &model, program, &folder, &log)?;
        let built = folder
            .join(&board.target)
            .join("release")
            .join(program.name());
        let image = fs::read(&built).map_err(at(&built))?;
        durable::write(&path, &image)?;
        let sections = sections(&image, board).map_err(|source| FirmwareError::Image {
            path: path.clone(),
            source,
        })?;
        let total = |wanted: fn(&Section) -> bool| {
            let sections = sections.iter().filter(|section| wanted(section));
            sections.map(|section| section.bytes).sum()
        };
        Ok(Self {
            path,
            flash_bytes: total(|section| section.in_flash),
            ram_bytes: total(|section| section.in_ram),
            model_bytes: bytes.len() as u64,
            sections,
        })
    }
}

/// Runs cargo where the firmware's own configuration applies; if the program does not build,
/// what cargo said is written to `log`.
fn cargo_build(
    board: &Board,
    model: &Path,
    program: Program,
    folder: &Path,
    log: &Path,
) -> Result<(), FirmwareError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(super::firmware_folder());
    command.args(["build", "--release", "--bin", program.name()]);
    // The target and what to tell rustc of the processor.
    let config = super::boards_folder().join(format!("{}.toml", board.name));
    command
        .arg("--config")
        .arg(std::path::absolute(&config).map_err(at(&config))?);
    command.arg("--target-dir").arg(folder);
    command
        .env("SPINET_BOARD", &board.name)
        .env("SPINET_MODEL", model);
    command
        .env("DEFMT_LOG", "info")
        .env("CARGO_TERM_COLOR", "never");
    // The host's flags are not the board's.
    for flags in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
    ] {
        command.env_remove(flags);
    }
    let output = command.output().map_err(FirmwareError::Cargo)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    if let Some(line) = refusal(&said) {
        return Err(FirmwareError::Refused(line.to_owned()));
    }
    durable::write(log, &output.stderr)?;
    let ended = || format!("cargo ended with {}", output.status);
    Err(FirmwareError::Build {
        board: board.name.clone(),
        error: first_error(&said).map_or_else(ended, str::to_owned),
        log: log.to_owned(),
    })
}

/// The first line that is an error of cargo's or the compiler's.
fn first_error(output: &str) -> Option<&str> {
    output.lines().find(|line| line.starts_with("error"))
}

/// The one line with which the firmware's build script or, where the build script's estimate
/// was too low, the linker refused, without cargo's prefix.
fn refusal(output: &str) -> Option<&str> {
    output.lines().find_map(|line| {
        if let Some(line) = line.strip_prefix("error: spinet-firmware@") {
            return line.split_once(": ").map(|(_version, message)| message);
        }
        let (_, message) = line.split_once("rust-lld: error: ")?;
        let memory = ["are left for the stack on", "will not fit in region"];
        memory
            .iter()
            .any(|what| message.contains(what))
            .then_some(message)
    })
}

/// A name that only the same board, program and model share.
fn file_name(board: &Board, model: &[u8], program: Program) -> String {
    let digest = Sha256::digest(model);
    let hash: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{}-{}-{hash}.elf", program.name(), board.name)
}

/// An error about the file at `path`.
fn at(path: &Path) -> impl FnOnce(io::Error) -> FirmwareError {
    move |source| FirmwareError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Board {
        Board::named(&crate::device::boards_folder(), "microbit").unwrap()
    }

    #[test]
    fn the_build_scripts_line_is_found_in_cargos_output() {
        let output = "   Compiling spinet-firmware v0.1.0 (/home/me/spinet/firmware)\n\
            error: spinet-firmware@0.1.0: model a.spinet: not a spinet model\n\
            error: build script logged errors\n";
        assert_eq!(refusal(output), Some("model a.spinet: not a spinet model"));
        let output = "  = note: rust-lld: error: less than 4096 bytes of RAM are left for the stack on \
            microbit\n";
        let message = "less than 4096 bytes of RAM are left for the stack on microbit";
        assert_eq!(refusal(output), Some(message));
        assert_eq!(
            refusal("error[E0425]: cannot find value `x` in this scope\n"),
            None
        );
    }

    #[test]
    fn the_first_error_is_found_in_cargos_output() {
        let output = "   Compiling spinet-firmware v0.1.0 (/home/me/spinet/firmware)\n\
            warning: error in a warning\n\
            error[E0425]: cannot find value `x` in this scope\n --> src/main.rs:1:1\n\
            error: could not compile `spinet-firmware`\n";
        let first = "error[E0425]: cannot find value `x` in this scope";
        assert_eq!(first_error(output), Some(first));
        assert_eq!(first_error("warning: nothing\n"), None);
    }

    #[test]
    fn names_differ_by_board_program_and_model() {
        let name = file_name(&board(), b"a", Program::Application);
        assert_eq!(name, "spinet-firmware-microbit-ca978112ca1bbdca.elf");
        assert_ne!(name, file_name(&board(), b"b", Program::Application));
        assert_ne!(name, file_name(&board(), b"a", Program::Inference));
    }

    #[test]
    fn a_model_that_is_not_there_is_named() {
        let error = Firmware::build(&board(), Path::new("no/such.spinet"), Program::Application);
        let error = error.unwrap_err().to_string();
        assert!(error.starts_with("no/such.spinet: "), "{error}");
    }
}
