//! `spinet emulate`: an image that is already built, and a terminal at its UART.

use super::Outcome;
use crate::device::{Board, Emulator, boards_folder, toolchain};
use clap::Args;
use std::{io, path::PathBuf};

/// Boot a firmware image in QEMU: stdin's lines to its UART, its answers to stdout, its log to stderr
#[derive(Args)]
pub(super) struct Emulate {
    /// The board that the image is for
    #[arg(long)]
    board: String,
    /// The image, as `cargo build` in firmware/ leaves it
    #[arg(value_name = "ELF")]
    image: PathBuf,
}

impl Emulate {
    pub fn run(self) -> Outcome {
        let board = Board::named(&boards_folder(), &self.board)?;
        toolchain::ensure(&board)?;
        let log = Box::new(|line: &str| eprintln!("device: {line}"));
        let mut emulator = Emulator::boot(&board, &self.image, log)?;
        eprintln!("type a line; the device answers each");
        emulator.converse(io::stdin().lock(), io::stdout().lock())?;
        Ok(true)
    }
}
