//! What happened in each epoch.

use serde::{Deserialize, Serialize};

use super::config::Selection;
use crate::network::Outcome;

/// Mean loss and accuracy over a set of examples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Mean loss of an example, in nats.
    pub loss: f64,
    /// Share of right answers, 0 to 1.
    pub accuracy: f64,
}

impl Score {
    /// Whether this is better than `other`.
    pub fn beats(&self, other: &Self, selection: Selection) -> bool {
        match selection {
            Selection::Loss => self.loss < other.loss,
            Selection::Accuracy if self.accuracy == other.accuracy => self.loss < other.loss,
            Selection::Accuracy => self.accuracy > other.accuracy,
        }
    }
}

impl From<&Outcome> for Score {
    fn from(outcome: &Outcome) -> Self {
        Self {
            loss: outcome.loss(),
            accuracy: outcome.accuracy(),
        }
    }
}

/// One epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Over the training examples while they were learned, dropout included.
    pub training: Score,
    /// Over the validation examples after the epoch, if there are any.
    pub validation: Option<Score>,
    /// The learning rate of the last step.
    pub learning_rate: f32,
    /// Wall-clock seconds, validation included.
    pub seconds: f64,
    /// Training tokens per second, validation not included.
    pub tokens_per_second: f64,
    /// Whether the epoch was the best so far.
    pub best_so_far: bool,
}

impl EpochRecord {
    /// What the epoch is judged by: its validation, or else its training.
    pub fn score(&self) -> Score {
        self.validation.unwrap_or(self.training)
    }
}

/// All epochs of a training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// In order.
    pub epochs: Vec<EpochRecord>,
    /// Whether patience ran out before the last epoch.
    pub stopped_early: bool,
}

impl History {
    /// The epoch whose weights were kept.
    pub fn best(&self) -> Option<&EpochRecord> {
        self.epochs.iter().rev().find(|record| record.best_so_far)
    }

    /// Epochs since the best one.
    pub(crate) fn epochs_since_best(&self) -> usize {
        self.epochs
            .iter()
            .rev()
            .take_while(|record| !record.best_so_far)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_ties_are_broken_by_the_loss() {
        let score = |loss, accuracy| Score { loss, accuracy };
        assert!(score(0.5, 0.8).beats(&score(0.6, 0.9), Selection::Loss));
        assert!(!score(0.5, 0.8).beats(&score(0.6, 0.9), Selection::Accuracy));
        assert!(score(0.5, 0.9).beats(&score(0.6, 0.9), Selection::Accuracy));
        assert!(!score(0.5, 0.9).beats(&score(0.5, 0.9), Selection::Accuracy));
    }
}
