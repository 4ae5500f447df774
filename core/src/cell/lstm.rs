//! The long short-term memory of Hochreiter and Schmidhuber, Neural Computation 9 (1997), with
//! the forget gate of Gers, Schmidhuber and Cummins (2000), as Keras and PyTorch have it:
//!
//! ```text
//! i = sigmoid(W_xi x_t + W_hi h_{t-1} + b_i)
//! f = sigmoid(W_xf x_t + W_hf h_{t-1} + b_f)
//! g =    tanh(W_xg x_t + W_hg h_{t-1} + b_g)
//! o = sigmoid(W_xo x_t + W_ho h_{t-1} + b_o)
//! c_t = f * c_{t-1} + i * g
//! h_t = o * tanh(c_t)
//! ```
//!
//! `W_h (4 hidden, hidden)`, `W_x (4 hidden, input)`, `b (4 hidden,)`: four rows per unit, in the
//! order of [`GATES`]. `c_t` is Q16.15 in 32 bits. It cannot overflow: a gate is at most
//! `1 - 2^-15`, so `|c| <= 2^15` stays true, whatever the number of steps.

use super::{BLOCK, CellLayout, LayerState, Step};
use crate::{
    activation::{sigmoid, tanh},
    data::Data,
    emit::parts,
    error::ArtifactError,
    fixed::{add_scaled, product},
    input::{Input, InputProduct, Source},
    matrix::{Matrix, MatrixSpec},
    rows::{Rows, RowsSpec},
};
use serde::{Deserialize, Serialize};

/// The order of a unit's rows: that of Keras's and PyTorch's gates.
pub const GATES: [&str; 4] = ["input", "forget", "cell", "output"];
const ROWS: usize = GATES.len();

/// Where an LSTM lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LstmSpec {
    /// The width of `h_t` and of `c_t`.
    pub hidden_size: u16,
    /// `W_x (4 hidden, input)`; none where the input table holds the product.
    pub input_weights: Option<MatrixSpec>,
    /// `W_h (4 hidden, hidden)`.
    pub recurrent_weights: MatrixSpec,
    /// Scales and `b`, `(4 hidden,)`.
    pub rows: RowsSpec,
}

impl CellLayout for LstmSpec {
    type Cell<'a> = Lstm<'a>;

    fn resolve<'a>(&self, data: Data<'a>, source: Source) -> Result<Lstm<'a>, ArtifactError> {
        let (rows, hidden) = (self.input_rows(), self.hidden_size.into());
        let input = InputProduct::resolve(self.input_weights.as_ref(), data, source, rows)?;
        let recurrent = self
            .recurrent_weights
            .resolve(data, "recurrent weights", rows, hidden)?;
        let bound = recurrent.bound() + input.bound();
        Ok(Lstm {
            input,
            recurrent,
            rows: self.rows.resolve(data, "cell rows", rows, bound)?,
        })
    }

    fn hidden_size(&self) -> u16 {
        self.hidden_size
    }

    fn input_rows(&self) -> usize {
        ROWS * usize::from(self.hidden_size)
    }

    fn memory(&self) -> u16 {
        self.hidden_size
    }
}

/// An LSTM's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Lstm<'a> {
    input: InputProduct<'a>,
    recurrent: Matrix<'a>,
    rows: Rows<'a>,
}

parts!("cell", Lstm { input: InputProduct<'a>, recurrent: Matrix<'a>, rows: Rows<'a> });

impl Step for Lstm<'_> {
    #[inline]
    fn step(&self, input: Input<'_>, state: LayerState<'_>) {
        let mut sums = [0; ROWS * BLOCK];
        let blocks = state
            .next
            .chunks_mut(BLOCK)
            .zip(state.memory.chunks_mut(BLOCK));
        for (block, (next, cells)) in blocks.enumerate() {
            let first = block * BLOCK * ROWS;
            let Some(sums) = sums.get_mut(..ROWS * next.len()) else {
                return;
            };
            let recurrent = (&self.recurrent, state.hidden);
            (self.input).fill(input, recurrent, &self.rows, first, sums);
            units(sums.as_chunks().0, cells, next);
        }
    }

    fn macs(&self) -> usize {
        self.input.macs() + self.recurrent.macs()
    }
}

/// The element-wise part of a step: `c_t` and `h_t` of each unit from its gates.
// By itself, because the registers are just enough.
#[inline(never)]
fn units(gates: &[[i32; ROWS]], cells: &mut [i32], next: &mut [i16]) {
    for ((h, c), &z) in next.iter_mut().zip(cells).zip(gates) {
        let unit = LstmUnit::new(z, *c);
        (*h, *c) = (unit.hidden, unit.cell);
    }
}

/// The element-wise part of a step, for one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LstmUnit {
    /// `i`, `f`, `g` and `o` in the order of [`GATES`], Q0.15.
    pub gates: [i16; 4],
    /// `c_t`, Q16.15.
    pub cell: i32,
    /// `tanh(c_t)`, Q0.15.
    pub squashed: i16,
    /// `h_t`, Q0.15.
    pub hidden: i16,
}

impl LstmUnit {
    /// From the gates' pre-activations (Q16.15) and `c_{t-1}` (Q16.15).
    #[inline(always)]
    pub fn new([i, f, g, o]: [i32; 4], cell: i32) -> Self {
        let gates = [sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)];
        let [i, f, g, o] = gates;
        let cell = add_scaled(product(i, g), cell, f);
        let squashed = tanh(cell);
        Self {
            gates,
            cell,
            squashed,
            // Of two values below 1, so that nothing need be saturated.
            hidden: product(o, squashed) as i16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::LOGIT_FRACTION;

    #[test]
    fn a_cell_state_that_only_grows_stops_at_its_bound() {
        let open = 20 << LOGIT_FRACTION;
        for sign in [1, -1] {
            let mut cell = 0;
            for _ in 0..1_000_000 {
                cell = LstmUnit::new([open, open, sign * open, open], cell).cell;
                assert!(cell.abs() < 1 << 30);
            }
            // From the bound itself, one more step.
            let unit = LstmUnit::new([open, open, sign * open, open], sign * ((1 << 30) - 1));
            assert!(unit.cell.abs() < 1 << 30);
        }
    }

    #[test]
    fn a_unit_is_close_to_the_real_equations() {
        let real = |z: i32| f64::from(z) / f64::from(1 << LOGIT_FRACTION);
        let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        for n in 0..2_000i32 {
            let z = |k: i32| (n * 7919 * (k + 1)) % (12 << LOGIT_FRACTION) - (6 << LOGIT_FRACTION);
            let (gates, cell) = ([z(0), z(1), z(2), z(3)], z(4) / 2);
            let unit = LstmUnit::new(gates, cell);
            let [i, f, g, o] = gates.map(real);
            let c = sigmoid(f) * real(cell) + sigmoid(i) * libm::tanh(g);
            let h = sigmoid(o) * libm::tanh(c);
            // c: an error of 1.27 units in f counts |c| <= 3 times, then those of i and g.
            assert!((real(unit.cell) - c).abs() * 32_768.0 < 8.0);
            assert!((real(unit.hidden.into()) - h).abs() * 32_768.0 < 12.0);
        }
    }
}
