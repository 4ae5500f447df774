//! What a training is told.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::TrainingError;
use crate::batch::{BatchConfig, BatchMode, Cut};
use crate::optimizer::{AdamConfig, Schedule};

/// What makes one epoch better than another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Selection {
    /// A lower loss.
    Loss,
    /// A higher accuracy; at the same accuracy, a lower loss.
    Accuracy,
}

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingConfig {
    /// Passes over the training examples, at most.
    pub epochs: usize,
    /// The base learning rate.
    pub learning_rate: f32,
    /// How the learning rate changes.
    pub schedule: Schedule,
    /// The optimiser's numbers.
    pub adam: AdamConfig,
    /// Size and kind of batches, in training and in validation.
    pub batch: BatchConfig,
    /// Steps after which back-propagation through a stream of tokens is cut off.
    pub truncation: usize,
    /// Seed of shuffles, windows and dropout; the weights have their own.
    pub seed: u64,
    /// Threads to compute with.
    pub threads: usize,
    /// Judge and keep a running mean of the weights with this decay a step; 0 for the weights
    /// themselves.
    pub average: f32,
    /// Which epoch is kept: by its validation, or its training if nothing is held out.
    pub selection: Selection,
    /// Stop after this many epochs without a better one.
    pub patience: Option<usize>,
    /// A batch whose mean loss exceeds this many times the loss of guessing (the logarithm of
    /// the number of classes or tokens, or the vectors' mean square) counts as exploded.
    pub explosion: f64,
    /// Where the best epoch so far is written, if anywhere.
    pub checkpoint: Option<PathBuf>,
    /// Show progress bars on standard error.
    pub progress: bool,
}

impl Default for TrainingConfig {
    /// Ten epochs in batches of 32, sequences cut to their last 400 tokens
    /// and streams into chunks of 100, at Keras's rate for
    /// Adam, 0.001.
    fn default() -> Self {
        let mode = BatchMode::Ragged {
            max_len: 400,
            cut: Cut::Last,
        };
        Self {
            epochs: 10,
            learning_rate: 1e-3,
            schedule: Schedule::Constant,
            adam: AdamConfig::default(),
            batch: BatchConfig { size: 32, mode },
            truncation: 100,
            seed: 0,
            threads: 1,
            average: 0.0,
            selection: Selection::Loss,
            patience: None,
            explosion: 100.0,
            checkpoint: None,
            progress: false,
        }
    }
}

impl TrainingConfig {
    /// Says what is wrong with the configuration, if anything.
    pub fn validate(&self) -> Result<(), TrainingError> {
        self.schedule.validate()?;
        let AdamConfig {
            beta1,
            beta2,
            epsilon,
            weight_decay,
            clip_norm,
        } = self.adam;
        let share = 0.0..1.0;
        let positive = |value: f32| value > 0.0 && value.is_finite();
        let rules = [
            (
                "learning_rate",
                self.learning_rate,
                positive(self.learning_rate),
            ),
            ("beta1", beta1, share.contains(&beta1)),
            ("beta2", beta2, share.contains(&beta2)),
            ("epsilon", epsilon, positive(epsilon)),
            (
                "weight_decay",
                weight_decay,
                weight_decay >= 0.0 && weight_decay.is_finite(),
            ),
            (
                "clip_norm",
                clip_norm.unwrap_or(1.0),
                positive(clip_norm.unwrap_or(1.0)),
            ),
            ("average", self.average, share.contains(&self.average)),
            ("explosion", self.explosion as f32, self.explosion > 1.0),
        ];
        match rules.into_iter().find(|(_, _, good)| !good) {
            Some((name, value, _)) => Err(TrainingError::Range { name, value }),
            None => Ok(()),
        }
    }
}
