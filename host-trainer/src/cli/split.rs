//! A model and one part of some data: held apart as when the model was trained.

use super::data::DataArgs;
use crate::{
    data::{Corpus, Example, SeriesExample, split_series, text::TextShares},
    inference::Model,
    pipeline::{split_of, split_spec},
};
use clap::{Args, ValueEnum};
use spinet_core::{Artifact, artifact::Front};
use std::{error::Error, path::PathBuf};

/// A model, data, and which of the examples.
#[derive(Args)]
pub(super) struct SplitArgs {
    /// The model
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    #[command(flatten)]
    pub data: DataArgs,
    /// Which of the examples; of data that the model was not trained on, all are test examples
    #[arg(long, value_enum)]
    split: SplitName,
}

/// Examples of the kind that a model reads.
pub(super) enum Part {
    /// Labelled texts.
    Texts(Vec<Example>),
    /// A running text.
    Text(Vec<u8>),
    /// Sequences of vectors.
    Series(Vec<SeriesExample>),
}

impl Part {
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(examples) => examples.len(),
            Self::Text(text) => text.len(),
            Self::Series(examples) => examples.len(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SplitName {
    Train,
    Validation,
    Test,
}

/// Why a model and data do not go together.
#[derive(Debug, thiserror::Error)]
enum SplitError {
    #[error("{}: not the data that the model was trained on, so its {_1} part is unknown", _0.display())]
    OtherData(PathBuf, &'static str),
    #[error("{}: the {_1} part is empty", _0.display())]
    Empty(PathBuf, &'static str),
    #[error("{}: {found} features, the model reads {expected}", path.display())]
    Features {
        path: PathBuf,
        found: usize,
        expected: usize,
    },
    #[error("{}: the label {label:?} is none of the model's", path.display())]
    Label { path: PathBuf, label: String },
}

impl SplitArgs {
    /// Opens the model and reads the examples.
    pub fn load(&self) -> Result<(Model, Part), Box<dyn Error>> {
        let model = Model::open(&self.model)?;
        let part = part(&model.artifact(), &self.data, self.split)?;
        match part.len() {
            0 => Err(SplitError::Empty(self.data.data.clone(), self.split.name()).into()),
            _ => Ok((model, part)),
        }
    }
}

/// The examples of `split`, of the kind that the model reads.
pub(super) fn part(
    artifact: &Artifact<'_>,
    data: &DataArgs,
    split: SplitName,
) -> Result<Part, Box<dyn Error>> {
    Ok(match artifact.front {
        Front::Words(_) | Front::Ngrams(_) => Part::Texts(texts(artifact, data, split)?),
        Front::Symbols(_) => Part::Text(text(artifact, data, split)?),
        Front::Series(_) => Part::Series(series(artifact, data, split)?),
    })
}

fn texts(
    artifact: &Artifact<'_>,
    data: &DataArgs,
    split: SplitName,
) -> Result<Vec<Example>, Box<dyn Error>> {
    let training = &artifact.manifest.training;
    let labels = labels(artifact);
    let trained_on =
        |corpus: &Corpus| corpus.labels == labels && corpus.sha256.starts_with(&training.data);
    match (data.load_texts(), split) {
        (Ok(corpus), split) if trained_on(&corpus) => {
            let splits = split_of(corpus, training)?;
            Ok(split.of(splits.train, splits.validation, splits.test))
        }
        (_, SplitName::Test) => {
            let examples = data.load_as_test(labels)?;
            tell_other(examples.len(), "examples");
            Ok(examples)
        }
        (corpus, split) => {
            corpus?;
            Err(SplitError::OtherData(data.data.clone(), split.name()).into())
        }
    }
}

fn text(
    artifact: &Artifact<'_>,
    data: &DataArgs,
    split: SplitName,
) -> Result<Vec<u8>, Box<dyn Error>> {
    let training = &artifact.manifest.training;
    let shares = TextShares {
        validation: f32::from(training.validation_permille) / 1000.0,
        test: f32::from(training.test_permille) / 1000.0,
    };
    let corpus = data.load_text(shares)?;
    if corpus.sha256.starts_with(&training.data) {
        return Ok(split.of(corpus.train, corpus.validation, corpus.test));
    }
    if split != SplitName::Test {
        return Err(SplitError::OtherData(data.data.clone(), split.name()).into());
    }
    let whole = [corpus.train, corpus.validation, corpus.test].concat();
    tell_other(whole.len(), "bytes");
    Ok(whole)
}

fn series(
    artifact: &Artifact<'_>,
    data: &DataArgs,
    split: SplitName,
) -> Result<Vec<SeriesExample>, Box<dyn Error>> {
    let training = &artifact.manifest.training;
    let series = data.load_series()?;
    let (found, expected) = (series.features, usize::from(artifact.network.input_size()));
    let path = data.data.clone();
    if found != expected {
        return Err(SplitError::Features {
            path,
            found,
            expected,
        }
        .into());
    }
    if series.sha256.starts_with(&training.data) {
        let spec = split_spec(training);
        let splits = split_series(series, spec)?;
        return Ok(split.of(splits.train, splits.validation, splits.test));
    }
    if split != SplitName::Test {
        return Err(SplitError::OtherData(path, split.name()).into());
    }
    let labels = labels(artifact);
    let mut examples = series.train;
    examples.extend(series.test);
    if labels.len() > 1 {
        for example in &mut examples {
            let name = series
                .labels
                .get(example.label)
                .cloned()
                .unwrap_or_default();
            let class = labels.iter().position(|label| *label == name);
            example.label = class.ok_or(SplitError::Label {
                path: path.clone(),
                label: name,
            })?;
        }
    }
    tell_other(examples.len(), "examples");
    Ok(examples)
}

fn labels(artifact: &Artifact<'_>) -> Vec<String> {
    artifact.labels.iter().map(str::to_owned).collect()
}

fn tell_other(count: usize, what: &str) {
    eprintln!("not the data of the training: all {count} {what} are test {what}");
}

impl SplitName {
    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    fn of<T>(self, train: T, validation: T, test: T) -> T {
        match self {
            Self::Train => train,
            Self::Validation => validation,
            Self::Test => test,
        }
    }
}
