//! Measurements: what is printed, not how fast it is.

use super::{json, refusal, told};

#[test]
fn a_row_is_a_job_a_number_of_threads_and_a_speed() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "bench train --job simple-rnn-100 --seconds 0";
    let mut arguments: Vec<&str> = arguments.split(' ').collect();
    let table = told(folder.path(), &arguments, "");
    assert_eq!(table.lines().count(), 3, "{table}");
    arguments.push("--json");
    let rows = json(folder.path(), &arguments, "");
    assert_eq!(rows.len(), 2);
    for (row, threads) in rows.iter().zip([1, 2]) {
        assert_eq!(
            (&row["job"], &row["threads"]),
            (&"simple-rnn-100".into(), &threads.into())
        );
        assert!(row["tokens_per_second"].as_f64().unwrap() > 0.0);
    }
}

/// Symbols drawn at random can be told no better than by guessing, which is what is learnt first.
#[test]
fn losses_are_those_of_training_whatever_the_threads() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "bench train --job char-lstm-128 --losses 8 --json";
    let arguments: Vec<&str> = arguments.split(' ').collect();
    let rows = json(folder.path(), &arguments, "");
    let losses = |row: usize| {
        let losses = rows[row]["losses"].as_array().unwrap();
        losses
            .iter()
            .map(|loss| loss.as_f64().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(losses(0).len(), 8);
    for (one, two) in losses(0).iter().zip(losses(1)) {
        assert!((one - two).abs() < 1e-5 && (0.0..0.5).contains(&(one - 65f64.ln())));
    }
    assert!(losses(0)[7] < losses(0)[0] - 0.02);
}

#[test]
fn unknown_jobs_and_odd_times_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |more: &[&str]| refusal(folder.path(), &[&["bench", "train"], more].concat());
    assert!(refused(&["--job", "gpt"]).contains("there is no job `gpt`"));
    assert!(refused(&["--seconds=-1"]).contains("--seconds is -1"));
    assert!(refused(&["--threads", "0"]).contains("--threads"));
}

/// In the emulator; what a cell takes there is held as a bound.
#[test]
fn a_board_counts_every_cell_shape_and_width() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = "bench device --board mps3-an547 --json";
    let rows = json(folder.path(), &arguments.split(' ').collect::<Vec<_>>(), "");
    for cell in ["simple-rnn", "gru", "lstm", "fast-grnn"] {
        for (input, hidden) in [(32, 64), (64, 128), (100, 100)] {
            for weights in ["int8", "int4"] {
                let asked = |row: &&serde_json::Value| {
                    (&row["cell"], &row["weights"]) == (&cell.into(), &weights.into())
                        && (&row["input"], &row["hidden"]) == (&input.into(), &hidden.into())
                };
                let row = rows.iter().find(asked).expect("a row for each");
                let number = |key: &str| row[key].as_u64().expect("a number");
                let parts = ["product", "activation", "elementwise"].map(number);
                let sum = parts.iter().sum::<u64>();
                assert_eq!(sum, number("instructions"), "{row}");
                assert!(number("estimated_cycles") > number("instructions"), "{row}");
                assert!(row["estimated_microseconds"].as_f64().unwrap() > 100.0);
                assert!(number("stack_bytes") < 3_000, "{row}");
                assert!(row["flash"][".text"].as_u64().unwrap() > 10_000, "{row}");
            }
        }
    }
    let lstm = rows.iter().find(|row| row["cell"] == "lstm").unwrap();
    assert_eq!(lstm["macs"], 4 * 64 * (32 + 64));
    // 0.536 a multiply-accumulate were measured.
    assert!(
        lstm["instructions"].as_f64().unwrap() <= 0.55 * 24_576.0,
        "{lstm}"
    );
}
