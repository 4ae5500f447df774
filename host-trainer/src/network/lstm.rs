//! Long short-term memory (Hochreiter and Schmidhuber, 1997) with a forget gate (Gers,
//! Schmidhuber and Cummins, 2000), as Keras's and PyTorch's `LSTM`:
//!
//! ```text
//! i = sigmoid(W_i x + U_i h + b_i)        f = sigmoid(W_f x + U_f h + b_f)
//! g = tanh(W_g x + U_g h + b_g)           o = sigmoid(W_o x + U_o h + b_o)
//! c' = f * c + i * g                      h' = o * tanh(c')
//! ```
//!
//! The gates stand side by side in the order i, f, g, o. The forget gate's bias starts at 1.
//! PyTorch's two biases add up to this one. Backwards, with `dh` and `dc` the gradients of `h'`
//! and `c'`, the latter from the next step:
//!
//! ```text
//! dc  += dh * o * (1 - tanh(c')^2)        do = dh * tanh(c')
//! di   = dc * g     dg = dc * i           df = dc * c          dc (previous) = dc * f
//! ```

use ndarray::Array2;

use super::activation::{sigmoid_all, tanh_all};
use super::cell::Cell;
use super::config::{Arithmetic, NetworkConfig};
use super::device::{real, wide};
use super::layout::{DeviceLayout, Sum, Written};
use super::product::{add_product, product, transposed};
use super::tensor::{Initializer, Tensor, TensorSpec};
use super::vector::{Vectorised, sum_rows, vectorised};
use super::workspace::LayerSpace;
use crate::batch::Batch;
use spinet_core::cell::{CellSpec, LstmSpec, LstmUnit};

/// The cell's place among its own tensors.
const RECURRENT_KERNEL: usize = 0;
const BIAS: usize = 1;

/// The cell; its inner state is `c`. Memory: `tanh(c')`.
pub(crate) struct Lstm;

/// One sequence's step: the sums (4H) become gates. One short loop after the other over rows that
/// stay in the first-level cache: the compiler vectorises each of them.
#[inline(always)]
fn step(
    sums: &mut [f32],
    bias: &[f32],
    before: &[f32],
    inner: &mut [f32],
    squashed: &mut [f32],
    state: &mut [f32],
) {
    let n = state.len();
    for (sum, b) in sums.iter_mut().zip(bias) {
        *sum += b;
    }
    let ((i, f), (g, o)) = halves(sums, n);
    sigmoid_all(i);
    sigmoid_all(f);
    sigmoid_all(o);
    tanh_all(g);
    for ((((c, c0), i), f), g) in inner.iter_mut().zip(before).zip(i).zip(f).zip(g) {
        *c = *f * c0 + *i * *g;
    }
    squashed.copy_from_slice(inner);
    tanh_all(squashed);
    for ((h, o), tc) in state.iter_mut().zip(o).zip(squashed) {
        *h = *o * *tc;
    }
}

/// One sequence's step back: the gates (4H) become the gradients of their sums.
#[inline(always)]
// One index for all gates; a closure over it would not be inlined.
#[allow(clippy::needless_range_loop)]
fn step_back(
    gates: &mut [f32],
    before: &[f32],
    squashed: &[f32],
    state_gradient: &[f32],
    inner_gradient: &mut [f32],
) {
    let n = state_gradient.len();
    let ((i, f), (g, o)) = halves(gates, n);
    let (before, squashed) = (&before[..n], &squashed[..n]);
    let inner_gradient = &mut inner_gradient[..n];
    for j in 0..n {
        let (dh, tc) = (state_gradient[j], squashed[j]);
        let dc = inner_gradient[j] + dh * o[j] * (1.0 - tc * tc);
        inner_gradient[j] = dc * f[j];
        let (di, dg) = (dc * g[j], dc * i[j]);
        i[j] = di * i[j] * (1.0 - i[j]);
        f[j] = dc * before[j] * f[j] * (1.0 - f[j]);
        g[j] = dg * (1.0 - g[j] * g[j]);
        o[j] = dh * tc * o[j] * (1.0 - o[j]);
    }
}

/// All sequences' step: the sums (n, 4H), the bias (4H), `c`, `c'`, `tanh(c')` and `h'` (n, H).
struct Steps<'a> {
    sums: &'a mut [f32],
    bias: &'a [f32],
    before: &'a [f32],
    inner: &'a mut [f32],
    squashed: &'a mut [f32],
    states: &'a mut [f32],
}

impl Vectorised for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            sums,
            bias,
            before,
            inner,
            squashed,
            states,
        } = self;
        let units = bias.len() / 4;
        for (k, state) in states.chunks_exact_mut(units).enumerate() {
            let at = k * units..(k + 1) * units;
            let sums = &mut sums[4 * at.start..4 * at.end];
            let (before, inner) = (&before[at.clone()], &mut inner[at.clone()]);
            step(sums, bias, before, inner, &mut squashed[at], state);
        }
    }
}

impl Steps<'_> {
    /// The same with the device's functions.
    fn on_device(self) {
        let units = self.bias.len() / 4;
        for (k, state) in self.states.chunks_exact_mut(units).enumerate() {
            let sums = &mut self.sums[4 * k * units..][..4 * units];
            for (j, h) in state.iter_mut().enumerate() {
                let at = k * units + j;
                let place = |gate: usize| gate * units + j;
                let z = [0, 1, 2, 3].map(|gate| wide(sums[place(gate)] + self.bias[place(gate)]));
                let unit = LstmUnit::new(z, wide(self.before[at]));
                for (gate, &value) in unit.gates.iter().enumerate() {
                    sums[place(gate)] = real(value);
                }
                self.inner[at] = real(unit.cell);
                self.squashed[at] = real(unit.squashed);
                *h = real(unit.hidden);
            }
        }
    }
}

/// All sequences' step back: the gates (n, 4H), `c`, `tanh(c')`, `dh` and `dc` (n, H), and `H`.
struct StepsBack<'a> {
    gates: &'a mut [f32],
    before: &'a [f32],
    squashed: &'a [f32],
    above: &'a [f32],
    inner: &'a mut [f32],
    units: usize,
}

impl Vectorised for StepsBack<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            gates,
            before,
            squashed,
            above,
            inner,
            units,
        } = self;
        for (k, above) in above.chunks_exact(units).enumerate() {
            let at = k * units..(k + 1) * units;
            let gates = &mut gates[4 * at.start..4 * at.end];
            let (before, squashed) = (&before[at.clone()], &squashed[at.clone()]);
            step_back(gates, before, squashed, above, &mut inner[at]);
        }
    }
}

type Pair<'a> = (&'a mut [f32], &'a mut [f32]);

/// A row of four gates of `n` units.
#[inline(always)]
fn halves(row: &mut [f32], n: usize) -> (Pair<'_>, Pair<'_>) {
    let (first, second) = row[..4 * n].split_at_mut(2 * n);
    (first.split_at_mut(n), second.split_at_mut(n))
}

impl Cell for Lstm {
    fn gates(&self) -> usize {
        4
    }

    fn has_inner_state(&self) -> bool {
        true
    }

    fn memory_width(&self, config: &NetworkConfig) -> usize {
        config.hidden_size
    }

    fn tensors(&self, config: &NetworkConfig) -> Vec<TensorSpec> {
        let hidden = config.hidden_size;
        let forget_one = Initializer::Blocks(&[0.0, 1.0, 0.0, 0.0]);
        vec![
            TensorSpec::matrix(
                "recurrent_kernel",
                hidden,
                4 * hidden,
                Initializer::Orthogonal(4),
            ),
            TensorSpec::matrix("bias", 1, 4 * hidden, forget_one),
        ]
    }

    fn forward(
        &self,
        own: &[Tensor],
        batch: &Batch,
        space: &mut LayerSpace,
        arithmetic: Arithmetic,
    ) {
        let recurrent = own[RECURRENT_KERNEL].values.view();
        let bias = own[BIAS].as_slice();
        for t in 0..batch.steps() {
            let (row, active) = (t * batch.sequences(), batch.active(t));
            let rows = row..row + active;
            let next = row + batch.sequences();
            let (before, after) = space.states.split_at_row(next);
            // h (n, H) @ U (H, 4H) is added to the sums (n, 4H).
            let sums = space.projection.rows_mut(rows.clone());
            add_product(&before.rows(row, active), &recurrent, sums);
            let sums = space.projection.slice_mut(rows.clone());
            let (inner_before, inner) = space.inner_states.split_at_row(next);
            let inner_before = inner_before.slice(row, active);
            let inner = inner.first_rows(active);
            let squashed = space.memory.slice_mut(rows);
            let states = after.first_rows(active);
            let steps = Steps {
                sums,
                bias,
                before: inner_before,
                inner,
                squashed,
                states,
            };
            match arithmetic {
                Arithmetic::Float => vectorised(steps),
                Arithmetic::Device { .. } => steps.on_device(),
            }
        }
    }

    fn backward(
        &self,
        own: &[Tensor],
        batch: &Batch,
        space: &mut LayerSpace,
        gradients: &mut [Array2<f32>],
    ) {
        let back = transposed(&own[RECURRENT_KERNEL].values.view());
        let hidden = own[BIAS].as_slice().len() / 4;
        let sequences = batch.sequences();
        for t in (0..batch.steps()).rev() {
            let (row, active) = (t * sequences, batch.active(t));
            let rows = row..row + active;
            let gates = space.projection.slice_mut(rows.clone());
            let before = space.inner_states.slice(rows.clone());
            let squashed = space.memory.slice(rows.clone());
            let above = space.state_gradients.slice(rows.clone());
            let inner = space.inner_gradients.slice_mut(0..active);
            vectorised(StepsBack {
                gates,
                before,
                squashed,
                above,
                inner,
                units: hidden,
            });
            if t > 0 {
                // The gates' gradients (n, 4H) @ U^T (4H, H) are added to that of h (n, H).
                let earlier = space
                    .state_gradients
                    .rows_mut(row - sequences..row - sequences + active);
                add_product(&space.projection.rows(rows), &back.view(), earlier);
            }
        }
        let tokens = 0..batch.rows();
        let (sums, before) = (
            space.projection.rows(tokens.clone()),
            space.states.rows(tokens.clone()),
        );
        product(&before.t(), &sums, gradients[RECURRENT_KERNEL].view_mut());
        let bias = gradients[BIAS].as_slice_mut().unwrap_or_default();
        sum_rows(space.projection.slice(tokens), bias);
    }
}

impl DeviceLayout for Lstm {
    fn sums(&self) -> &'static [Sum] {
        const {
            &[
                Sum::of_gate(0),
                Sum::of_gate(1),
                Sum::of_gate(2),
                Sum::of_gate(3),
            ]
        }
    }

    fn spec(&self, written: Written<'_>) -> CellSpec {
        let (input_weights, recurrent_weights) = written.whole();
        CellSpec::Lstm(LstmSpec {
            hidden_size: written.hidden_size,
            input_weights,
            recurrent_weights,
            rows: written.rows,
        })
    }
}
