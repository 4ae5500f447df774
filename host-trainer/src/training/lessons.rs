//! What the training loop is fed with: labelled examples or a stream of tokens.

use super::config::TrainingConfig;
use super::evaluation::{score, score_stream};
use crate::batch::{Example, Lanes, Sequence};
use crate::network::{Network, Outcome, Pass, Task, Workers};
use crate::progress::Progress;

/// The steps of an epoch, and what it is judged by.
pub(super) trait Lessons {
    /// Steps of every epoch.
    fn steps(&self) -> usize;

    /// Readies an epoch, whose order is drawn from `seed`.
    fn shuffle(&mut self, seed: u64);

    /// Leaves the gradients of a step in the workers.
    fn learn(&self, workers: &mut Workers, network: &Network, step: usize, seed: u64) -> Outcome;

    /// The outcome on what is held out, if anything is.
    fn validate(
        &self,
        workers: &mut Workers,
        network: &Network,
        progress: Progress,
    ) -> Option<Outcome>;

    /// The mean loss of who knows nothing.
    fn guess(&self, network: &Network) -> f64;
}

/// Sequences, each with its class or telling its own next token or vector.
pub(super) struct Sequences<'a> {
    pub config: &'a TrainingConfig,
    pub training: &'a [Example<'a>],
    pub validation: &'a [Example<'a>],
    pub batches: Vec<Vec<u32>>,
}

impl Lessons for Sequences<'_> {
    fn steps(&self) -> usize {
        self.training.len().div_ceil(self.config.batch.size)
    }

    fn shuffle(&mut self, seed: u64) {
        self.batches = self.config.batch.training_order(self.training, seed);
    }

    fn learn(&self, workers: &mut Workers, network: &Network, step: usize, seed: u64) -> Outcome {
        let (mode, pass) = (&self.config.batch.mode, Pass::Training { seed });
        workers.train(network, self.training, &self.batches[step], mode, pass)
    }

    fn validate(
        &self,
        workers: &mut Workers,
        network: &Network,
        progress: Progress,
    ) -> Option<Outcome> {
        let (examples, batch) = (self.validation, &self.config.batch);
        (!examples.is_empty()).then(|| score(network, examples, batch, workers, progress))
    }

    fn guess(&self, network: &Network) -> f64 {
        match network.config().task {
            Task::NextVector => mean_square(self.training),
            _ => libm::log(network.config().classes().max(2) as f64),
        }
    }
}

/// The loss of always telling zeros, or 1 if that is none.
fn mean_square(examples: &[Example]) -> f64 {
    let (mut sum, mut count) = (0.0, 0usize);
    for example in examples {
        if let Sequence::Vectors { values, .. } = example.sequence {
            sum += values
                .iter()
                .map(|&v| f64::from(v) * f64::from(v))
                .sum::<f64>();
            count += values.len();
        }
    }
    if sum > 0.0 { sum / count as f64 } else { 1.0 }
}

/// A stream that tells its own next token, its states carried from chunk to chunk.
pub(super) struct Stream<'a> {
    pub training: &'a [u16],
    pub validation: &'a [u16],
    pub lanes: Lanes,
    pub truncation: usize,
}

impl Lessons for Stream<'_> {
    fn steps(&self) -> usize {
        self.lanes.chunks()
    }

    fn shuffle(&mut self, _: u64) {}

    fn learn(&self, workers: &mut Workers, network: &Network, step: usize, seed: u64) -> Outcome {
        // Every chunk draws its own dropout; the multiplier is that of Knuth's MMIX generator.
        let seed = seed.wrapping_add((step as u64).wrapping_mul(0x5851_F42D_4C95_7F2D));
        let pass = Pass::Training { seed };
        workers.train_chunk(network, self.training, &self.lanes, step, pass)
    }

    fn validate(
        &self,
        workers: &mut Workers,
        network: &Network,
        progress: Progress,
    ) -> Option<Outcome> {
        let (tokens, truncation) = (self.validation, self.truncation);
        (tokens.len() > 1).then(|| score_stream(network, tokens, truncation, workers, progress))
    }

    fn guess(&self, network: &Network) -> f64 {
        libm::log(network.config().classes().max(2) as f64)
    }
}
