//! The command line as a user meets it: what is wrong is said in one line with exit code 2,
//! and nothing is left half-written.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

fn spinet(folder: &Path, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spinet"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("spinet starts");
    let mut input = child.stdin.take().expect("stdin is piped");
    // Whoever has failed already does not read.
    let _ = input.write_all(stdin.as_bytes());
    drop(input);
    child.wait_with_output().expect("spinet ends")
}

/// The one line that a refused command says.
fn refusal(folder: &Path, arguments: &[&str]) -> String {
    let before = listing(folder);
    let output = spinet(folder, arguments, "");
    let stderr = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    assert_eq!(
        before,
        listing(folder),
        "{arguments:?} left something behind"
    );
    stderr
}

fn listing(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    names
}

/// A table of 60 reviews that a tiny model can learn.
fn table(separator: char) -> String {
    let mut table = format!("review{separator}verdict\n");
    for n in 0..30 {
        table += &format!("a good film {n}{separator}up\na bad film {n}{separator}down\n");
    }
    table
}

/// Columns and a recipe small enough for a test.
const TINY: [&str; 14] = [
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

fn train_tiny(folder: &Path) -> String {
    fs::write(folder.join("reviews.csv"), table(',')).unwrap();
    let mut arguments = vec!["train", "--data", "reviews.csv", "--out", "tiny.spinet"];
    arguments.extend(TINY);
    let output = spinet(folder, &arguments, "");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
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
    let json = |arguments: &[&str], stdin: &str| -> Vec<serde_json::Value> {
        let output = spinet(folder, arguments, stdin);
        assert!(output.status.success(), "{output:?}");
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        stdout
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    };
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
        let result = &json(&arguments, "")[0];
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
    let lines = json(&predict, "a good film\r\n\nnonesuch words here");
    assert_eq!(lines.len(), 3);
    assert_eq!(
        (&lines[1]["tokens"], &lines[1]["unknown"]),
        (&0.into(), &0.into())
    );
    assert_eq!(lines[2]["tokens"], 3);
    assert!(lines[0]["logit"].is_i64() && lines[0]["probability"].is_f64());
    let argument = json(&[&predict[..], &["a good film"]].concat(), "");
    assert_eq!(argument[0], lines[0]);
    let inspected = &json(&["inspect", "--model", "tiny.spinet", "--json"], "")[0];
    let size = fs::metadata(folder.join("tiny.spinet")).unwrap().len();
    assert_eq!(inspected["bytes"]["total"], size);
    assert_eq!(inspected["dimensions"]["hidden_size"], 4);
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

#[test]
fn bad_data_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let train = |name: &str, content: &str, more: &[&str]| {
        fs::write(folder.join(name), content).unwrap();
        let mut arguments = vec!["train", "--data", name, "--out", "x.spinet"];
        arguments.extend(more);
        refusal(folder, &arguments)
    };
    let columns = &TINY[..4];
    let missing = train("a.csv", "text,stars\nfine,5\n", &[]);
    assert!(missing.contains("a.csv") && missing.contains("label") && missing.contains("stars"));
    let one_class = train("b.csv", "review,verdict\nfine,up\ngood,up\n", columns);
    assert!(
        one_class.contains("b.csv") && one_class.contains("up"),
        "{one_class}"
    );
    assert!(train("c.csv", "", columns).contains("c.csv"));
    assert!(train("d.tsv", "review\tverdict\n", columns).contains("d.tsv"));
    let jsonl = train(
        "e.jsonl",
        "{\"review\":\"a\",\"verdict\":\"up\"}\n{nonsense\n",
        columns,
    );
    assert!(jsonl.contains("e.jsonl") && jsonl.contains('2'), "{jsonl}");
    fs::create_dir(folder.join("empty")).unwrap();
    let not_imdb = refusal(folder, &["train", "--data", "empty", "--out", "x.spinet"]);
    assert!(not_imdb.contains("empty"), "{not_imdb}");
    let absent = refusal(
        folder,
        &["train", "--data", "absent.csv", "--out", "x.spinet"],
    );
    assert!(absent.contains("absent.csv"), "{absent}");
}

#[test]
fn bad_recipes_and_flags_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("bad.toml"), "epochs = 1\nlearning_rate = 1\n").unwrap();
    let train = |more: &[&str]| {
        let mut arguments = vec!["train", "--data", "builtin", "--out", "x.spinet"];
        arguments.extend(more);
        refusal(folder, &arguments)
    };
    assert!(train(&["--recipe", "bad.toml"]).contains("bad.toml: line 2"));
    assert!(train(&["--recipe", "nonesuch"]).contains("keras-imdb"));
    assert!(train(&["--hidden-dropout", "2"]).contains("hidden-dropout is 2"));
    assert!(train(&["--num-words", "70000"]).contains("num-words"));
    assert!(train(&["--hidden-size", "600"]).contains("hidden-size is 600"));
    assert!(train(&["--threads", "100000"]).contains("threads is 100000"));
    assert!(train(&["--batch-size", "18446744073709551615"]).contains("batch-size"));
    assert!(train(&["--learning-rate", "-1"]).contains("learning-rate is -1"));
    assert!(train(&["--cell", "nonesuch"]).contains("nonesuch"));
    let name = refusal(folder, &["train", "--data", "builtin", "--out", "x.json"]);
    assert!(
        name.contains("x.json") && name.contains(".spinet"),
        "{name}"
    );
    let nowhere = refusal(
        folder,
        &["train", "--data", "builtin", "--out", "no/such/x.spinet"],
    );
    assert!(nowhere.contains("no/such"), "{nowhere}");
}

#[test]
fn a_diverging_training_stops_and_says_where() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("reviews.csv"), table(',')).unwrap();
    let mut arguments = vec!["train", "--data", "reviews.csv", "--out", "x.spinet"];
    arguments.extend(TINY);
    let wild = [
        "--learning-rate",
        "1e30",
        "--clip-norm",
        "0",
        "--weight-decay",
        "0",
    ];
    arguments.extend(wild);
    let output = spinet(folder.path(), &arguments, "");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("epoch 1, step"), "{stderr}");
    assert_eq!(listing(folder.path()), [folder.path().join("reviews.csv")]);
}

#[test]
fn models_that_are_none_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train_tiny(folder);
    let model = fs::read(folder.join("tiny.spinet")).unwrap();
    let try_with = |name: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).unwrap();
        refusal(folder, &["predict", "--model", name, "x"])
    };
    assert!(try_with("text", b"hello").contains("text: not a spinet model"));
    assert!(try_with("cut", &model[..100]).contains("cut: 100 bytes"));
    let mut other = model.clone();
    other[8] = 9;
    assert!(try_with("other", &other).contains("other: a model of format version 9"));
    let mut damaged = model.clone();
    damaged[200] ^= 1;
    assert!(try_with("damaged", &damaged).contains("damaged: damaged"));
    assert!(refusal(folder, &["inspect", "--model", "absent"]).contains("absent"));
    fs::write(folder.join("other.csv"), "text,label\na,x\nb,y\n").unwrap();
    let evaluate = [
        "evaluate",
        "--model",
        "tiny.spinet",
        "--data",
        "other.csv",
        "--split",
    ];
    let labels = refusal(folder, &[&evaluate[..], &["test"]].concat());
    assert!(
        labels.contains("other.csv") && labels.contains("\"x\""),
        "{labels}"
    );
    let unknown = refusal(folder, &[&evaluate[..], &["train"]].concat());
    assert!(unknown.contains("other.csv: not the data"), "{unknown}");
    let board = ["run", "--board", "nonesuch", "--model", "tiny.spinet", "x"];
    let board = refusal(folder, &board);
    assert!(
        board.contains("nonesuch") && board.contains("microbit"),
        "{board}"
    );
}
