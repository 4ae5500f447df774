//! `spinet evaluate`: the quantised and the float model on labelled text, side by side.

use super::{Outcome, output, train::DataArgs};
use crate::{
    data::Example,
    evaluation::{Score, evaluate},
    inference::Model,
    pipeline::{evaluate_float, split_of},
    progress::bar,
    record::ModelFiles,
    training::{self, Checkpoint},
};
use clap::{Args, ValueEnum};
use serde::Serialize;
use std::{path::PathBuf, time::Instant};

/// Measure a model on labelled text: quantised (by the core) and float
#[derive(Args)]
pub(super) struct Evaluate {
    /// The model; its float parent is looked for beside it
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    #[command(flatten)]
    data: DataArgs,
    /// Which of the examples
    #[arg(long, value_enum)]
    split: SplitName,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    Train,
    Validation,
    Test,
}

#[derive(Serialize)]
struct Evaluation {
    examples: usize,
    loss: f64,
    accuracy: f64,
    float_loss: Option<f64>,
    float_accuracy: Option<f64>,
    tokens: u64,
    seconds: f64,
}

/// Why a model cannot be measured on these data.
#[derive(Debug, thiserror::Error)]
enum EvaluateError {
    #[error("{path}: the model knows the labels {model}, the data have {data}")]
    Labels {
        path: PathBuf,
        model: String,
        data: String,
    },
    #[error(
        "{path}: not the data that the model was trained on, so its {split} examples are unknown"
    )]
    OtherData { path: PathBuf, split: &'static str },
    #[error("{path}: there are no test examples")]
    NoTest { path: PathBuf },
}

impl Evaluate {
    pub fn run(self) -> Outcome {
        let model = Model::open(&self.model)?;
        let examples = self.examples(&model)?;
        let started = Instant::now();
        let progress = bar(examples.len(), "quantised");
        let Score {
            examples: count,
            loss,
            accuracy,
            tokens,
        } = evaluate(&model, &examples, &progress);
        progress.finish_and_clear();
        let seconds = started.elapsed().as_secs_f64();
        let float = self.float_score(&model, &examples)?;
        let evaluation = Evaluation {
            examples: count,
            loss,
            accuracy,
            float_loss: float.map(|score| score.loss),
            float_accuracy: float.map(|score| score.accuracy),
            tokens,
            seconds,
        };
        match self.json {
            true => output::json(&evaluation)?,
            false => output::line(evaluation)?,
        }
        Ok(true)
    }

    /// The same for the float network, if its file is there.
    fn float_score(
        &self,
        model: &Model,
        examples: &[Example],
    ) -> Result<Option<training::Score>, Box<dyn std::error::Error>> {
        let path = ModelFiles::of(&self.model).float;
        if !path.exists() {
            return Ok(None);
        }
        let network = Checkpoint::read(&path)?.network;
        Ok(Some(evaluate_float(&network, &model.artifact(), examples)?))
    }

    /// The examples of the split, held apart as in training.
    fn examples(&self, model: &Model) -> Result<Vec<Example>, Box<dyn std::error::Error>> {
        let corpus = self.data.load()?;
        let artifact = model.artifact();
        let labels: Vec<_> = artifact.labels.iter().collect();
        if corpus.labels != labels {
            return Err(Box::new(EvaluateError::Labels {
                path: self.data.data.clone(),
                model: labels.join(", "),
                data: corpus.labels.join(", "),
            }));
        }
        let training = artifact.manifest.training;
        if self.split == SplitName::Test && !corpus.test.is_empty() {
            return Ok(corpus.test);
        }
        if corpus.sha256[..8] != training.data {
            return Err(Box::new(EvaluateError::OtherData {
                path: self.data.data.clone(),
                split: self.split.name(),
            }));
        }
        let splits = split_of(corpus, &training)?;
        let examples = match self.split {
            SplitName::Train => splits.train,
            SplitName::Validation => splits.validation,
            SplitName::Test => splits.test,
        };
        if examples.is_empty() {
            return Err(Box::new(EvaluateError::NoTest {
                path: self.data.data.clone(),
            }));
        }
        Ok(examples)
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

impl std::fmt::Display for Evaluation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "{} examples, {} tokens, {:.1} s",
            output::thousands(self.examples),
            output::thousands(self.tokens as usize),
            self.seconds
        )?;
        write!(
            f,
            "quantised: loss {:.4}, accuracy {:.2} %",
            self.loss,
            self.accuracy * 100.0
        )?;
        if let (Some(loss), Some(accuracy)) = (self.float_loss, self.float_accuracy) {
            write!(
                f,
                "\nfloat:     loss {loss:.4}, accuracy {:.2} %",
                accuracy * 100.0
            )?;
        }
        Ok(())
    }
}
