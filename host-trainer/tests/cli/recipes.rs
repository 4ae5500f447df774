//! Recipes of networks that are impossible, or do not fit a device, are refused before anything
//! is trained.

use super::*;

fn refuses(folder: &Path, more: &[&str]) -> String {
    let line = "Nothing is as old as the news of yesterday. ";
    fs::write(folder.join("text.txt"), line.repeat(20)).unwrap();
    let train = ["train", "--data", "text.txt", "--out", "x.spinet"];
    refusal(folder, &[&train[..], &["--epochs", "1"], more].concat())
}

#[test]
fn an_unknown_cell_is_answered_with_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(
        folder.join("bad.toml"),
        "epochs = 1\ncell = \"transformer\"\n",
    )
    .unwrap();
    for error in [
        refuses(folder, &["--recipe", "bad.toml"]),
        refuses(folder, &["--cell", "transformer"]),
    ] {
        for name in ["transformer", "simple-rnn", "gru", "lstm", "fast-grnn"] {
            assert!(error.contains(name), "{name}: {error}");
        }
    }
    let file = refuses(folder, &["--recipe", "bad.toml"]);
    assert!(file.contains("bad.toml: line 2"), "{file}");
}

#[test]
fn ranks_belong_to_one_cell() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for cell in ["simple-rnn", "gru", "lstm"] {
        for rank in ["--input-rank", "--recurrent-rank"] {
            let error = refuses(folder, &["--cell", cell, rank, "2"]);
            assert!(error.contains("only possible with FastGRNN"), "{error}");
        }
    }
    let grnn = |more: &[&str]| refuses(folder, &[&["--cell", "fast-grnn"], more].concat());
    let wide = grnn(&["--recurrent-rank", "33"]);
    assert!(wide.contains("recurrent_rank is 33"), "{wide}");
    grnn(&["--input", "one-hot", "--input-rank", "2"]);
}

#[test]
fn networks_too_wide_for_a_device_are_not_trained() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let wide = refuses(folder, &["--hidden-size", "300", "--embedding-size", "213"]);
    assert!(
        wide.contains("embedding-size + hidden-size is 513"),
        "{wide}"
    );
    let stacked = refuses(folder, &["--hidden-size", "300", "--layers", "2"]);
    assert!(stacked.contains("layer1.input_kernel"), "{stacked}");
    assert!(stacked.contains("too wide"), "{stacked}");
    let layers = refuses(folder, &["--layers", "5"]);
    assert!(layers.contains("layers is 5"), "{layers}");
}

#[test]
fn parts_of_a_recipe_out_of_range_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (field, value) in [
        ("truncation", "0"),
        ("qat-learning-rate", "0"),
        ("validation", "0.9"),
        ("input-noise", "-1"),
        ("vector-dropout", "nan"),
        ("test", "0.6"),
    ] {
        let error = refuses(folder, &[&format!("--{field}"), value]);
        assert!(error.contains(field), "{field} {value}: {error}");
    }
    let encoding = refuses(folder, &["--weights", "int2"]);
    assert!(
        encoding.contains("int4") && encoding.contains("int8"),
        "{encoding}"
    );
}
