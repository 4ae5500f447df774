//! The inference path of a release build has no way to panic: its image holds none of the
//! machinery that a panic would need.

use object::{Object, ObjectSymbol};
use spinet_core::{cell::CellKind, matrix::Encoding};
use spinet_tests::{
    device::{TestModel, boards, models_of_ngrams, processors, shipped_model, stack},
    model::Purpose,
};
use spinet_trainer::device::{Board, Firmware, Program};
use std::path::Path;

/// Parts of symbols without which nothing can panic.
const MACHINERY: [&str; 6] = [
    "panicking",
    "panic_fmt",
    "panic_bounds_check",
    "rust_begin_unwind",
    "unwrap_failed",
    "slice_index_fail",
];

/// The offending symbols of a program's image.
fn panics(board: &Board, model: &Path, program: Program) -> Vec<String> {
    let firmware = Firmware::build(board, model, program).unwrap();
    let bytes = std::fs::read(firmware.path).unwrap();
    let image = object::File::parse(&*bytes).expect("cargo builds valid images");
    let symbols: Vec<&str> = image.symbols().filter_map(|s| s.name().ok()).collect();
    assert!(symbols.contains(&"main"), "the image was stripped");
    symbols
        .into_iter()
        .filter(|name| MACHINERY.iter().any(|part| name.contains(part)))
        .map(str::to_owned)
        .collect()
}

/// A model for each task and encoding that has every cell, the shipped one, whose image has the
/// code of one, and those of n-grams, of which some have none.
fn models() -> Vec<TestModel> {
    let cells: Vec<_> = CellKind::ALL.iter().copied().zip(5..).collect();
    let purposes = [
        Purpose::ReadText {
            words: 40,
            labels: 3,
        },
        Purpose::WriteText { symbols: 24 },
        Purpose::ReadSeries {
            features: 3,
            labels: 4,
        },
        Purpose::WriteSeries { features: 3 },
    ];
    let mut models = models_of_ngrams();
    models.push(shipped_model());
    for purpose in purposes {
        for encoding in [Encoding::Int8, Encoding::Int4] {
            models.push(stack(&format!("{purpose:?}"), purpose, &cells, encoding));
        }
    }
    models
}

#[test]
fn no_board_can_panic_while_it_reads_or_writes() {
    for board in processors() {
        for model in models() {
            for program in [Program::Inference, Program::Parsing] {
                let found = panics(&board, &model.path, program);
                assert!(
                    found.is_empty(),
                    "{}, {}, {program:?}: {found:?}",
                    board.name,
                    model.name
                );
            }
        }
    }
}

#[test]
fn the_application_which_logs_does_hold_the_machinery() {
    // What the test above looks for exists: the logger of the whole application can panic.
    let board = &boards()[0];
    let model = shipped_model();
    assert!(!panics(board, &model.path, Program::Application).is_empty());
}
