//! A model and one part of some data: held apart as when the model was trained.

use super::train::DataArgs;
use crate::{
    data::{Corpus, Example},
    inference::Model,
    pipeline::split_of,
};
use clap::{Args, ValueEnum};
use spinet_core::Artifact;
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
    #[error("{}: not the data that the model was trained on, so its {_1} part is unknown", _0.display())]
    OtherData(PathBuf, &'static str),
    #[error("{}: the {_1} part is empty", _0.display())]
    Empty(PathBuf, &'static str),
}

impl SplitArgs {
    /// Opens the model and reads the examples.
    pub fn load(&self) -> Result<(Model, Vec<Example>), Box<dyn Error>> {
        let model = Model::open(&self.model)?;
        let examples = self.examples(&model.artifact())?;
        match examples.is_empty() {
            true => Err(SplitError::Empty(self.data.data.clone(), self.split.name()).into()),
            false => Ok((model, examples)),
        }
    }

    fn examples(&self, artifact: &Artifact<'_>) -> Result<Vec<Example>, Box<dyn Error>> {
        let training = &artifact.manifest.training;
        let labels: Vec<String> = artifact.labels.iter().map(str::to_owned).collect();
        let trained_on = |corpus: &Corpus| {
            corpus.labels == labels && corpus.sha256[..training.data.len()] == training.data
        };
        match (self.data.load(), self.split) {
            (Ok(corpus), split) if trained_on(&corpus) => {
                let splits = split_of(corpus, training)?;
                Ok(match split {
                    SplitName::Train => splits.train,
                    SplitName::Validation => splits.validation,
                    SplitName::Test => splits.test,
                })
            }
            (_, SplitName::Test) => {
                let examples = self.data.load_as_test(labels)?;
                eprintln!(
                    "not the data of the training: all {} examples are test examples",
                    examples.len()
                );
                Ok(examples)
            }
            (corpus, split) => {
                corpus?;
                Err(SplitError::OtherData(self.data.data.clone(), split.name()).into())
            }
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
}
