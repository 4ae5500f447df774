//! Series of vectors: archives and arrays that are classified, continued or refused.

use super::{
    words::{TINY, train_tiny},
    *,
};
use std::io::Cursor;

/// A NumPy array of 32-bit numbers.
fn array(shape: &str, values: &[f32]) -> Vec<u8> {
    of_type("<f4", shape, bytemuck::cast_slice(values))
}

fn of_type(kind: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut header = format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}");
    // The header ends with a line end, at a multiple of 64.
    while !(10 + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), data].concat()
}

fn archive(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(format!("{name}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const COUNT: usize = 40;
const TIME: usize = 12;

/// Two features over time; the first of every other example rises twice as fast.
fn values() -> Vec<f32> {
    let step = |n: usize, t: usize| {
        let rise = (1 + n % 2) as f32 * t as f32 / TIME as f32;
        [rise, (n as f32 + t as f32).sin()]
    };
    let steps = (0..COUNT).flat_map(|n| (0..TIME).map(move |t| (n, t)));
    steps.flat_map(|(n, t)| step(n, t)).collect()
}

fn x() -> Vec<u8> {
    array(&format!("({COUNT}, {TIME}, 2)"), &values())
}

fn labels(count: usize) -> Vec<u8> {
    let labels: Vec<i64> = (0..count as i64).map(|n| n % 2).collect();
    of_type("<i8", &format!("({count},)"), bytemuck::cast_slice(&labels))
}

/// Flags of a training that takes no time.
const SMALL: [&str; 10] = [
    "--hidden-size",
    "6",
    "--epochs",
    "2",
    "--calibration",
    "8",
    "--batch-size",
    "8",
    "--learning-rate",
    "0.01",
];

fn train(folder: &Path, data: &str, content: &[u8], more: &[&str]) -> String {
    fs::write(folder.join(data), content).unwrap();
    let train = ["train", "--data", data, "--out", "s.spinet"];
    told(folder, &[&train[..], &SMALL, more].concat(), "")
}

fn refuses(folder: &Path, data: &str, content: &[u8], more: &[&str]) -> String {
    fs::write(folder.join(data), content).unwrap();
    let train = ["train", "--data", data, "--out", "no.spinet"];
    refusal(folder, &[&train[..], &SMALL, more].concat())
}

#[test]
fn an_archive_with_labels_is_classified() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = archive(&[("x", x()), ("y", labels(COUNT))]);
    for cell in ["simple-rnn", "gru", "lstm", "fast-grnn"] {
        train(folder, "s.npz", &data, &["--cell", cell, "--layers", "2"]);
        let model = ["--model", "s.spinet", "--data", "s.npz", "--json"];
        for split in ["train", "validation", "test"] {
            let evaluate = [&["evaluate"][..], &model, &["--split", split]].concat();
            let result = &json(folder, &evaluate, "")[0];
            assert_eq!(result["measure"], "class");
            let loss = |field: &str| result[field].as_f64().unwrap();
            assert!((loss("loss") - loss("float_loss")).abs() < 0.05, "{result}");
        }
        let predictions = json(folder, &[&["predict"][..], &model].concat(), "");
        assert_eq!(predictions.len(), 4);
        assert!(
            predictions.iter().all(|p| p["tokens"] == TIME),
            "{predictions:?}"
        );
        let inspected = told(folder, &["inspect", "--model", "s.spinet"], "");
        assert!(inspected.contains("classify series"), "{inspected}");
        assert!(inspected.contains(cell), "{inspected}");
    }
    fs::write(
        folder.join("other.npz"),
        archive(&[("x", array("(2, 3, 3)", &[0.5; 18]))]),
    )
    .unwrap();
    let other = ["predict", "--model", "s.spinet", "--data", "other.npz"];
    let error = refusal(folder, &other);
    assert!(error.contains("other.npz: 3 features"), "{error}");
    let error = refusal(folder, &["predict", "--model", "s.spinet"]);
    assert!(error.contains("--data"), "{error}");
    let error = refusal(
        folder,
        &["generate", "--model", "s.spinet", "--data", "s.npz"],
    );
    assert!(error.contains("s.spinet: this model classifies"), "{error}");
}

#[test]
fn an_array_without_labels_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let summary = train(folder, "s.npy", &x(), &["--cell", "lstm", "--given", "3"]);
    assert!(summary.contains("mean squared error"), "{summary}");
    fn with<'s>(more: &[&'s str]) -> Vec<&'s str> {
        let generate = ["generate", "--model", "s.spinet", "--data", "s.npy"];
        [&generate[..], more].concat()
    }
    let result = &json(folder, &with(&["--json", "--prime", "5"]), "")[0];
    assert_eq!(
        (&result["primed"], &result["continued"]),
        (&5.into(), &7.into())
    );
    assert_eq!(result["vectors"].as_array().unwrap().len(), TIME - 5);
    let files = [
        "--csv", "c.csv", "--svg", "c.svg", "--png", "c.png", "--wav", "c.wav",
    ];
    told(folder, &with(&files), "");
    for file in files.iter().skip(1).step_by(2) {
        assert!(fs::metadata(folder.join(file)).unwrap().len() > 0, "{file}");
    }
    for (more, said) in [
        (["--prime", "0"], "--prime 0"),
        (["--prime", "13"], "--prime 13"),
        (["--length", "0"], "--length"),
        (["--example", "99"], "99"),
        (["--csv", "no/such.csv"], "no/such.csv"),
    ] {
        let error = refusal(folder, &with(&more));
        assert!(error.contains(said), "{more:?}: {error}");
    }
    let error = refusal(folder, &["generate", "--model", "s.spinet"]);
    assert!(error.contains("--data"), "{error}");
    let error = refusal(
        folder,
        &["predict", "--model", "s.spinet", "--data", "s.npy"],
    );
    assert!(error.contains("s.spinet: this model generates"), "{error}");
    let error = refusal(folder, &["run", "--model", "s.spinet", "--data", "s.npy"]);
    assert!(error.contains("s.spinet: this model generates"), "{error}");
    let error = refuses(folder, "s.npy", &x(), &["--task", "classify"]);
    assert!(error.contains("no labels"), "{error}");
    let inspected = told(folder, &["inspect", "--model", "s.spinet"], "");
    assert!(inspected.contains("generate series"), "{inspected}");
}

#[test]
fn series_that_leave_nothing_to_predict_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let given = refuses(folder, "s.npy", &x(), &["--given", "12"]);
    assert!(given.contains("given (12)"), "{given}");
    let cut = refuses(folder, "s.npy", &x(), &["--max-length", "1"]);
    assert!(cut.contains("--max-length 1"), "{cut}");
    let single = array("(40, 1, 24)", &values());
    let single = refuses(folder, "one.npy", &single, &[]);
    assert!(single.contains("training series"), "{single}");
}

/// What the table in a training's summary says of float and quantised counts the same vectors.
#[test]
fn given_vectors_are_left_out_of_both_figures() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The first half of every example is noise of the largest size, the second half zero.
    let noise = |k: usize| {
        if k % (2 * TIME) < TIME {
            ((k * k) as f32).sin()
        } else {
            0.0
        }
    };
    let values: Vec<f32> = (0..COUNT * TIME * 2).map(noise).collect();
    let data = array(&format!("({COUNT}, {TIME}, 2)"), &values);
    train(folder, "s.npy", &data, &["--given", "7"]);
    let record: Value = serde_json::from_slice(&fs::read(folder.join("s.json")).unwrap()).unwrap();
    let loss = |which: &str| record["validation"][which]["loss"].as_f64().unwrap();
    let (float, quantised) = (loss("float"), loss("quantised"));
    assert!(
        (float - quantised).abs() < 0.05 * float,
        "{float}, {quantised}"
    );
}

#[test]
fn archives_that_hold_no_series_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refuse = |arrays: &[(&str, Vec<u8>)]| refuses(folder, "d.npz", &archive(arrays), &[]);
    let rank = refuse(&[("x", array("(40, 24)", &[0.0; 960]))]);
    assert!(
        rank.contains("d.npz/x.npy") && rank.contains("rank 2"),
        "{rank}"
    );
    let mut with_nan = values();
    with_nan[77] = f32::NAN;
    let shape = format!("({COUNT}, {TIME}, 2)");
    let nan = refuse(&[("x", array(&shape, &with_nan))]);
    assert!(nan.contains("d.npz/x.npy"), "{nan}");
    let none = refuse(&[("inputs", x())]);
    assert!(none.contains("d.npz") && none.contains("inputs"), "{none}");
    let mismatch = refuse(&[("x", x()), ("y", labels(COUNT - 1))]);
    assert!(
        mismatch.contains("d.npz/y.npy") && mismatch.contains("39"),
        "{mismatch}"
    );
    let empty = refuse(&[("x", array("(0, 12, 2)", &[]))]);
    assert!(empty.contains("d.npz"), "{empty}");
    let one = of_type("<i8", "(40,)", &[0; 320]);
    let one = refuse(&[("x", x()), ("y", one)]);
    assert!(
        one.contains("same label") || one.contains("one class"),
        "{one}"
    );
    let damaged = refuses(folder, "e.npz", b"no archive", &[]);
    assert!(damaged.contains("e.npz"), "{damaged}");
    let cut = refuses(folder, "e.npy", &x()[..500], &[]);
    assert!(cut.contains("e.npy"), "{cut}");
}

/// A model of one kind, asked for what only another can do.
#[test]
fn models_are_asked_for_what_they_can_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train_tiny(folder);
    let error = refusal(folder, &["generate", "--model", "tiny.spinet"]);
    assert!(
        error.contains("tiny.spinet: this model classifies"),
        "{error}"
    );
    train(folder, "s.npy", &x(), &[]);
    let error = refusal(folder, &["predict", "--model", "s.spinet", "a text"]);
    assert!(error.contains("s.spinet: this model generates"), "{error}");
    let evaluate = [
        "evaluate", "--model", "s.spinet", "--split", "test", "--data",
    ];
    let error = refusal(
        folder,
        &[&evaluate[..], &["reviews.csv"], &TINY[..4]].concat(),
    );
    assert!(error.contains("reviews.csv"), "{error}");
    let evaluate = [
        "evaluate",
        "--model",
        "tiny.spinet",
        "--split",
        "test",
        "--data",
        "s.npy",
    ];
    let error = refusal(folder, &evaluate);
    assert!(error.contains("s.npy"), "{error}");
}
