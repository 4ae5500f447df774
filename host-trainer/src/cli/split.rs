//! A model and one part of some data: held apart as when the model was trained.

use super::train::DataArgs;
use crate::{
    data::{Corpus, Example},
    inference::Model,
    pipeline::split_of,
};
use clap::{Args, ValueEnum};
use spinet_core::artifact::Training;
use std::{error::Error, path::PathBuf};

/// A model, data, and which of the examples.
#[derive(Args)]
pub(super) struct SplitArgs {
    /// The model
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Which of the examples; of data that the model was not trained on, all are test examples
    #[arg(long, value_enum)]
    split: SplitName,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    Train,
    Validation,
    Test,
}

/// Why a model and data do not go together.
#[derive(Debug, thiserror::Error)]
enum SplitError {
    #[error("{}: the model knows the labels {model}, the data have {data}", path.display())]
    Labels {
        path: PathBuf,
        model: String,
        data: String,
    },
    #[error(
        "{}: not the data that the model was trained on, so its {split} examples are unknown",
        path.display()
    )]
    OtherData { path: PathBuf, split: &'static str },
    #[error("{}: the {split} part is empty", path.display())]
    Empty { path: PathBuf, split: &'static str },
}

impl SplitArgs {
    /// Opens the model and reads the examples.
    pub fn load(&self) -> Result<(Model, Vec<Example>), Box<dyn Error>> {
        let model = Model::open(&self.model)?;
        let corpus = self.data.load()?;
        let artifact = model.artifact();
        let path = || self.data.data.clone();
        let labels: Vec<_> = artifact.labels.iter().collect();
        if corpus.labels != labels {
            let (model, data) = (labels.join(", "), corpus.labels.join(", "));
            let path = path();
            return Err(SplitError::Labels { path, model, data }.into());
        }
        let split = self.split.name();
        match self.split.of(corpus, &artifact.manifest.training)? {
            None => Err(SplitError::OtherData {
                path: path(),
                split,
            }
            .into()),
            Some(examples) if examples.is_empty() => Err(SplitError::Empty {
                path: path(),
                split,
            }
            .into()),
            Some(examples) => Ok((model, examples)),
        }
    }
}

impl SplitName {
    fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The examples, if it can be told which they are.
    fn of(
        self,
        corpus: Corpus,
        training: &Training,
    ) -> Result<Option<Vec<Example>>, Box<dyn Error>> {
        let trained_on = corpus.sha256[..training.data.len()] == training.data;
        if self == Self::Test && !corpus.test.is_empty() {
            return Ok(Some(corpus.test));
        }
        if !trained_on && self == Self::Test {
            let count = corpus.train.len();
            eprintln!("not the data of the training: all {count} examples are test examples");
            return Ok(Some(corpus.train));
        }
        if !trained_on {
            return Ok(None);
        }
        let splits = split_of(corpus, training)?;
        Ok(Some(match self {
            Self::Train => splits.train,
            Self::Validation => splits.validation,
            Self::Test => splits.test,
        }))
    }
}
