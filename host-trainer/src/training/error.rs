//! What can end a training before its time.

use rayon::ThreadPoolBuildError;

use crate::batch::BatchError;
use crate::durable::WriteError;
use crate::optimizer::ScheduleError;

/// A training that could not start, or diverged.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// Nothing to train on.
    #[error("there are no training examples")]
    NoExamples,
    /// A stream that is shorter than a batch is wide.
    #[error("{tokens} tokens to train on are too few to be read at {lanes} places at once")]
    ShortStream {
        /// Tokens of the stream.
        tokens: usize,
        /// Lanes of a batch.
        lanes: usize,
    },
    /// A stream of tokens for a network that does not tell the next token.
    #[error("the network is no language model: its task is not to tell the next token")]
    NoLanguageModel,
    /// Classes asked of a network that has none.
    #[error("the network does not classify sequences")]
    NoClassifier,
    /// More examples than 32-bit indices reach.
    #[error("{0} examples are more than the 4294967295 that are supported")]
    TooManyExamples(usize),
    /// The weights cannot be rounded.
    #[error("the weights cannot be rounded: {0}")]
    Rounding(Box<dyn std::error::Error + Send + Sync>),
    /// A number of the configuration is outside its range.
    #[error("training: {name} = {value} is out of range")]
    Range {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f32,
    },
    /// The schedule is impossible.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The examples do not fit the network, or the batches are impossible.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The system gave no threads.
    #[error("cannot start the worker threads: {0}")]
    Threads(#[from] ThreadPoolBuildError),
    /// The checkpoint could not be written.
    #[error(transparent)]
    Checkpoint(#[from] WriteError),
    /// A loss, a gradient or a weight became infinite or not a number.
    #[error(
        "epoch {epoch}, step {step}: the {what} is not finite; try a lower learning rate or clip_norm"
    )]
    NotFinite {
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// Loss, gradient, weights or validation loss.
        what: &'static str,
    },
    /// The loss is far above that of guessing.
    #[error(
        "epoch {epoch}, step {step}: the loss exploded to {loss:.3} (limit {limit:.3}); try a lower learning rate or clip_norm"
    )]
    Exploded {
        /// Epoch, from 1.
        epoch: usize,
        /// Step within the epoch, from 1.
        step: usize,
        /// Mean loss of the batch, in nats.
        loss: f64,
        /// What it may be at most.
        limit: f64,
    },
}
