//! `spinet predict`: what a model makes of texts or series, on the host.

use super::{
    Outcome,
    data::SeriesDataArgs,
    output,
    split::{Part, SplitName, part},
};
use crate::{
    inference::{Model, TextClassifier},
    pipeline::prepare,
};
use clap::Args;
use serde::Serialize;
use spinet_core::{
    Verdict,
    artifact::{Front, Task},
    probability::decimals,
};
use std::{
    error::Error,
    io::{self, BufRead},
    path::PathBuf,
};

/// Classify texts or series with the quantised model, on the host
#[derive(Args)]
pub(super) struct Predict {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Print one JSON object per text or series
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: SeriesDataArgs,
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
    pub fn of(classifier: &mut TextClassifier<'_>, text: &[u8]) -> Self {
        classifier.reset();
        classifier.feed(text);
        Self::new(&classifier.finish())
    }

    /// A verdict.
    pub fn new(verdict: &Verdict<'_>) -> Self {
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
        check_classifies(&model, &self.model)?;
        let show = |prediction: Prediction| -> Result<(), Box<dyn Error>> {
            match self.json {
                true => output::json(&prediction),
                false => Ok(output::line(prediction)?),
            }
        };
        if let Front::Series(_) = model.artifact().front {
            let mut classifier = model.series_classifier()?;
            let features = classifier.series().features().into();
            for vectors in series(&model, &self.data)? {
                classifier.reset();
                vectors.chunks(features).for_each(|x| classifier.feed(x));
                show(Prediction::new(&classifier.verdict()))?;
            }
            return Ok(true);
        }
        let mut classifier = model.classifier()?;
        let mut show = |text: &[u8]| show(Prediction::of(&mut classifier, text));
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

/// Refuses a model that generates.
pub(super) fn check_classifies(
    model: &Model,
    path: &std::path::Path,
) -> Result<(), Box<dyn Error>> {
    match model.artifact().manifest.task {
        Task::Classify { .. } => Ok(()),
        Task::Generate => {
            Err(format!("{}: this model generates; use generate", path.display()).into())
        }
    }
}

/// The test series of some data as the model reads them, `(time, features)` each.
pub(super) fn series(
    model: &Model,
    data: &SeriesDataArgs,
) -> Result<Vec<Vec<i16>>, Box<dyn Error>> {
    let artifact = model.artifact();
    let Some(data) = data.given() else {
        return Err("--data: where are the series to classify?".into());
    };
    let (Part::Series(examples), Front::Series(series)) =
        (part(&artifact, &data, SplitName::Test)?, artifact.front)
    else {
        return Err("the model does not read series".into());
    };
    let prepared = prepare(series, &examples)?;
    Ok(prepared
        .into_iter()
        .map(|example| example.vectors)
        .collect())
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
