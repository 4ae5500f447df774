//! `spinet evaluate`: the quantised and the float model on a part of some data, side by side.

use super::{
    Outcome, output,
    split::{Part, SplitArgs},
};
use crate::{
    evaluation::{self, Score},
    inference::Model,
    pipeline::{
        Measure, Prepared, evaluate_float, evaluate_float_series, evaluate_language, prepare,
    },
    progress::bar,
    record::ModelFiles,
    training::{self, Checkpoint},
};
use clap::Args;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::Serialize;
use spinet_core::artifact::{Front, Task};
use std::{error::Error, time::Instant};

/// The seed of the order of shuffled words.
const SHUFFLE_SEED: u64 = 1;

/// Measure a model on a part of some data: quantised (by the core) and float
#[derive(Args)]
pub(super) struct Evaluate {
    #[command(flatten)]
    split: SplitArgs,
    /// Read the texts once more with the words of each in random order: what that costs is what
    /// the model makes of their order
    #[arg(long)]
    shuffled: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Evaluation {
    measure: Measure,
    examples: usize,
    loss: f64,
    accuracy: f64,
    float_loss: Option<f64>,
    float_accuracy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shuffled_loss: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shuffled_accuracy: Option<f64>,
    tokens: u64,
    seconds: f64,
}

impl Evaluate {
    pub fn run(self) -> Outcome {
        let (model, part) = self.split.load()?;
        let part = Read::of(part, &model)?;
        let started = Instant::now();
        let score = part.quantized(&model)?;
        let seconds = started.elapsed().as_secs_f64();
        let float = self.float_score(&model, &part)?;
        let shuffled = match self.shuffled {
            true => Some(part.shuffled()?.quantized(&model)?),
            false => None,
        };
        let evaluation = Evaluation {
            measure: part.measure(&model),
            examples: score.examples,
            loss: score.loss,
            accuracy: score.accuracy,
            float_loss: float.map(|score| score.loss),
            float_accuracy: float.map(|score| score.accuracy),
            shuffled_loss: shuffled.as_ref().map(|score| score.loss),
            shuffled_accuracy: shuffled.as_ref().map(|score| score.accuracy),
            tokens: score.tokens,
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
        part: &Read,
    ) -> Result<Option<training::Score>, Box<dyn Error>> {
        let path = ModelFiles::float_of(&self.split.model);
        // An ensemble has none: what lies there is another model's.
        if model.second().is_some() || !path.exists() {
            return Ok(None);
        }
        let network = Checkpoint::read(&path)?.network;
        let artifact = model.artifact();
        Ok(Some(match part {
            Read::Texts(examples) => evaluate_float(&network, &artifact, examples)?,
            Read::Text(text) => evaluate_language(&network, &artifact, text)?,
            Read::Series(prepared) => evaluate_float_series(&network, &artifact, prepared)?,
        }))
    }
}

/// A part as the model reads it.
enum Read {
    Texts(Vec<crate::data::Example>),
    Text(Vec<u8>),
    Series(Vec<Prepared>),
}

impl Read {
    fn of(part: Part, model: &Model) -> Result<Self, Box<dyn Error>> {
        Ok(match (part, model.artifact().front) {
            (Part::Series(examples), Front::Series(series)) => {
                Self::Series(prepare(series, &examples)?)
            }
            (Part::Series(_), _) => return Err("the model does not read series".into()),
            (Part::Texts(examples), _) => Self::Texts(examples),
            (Part::Text(text), _) => Self::Text(text),
        })
    }

    /// The texts with the words of each, as blanks separate them, in random order; always the
    /// same one.
    fn shuffled(&self) -> Result<Self, Box<dyn Error>> {
        let Self::Texts(examples) = self else {
            return Err("only the words of labelled texts can be shuffled".into());
        };
        let mut rng = Pcg64::seed_from_u64(SHUFFLE_SEED);
        let mut shuffle = |example: &crate::data::Example| {
            let mut words: Vec<&str> = example.text.split_whitespace().collect();
            words.shuffle(&mut rng);
            crate::data::Example {
                text: words.join(" "),
                ..example.clone()
            }
        };
        Ok(Self::Texts(examples.iter().map(&mut shuffle).collect()))
    }

    fn measure(&self, model: &Model) -> Measure {
        match (self, model.artifact().manifest.task) {
            (Self::Text(_), _) => Measure::Symbol,
            (Self::Series(_), Task::Generate) => Measure::Vector,
            _ => Measure::Class,
        }
    }

    fn quantized(&self, model: &Model) -> Result<Score, Box<dyn Error>> {
        let count = match self {
            Self::Texts(examples) => examples.len(),
            Self::Text(text) => text.len(),
            Self::Series(examples) => examples.len(),
        };
        let progress = bar(count, "quantised");
        let score = match (self, self.measure(model)) {
            (Self::Texts(examples), _) => evaluation::evaluate(model, examples, &progress)?,
            (Self::Text(text), _) => evaluation::evaluate_symbols(model, text, &progress)?,
            (Self::Series(examples), Measure::Vector) => {
                evaluation::evaluate_vectors(model, examples, 0, &progress)?
            }
            (Self::Series(examples), _) => evaluation::evaluate_series(model, examples, &progress)?,
        };
        progress.finish_and_clear();
        Ok(score)
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
        let measure = self.measure;
        write!(f, "quantised: {}", measure.show(self.loss, self.accuracy))?;
        if let (Some(loss), Some(accuracy)) = (self.float_loss, self.float_accuracy) {
            write!(f, "\nfloat:     {}", measure.show(loss, accuracy))?;
        }
        if let (Some(loss), Some(accuracy)) = (self.shuffled_loss, self.shuffled_accuracy) {
            write!(f, "\nshuffled:  {}", measure.show(loss, accuracy))?;
        }
        Ok(())
    }
}
