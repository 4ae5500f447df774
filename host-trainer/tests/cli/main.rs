//! The command line as a user meets it: what is wrong is said in one line with exit code 2,
//! and nothing is left half-written.

mod bench;
mod ensemble;
mod ngrams;
mod recipes;
mod refusals;
mod search;
mod series;
mod text;
mod words;

use serde_json::Value;
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

/// What a command that succeeds prints.
fn told(folder: &Path, arguments: &[&str], stdin: &str) -> String {
    let output = spinet(folder, arguments, stdin);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The JSON objects that it prints, one on each line.
fn json(folder: &Path, arguments: &[&str], stdin: &str) -> Vec<Value> {
    let told = told(folder, arguments, stdin);
    let lines = told.lines();
    lines
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

fn listing(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    names.sort();
    names
}
