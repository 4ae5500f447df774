//! Full-precision recurrent networks: parameters, forward pass, back-propagation through time.
//!
//! A network reads tokens, whose input kernel or embedding it looks up, or vectors, runs one to
//! four recurrent layers, and either condenses the last layer's states over time and classifies,
//! or tells at every step what comes next. Everything here is generic in the cell: a new cell is
//! one file that implements `cell::Cell` and one arm in `cell::cell_for`. What a batch is belongs to [`crate::batch`], what is done with the
//! gradients to [`crate::optimizer`].
//!
//! Sequences are time-major: row `t * batch + b` of every `[steps * batch, n]` matrix belongs
//! to step `t` of sequence `b`.

pub mod activation;
mod cell;
mod config;
mod device;
mod dropout;
mod fast_grnn;
mod gradients;
mod gru;
mod head;
mod input;
mod layer;
mod layout;
mod lstm;
mod model;
mod outcome;
mod parameters;
mod product;
mod readout;
mod simple_rnn;
mod step_head;
mod team;
mod tensor;
mod vector;
mod workers;
mod workspace;

pub use config::{Arithmetic, CellKind, ConfigError, InputKind, MAX_LAYERS, NetworkConfig, Task};
pub use gradients::{Gradient, Gradients, RowGradient};
pub(crate) use layout::{DeviceLayout, Written};
pub use model::Network;
pub use outcome::Outcome;
pub use parameters::{Parameters, ParametersError};
pub(crate) use team::Team;
pub use tensor::Tensor;
pub(crate) use tensor::gaussian;
pub(crate) use vector::{Vectorised, vectorised};
pub use workers::{Pass, Workers};

/// How the cell of a kind lies on the device.
pub(crate) fn device_layout(kind: CellKind) -> &'static dyn DeviceLayout {
    cell::cell_for(kind)
}
