//! A running text: a language model, and what it writes.

use super::*;

/// What the tiny models read: the days of a short year, with accents and line ends.
fn calendar() -> String {
    let days = ["Montag", "Dienstag", "Mittwoch", "Föhntag"];
    let line = |n: usize| format!("{} ist der {}. Tag.\n", days[n % 4], n % 9 + 1);
    (0..120).map(line).collect()
}

/// Flags of a training that takes no time.
const SMALL: [&str; 12] = [
    "--hidden-size",
    "8",
    "--embedding-size",
    "6",
    "--epochs",
    "2",
    "--batch-size",
    "8",
    "--truncation",
    "20",
    "--calibration",
    "4",
];

/// Trains a model on a text and gives what was printed.
fn train(folder: &Path, content: &[u8], more: &[&str]) -> String {
    fs::write(folder.join("text.txt"), content).unwrap();
    let train = ["train", "--data", "text.txt", "--out", "text.spinet"];
    told(folder, &[&train[..], &SMALL, more].concat(), "")
}

const GENERATE: [&str; 3] = ["generate", "--model", "text.spinet"];

fn write(folder: &Path, more: &[&str]) -> String {
    told(folder, &[&GENERATE[..], more].concat(), "")
}

fn refuses(folder: &Path, more: &[&str]) -> String {
    refusal(folder, &[&GENERATE[..], more].concat())
}

#[test]
fn a_text_is_learned_measured_and_continued() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let summary = train(folder, calendar().as_bytes(), &["--cell", "gru"]);
    assert!(summary.contains("bits per symbol"), "{summary}");
    for file in ["text.spinet", "text.float", "text.svg", "text.json"] {
        assert!(folder.join(file).exists(), "{file}");
    }
    assert!(!folder.join("text.checkpoint").exists());
    let evaluate = ["evaluate", "--model", "text.spinet", "--data", "text.txt"];
    for split in ["train", "validation", "test"] {
        let more = ["--split", split, "--json"];
        let result = &json(folder, &[&evaluate[..], &more].concat(), "")[0];
        assert_eq!(result["measure"], "symbol");
        let loss = |field: &str| result[field].as_f64().unwrap();
        assert!(loss("loss") < 3.5, "{result}");
        assert!((loss("loss") - loss("float_loss")).abs() < 0.05, "{result}");
    }
    fs::write(folder.join("other.txt"), "Mittwoch ist der 3. Tag.\n").unwrap();
    let other = ["evaluate", "--model", "text.spinet", "--data", "other.txt"];
    let result = json(
        folder,
        &[&other[..], &["--split", "test", "--json"]].concat(),
        "",
    );
    assert_eq!(result[0]["examples"], 25);
    let error = refusal(folder, &[&other[..], &["--split", "train"]].concat());
    assert!(error.contains("other.txt: not the data"), "{error}");
}

#[test]
fn the_validation_loss_of_the_training_is_that_of_evaluate() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let aware = ["--weights", "int4", "--qat-epochs", "1"];
    train(folder, calendar().as_bytes(), &aware);
    let record = fs::read(folder.join("text.json")).unwrap();
    let record: Value = serde_json::from_slice(&record).unwrap();
    let evaluate = ["evaluate", "--model", "text.spinet", "--data", "text.txt"];
    let split = ["--split", "validation", "--json"];
    let found = &json(folder, &[&evaluate[..], &split].concat(), "")[0];
    let close = |a: &Value, b: &Value| (a.as_f64().unwrap() - b.as_f64().unwrap()).abs() < 1e-3;
    let validation = &record["validation"];
    assert!(
        close(&validation["float"]["loss"], &found["float_loss"]),
        "{found}"
    );
    assert!(
        close(&validation["quantised"]["loss"], &found["loss"]),
        "{found}"
    );
    let aware = &record["quantisation_aware"]["epochs"][0]["validation"]["loss"];
    assert!(close(aware, &found["loss"]), "{aware}, {found}");
}

#[test]
fn a_seed_decides_what_is_drawn_and_the_likeliest_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, calendar().as_bytes(), &[]);
    let drawn = |seed: &str| write(folder, &["--seed", seed, "--length", "60"]);
    assert_eq!(drawn("3"), drawn("3"));
    assert_ne!(drawn("3"), drawn("4"));
    let greedy = |seed: &str, more: [&str; 2]| {
        let prompt = ["--prompt", "Mitt", "--length", "40", "--seed", seed];
        write(folder, &[&prompt[..], &more].concat())
    };
    let likeliest = greedy("1", ["--temperature", "0"]);
    assert!(likeliest.starts_with("Mitt"), "{likeliest}");
    assert_eq!(likeliest, greedy("2", ["--temperature", "0"]));
    assert_eq!(likeliest, greedy("2", ["--top-k", "1"]));
    assert_eq!(likeliest, greedy("5", ["--top-p", "0.0001"]));
}

#[test]
fn a_text_ends_behind_the_symbol_that_is_to_end_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, calendar().as_bytes(), &[]);
    let arguments = ["--end", "g", "--length", "4000", "--json"];
    let result = &json(folder, &[&GENERATE[..], &arguments].concat(), "")[0];
    let text = result["text"].as_str().unwrap();
    assert_eq!(result["ended"], true, "{result}");
    assert!(text.chars().filter(|&c| c == 'g').count() <= 1, "{result}");
    assert_eq!(result["symbols"], text.chars().count(), "{result}");
    for end in ["xyz", "", "z", "gg"] {
        let error = refuses(folder, &["--end", end]);
        assert!(error.contains(&format!("--end {end:?}")), "{error}");
    }
}

#[test]
fn numbers_that_draw_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, calendar().as_bytes(), &[]);
    for (flag, values) in [
        ("--length", &["0", "-1", "abc", "99999999999"][..]),
        ("--temperature", &["-1", "nan", "inf", "abc", "1e9", ""]),
        ("--top-k", &["-1", "1.5", "70000"]),
        ("--top-p", &["-0.1", "0", "1.1", "nan"]),
        ("--seed", &["-1", "x"]),
    ] {
        for value in values {
            let error = refuses(folder, &[flag, value]);
            assert!(error.contains(flag), "{flag} {value}: {error}");
        }
    }
    let absent = refusal(folder, &["generate", "--model", "absent.spinet"]);
    assert!(absent.contains("absent.spinet"), "{absent}");
}

#[test]
fn symbols_that_the_model_does_not_know_are_named_or_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, calendar().as_bytes(), &[]);
    let one = refuses(folder, &["--prompt", "Montag?"]);
    assert!(one.contains("a symbol") && one.contains('?'), "{one}");
    let three = refuses(folder, &["--prompt", "Zwölf? Quark? Zwölf!"]);
    for symbol in ["! (U+0021)", "? (U+003F)", "Q (U+0051)", "Z (U+005A)"] {
        assert!(three.contains(symbol), "{symbol}: {three}");
    }
    assert_eq!(three.matches("U+005A").count(), 1, "{three}");
    let line = refuses(folder, &["--prompt", "a\rb\u{1F600}\u{85}"]);
    assert!(line.contains("--skip-unknown"), "{line}");
    let greedy = ["--temperature", "0", "--length", "20", "--json"];
    let text = |prompt: &str, more: &[&str]| {
        let arguments = [&GENERATE[..], &greedy, &["--prompt", prompt], more].concat();
        json(folder, &arguments, "")[0]["text"].clone()
    };
    let skipped = text("?Mon?tag?", &["--skip-unknown"]);
    assert_eq!(skipped, text("Montag", &[]));
    assert_eq!(text("???", &["--skip-unknown"]), text("", &[]));
}

#[test]
fn bytes_are_symbols_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let content: Vec<u8> = (0..600u32)
        .map(|n| [0, 255, 128, 10][n as usize % 4])
        .collect();
    let bytes = [
        "--reads",
        "bytes",
        "--cell",
        "fast-grnn",
        "--input",
        "one-hot",
    ];
    train(folder, &content, &bytes);
    let inspected = told(folder, &["inspect", "--model", "text.spinet"], "");
    assert!(inspected.contains("generate bytes"), "{inspected}");
    let arguments = [&GENERATE[..], &["--length", "8", "--json"]].concat();
    assert_eq!(json(folder, &arguments, "").len(), 1);
}

#[test]
fn texts_that_teach_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let refuse = |content: &[u8], more: &[&str]| {
        fs::write(folder.join("text.txt"), content).unwrap();
        let train = ["train", "--data", "text.txt", "--out", "x.spinet"];
        refusal(folder, &[&train[..], &SMALL, more].concat())
    };
    let empty = refuse(b"", &[]);
    assert!(empty.contains("text.txt"), "{empty}");
    let short = refuse(b"too short a text", &[]);
    assert!(
        short.contains("16 are needed") || short.contains("text.txt"),
        "{short}"
    );
    fs::write(folder.join("text.txt"), calendar()).unwrap();
    let wide = ["train", "--data", "text.txt", "--out", "x.spinet"];
    let wide = refusal(folder, &[&wide[..], &["--batch-size", "5000"]].concat());
    assert!(wide.contains("5000 places at once"), "{wide}");
    let words = refuse(calendar().as_bytes(), &["--task", "classify"]);
    assert!(words.contains("no labels"), "{words}");
    let absent = refusal(folder, &["train", "--data", "no.txt", "--out", "x.spinet"]);
    assert!(absent.contains("no.txt"), "{absent}");
}
