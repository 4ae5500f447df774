//! Numeric sequences: speech frames, sensor samples, rows of images.
//!
//! Owns [`Series`] and the way to one from a `--data` argument: NumPy arrays, long tables, and
//! two generated kinds that need no file. Values are kept as they were read; [`Scales`] brings
//! them into the range of a model, whose affair that is.

mod archive;
mod array;
mod font;
mod glyphs;
mod names;
mod scales;
mod source;
mod table;
#[cfg(test)]
mod tests;
mod waveform;

pub use array::ArrayError;
pub use glyphs::{HEIGHT as GLYPH_HEIGHT, PRIMED as GLYPH_PRIMED, WIDTH as GLYPH_WIDTH};
pub use scales::Scales;
pub use source::SeriesSource;
pub use waveform::{FRAME as WAVEFORM_FRAME, RATE as WAVEFORM_RATE};

use std::collections::HashMap;
use std::path::Path;

use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use super::{DataError, MAX_CLASSES, Separable, rows};

/// The seed of the generated series; fixed, so that their hashes name one data set each.
const GENERATED_SEED: u64 = 1;

/// One sequence of vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesExample {
    /// `(time, features)`, row-major; finite, and at least one step.
    pub values: Vec<f32>,
    /// The class, an index into [`Series::labels`]; 0 if there are none.
    pub label: usize,
    /// Examples of one group must not be torn apart by a split: equal values, for example.
    pub group: u32,
}

impl Separable for SeriesExample {
    fn label(&self) -> usize {
        self.label
    }

    fn group(&self) -> u32 {
        self.group
    }
}

/// Sequences in an order that depends on nothing but the data.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// How many values a step has.
    pub features: usize,
    /// The names of the classes, at most [`MAX_CLASSES`]; empty if unlabelled.
    pub labels: Vec<String>,
    /// The examples to learn from.
    pub train: Vec<SeriesExample>,
    /// The source's own test set; empty if it has none.
    pub test: Vec<SeriesExample>,
    /// SHA-256 over features, labels and the training examples in order.
    pub sha256: [u8; 32],
}

impl Series {
    /// Puts series together and computes their hash.
    pub fn new(
        features: usize,
        labels: Vec<String>,
        train: Vec<SeriesExample>,
        test: Vec<SeriesExample>,
    ) -> Self {
        let sha256 = digest(features, &labels, &train);
        Self {
            features,
            labels,
            train,
            test,
            sha256,
        }
    }
}

/// Which columns of a long table are not features.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesColumns {
    /// The column that tells the examples apart; required.
    pub example: String,
    /// The column of the class name, if the table has it.
    pub label: String,
    /// The column of the time, if the table has it. It must not run backwards within an
    /// example; apart from that the steps count as equally long.
    pub time: String,
}

impl Default for SeriesColumns {
    fn default() -> Self {
        Self {
            example: "example".into(),
            label: "label".into(),
            time: "time".into(),
        }
    }
}

/// Loads series. `columns` matters to tables only; `progress` is given a length, a style and a
/// position, and is left for the caller to finish.
pub fn load(
    source: &SeriesSource,
    columns: &SeriesColumns,
    progress: &ProgressBar,
) -> Result<Series, DataError> {
    let series = source.read(columns, progress)?;
    match series.labels.len() {
        0..=MAX_CLASSES => Ok(series),
        count => Err(DataError::TooManyClasses {
            path: source.path(),
            count,
        }),
    }
}

/// Sequences as read, one after the other, with their class names if they have any.
struct Sequences {
    features: usize,
    /// `(time, features)` each.
    values: Vec<Vec<f32>>,
    labels: Option<Vec<String>>,
}

/// Numbers the classes and groups equal sequences. The classes of the test set must be among
/// those of the training set.
fn assemble(path: &Path, train: Sequences, test: Option<Sequences>) -> Result<Series, DataError> {
    let names = train.labels.iter().flatten().map(String::as_str).collect();
    let labels = rows::classes(names);
    let features = train.features;
    if let Some(test) = test.as_ref().filter(|test| test.features != features) {
        return Err(DataError::Features {
            path: path.to_owned(),
            train: features,
            test: test.features,
        });
    }
    let train = examples(path, &labels, train)?;
    let test = test.map(|test| examples(path, &labels, test));
    Ok(Series::new(
        features,
        labels,
        train,
        test.transpose()?.unwrap_or_default(),
    ))
}

fn examples(
    path: &Path,
    labels: &[String],
    sequences: Sequences,
) -> Result<Vec<SeriesExample>, DataError> {
    let class_of: HashMap<&str, usize> = labels.iter().map(String::as_str).zip(0..).collect();
    let mut names = sequences.labels.map(Vec::into_iter);
    let mut first_seen = HashMap::new();
    let mut examples = Vec::with_capacity(sequences.values.len());
    for (values, index) in sequences.values.into_iter().zip(0u32..) {
        let name = names.as_mut().and_then(Iterator::next);
        let label = match &name {
            Some(name) => class_of.get(name.as_str()).copied(),
            None => Some(0),
        };
        let label = label.ok_or_else(|| DataError::UnknownLabel {
            path: path.to_owned(),
            label: name.unwrap_or_default(),
            known: labels.to_owned(),
        })?;
        let group = *first_seen.entry(fingerprint(&values)).or_insert(index);
        examples.push(SeriesExample {
            values,
            label,
            group,
        });
    }
    Ok(examples)
}

fn fingerprint(values: &[f32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash_values(&mut hash, values);
    hash.finalize().into()
}

/// Hashes counts and lengths before what they count, so that no two series share a byte stream.
fn digest(features: usize, labels: &[String], train: &[SeriesExample]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let number = |hash: &mut Sha256, value: usize| hash.update((value as u64).to_le_bytes());
    number(&mut hash, features);
    number(&mut hash, labels.len());
    for label in labels {
        number(&mut hash, label.len());
        hash.update(label);
    }
    number(&mut hash, train.len());
    for example in train {
        number(&mut hash, example.label);
        number(&mut hash, example.values.len());
        hash_values(&mut hash, &example.values);
    }
    hash.finalize().into()
}

fn hash_values(hash: &mut Sha256, values: &[f32]) {
    for value in values {
        hash.update(value.to_le_bytes());
    }
}
