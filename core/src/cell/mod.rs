//! The recurrent cells.
//!
//! Adding a cell means one file here, which holds its equation, its place in an artifact and its
//! `step`, and a variant of [`CellSpec`] and [`Cell`] with its arm in each `match` below.

mod simple_rnn;

pub use simple_rnn::{SimpleRnn, SimpleRnnSpec};

use crate::{
    data::Data,
    error::ArtifactError,
    input::{Input, InputLayer},
};
use serde::{Deserialize, Serialize};

/// Where a cell lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CellSpec {
    /// `h_t = tanh(W_hh h_{t-1} + W_xh x_t + b_h)`.
    SimpleRnn(SimpleRnnSpec),
}

impl CellSpec {
    /// Borrows the cell behind `input`.
    ///
    /// # Errors
    /// Those of the cell's tensors.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        input: &InputLayer<'a>,
        input_size: u16,
    ) -> Result<Cell<'a>, ArtifactError> {
        match self {
            Self::SimpleRnn(spec) => Ok(Cell::SimpleRnn(spec.resolve(data, input, input_size)?)),
        }
    }

    /// The width of `h_t`.
    pub const fn hidden_size(&self) -> u16 {
        match self {
            Self::SimpleRnn(spec) => spec.hidden_size,
        }
    }

    /// The cell's name, as recipes spell it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::SimpleRnn(_) => "simple-rnn",
        }
    }
}

/// A cell's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub enum Cell<'a> {
    /// [`SimpleRnn`].
    SimpleRnn(SimpleRnn<'a>),
}

impl Cell<'_> {
    /// One step of time: `hidden (hidden_size,)` is `h_{t-1}` before and `h_t` after, in Q0.15;
    /// `accumulators (hidden_size,)` is working space.
    #[inline]
    pub fn step(&self, input: Input<'_>, hidden: &mut [i16], accumulators: &mut [i32]) {
        match self {
            Self::SimpleRnn(cell) => cell.step(input, hidden, accumulators),
        }
    }

    /// Multiply-accumulates of one step.
    pub fn macs(&self) -> usize {
        match self {
            Self::SimpleRnn(cell) => cell.macs(),
        }
    }
}
