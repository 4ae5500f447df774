//! `spinet evaluate`: the quantised and the float model on labelled text, side by side.

use super::{Outcome, output, split::SplitArgs};
use crate::{
    data::Example,
    evaluation::{Score, evaluate},
    inference::Model,
    pipeline::evaluate_float,
    progress::bar,
    record::ModelFiles,
    training::{self, Checkpoint},
};
use clap::Args;
use serde::Serialize;
use std::time::Instant;

/// Measure a model on labelled text: quantised (by the core) and float
#[derive(Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    split: SplitArgs,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
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

impl Evaluate {
    pub fn run(self) -> Outcome {
        let (model, examples) = self.split.load()?;
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
        let path = ModelFiles::float_of(&self.split.model);
        if !path.exists() {
            return Ok(None);
        }
        let network = Checkpoint::read(&path)?.network;
        Ok(Some(evaluate_float(&network, &model.artifact(), examples)?))
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
