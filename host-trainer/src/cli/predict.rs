//! `spinet predict`: what a model makes of texts, on the host.

use super::{Outcome, output};
use crate::inference::{Heap, Model};
use clap::Args;
use serde::Serialize;
use spinet_core::{Classifier, probability::decimals};
use std::{
    io::{self, BufRead},
    path::PathBuf,
};

/// Classify texts with the quantised model, on the host
#[derive(Args)]
pub(super) struct Predict {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Print one JSON object per text
    #[arg(long)]
    json: bool,
    /// Texts; without any, a text per line of stdin
    text: Vec<String>,
}

/// A verdict, as `predict` and `run` print it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Prediction {
    pub label: String,
    pub probability: f64,
    pub logit: Logit,
    pub tokens: u32,
    pub unknown: u32,
}

/// The raw quantised logit (Q16.15), or one per class where there are more than two.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Logit {
    One(i32),
    PerClass(Vec<i32>),
}

impl Logit {
    pub fn new(logits: &[i32]) -> Self {
        match *logits {
            [logit] => Self::One(logit),
            _ => Self::PerClass(logits.to_vec()),
        }
    }
}

impl std::fmt::Display for Logit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::One(logit) => write!(f, "{logit}"),
            Self::PerClass(logits) => write!(f, "{logits:?}"),
        }
    }
}

impl Prediction {
    /// What the classifier makes of a text.
    pub fn of(classifier: &mut Classifier<'_, Heap>, text: &[u8]) -> Self {
        classifier.reset();
        classifier.feed(text);
        let verdict = classifier.finish();
        Self {
            label: verdict.label.to_owned(),
            probability: f64::from(decimals(verdict.probability)) / 1e5,
            logit: Logit::new(verdict.logits),
            tokens: verdict.tokens,
            unknown: verdict.unknown,
        }
    }
}

impl std::fmt::Display for Prediction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} {:.5} (logit {}, {} tokens, {} unknown)",
            self.label, self.probability, self.logit, self.tokens, self.unknown
        )
    }
}

impl Predict {
    pub fn run(self) -> Outcome {
        let model = Model::open(&self.model)?;
        let mut classifier = model.classifier();
        let mut show = |text: &[u8]| -> Result<(), Box<dyn std::error::Error>> {
            let prediction = Prediction::of(&mut classifier, text);
            match self.json {
                true => output::json(&prediction),
                false => Ok(output::line(prediction)?),
            }
        };
        if !self.text.is_empty() {
            self.text
                .iter()
                .try_for_each(|text| show(text.as_bytes()))?;
            return Ok(true);
        }
        for line in lines(io::stdin().lock()) {
            show(&line?)?;
        }
        Ok(true)
    }
}

/// The lines of a stream as the device reads them: without `\n` and one `\r` in front of it.
pub(super) fn lines(input: impl BufRead) -> impl Iterator<Item = io::Result<Vec<u8>>> {
    input.split(b'\n').map(|line| {
        line.map(|mut line| {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            line
        })
    })
}
