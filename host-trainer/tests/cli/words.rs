//! Labelled texts: from a table to verdicts.

use super::*;

/// A table of 60 reviews that a tiny model can learn.
pub fn table(separator: char) -> String {
    let mut table = format!("review{separator}verdict\n");
    for n in 0..30 {
        table += &format!("a good film {n}{separator}up\na bad film {n}{separator}down\n");
    }
    table
}

/// Columns and a recipe small enough for a test.
pub const TINY: [&str; 14] = [
    "--text-column",
    "review",
    "--label-column",
    "verdict",
    "--hidden-size",
    "4",
    "--embedding-size",
    "4",
    "--epochs",
    "2",
    "--num-words",
    "50",
    "--calibration",
    "8",
];

pub fn train_tiny(folder: &Path) -> String {
    fs::write(folder.join("reviews.csv"), table(',')).unwrap();
    let mut arguments = vec!["train", "--data", "reviews.csv", "--out", "tiny.spinet"];
    arguments.extend(TINY);
    told(folder, &arguments, "")
}

#[test]
fn a_model_is_trained_measured_inspected_and_asked() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = train_tiny(folder);
    assert!(told.contains("layer0.recurrent_kernel"), "{told}");
    for file in ["tiny.spinet", "tiny.float", "tiny.svg", "tiny.json"] {
        assert!(folder.join(file).exists(), "{file}");
    }
    for split in ["train", "validation", "test"] {
        let arguments = [
            "evaluate",
            "--model",
            "tiny.spinet",
            "--data",
            "reviews.csv",
        ];
        let mut arguments = arguments.to_vec();
        arguments.extend(["--split", split, "--json"]);
        arguments.extend(&TINY[..4]);
        let result = &json(folder, &arguments, "")[0];
        assert!(result["examples"].as_u64().unwrap() > 0, "{result}");
        for field in [
            "loss",
            "accuracy",
            "float_loss",
            "float_accuracy",
            "seconds",
        ] {
            assert!(result[field].is_f64(), "{field}: {result}");
        }
    }
    let predict = ["predict", "--model", "tiny.spinet", "--json"];
    let lines = json(folder, &predict, "a good film\r\n\nnonesuch words here");
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (&lines[1]["tokens"], &lines[1]["unknown"]),
        (&0.into(), &0.into())
    );
    assert_eq!(lines[2]["tokens"], 3);
    assert!(lines[0]["logit"].is_i64() && lines[0]["probability"].is_f64());
    let argument = json(folder, &[&predict[..], &["a good film"]].concat(), "");
    assert_eq!(argument[0], lines[0]);
    let inspected = &json(folder, &["inspect", "--model", "tiny.spinet", "--json"], "")[0];
    let size = fs::metadata(folder.join("tiny.spinet")).unwrap().len();
    assert_eq!(inspected["bytes"]["total"], size);
    assert_eq!(inspected["dimensions"]["hidden"], 4);
}

#[test]
fn the_same_command_gives_the_same_model() {
    let models = [(); 2].map(|()| {
        let folder = tempfile::tempdir().unwrap();
        train_tiny(folder.path());
        fs::read(folder.path().join("tiny.spinet")).unwrap()
    });
    assert!(models[0] == models[1]);
}

#[test]
fn a_model_is_kept_though_nobody_listens() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reviews.csv"), table(',')).unwrap();
    let mut arguments = vec!["train", "--data", "reviews.csv", "--out", "x.spinet"];
    arguments.extend(TINY);
    let mut child = Command::new(env!("CARGO_BIN_EXE_spinet"))
        .args(arguments)
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
    assert!(folder.path().join("x.spinet").exists());
}

#[test]
fn a_float_network_of_another_training_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train_tiny(folder);
    fs::rename(folder.join("tiny.spinet"), folder.join("first.spinet")).unwrap();
    let other = [
        "train",
        "--data",
        "reviews.csv",
        "--out",
        "tiny.spinet",
        "--seed",
        "7",
    ];
    assert!(
        spinet(folder, &[&other[..], &TINY[..]].concat(), "")
            .status
            .success()
    );
    fs::rename(folder.join("tiny.float"), folder.join("first.float")).unwrap();
    let evaluate = [
        "evaluate",
        "--model",
        "first.spinet",
        "--data",
        "reviews.csv",
    ];
    let evaluate = [&evaluate[..], &TINY[..4], &["--split", "test"]].concat();
    let error = refusal(folder, &evaluate);
    assert!(error.contains("another float network"), "{error}");
}

#[test]
fn other_data_are_test_examples_and_may_lack_a_class() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train_tiny(folder);
    fs::write(
        folder.join("new.csv"),
        "review,verdict\na good film,up\nfine,up\n",
    )
    .unwrap();
    let arguments = [
        "evaluate",
        "--model",
        "tiny.spinet",
        "--data",
        "new.csv",
        "--json",
    ];
    let arguments = [&arguments[..], &TINY[..4], &["--split", "test"]].concat();
    let output = spinet(folder, &arguments, "");
    assert!(output.status.success(), "{output:?}");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["examples"], 2);
}

#[test]
fn test_data_change_nothing_of_what_a_model_was_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train_tiny(folder);
    fs::write(folder.join("new.csv"), "review,verdict\na,up\nb,down\n").unwrap();
    let with_test = [
        "train",
        "--data",
        "reviews.csv",
        "--test-data",
        "new.csv",
        "--out",
        "t.spinet",
    ];
    assert!(
        spinet(folder, &[&with_test[..], &TINY[..]].concat(), "")
            .status
            .success()
    );
    let split = |model: &str, split: &str, more: &[&str]| {
        let arguments = [
            "examples",
            "--model",
            model,
            "--data",
            "reviews.csv",
            "--split",
            split,
        ];
        let output = spinet(folder, &[&arguments[..], &TINY[..4], more].concat(), "");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let other = ["--test-data", "new.csv"];
    for model in ["tiny.spinet", "t.spinet"] {
        for part in ["train", "validation"] {
            assert_eq!(
                split(model, part, &[]),
                split(model, part, &other),
                "{model}, {part}"
            );
        }
    }
    assert_eq!(split("t.spinet", "test", &other).lines().count(), 2);
}
