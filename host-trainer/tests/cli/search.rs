//! A search: recipes drawn, trained in processes of their own, resumed, reported and refused.

use super::*;
use std::{collections::BTreeMap, fs::File};

/// Two fields with more recipes than the tests try.
const SPACE: &str = "cell = [\"simple-rnn\", \"gru\"]\nhidden-size = { min = 3, max = 6 }\n\
    learning-rate = { min = 0.001, max = 0.01, log = true }\n";

/// A search that takes no time, and its budget apart.
const SMALL: [&str; 19] = [
    "search",
    "--data",
    "builtin",
    "--space",
    "space.toml",
    "--out",
    "found",
    "--num-words",
    "60",
    "--embedding-size",
    "4",
    "--epochs",
    "1",
    "--calibration",
    "4",
    "--max-length",
    "20",
    "--threads",
    "1",
];
const BUDGET: [&str; 4] = ["--flash", "2KiB", "--ram", "300"];

fn arguments<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SMALL[..], &BUDGET, more].concat()
}

fn with_space(space: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("space.toml"), space).unwrap();
    folder
}

fn search(folder: &Path, more: &[&str]) -> String {
    told(folder, &arguments(more), "")
}

/// The rows of the results, by their columns.
fn results(folder: &Path) -> Vec<BTreeMap<String, String>> {
    let mut table = csv::Reader::from_path(folder.join("found/results.csv")).unwrap();
    table.deserialize().collect::<Result<_, _>>().unwrap()
}

fn model(folder: &Path, trial: usize) -> std::path::PathBuf {
    folder.join(format!("found/trial-{trial:04}.spinet"))
}

fn recipe(folder: &Path, trial: usize) -> Value {
    let text = fs::read(model(folder, trial).with_extension("json")).unwrap();
    serde_json::from_slice::<Value>(&text).unwrap()["recipe"].clone()
}

#[test]
fn a_search_is_run_resumed_and_reported() {
    let folder = with_space(SPACE);
    let folder = folder.path();
    let first = search(folder, &["--trials", "3", "--jobs", "2"]);
    assert!(
        first.contains("trial 2: ") && !first.contains("known"),
        "{first}"
    );
    let rows = results(folder);
    assert_eq!(rows.len(), 3);
    for (trial, row) in rows.iter().enumerate() {
        let size = fs::metadata(model(folder, trial)).unwrap().len();
        assert_eq!(
            (&*row["trial"], &*row["state"]),
            (&*trial.to_string(), "fits")
        );
        assert_eq!(row["flash_bytes"], size.to_string());
        assert!(size <= 2048 && row["ram_bytes"].parse::<u32>().unwrap() <= 300);
        assert_eq!(row["cell"], recipe(folder, trial)["cell"]);
        assert!(row["accuracy"].parse::<f64>().unwrap() <= 1.0, "{row:?}");
        assert!(
            !folder
                .join(format!("found/trial-{trial:04}.claim"))
                .exists()
        );
    }
    assert_ne!(recipe(folder, 0), recipe(folder, 1));
    // A model without an artifact is half-finished: it alone is trained again, to the same bytes.
    let before = fs::read(model(folder, 1)).unwrap();
    fs::remove_file(model(folder, 1)).unwrap();
    let table = fs::read(folder.join("found/results.csv")).unwrap();
    let second = search(folder, &["--trials", "3"]);
    assert_eq!(second.matches("known").count(), 2, "{second}");
    assert!(before == fs::read(model(folder, 1)).unwrap());
    for file in ["results.csv", "pareto.svg", "best.toml"] {
        fs::remove_file(folder.join("found").join(file)).unwrap();
    }
    let report = told(folder, &["search", "--report", "--out", "found"], "");
    assert!(
        report.contains("3 trials") && second.ends_with(&report),
        "{report}"
    );
    assert!(table == fs::read(folder.join("found/results.csv")).unwrap());
    let chart = fs::read_to_string(folder.join("found/pareto.svg")).unwrap();
    assert!(chart.contains("Pareto front"));
}

#[test]
fn the_best_recipe_trains_the_best_model() {
    let folder = with_space(SPACE);
    let folder = folder.path();
    search(folder, &["--trials", "2"]);
    let best = fs::read_to_string(folder.join("found/best.toml")).unwrap();
    let number = best
        .strip_prefix("# Trial ")
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let best = model(folder, number.parse().unwrap());
    let train = ["train", "--data", "builtin", "--out", "best.spinet"];
    told(
        folder,
        &[&train[..], &["--recipe", "found/best.toml"]].concat(),
        "",
    );
    assert!(fs::read(best).unwrap() == fs::read(folder.join("best.spinet")).unwrap());
}

#[test]
fn a_trial_by_itself_is_that_of_the_whole_search() {
    let (folder, other) = (with_space(SPACE), with_space(SPACE));
    search(folder.path(), &["--trials", "2"]);
    let told = search(other.path(), &["--trial", "1"]);
    assert!(
        told.starts_with("trial 1: ") && told.lines().count() == 1,
        "{told}"
    );
    assert!(!model(other.path(), 0).exists() && !other.path().join("found/results.csv").exists());
    let models = [folder.path(), other.path()].map(|folder| fs::read(model(folder, 1)).unwrap());
    assert!(models[0] == models[1]);
}

#[test]
fn a_trial_is_claimed_by_one_process_and_free_when_that_ends() {
    let folder = with_space(SPACE);
    let folder = folder.path();
    search(folder, &["--trial", "0"]);
    let path = folder.join("found/trial-0001.claim");
    let claim = File::create(&path).unwrap();
    claim.lock().unwrap();
    let busy = search(folder, &["--trial", "1"]);
    assert!(busy.contains("another process"), "{busy}");
    assert!(!model(folder, 1).exists());
    // What is left of a process that was killed.
    drop(claim);
    assert!(path.exists());
    // Processes that other tests start hold it for the moment before they are themselves.
    while File::open(&path).unwrap().try_lock().is_err() {
        std::thread::yield_now();
    }
    search(folder, &["--trial", "1"]);
    assert!(model(folder, 1).exists() && !path.exists());
}

#[test]
fn a_training_that_fails_is_a_result() {
    let folder =
        with_space("hidden-size = 4\nlearning-rate = 1e30\nclip-norm = 0\nweight-decay = 0.0");
    let folder = folder.path();
    let first = search(folder, &["--trials", "1"]);
    assert!(
        first.contains("trial 0: failed: ") && first.contains("epoch 1"),
        "{first}"
    );
    let row = &results(folder)[0];
    assert_eq!((&*row["state"], &*row["accuracy"]), ("failed", ""));
    assert!(row["reason"].contains("epoch 1"), "{row:?}");
    assert!(!folder.join("found/best.toml").exists());
    assert!(search(folder, &["--trials", "1"]).contains("(known)"));
}

#[test]
fn the_folder_of_another_search_is_refused() {
    let folder = with_space(SPACE);
    let folder = folder.path();
    search(folder, &["--trial", "0"]);
    let refused = |more: &[&str]| refusal(folder, &arguments(more));
    let seed = refused(&["--trial", "1", "--seed", "5"]);
    assert!(seed.contains("base.seed is 1 there, not 5"), "{seed}");
    let small = [&SMALL[..], &["--flash", "3kB", "--ram", "300"]].concat();
    let budget = refusal(folder, &small);
    assert!(
        budget.contains("budget.flash is 2048 there, not 3000"),
        "{budget}"
    );
    fs::write(folder.join("space.toml"), "hidden-size = [3, 4]").unwrap();
    let space = refused(&[]);
    assert!(
        space.contains("found: the folder of another search: "),
        "{space}"
    );
    fs::write(folder.join("space.toml"), SPACE).unwrap();
    fs::write(folder.join("reviews.csv"), words::table(',')).unwrap();
    let columns = ["--text-column", "review", "--label-column", "verdict"];
    let mut other = arguments(&columns);
    other[2] = "reviews.csv";
    let data = refusal(folder, &other);
    assert!(data.contains("data."), "{data}");
}

#[test]
fn impossible_searches_are_refused_by_name() {
    let folder = with_space(SPACE);
    let folder = folder.path();
    let budget = |flash, ram| {
        let budget = ["--flash", flash, "--ram", ram];
        refusal(folder, &[&SMALL[..], &budget].concat())
    };
    assert!(budget("0", "300").contains("--flash <BYTES>"));
    assert!(budget("2KiB", "0kB").contains("--ram <BYTES>"));
    assert!(budget("2XB", "300").contains("64KiB"));
    let flash = budget("100", "300");
    assert!(flash.contains("none fits 100 bytes of flash"), "{flash}");
    let ram = budget("2KiB", "9");
    assert!(ram.contains("9 bytes of RAM"), "{ram}");
    for (space, expected) in [
        (
            "hidden_size = [3]",
            "space.toml: hidden_size: no recipe has such a field",
        ),
        (
            "hidden-size = []",
            "space.toml: hidden-size: the list is empty",
        ),
        ("hidden-size = [3, 600]", "hidden-size is 600"),
        ("cell = [\"transformer\"]", "simple-rnn"),
        ("cell = [", "space.toml, line 1: "),
    ] {
        fs::write(folder.join("space.toml"), space).unwrap();
        let error = refusal(folder, &arguments(&[]));
        assert!(error.contains(expected), "{error}");
    }
    let absent = refusal(folder, &["search", "--report", "--out", "absent"]);
    assert!(
        absent.contains("absent: not the folder of a search"),
        "{absent}"
    );
    let nothing = refusal(folder, &["search", "--out", "found"]);
    assert!(nothing.contains("--flash"), "{nothing}");
    fs::write(folder.join("space.toml"), SPACE).unwrap();
    let mut nowhere = arguments(&[]);
    nowhere[6] = "no/such";
    assert!(refusal(folder, &nowhere).contains("no/such"));
    let bytes = refusal(folder, &arguments(&["--reads", "bytes"]));
    assert!(bytes.contains("reads is bytes"), "{bytes}");
}
