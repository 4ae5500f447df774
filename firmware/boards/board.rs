//! The reader of the boards' files, `*.toml` in this folder.
//!
//! A board's file is at once a cargo configuration (`[build]`, `[env]`) and the
//! board's description (`[board]`). Here is the one place that reads it: the build script, which
//! turns the description into a memory map, and the host's tools include this file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Deserialize;
use thiserror::Error;

/// A board that the firmware runs on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Board {
    /// The board's name: its file's, without `.toml`.
    pub name: String,
    /// The Rust target, such as `thumbv7em-none-eabihf`.
    pub target: String,
    /// What rustc is told besides, such as the processor's name.
    pub rustflags: Vec<String>,
    /// Everything else.
    pub hardware: Hardware,
}

/// A board's hardware: the `[board]` table.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hardware {
    /// The processor core, as its maker calls it.
    pub core: String,
    /// The rate of the processor and of the timer that counts ticks, in Hz.
    pub clock_hz: u32,
    /// The first address of flash.
    pub flash_origin: u32,
    /// Flash, in bytes.
    pub flash_bytes: u32,
    /// The first address of RAM.
    pub ram_origin: u32,
    /// RAM, in bytes.
    pub ram_bytes: u32,
    /// Flash kept for the program beside its model, in bytes.
    pub program_bytes: u32,
    /// RAM kept for the stack, in bytes.
    pub stack_bytes: u32,
    /// The driver in `firmware/src/timer/` that counts ticks.
    pub timer: String,
    /// The driver in `firmware/src/uart/`.
    pub uart: String,
    /// The UART's first register.
    pub uart_base: u32,
    /// The UART's rate on a wire, 8N1, in bits a second.
    pub uart_baud: u32,
    /// QEMU's program that emulates the board, such as `qemu-system-arm`.
    pub qemu_program: String,
    /// The machine to give to its `-M`.
    pub qemu_machine: String,
    /// The chip to give to `probe-rs --chip`; empty where probe-rs knows none.
    pub probe_chip: String,
}

/// A board that could not be read.
#[derive(Debug, Error)]
pub enum BoardError {
    /// The folder or a file in it could not be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// Why it was not.
        source: io::Error,
    },
    /// A board's file is not a board's description.
    #[error("{}: {}", path.display(), one_line(source))]
    Malformed {
        /// The board's file.
        path: PathBuf,
        /// What is wrong with it, and where.
        source: Box<toml::de::Error>,
    },
    /// No file has that name.
    #[error("no board `{name}`; the boards are {}", known.join(", "))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
}

/// A board's file: cargo's own keys that matter here, and the description.
#[derive(Deserialize)]
struct File {
    build: Build,
    env: BTreeMap<String, String>,
    board: Hardware,
}

#[derive(Deserialize)]
struct Build {
    target: String,
    #[serde(default)]
    rustflags: Vec<String>,
}

impl Board {
    /// The board called `name` among those of `folder`.
    ///
    /// # Errors
    /// If there is none, or its file is malformed.
    pub fn named(folder: &Path, name: &str) -> Result<Self, BoardError> {
        let known = names(folder)?;
        if !known.iter().any(|other| other == name) {
            let name = name.to_owned();
            return Err(BoardError::Unknown { name, known });
        }
        read(&folder.join(format!("{name}.toml")), name)
    }
}

/// The boards' names, sorted: those of the `.toml` files in `folder`.
///
/// # Errors
/// If the folder cannot be listed.
pub fn names(folder: &Path) -> Result<Vec<String>, BoardError> {
    let failed = |source| BoardError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
        {
            names.push(stem.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn read(path: &Path, name: &str) -> Result<Board, BoardError> {
    let text = fs::read_to_string(path).map_err(|source| BoardError::Read {
        path: path.to_owned(),
        source,
    })?;
    let malformed = |source| BoardError::Malformed {
        path: path.to_owned(),
        source: Box::new(source),
    };
    let file: File = toml::from_str(&text).map_err(malformed)?;
    if file
        .env
        .get("SPINET_BOARD")
        .is_none_or(|board| board != name)
    {
        let message = format!("env.SPINET_BOARD must be the file's own name, `{name}`");
        return Err(malformed(serde::de::Error::custom(message)));
    }
    Ok(Board {
        name: name.to_owned(),
        target: file.build.target,
        rustflags: file.build.rustflags,
        hardware: file.board,
    })
}

/// A TOML error without its picture of the source.
fn one_line(error: &toml::de::Error) -> String {
    error.message().replace('\n', " ")
}
