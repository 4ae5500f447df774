//! The gated recurrent unit of Cho et al. (EMNLP 2014) in the form that resets *after* the
//! recurrent product (Keras's `reset_after`, PyTorch, cuDNN), so that their weights mean the same:
//!
//! ```text
//! r = sigmoid(W_xr x_t + W_hr h_{t-1} + b_r)
//! z = sigmoid(W_xz x_t + W_hz h_{t-1} + b_z)
//! n =    tanh(W_xn x_t + b_n + r * (W_hn h_{t-1} + b_hn))
//! h_t = (1 - z) * n + z * h_{t-1}
//! ```
//!
//! `W_h (3 hidden, hidden)` and `W_x (3 hidden, input)` have three rows per unit, in the order of
//! [`GATES`] (PyTorch's; Keras puts the update gate first). There are four sums per unit, because
//! the candidate's products meet only behind `r`: scales and biases have four rows per unit,
//! those of [`SUMS`].

use super::{BLOCK, CellLayout, LayerState, Step};
use crate::{
    activation::{sigmoid, tanh},
    data::Data,
    emit::parts,
    error::ArtifactError,
    fixed::{STATE_FRACTION, scale_by},
    input::{Input, InputProduct, Source},
    kernel,
    matrix::{Matrix, MatrixSpec},
    rows::{Rows, RowsSpec},
};
use serde::{Deserialize, Serialize};

/// The order of a unit's rows in both matrices.
pub const GATES: [&str; 3] = ["reset", "update", "candidate"];
/// The order of a unit's scales and biases.
pub const SUMS: [&str; 4] = ["reset", "update", "candidate input", "candidate recurrent"];
const ROWS: usize = GATES.len();

/// Units of a block: their sums take as much stack as those of two blocks of an LSTM, or of one on the
/// Cortex-M3, where the products' inputs take as much again.
pub const UNITS: usize = if cfg!(mla) { BLOCK } else { 2 * BLOCK };

/// Where a GRU lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GruSpec {
    /// The width of `h_t`.
    pub hidden_size: u16,
    /// `W_x (3 hidden, input)`; none where the input table holds the product.
    pub input_weights: Option<MatrixSpec>,
    /// `W_h (3 hidden, hidden)`.
    pub recurrent_weights: MatrixSpec,
    /// Scales and biases `(4 hidden,)`.
    pub rows: RowsSpec,
}

impl CellLayout for GruSpec {
    type Cell<'a> = Gru<'a>;

    fn resolve<'a>(&self, data: Data<'a>, source: Source) -> Result<Gru<'a>, ArtifactError> {
        let (rows, hidden) = (self.input_rows(), usize::from(self.hidden_size));
        let input = InputProduct::resolve(self.input_weights.as_ref(), data, source, rows)?;
        let recurrent = self
            .recurrent_weights
            .resolve(data, "recurrent weights", rows, hidden)?;
        let bound = recurrent.bound() + input.bound();
        let sums = SUMS.len() * hidden;
        Ok(Gru {
            input,
            recurrent,
            rows: self.rows.resolve(data, "cell rows", sums, bound)?,
        })
    }

    fn hidden_size(&self) -> u16 {
        self.hidden_size
    }

    fn input_rows(&self) -> usize {
        ROWS * usize::from(self.hidden_size)
    }
}

/// A GRU's weights, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Gru<'a> {
    input: InputProduct<'a>,
    recurrent: Matrix<'a>,
    rows: Rows<'a>,
}

parts!("cell", Gru { input: InputProduct<'a>, recurrent: Matrix<'a>, rows: Rows<'a> });

impl Step for Gru<'_> {
    #[inline]
    fn step(&self, input: Input<'_>, state: LayerState<'_>) {
        let (mut products, mut candidates) = ([0; ROWS * UNITS], [0; UNITS]);
        let blocks = state.next.chunks_mut(UNITS).zip(state.hidden.chunks(UNITS));
        for (block, (next, hidden)) in blocks.enumerate() {
            let (first, count) = (block * UNITS, next.len());
            let (Some(products), Some(candidates)) = (
                products.get_mut(..ROWS * count),
                candidates.get_mut(..count),
            ) else {
                return;
            };
            let (biases, multipliers) = self.rows.chunks(first);
            begin(biases, products);
            self.input.add_to(ROWS * first, input, products);
            for (nx, [.., sum]) in candidates.iter_mut().zip(products.as_chunks::<ROWS>().0) {
                *nx = *sum;
            }
            self.recurrent
                .accumulate(ROWS * first, state.hidden, products);
            let (products, _) = products.as_chunks_mut();
            // Both products and a bias fit together, as is proven when the model is loaded.
            kernel::gates::part(products, candidates, biases, multipliers);
            kernel::gates::units(products, candidates, hidden, next);
        }
    }

    fn macs(&self) -> usize {
        self.input.macs() + self.recurrent.macs()
    }
}

/// Starts the three sums of each unit that its rows of `W_x` add into.
#[inline(always)]
fn begin(biases: &[[i32; SUMS.len()]], products: &mut [i32]) {
    let (products, _) = products.as_chunks_mut::<ROWS>();
    for (&[r, z, nx, _], sums) in biases.iter().zip(products) {
        *sums = [r, z, nx];
    }
}

/// The element-wise part of a step, for one unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GruUnit {
    /// `r`, Q0.15.
    pub reset: i16,
    /// `z`, Q0.15.
    pub update: i16,
    /// `n`, Q0.15.
    pub candidate: i16,
    /// `h_t`, Q0.15.
    pub hidden: i16,
}

impl GruUnit {
    /// From the pre-activations in the order of [`SUMS`] (Q16.15) and `h_{t-1}` (Q0.15).
    #[inline(always)]
    pub fn new([r, z, nx, nh]: [i32; 4], hidden: i16) -> Self {
        let (reset, update) = (sigmoid(r), sigmoid(z));
        // A requantised sum is below 2^30, so two of them fit.
        let candidate = tanh(nx + scale_by(nh, reset));
        // n + z (h - n): a difference has 17 bits, and 65,534 * 32,767 + 2^14 < 2^31.
        let (n, h, z) = (i32::from(candidate), i32::from(hidden), i32::from(update));
        let moved = ((h - n) * z + (1 << (STATE_FRACTION - 1))) >> STATE_FRACTION;
        Self {
            reset,
            update,
            candidate,
            // Between n and h, so that nothing need be saturated.
            hidden: (n + moved) as i16,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::{LOGIT_FRACTION, saturate};

    #[test]
    fn a_unit_is_close_to_the_real_equations() {
        let real = |z: i32| f64::from(z) / f64::from(1 << LOGIT_FRACTION);
        let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        for n in 0..2_000i32 {
            let z = |k: i32| (n * 7919 * (k + 1)) % (12 << LOGIT_FRACTION) - (6 << LOGIT_FRACTION);
            let hidden = saturate(z(4) / 8);
            let unit = GruUnit::new([z(0), z(1), z(2), z(3)], hidden);
            let (r, u) = (sigmoid(real(z(0))), sigmoid(real(z(1))));
            let c = libm::tanh(real(z(2)) + r * real(z(3)));
            let h = (1.0 - u) * c + u * real(hidden.into());
            // An error of 1.27 units in r counts up to 6 times.
            assert!((real(unit.hidden.into()) - h).abs() * 32_768.0 < 13.0);
        }
    }

    #[test]
    fn the_widest_difference_does_not_overflow() {
        let open = 20 << LOGIT_FRACTION;
        for sign in [1, -1] {
            let unit = GruUnit::new([open, open, sign * open, 0], (-sign * 32_767) as i16);
            assert_eq!(i32::from(unit.candidate), sign * 32_767);
            assert!((i32::from(unit.hidden) + sign * 32_767).abs() <= 2);
        }
        let extreme = GruUnit::new([i32::MAX, 0, 1 << 30, 1 << 30], 0);
        assert_eq!(extreme.candidate, 32_767);
    }
}
