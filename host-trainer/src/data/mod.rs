//! Data to learn from: where they come from, in what order, and how they are held apart.
//!
//! Owns the [`Corpus`] of labelled texts and the way from a `--data` argument to one: the IMDB
//! reviews as a directory or an archive, CSV, TSV and JSON Lines tables, and a built-in corpus
//! that needs no download. Texts are kept as they were written; cutting them into tokens is the
//! core's. Beside it stand numeric [`series`] and running [`text`].

mod builtin;
mod error;
mod file;
mod imdb;
mod jsonl;
mod rows;
pub mod series;
mod source;
mod split;
mod table;
pub mod text;

pub use error::DataError;
pub use series::{ArrayError, Series, SeriesExample};
pub use source::Source;
pub use split::{Separable, SplitSpec, Splits, split, split_series};
pub use text::TextCorpus;

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The most classes a corpus may have.
pub const MAX_CLASSES: usize = 256;

/// The seed of the built-in corpus; fixed, so that its hash names one text.
const BUILTIN_SEED: u64 = 1;

/// One labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// The text as it was written, line breaks included; it may be empty.
    pub text: String,
    /// The class, an index into [`Corpus::labels`].
    pub label: usize,
    /// Examples of one group must not be torn apart by a split: duplicates, or one film's reviews.
    pub group: u32,
}

impl AsRef<str> for Example {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl Separable for Example {
    fn label(&self) -> usize {
        self.label
    }

    fn group(&self) -> u32 {
        self.group
    }
}

/// Labelled texts in an order that depends on nothing but the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corpus {
    /// The names of the classes, at most [`MAX_CLASSES`].
    pub labels: Vec<String>,
    /// The examples to learn from.
    pub train: Vec<Example>,
    /// The source's own test set; empty if it has none.
    pub test: Vec<Example>,
    /// Texts of the same kind without a class, for teachers to label; empty if there are none.
    pub unlabelled: Vec<String>,
    /// SHA-256 over labels and the training examples in order: the same data has the same hash,
    /// whichever form it was read from and whatever test set comes with it.
    pub sha256: [u8; 32],
}

impl Corpus {
    /// Puts a corpus without unlabelled texts together and computes its hash.
    pub fn new(labels: Vec<String>, train: Vec<Example>, test: Vec<Example>) -> Self {
        let sha256 = digest(&labels, &train);
        Self {
            labels,
            train,
            test,
            unlabelled: Vec::new(),
            sha256,
        }
    }
}

/// Which columns of a table (keys, in JSON Lines) hold the text and the class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns {
    /// The column of the text.
    pub text: String,
    /// The column of the class name.
    pub label: String,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            text: "text".into(),
            label: "label".into(),
        }
    }
}

/// Loads a corpus of at least two classes. `columns` matters to tables only; `progress` is
/// given a length, a style and a position, and is left for the caller to finish.
pub fn load(
    source: &Source,
    columns: &Columns,
    progress: &ProgressBar,
) -> Result<Corpus, DataError> {
    let corpus = source.read(columns, progress)?;
    match corpus.labels.len() {
        0 | 1 => Err(DataError::OneClass {
            path: source.path(),
            label: corpus.labels.into_iter().next().unwrap_or_default(),
        }),
        2..=MAX_CLASSES => Ok(corpus),
        count => Err(DataError::TooManyClasses {
            path: source.path(),
            count,
        }),
    }
}

/// Replaces the test set of `corpus` by the examples of `source`: by its test set if it has
/// one, else by all of it. Its classes must be among the corpus's, but need not be all of them.
pub fn load_test(
    corpus: Corpus,
    source: &Source,
    columns: &Columns,
    progress: &ProgressBar,
) -> Result<Corpus, DataError> {
    let other = source.read(columns, progress)?;
    let class_of = |name: &String| corpus.labels.iter().position(|known| known == name);
    let classes: Option<Vec<usize>> = other.labels.iter().map(class_of).collect();
    let Some(classes) = classes else {
        let unknown = other.labels.iter().find(|name| class_of(name).is_none());
        return Err(DataError::UnknownLabel {
            path: source.path(),
            label: unknown.cloned().unwrap_or_default(),
            known: corpus.labels,
        });
    };
    let mut test = if other.test.is_empty() {
        other.train
    } else {
        other.test
    };
    for example in &mut test {
        example.label = classes[example.label];
    }
    let unlabelled = corpus.unlabelled;
    Ok(Corpus {
        unlabelled,
        ..Corpus::new(corpus.labels, corpus.train, test)
    })
}

/// The texts of a file that holds one a line, for teachers to label.
///
/// # Errors
/// If it cannot be read, is not UTF-8, or holds no text.
pub fn load_unlabelled(path: &Path) -> Result<Vec<String>, DataError> {
    let bytes = std::fs::read(path).map_err(|source| DataError::Io {
        path: path.to_owned(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|error| DataError::Utf8 {
        path: path.to_owned(),
        byte: error.utf8_error().valid_up_to(),
    })?;
    let texts = text.lines().filter(|line| !line.trim().is_empty());
    let texts: Vec<String> = texts.map(str::to_owned).collect();
    match texts.is_empty() {
        true => Err(DataError::Empty {
            path: path.to_owned(),
        }),
        false => Ok(texts),
    }
}

/// Hashes counts and lengths before what they count, so that no two corpora share a byte stream.
fn digest(labels: &[String], train: &[Example]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let number = |hash: &mut Sha256, value: usize| hash.update((value as u64).to_le_bytes());
    number(&mut hash, labels.len());
    for label in labels {
        number(&mut hash, label.len());
        hash.update(label);
    }
    number(&mut hash, train.len());
    for example in train {
        number(&mut hash, example.label);
        number(&mut hash, example.text.len());
        hash.update(&example.text);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(text: &str, label: usize) -> Example {
        Example {
            text: text.into(),
            label,
            group: 0,
        }
    }

    fn source(folder: &Path, name: &str, content: &str) -> Source {
        let path = folder.join(name);
        std::fs::write(&path, content).expect("write");
        path.to_str().expect("path").parse().expect("source")
    }

    fn read(source: &Source) -> Result<Corpus, DataError> {
        load(source, &Columns::default(), &ProgressBar::hidden())
    }

    #[test]
    fn the_hash_sees_texts_classes_and_the_border_between_the_sets() {
        let labels = || vec!["no".to_owned(), "yes".to_owned()];
        let (a, b) = (example("a", 0), example("b", 1));
        let whole = Corpus::new(labels(), vec![a.clone(), b.clone()], vec![]);
        let others = [
            Corpus::new(labels(), vec![a.clone()], vec![b.clone()]),
            Corpus::new(labels(), vec![b.clone(), a.clone()], vec![]),
            Corpus::new(labels(), vec![example("a", 1), b.clone()], vec![]),
            Corpus::new(labels(), vec![example("ab", 0), example("", 1)], vec![]),
            Corpus::new(vec!["n".into(), "oyes".into()], vec![a, b], vec![]),
        ];
        for other in others {
            assert_ne!(whole.sha256, other.sha256, "{other:?}");
        }
    }

    #[test]
    fn the_same_rows_have_the_same_hash_in_every_form() {
        let folder = tempfile::tempdir().expect("folder");
        let csv = source(
            folder.path(),
            "a.csv",
            "label,text\nyes,\"fine, \"\"very\"\"\nfine\"\nno,bad\n",
        );
        let tsv = source(
            folder.path(),
            "a.tsv",
            "text\tlabel\n\"fine, \"\"very\"\"\nfine\"\tyes\nbad\tno\n",
        );
        let jsonl = source(
            folder.path(),
            "a.jsonl",
            "{\"text\":\"fine, \\\"very\\\"\\nfine\",\"label\":\"yes\"}\n{\"label\":\"no\",\"text\":\"bad\"}\n",
        );
        let first = read(&csv).expect("csv");
        assert_eq!(first.labels, ["no", "yes"]);
        assert_eq!(first.train[0].text, "fine, \"very\"\nfine");
        assert_eq!(first, read(&tsv).expect("tsv"));
        assert_eq!(first, read(&jsonl).expect("jsonl"));
    }

    #[test]
    fn unlabelled_texts_are_lines() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("more.txt");
        std::fs::write(&path, "one text\n\nand \"another\", too\r\n").expect("write");
        let texts = load_unlabelled(&path).expect("texts");
        assert_eq!(texts, ["one text", "and \"another\", too"]);
        std::fs::write(&path, b"one\ntw\xff").expect("write");
        let error = load_unlabelled(&path).expect_err("must fail");
        assert!(matches!(error, DataError::Utf8 { byte: 6, .. }), "{error}");
        std::fs::write(&path, " \n").expect("write");
        assert!(matches!(
            load_unlabelled(&path),
            Err(DataError::Empty { .. })
        ));
    }

    #[test]
    fn one_class_is_not_a_task() {
        let folder = tempfile::tempdir().expect("folder");
        let table = source(folder.path(), "a.csv", "text,label\na,yes\nb,yes\n");
        let error = read(&table).expect_err("must fail").to_string();
        assert!(
            error.contains("a.csv") && error.contains("\"yes\""),
            "{error}"
        );
    }

    #[test]
    fn more_classes_than_a_model_may_have_are_refused() {
        let folder = tempfile::tempdir().expect("folder");
        let rows: String = (0..=MAX_CLASSES).map(|i| format!("t,{i}\n")).collect();
        let table = source(folder.path(), "a.csv", &format!("text,label\n{rows}"));
        let error = read(&table).expect_err("must fail");
        assert!(
            matches!(error, DataError::TooManyClasses { count: 257, .. }),
            "{error}"
        );
    }

    #[test]
    fn a_test_file_uses_the_classes_of_the_corpus() {
        let folder = tempfile::tempdir().expect("folder");
        let corpus = read(&source(
            folder.path(),
            "a.csv",
            "text,label\na,no\nb,perhaps\nc,yes\n",
        ))
        .expect("corpus");
        let test = source(
            folder.path(),
            "b.jsonl",
            "{\"text\":\"t\",\"label\":\"yes\"}",
        );
        let bar = ProgressBar::hidden();
        let joined = load_test(corpus.clone(), &test, &Columns::default(), &bar).expect("joined");
        assert_eq!(joined.test, [example("t", 2)]);
        assert_eq!(joined.train, corpus.train);
        assert_eq!(joined.sha256, corpus.sha256);

        let stray = source(folder.path(), "c.csv", "text,label\nt,never\n");
        let error = load_test(corpus, &stray, &Columns::default(), &bar).expect_err("must fail");
        let message = error.to_string();
        assert!(
            message.contains("\"never\"") && message.contains("perhaps"),
            "{message}"
        );
    }
}
