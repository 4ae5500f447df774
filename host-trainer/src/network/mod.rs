//! Full-precision recurrent networks: parameters, forward pass, back-propagation through time.
//!
//! A network reads tokens, looks its input kernel or embedding up, runs one to four recurrent
//! layers, condenses the last layer's states over time and classifies. Everything here is
//! generic in the cell: a new cell is one file that implements `cell::Cell` and one arm in
//! `cell::cell_for`. What a batch is belongs to [`crate::batch`], what is done with the
//! gradients to [`crate::optimizer`].
//!
//! Sequences are time-major: row `t * batch + b` of every `[steps * batch, n]` matrix belongs
//! to step `t` of sequence `b`.

pub mod activation;
mod cell;
mod config;
mod gradients;
mod head;
mod input;
mod model;
mod parameters;
mod readout;
mod simple_rnn;
mod tensor;
mod workers;
mod workspace;

pub use config::{CellKind, ConfigError, InputKind, MAX_LAYERS, NetworkConfig};
pub use gradients::{Gradient, Gradients, RowGradient};
pub use model::Network;
pub use parameters::{Parameters, ParametersError};
pub use tensor::Tensor;
pub(crate) use workers::Team;
pub use workers::{Outcome, Pass, Workers};
