//! Training a network: epochs, validation, the best epoch's checkpoint, early stopping.
//!
//! Nothing is printed here; the caller gets every epoch's record as it ends, and progress goes
//! through [`crate::progress`]. The same seed, thread count and examples give the same weights,
//! bit for bit, on the same machine.

mod average;
mod checkpoint;
mod config;
mod error;
mod evaluation;
mod history;
mod language;
mod lessons;
mod rounding;
mod run;

pub use checkpoint::{Checkpoint, CheckpointError, CheckpointProblem};
pub use config::{Selection, TrainingConfig};
pub use error::TrainingError;
pub use evaluation::{evaluate, predict};
pub use history::{EpochRecord, History, Score};
pub use language::{evaluate_language, fit_language, fit_language_rounded};
pub use rounding::Rounding;
pub use run::{fit, fit_rounded};
