//! Labelled texts read as n-grams, with and without a network, and what teachers add.

use super::words::{TINY, table};
use super::*;

const NGRAMS: [&str; 8] = [
    "--reads",
    "ngrams",
    "--wide",
    "true",
    "--teacher",
    "ngrams",
    "--marks",
    "true",
];

/// Trains on the table with more arguments.
fn train(folder: &Path, out: &str, more: &[&str]) -> String {
    fs::write(folder.join("reviews.csv"), table(',')).unwrap();
    fs::write(folder.join("more.txt"), "a good one\nthe bad one\n").unwrap();
    let mut arguments = vec!["train", "--data", "reviews.csv", "--out", out];
    arguments.extend(TINY);
    arguments.extend(["--unlabelled", "more.txt"]);
    arguments.extend(more);
    told(folder, &arguments, "")
}

fn evaluate(folder: &Path, model: &str) -> Value {
    let mut arguments = vec!["evaluate", "--model", model, "--data", "reviews.csv"];
    arguments.extend(["--split", "train", "--json", "--shuffled"]);
    arguments.extend(&TINY[..4]);
    json(folder, &arguments, "").remove(0)
}

#[test]
fn a_linear_model_has_no_network_and_says_what_it_saw() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = train(
        folder,
        "linear.spinet",
        &[&NGRAMS[..], &["--layers", "0"]].concat(),
    );
    assert!(told.contains("% in training; "), "{told}");
    assert!(
        told.contains("% in validation; 2 texts without a label"),
        "{told}"
    );
    assert!(told.contains("n-grams;"), "{told}");
    assert!(!folder.join("linear.float").exists());
    let result = evaluate(folder, "linear.spinet");
    assert_eq!(result["accuracy"], 1.0, "{result}");
    assert!(result["float_loss"].is_null(), "{result}");
    let predict = ["predict", "--model", "linear.spinet", "--json"];
    let lines = json(folder, &predict, "a good film\na bad film");
    assert_eq!(
        (&lines[0]["label"], &lines[1]["label"]),
        (&"up".into(), &"down".into())
    );
}

#[test]
fn a_network_reads_what_a_linear_model_leaves() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut models = Vec::new();
    for spectral in ["false", "true"] {
        let own = ["--cell", "gru", "--spectral-start", spectral];
        train(folder, "both.spinet", &[&NGRAMS[..], &own].concat());
        let result = evaluate(folder, "both.spinet");
        assert_eq!(result["accuracy"], 1.0, "{result}");
        // The float network beside the same weights from n-grams to logits.
        let (float, quantised) = (&result["float_loss"], &result["loss"]);
        let distance = float.as_f64().unwrap() - quantised.as_f64().unwrap();
        assert!(distance.abs() < 0.01, "{result}");
        models.push(fs::read(folder.join("both.spinet")).unwrap());
    }
    assert_ne!(models[0], models[1]);
}

#[test]
fn a_model_teaches_another() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(
        folder,
        "teacher.spinet",
        &[&NGRAMS[..], &["--layers", "0"]].concat(),
    );
    let pupil = ["--teachers", "teacher.spinet", "--hard-labels", "0"];
    let told = train(folder, "pupil.spinet", &pupil);
    assert!(
        told.contains("accuracy 100.00 % in validation; 2 texts"),
        "{told}"
    );
}

#[test]
fn what_teachers_said_is_learnt_from_later() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let linear = [&NGRAMS[..], &["--layers", "0"]].concat();
    train(folder, "asked.spinet", &linear);
    let distill = ["distill", "--data", "reviews.csv", "--out", "said.labels"];
    let more = ["--unlabelled", "more.txt", "--teacher", "ngrams"];
    told(folder, &[&distill[..], &TINY[..4], &more].concat(), "");
    train(
        folder,
        "read.spinet",
        &[&linear[..], &["--soft-labels", "said.labels"]].concat(),
    );
    let model = |name: &str| fs::read(folder.join(name)).unwrap();
    assert!(model("asked.spinet") == model("read.spinet"));
    let arguments = [
        "train",
        "--data",
        "reviews.csv",
        "--soft-labels",
        "said.labels",
    ];
    let refused = refusal(
        folder,
        &[&arguments[..], &TINY[..4], &["--seed", "2"]].concat(),
    );
    assert!(refused.contains("other texts"), "{refused}");
    let halves = ["--halves", "true"];
    told(
        folder,
        &[&distill[..], &TINY[..4], &more, &halves].concat(),
        "",
    );
    let learn = [&linear[..], &["--soft-labels", "said.labels"], &halves].concat();
    let said = train(folder, "halves.spinet", &learn);
    assert!(said.contains("; 6 texts without a label"), "{said}");
    let whole = [&arguments[..], &TINY[..4], &more[..2]].concat();
    let refused = refusal(folder, &whole);
    assert!(refused.contains("or --halves"), "{refused}");
    let none = refusal(folder, &[&distill[..], &TINY[..4]].concat());
    assert!(none.contains("no teacher"), "{none}");
}

#[test]
fn the_order_of_words_matters_to_who_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut rows = "text,label\n".to_owned();
    for n in 0..40 {
        rows += &format!("good not bad {n},up\nbad not good {n},down\n");
    }
    fs::write(folder.join("order.csv"), rows).unwrap();
    let train = ["train", "--data", "order.csv", "--out", "order.spinet"];
    let recipe = ["--reads", "ngrams", "--wide", "true", "--layers", "0"];
    told(folder, &[&train[..], &recipe].concat(), "");
    let evaluate = ["evaluate", "--model", "order.spinet", "--data", "order.csv"];
    let more = ["--split", "train", "--json", "--shuffled"];
    let result = json(folder, &[&evaluate[..], &more].concat(), "").remove(0);
    assert_eq!(result["accuracy"], 1.0, "{result}");
    assert!(
        result["shuffled_accuracy"].as_f64().unwrap() < 0.9,
        "{result}"
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(
        folder,
        "teacher.spinet",
        &[&NGRAMS[..], &["--layers", "0"]].concat(),
    );
    fs::write(folder.join("other.csv"), "text,label\na,x\nb,y\nc,x\nd,y\n").unwrap();
    let train = ["train", "--data", "other.csv", "--out", "other.spinet"];
    let refused = |more: &[&str]| refusal(folder, &[&train[..], more].concat());
    let shares = ["--validation", "0.3", "--test", "0"];
    let other = refused(&[&["--teachers", "teacher.spinet"], &shares[..]].concat());
    assert!(other.contains("other classes"), "{other}");
    let layers = refused(&["--layers", "0"]);
    assert!(layers.contains("--reads ngrams --wide true"), "{layers}");
    let wide = refused(&["--wide", "true"]);
    assert!(wide.contains("wide is true"), "{wide}");
    let spectral = ["--spectral-start", "true"];
    for more in [&[][..], &["--reads", "ngrams", "--input", "one-hot"]] {
        let refused = refused(&[&spectral[..], more].concat());
        assert!(refused.contains("spectral-start is true"), "{refused}");
    }
    let missing = refused(&["--unlabelled", "nonesuch.txt"]);
    assert!(missing.contains("nonesuch.txt"), "{missing}");
}
