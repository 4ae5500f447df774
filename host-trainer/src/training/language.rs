//! Training a language model on one long stream of tokens, by truncated back-propagation
//! through time.
//!
//! The stream is split in as many lanes as a batch has sequences, and every lane in chunks of
//! `truncation` tokens. States are carried from chunk to chunk, gradients are not; an epoch
//! begins with states of zero. Losses are means over the tokens, in nats; over ln 2 they are bits.

use super::config::TrainingConfig;
use super::error::TrainingError;
use super::evaluation::score_stream;
use super::history::{EpochRecord, History};
use super::lessons::Stream;
use super::rounding::Rounding;
use super::run::train;
use crate::batch::{BatchError, Lanes, check_stream};
use crate::network::{Network, NetworkConfig, Outcome, Task, Workers};
use crate::progress::Progress;

/// Trains `network` to tell each next token of `training`, with `config.batch.size` lanes and
/// chunks of `config.truncation` tokens; otherwise as [`fit`](super::fit). The validation stream
/// is read from a state of zero.
pub fn fit_language(
    network: &mut Network,
    training: &[u16],
    validation: &[u16],
    config: &TrainingConfig,
    on_epoch: &mut dyn FnMut(&EpochRecord),
) -> Result<History, TrainingError> {
    fit_stream(network, training, validation, config, None, on_epoch)
}

/// The same with the weights rounded as `rounding` says, in training and validation.
pub fn fit_language_rounded(
    network: &mut Network,
    training: &[u16],
    validation: &[u16],
    config: &TrainingConfig,
    rounding: &dyn Rounding,
    on_epoch: &mut dyn FnMut(&EpochRecord),
) -> Result<History, TrainingError> {
    let rounding = Some(rounding);
    fit_stream(network, training, validation, config, rounding, on_epoch)
}

fn fit_stream(
    network: &mut Network,
    training: &[u16],
    validation: &[u16],
    config: &TrainingConfig,
    rounding: Option<&dyn Rounding>,
    on_epoch: &mut dyn FnMut(&EpochRecord),
) -> Result<History, TrainingError> {
    config.validate()?;
    check_language(network.config(), config.truncation)?;
    if config.batch.size == 0 {
        return Err(BatchError::Empty { name: "batch size" }.into());
    }
    for tokens in [training, validation] {
        check_stream(tokens, network.config())?;
    }
    let lanes = Lanes::training(training.len(), config.batch.size, config.truncation);
    if lanes.chunks() == 0 {
        let (tokens, lanes) = (training.len(), config.batch.size);
        return Err(TrainingError::ShortStream { tokens, lanes });
    }
    let lessons = Stream {
        training,
        validation,
        lanes,
        truncation: config.truncation,
    };
    train(network, lessons, config, rounding, on_epoch)
}

/// Mean loss per token and share of right guesses of a language model on a stream, read from a
/// state of zero in chunks of `truncation` tokens.
pub fn evaluate_language(
    network: &Network,
    tokens: &[u16],
    truncation: usize,
    threads: usize,
) -> Result<Outcome, TrainingError> {
    check_language(network.config(), truncation)?;
    check_stream(tokens, network.config())?;
    let mut workers = Workers::new(network.config(), threads)?;
    let progress = Progress::hidden();
    let outcome = score_stream(network, tokens, truncation, &mut workers, progress);
    Ok(outcome)
}

fn check_language(network: &NetworkConfig, truncation: usize) -> Result<(), TrainingError> {
    if network.task != Task::NextToken {
        return Err(TrainingError::NoLanguageModel);
    }
    if truncation == 0 {
        return Err(BatchError::Empty { name: "truncation" }.into());
    }
    Ok(())
}
