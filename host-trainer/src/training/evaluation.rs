//! Scoring a network and asking it for probabilities.

use ndarray::Array2;

use super::error::TrainingError;
use crate::batch::{BatchConfig, Example, Lanes, check};
use crate::network::{Network, Outcome, Task, Workers};
use crate::progress::Progress;

/// Loss and accuracy of a network on examples, without dropout; nothing is cut in ragged mode.
pub fn evaluate(
    network: &Network,
    examples: &[Example],
    batch: &BatchConfig,
    threads: usize,
) -> Result<Outcome, TrainingError> {
    check(examples, batch, network.config())?;
    let mut workers = Workers::new(network.config(), threads)?;
    Ok(score(
        network,
        examples,
        batch,
        &mut workers,
        Progress::hidden(),
    ))
}

/// The probability of every class for every example, `[examples, classes]`.
pub fn predict(
    network: &Network,
    examples: &[Example],
    batch: &BatchConfig,
    threads: usize,
) -> Result<Array2<f32>, TrainingError> {
    check(examples, batch, network.config())?;
    if !matches!(network.config().task, Task::Classify { .. }) {
        return Err(TrainingError::NoClassifier);
    }
    let mut workers = Workers::new(network.config(), threads)?;
    let mut all = Array2::zeros((examples.len(), network.config().classes()));
    for indices in batch.evaluation_order(examples) {
        workers.predict(
            network,
            examples,
            &indices,
            &batch.mode,
            |example, classes| {
                all.row_mut(example as usize)
                    .iter_mut()
                    .zip(classes)
                    .for_each(|(p, &q)| *p = q);
            },
        );
    }
    Ok(all)
}

/// [`evaluate`] for examples already checked, with workers at hand.
pub(crate) fn score(
    network: &Network,
    examples: &[Example],
    batch: &BatchConfig,
    workers: &mut Workers,
    mut progress: Progress,
) -> Outcome {
    let mut sum = Outcome::default();
    let batches = batch.evaluation_order(examples);
    progress.expect(batches.len());
    for indices in batches {
        let outcome = workers.evaluate(network, examples, &indices, &batch.mode);
        sum.add(&outcome);
        progress.advance(outcome.tokens, sum.loss());
    }
    sum
}

/// Loss and accuracy on a stream of tokens, which must fit the network.
pub(crate) fn score_stream(
    network: &Network,
    tokens: &[u16],
    truncation: usize,
    workers: &mut Workers,
    mut progress: Progress,
) -> Outcome {
    let mut sum = Outcome::default();
    let lanes = Lanes::evaluation(tokens.len(), truncation);
    progress.expect(lanes.chunks());
    for chunk in 0..lanes.chunks() {
        let outcome = workers.evaluate_chunk(network, tokens, &lanes, chunk);
        sum.add(&outcome);
        progress.advance(outcome.tokens, sum.loss());
    }
    sum
}
