//! Boards and the models that are tried on them.

use spinet_trainer::device::{Board, boards_folder, toolchain};
use std::{path::PathBuf, sync::OnceLock};

/// A model's file.
pub struct TestModel {
    /// What it is called in messages.
    pub name: &'static str,
    /// Where it lies.
    pub path: PathBuf,
}

/// Every board, with QEMU and the targets installed.
pub fn boards() -> Vec<Board> {
    let boards = Board::all(&boards_folder()).expect("the boards' files are valid");
    for board in &boards {
        toolchain::ensure(board).unwrap_or_else(|error| panic!("{error}"));
    }
    boards
}
