//! Two classifiers of texts in one model.

use super::words::{TINY, table};
use super::*;

const JOIN: [&str; 7] = [
    "ensemble",
    "--data",
    "reviews.csv",
    "--text-column",
    "review",
    "--label-column",
    "verdict",
];

/// Trains a model on the table.
fn train(folder: &Path, out: &str, more: &[&str]) {
    fs::write(folder.join("reviews.csv"), table(',')).unwrap();
    let arguments = ["train", "--data", "reviews.csv", "--out", out];
    told(folder, &[&arguments[..], &TINY, more].concat(), "");
}

/// A network that reads words and a linear model of n-grams, as `words.spinet` and `ngrams.spinet`.
fn train_both(folder: &Path) {
    train(
        folder,
        "words.spinet",
        &["--cell", "gru", "--learning-rate", "0.03"],
    );
    let linear = ["--reads", "ngrams", "--wide", "true", "--layers", "0"];
    train(folder, "ngrams.spinet", &linear);
}

fn evaluate(folder: &Path, model: &str) -> Value {
    let arguments = [
        "evaluate",
        "--model",
        model,
        "--split",
        "validation",
        "--json",
    ];
    json(folder, &[&arguments[..], &JOIN[1..]].concat(), "").remove(0)
}

#[test]
fn two_models_are_joined_measured_inspected_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train_both(folder);
    let models = [
        "--models",
        "words.spinet,ngrams.spinet",
        "--out",
        "both.spinet",
    ];
    let said = told(folder, &[&JOIN[..], &models].concat(), "");
    assert!(
        said.contains("its logits count 0.") || said.contains("its logits count 1."),
        "{said}"
    );
    assert!(said.contains("together\nboth.spinet: "), "{said}");
    assert!(!folder.join("both.float").exists());
    let [words, ngrams, both] =
        ["words", "ngrams", "both"].map(|name| evaluate(folder, &format!("{name}.spinet")));
    let loss = |result: &Value| result["loss"].as_f64().unwrap();
    assert!(loss(&both) < loss(&words), "{both}, {ngrams}");
    assert!(both["float_loss"].is_null());
    // What lies beside it is another model's.
    fs::copy(folder.join("words.float"), folder.join("both.float")).unwrap();
    assert!(evaluate(folder, "both.spinet")["float_loss"].is_null());

    let provenance = fs::read(folder.join("both.json")).unwrap();
    let provenance: Value = serde_json::from_slice(&provenance).unwrap();
    let networks = provenance["networks"].as_array().unwrap();
    assert_eq!(networks.len(), 2);
    assert_eq!(networks[0]["provenance"]["recipe"]["cell"], "gru");
    assert_eq!(networks[1]["provenance"]["recipe"]["reads"], "ngrams");
    assert_eq!(provenance["validation"]["quantised"]["loss"], both["loss"]);

    let inspect = ["inspect", "--model", "both.spinet"];
    let shown = told(folder, &inspect, "");
    assert!(
        shown.contains("gru(4)") && shown.contains("none, no input"),
        "{shown}"
    );
    assert!(shown.contains("shape      Pair<Shape<4, 4, "), "{shown}");
    let inspection = json(folder, &[&inspect[..], &["--json"]].concat(), "").remove(0);
    let file = fs::read(folder.join("both.spinet")).unwrap();
    assert_eq!(inspection["bytes"], file.len());
    let weights = [&inspection["weights"][0], &inspection["weights"][1]];
    assert_eq!(weights, [&networks[0]["weight"], &networks[1]["weight"]]);

    let predict = ["predict", "--model", "both.spinet", "--json"];
    let lines = json(folder, &predict, "a good film\na bad film");
    assert_eq!([&lines[0]["label"], &lines[1]["label"]], ["up", "down"]);
    assert_eq!(lines[0]["tokens"], 3);
    // It teaches, too.
    let pupil = ["--teachers", "both.spinet", "--hard-labels", "0"];
    train(folder, "pupil.spinet", &pupil);
}

#[test]
fn what_cannot_be_joined_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train_both(folder);
    let refused = |more: &[&str]| refusal(folder, &[&JOIN[..], more].concat());
    for (models, count) in [("words.spinet", "1"), ("a.spinet,b.spinet,c.spinet", "3")] {
        let said = refused(&["--models", models]);
        assert!(said.contains(&format!("not of {count}")), "{said}");
    }
    let absent = refused(&["--models", "words.spinet,absent.spinet"]);
    assert!(absent.contains("absent.spinet"), "{absent}");
    let name = refused(&[
        "--models",
        "words.spinet,ngrams.spinet",
        "--out",
        "both.bin",
    ]);
    assert!(name.contains(".spinet"), "{name}");
    train(folder, "seed.spinet", &["--seed", "9"]);
    let apart = refused(&["--models", "words.spinet,seed.spinet"]);
    assert!(apart.contains("held apart differently"), "{apart}");
    fs::write(folder.join("reviews.csv"), table(',') + "fine,up\n").unwrap();
    let other = refused(&["--models", "words.spinet,ngrams.spinet"]);
    assert!(other.contains("not the data"), "{other}");
    fs::write(folder.join("plays.txt"), "to be or not to be ".repeat(40)).unwrap();
    let tiny = [
        "--reads",
        "characters",
        "--hidden-size",
        "4",
        "--epochs",
        "1",
    ];
    let more = [
        "--max-length",
        "8",
        "--data",
        "plays.txt",
        "--out",
        "plays.spinet",
    ];
    told(folder, &[&["train"], &tiny[..], &more].concat(), "");
    let writer = refusal(
        folder,
        &[
            "ensemble",
            "--models",
            "plays.spinet,plays.spinet",
            "--data",
            "plays.txt",
        ],
    );
    assert!(writer.contains("only classifiers of texts"), "{writer}");
}
