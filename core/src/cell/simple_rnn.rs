//! The simple recurrent network of Elman, "Finding Structure in Time", Cognitive Science 14
//! (1990), with tanh, as Keras's `SimpleRNN` and PyTorch's `RNN` have it:
//!
//! ```text
//! h_t = tanh(W_hh h_{t-1} + W_xh x_t + b_h)
//! ```
//!
//! `W_hh (hidden, hidden)`, `W_xh (hidden, input)`, `b_h (hidden,)`: one row per unit. Both
//! products and the bias add into one 32-bit sum per unit, which is requantised once.

use super::{BLOCK, CellLayout, LayerState, Step};
use crate::{
    activation::tanh,
    data::Data,
    emit::parts,
    error::ArtifactError,
    input::{Input, InputProduct, Source},
    matrix::{Matrix, MatrixSpec},
    rows::{Rows, RowsSpec},
};
use serde::{Deserialize, Serialize};

/// Units of a block: with a row each, as many rows as those of an LSTM.
const UNITS: usize = 4 * BLOCK;

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

impl CellLayout for SimpleRnnSpec {
    type Cell<'a> = SimpleRnn<'a>;

    fn resolve<'a>(&self, data: Data<'a>, source: Source) -> Result<SimpleRnn<'a>, ArtifactError> {
        let hidden = self.hidden_size.into();
        let spec = self.input_weights.as_ref();
        let input = InputProduct::resolve(spec, data, source, hidden)?;
        let recurrent =
            self.recurrent_weights
                .resolve(data, "recurrent weights", hidden, hidden)?;
        let bound = recurrent.bound() + input.bound();
        Ok(SimpleRnn {
            input,
            recurrent,
            rows: self.rows.resolve(data, "cell rows", hidden, bound)?,
        })
    }

    fn hidden_size(&self) -> u16 {
        self.hidden_size
    }

    fn input_rows(&self) -> usize {
        self.hidden_size.into()
    }
}

/// A SimpleRNN's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct SimpleRnn<'a> {
    input: InputProduct<'a>,
    recurrent: Matrix<'a>,
    rows: Rows<'a>,
}

parts!("cell", SimpleRnn { input: InputProduct<'a>, recurrent: Matrix<'a>, rows: Rows<'a> });

impl Step for SimpleRnn<'_> {
    #[inline]
    fn step(&self, input: Input<'_>, state: LayerState<'_>) {
        let mut sums = [0; UNITS];
        for (block, next) in state.next.chunks_mut(UNITS).enumerate() {
            let (first, Some(sums)) = (block * UNITS, sums.get_mut(..next.len())) else {
                return;
            };
            let recurrent = (&self.recurrent, state.hidden);
            (self.input).fill(input, recurrent, &self.rows, first, sums);
            units(sums, next);
        }
    }

    fn macs(&self) -> usize {
        self.input.macs() + self.recurrent.macs()
    }
}

/// The element-wise part of a step: `h_t` of each unit from its pre-activation.
// By itself where the compiler makes vectors of it, which it does not dependably within a step.
#[cfg_attr(mve, inline(never))]
#[cfg_attr(not(mve), inline(always))]
fn units(sums: &[i32], next: &mut [i16]) {
    for (h, &z) in next.iter_mut().zip(sums) {
        *h = tanh(z);
    }
}
