//! The simple recurrent network of Elman, "Finding Structure in Time", Cognitive Science 14
//! (1990), with tanh, as Keras's `SimpleRNN` and PyTorch's `RNN` have it:
//!
//! ```text
//! h_t = tanh(W_hh h_{t-1} + W_xh x_t + b_h)
//! ```
//!
//! `W_hh (hidden, hidden)`, `W_xh (hidden, input)`, `b_h (hidden,)`. Both products and the bias
//! add into one 32-bit sum per unit, which is requantised once.

use crate::{
    activation::tanh,
    data::Data,
    error::ArtifactError,
    input::{Input, InputLayer},
    matrix::{Matrix, MatrixSpec},
    rows::{Rows, RowsSpec},
};
use serde::{Deserialize, Serialize};

/// Where a SimpleRNN lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SimpleRnnSpec {
    /// The width of `h_t`.
    pub hidden_size: u16,
    /// `W_xh (hidden, input)`; none where the input table holds the product.
    pub input_weights: Option<MatrixSpec>,
    /// `W_hh (hidden, hidden)`.
    pub recurrent_weights: MatrixSpec,
    /// Scales and `b_h`, `(hidden,)`.
    pub rows: RowsSpec,
}

impl SimpleRnnSpec {
    pub(super) fn resolve<'a>(
        &self,
        data: Data<'a>,
        input: &InputLayer<'a>,
        input_size: u16,
    ) -> Result<SimpleRnn<'a>, ArtifactError> {
        let hidden = self.hidden_size;
        let recurrent_weights =
            self.recurrent_weights
                .resolve(data, "recurrent weights", hidden, hidden)?;
        let input_weights = match (self.input_weights, input) {
            (None, InputLayer::OneHot { .. }) => None,
            (Some(spec), InputLayer::Embedding(_)) => {
                Some(spec.resolve(data, "input weights", hidden, input_size)?)
            }
            _ => return Err(ArtifactError::OutOfRange("input weights")),
        };
        let bound = recurrent_weights.bound()
            + input_weights.map_or(0, |matrix| matrix.bound())
            + input.bound();
        let rows = self.rows.resolve(data, "cell rows", hidden, bound)?;
        Ok(SimpleRnn {
            input_weights,
            recurrent_weights,
            rows,
        })
    }
}

/// A SimpleRNN's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct SimpleRnn<'a> {
    input_weights: Option<Matrix<'a>>,
    recurrent_weights: Matrix<'a>,
    rows: Rows<'a>,
}

impl SimpleRnn<'_> {
    /// See [`Cell::step`](super::Cell::step).
    #[inline]
    pub fn step(&self, input: Input<'_>, hidden: &mut [i16], accumulators: &mut [i32]) {
        self.rows.begin(accumulators);
        match (input, &self.input_weights) {
            (Input::Contribution(row), _) => row.add_to(accumulators),
            (Input::Vector(x), Some(weights)) => weights.accumulate(x, accumulators),
            (Input::Vector(_), None) => {}
        }
        self.recurrent_weights.accumulate(hidden, accumulators);
        for (h, preactivation) in hidden.iter_mut().zip(self.rows.finish(accumulators)) {
            *h = tanh(preactivation);
        }
    }

    pub(super) fn macs(&self) -> usize {
        self.recurrent_weights.macs() + self.input_weights.map_or(0, |matrix| matrix.macs())
    }
}
