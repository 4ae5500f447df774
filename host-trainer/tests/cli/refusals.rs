//! Data, flags and files of labelled texts that cannot be used.

use super::{
    words::{TINY, table, train_tiny},
    *,
};

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

#[test]
fn a_label_that_is_two_lines_is_refused_by_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = "a good film,\"of\ncourse\"\na bad film,no\n".repeat(20);
    fs::write(folder.join("r.csv"), format!("text,label\n{rows}")).unwrap();
    let train = ["train", "--data", "r.csv", "--out", "x.spinet"];
    let error = refusal(folder, &[&train[..], &["--num-words", "20"]].concat());
    assert!(error.contains("r.csv, line 2"), "{error}");
}
