//! The gated recurrent unit (Cho et al., 2014) in the form whose reset gate acts on the product,
//! as PyTorch's `GRU` and Keras's with `reset_after`:
//!
//! ```text
//! r  = sigmoid(W_r x + U_r h + b_r)       z = sigmoid(W_z x + U_z h + b_z)
//! n  = tanh(W_n x + b_n + r * (U_n h + b_hn))
//! h' = (1 - z) * n + z * h
//! ```
//!
//! The gates stand side by side in the order r, z, n. Of PyTorch's two biases those of r and z
//! add up to this one. Backwards, with `dh` the gradient of `h'` and `a` that of a gate's sum:
//!
//! ```text
//! a_n = dh * (1 - z) * (1 - n^2)          a_z = dh * (h - n) * z * (1 - z)
//! a_r = a_n * (U_n h + b_hn) * r * (1 - r)
//! dh (previous) = dh * z + a_r U_r^T + a_z U_z^T + (a_n * r) U_n^T
//! ```

use ndarray::Array2;

use super::activation::{sigmoid_all, tanh_all};
use super::cell::Cell;
use super::config::{Arithmetic, NetworkConfig};
use super::device::{narrow, real, wide};
use super::layout::{DeviceLayout, Sum, Written};
use super::product::{add_product, product, transposed};
use super::tensor::{Initializer, Tensor, TensorSpec};
use super::vector::{Vectorised, sum_rows, vectorised};
use super::workspace::LayerSpace;
use crate::batch::Batch;
use spinet_core::cell::{CellSpec, GruSpec, GruUnit};

/// The cell's place among its own tensors.
const RECURRENT_KERNEL: usize = 0;
const BIAS: usize = 1;
const RECURRENT_BIAS: usize = 2;

/// The cell; its state is its output. Memory: `U h` of the three gates, to that of n `b_hn`
/// added; on the way back the gradients of the three products.
pub(crate) struct Gru;

/// One sequence's step: `from_input` (3H) becomes the gates. One short loop after the other over
/// rows that stay in the first-level cache: the compiler vectorises each of them.
#[inline(always)]
fn step(
    from_input: &mut [f32],
    from_state: &mut [f32],
    bias: &[f32],
    recurrent_bias: &[f32],
    before: &[f32],
    state: &mut [f32],
) {
    let units = state.len();
    for (sum, b) in from_input.iter_mut().zip(bias) {
        *sum += b;
    }
    let (gates, un) = from_state.split_at_mut(2 * units);
    for (sum, u) in from_input.iter_mut().zip(gates) {
        *sum += *u;
    }
    for (u, b) in un.iter_mut().zip(recurrent_bias) {
        *u += b;
    }
    let (r, z, n) = thirds(from_input, units);
    sigmoid_all(r);
    sigmoid_all(z);
    for ((n, r), u) in n.iter_mut().zip(r).zip(un) {
        *n += *r * *u;
    }
    tanh_all(n);
    for (((h, h0), z), n) in state.iter_mut().zip(before).zip(z).zip(n) {
        *h = *n + *z * (h0 - *n);
    }
}

/// One sequence's step back: the gates (3H) become the gradients of their sums, `from_state` (3H)
/// those of the products with `h`, and `above` what `h` gets past them.
#[inline(always)]
// One index for all gates; a closure over it would not be inlined.
#[allow(clippy::needless_range_loop)]
fn step_back(gates: &mut [f32], from_state: &mut [f32], before: &[f32], above: &mut [f32]) {
    let units = above.len();
    let (r, z, n) = thirds(gates, units);
    let (ur, uz, un) = thirds(from_state, units);
    let before = &before[..units];
    for j in 0..units {
        let dh = above[j];
        let an = dh * (1.0 - z[j]) * (1.0 - n[j] * n[j]);
        let az = dh * (before[j] - n[j]) * z[j] * (1.0 - z[j]);
        let ar = an * un[j] * r[j] * (1.0 - r[j]);
        above[j] = dh * z[j];
        (ur[j], uz[j], un[j]) = (ar, az, an * r[j]);
        (r[j], z[j], n[j]) = (ar, az, an);
    }
}

/// All sequences' step: the sums from the input and from `h` (n, 3H), both biases, `h` and `h'`
/// (n, H).
struct Steps<'a> {
    from_input: &'a mut [f32],
    from_state: &'a mut [f32],
    bias: &'a [f32],
    recurrent_bias: &'a [f32],
    before: &'a [f32],
    states: &'a mut [f32],
}

impl Vectorised for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            from_input,
            from_state,
            bias,
            recurrent_bias,
            before,
            states,
        } = self;
        let units = recurrent_bias.len();
        for (k, state) in states.chunks_exact_mut(units).enumerate() {
            let (at, gates) = (
                k * units..(k + 1) * units,
                3 * k * units..3 * (k + 1) * units,
            );
            let (from_input, from_state) = (&mut from_input[gates.clone()], &mut from_state[gates]);
            step(
                from_input,
                from_state,
                bias,
                recurrent_bias,
                &before[at],
                state,
            );
        }
    }
}

impl Steps<'_> {
    /// The same with the device's functions.
    fn on_device(self) {
        let units = self.recurrent_bias.len();
        for (k, state) in self.states.chunks_exact_mut(units).enumerate() {
            let from_input = &mut self.from_input[3 * k * units..][..3 * units];
            let from_state = &mut self.from_state[3 * k * units..][..3 * units];
            for (j, h) in state.iter_mut().enumerate() {
                let [r, z, n] = [j, units + j, 2 * units + j];
                from_state[n] += self.recurrent_bias[j];
                let sums = [
                    from_input[r] + from_state[r] + self.bias[r],
                    from_input[z] + from_state[z] + self.bias[z],
                    from_input[n] + self.bias[n],
                    from_state[n],
                ];
                let unit = GruUnit::new(sums.map(wide), narrow(self.before[k * units + j]));
                from_input[r] = real(unit.reset);
                from_input[z] = real(unit.update);
                from_input[n] = real(unit.candidate);
                *h = real(unit.hidden);
            }
        }
    }
}

/// All sequences' step back: the gates and sums from `h` (n, 3H), `h` and `dh` (n, H), and `H`.
struct StepsBack<'a> {
    gates: &'a mut [f32],
    from_state: &'a mut [f32],
    before: &'a [f32],
    above: &'a mut [f32],
    units: usize,
}

impl Vectorised for StepsBack<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self {
            gates,
            from_state,
            before,
            above,
            units,
        } = self;
        for (k, above) in above.chunks_exact_mut(units).enumerate() {
            let row = 3 * k * units..3 * (k + 1) * units;
            let (gates, from_state) = (&mut gates[row.clone()], &mut from_state[row]);
            step_back(
                gates,
                from_state,
                &before[k * units..(k + 1) * units],
                above,
            );
        }
    }
}

/// A row of three gates of `units` units.
#[inline(always)]
fn thirds(row: &mut [f32], units: usize) -> (&mut [f32], &mut [f32], &mut [f32]) {
    let (first, rest) = row[..3 * units].split_at_mut(units);
    let (second, third) = rest.split_at_mut(units);
    (first, second, third)
}

impl Cell for Gru {
    fn gates(&self) -> usize {
        3
    }

    fn memory_width(&self, config: &NetworkConfig) -> usize {
        3 * config.hidden_size
    }

    fn tensors(&self, config: &NetworkConfig) -> Vec<TensorSpec> {
        let hidden = config.hidden_size;
        vec![
            TensorSpec::matrix(
                "recurrent_kernel",
                hidden,
                3 * hidden,
                Initializer::Orthogonal(3),
            ),
            TensorSpec::bias("bias", 3 * hidden),
            TensorSpec::bias("recurrent_bias", hidden),
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
        let recurrent_bias = own[RECURRENT_BIAS].as_slice();
        for t in 0..batch.steps() {
            let (row, active) = (t * batch.sequences(), batch.active(t));
            let rows = row..row + active;
            let (before, after) = space.states.split_at_row(row + batch.sequences());
            // h (n, H) @ U (H, 3H) -> memory (n, 3H).
            let from_state = space.memory.rows_mut(rows.clone());
            product(&before.rows(row, active), &recurrent, from_state);
            let from_state = space.memory.slice_mut(rows.clone());
            let from_input = space.projection.slice_mut(rows);
            let before = before.slice(row, active);
            let states = after.first_rows(active);
            let steps = Steps {
                from_input,
                from_state,
                bias,
                recurrent_bias,
                before,
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
        let hidden = own[RECURRENT_BIAS].as_slice().len();
        let sequences = batch.sequences();
        for t in (0..batch.steps()).rev() {
            let (row, active) = (t * sequences, batch.active(t));
            let rows = row..row + active;
            let gates = space.projection.slice_mut(rows.clone());
            let from_state = space.memory.slice_mut(rows.clone());
            let before = space.states.slice(rows.clone());
            let above = space.state_gradients.slice_mut(rows.clone());
            vectorised(StepsBack {
                gates,
                from_state,
                before,
                above,
                units: hidden,
            });
            if t > 0 {
                space
                    .state_gradients
                    .add_rows(rows.clone(), row - sequences);
                // The products' gradients (n, 3H) @ U^T (3H, H) are added to that of h (n, H).
                let earlier = row - sequences..row - sequences + active;
                let earlier = space.state_gradients.rows_mut(earlier);
                add_product(&space.memory.rows(rows), &back.view(), earlier);
            }
        }
        let tokens = 0..batch.rows();
        let products = space.memory.rows(tokens.clone());
        let before = space.states.rows(tokens.clone());
        product(
            &before.t(),
            &products,
            gradients[RECURRENT_KERNEL].view_mut(),
        );
        let bias = gradients[BIAS].as_slice_mut().unwrap_or_default();
        sum_rows(space.projection.slice(tokens), bias);
        let of_candidate = products.slice(ndarray::s![.., 2 * hidden..]);
        gradients[RECURRENT_BIAS]
            .row_mut(0)
            .assign(&of_candidate.sum_axis(ndarray::Axis(0)));
    }
}

impl DeviceLayout for Gru {
    fn sums(&self) -> &'static [Sum] {
        const {
            &[
                Sum::of_gate(0),
                Sum::of_gate(1),
                Sum {
                    input: Some(2),
                    recurrent: None,
                    bias: Some(("bias", 2)),
                },
                Sum {
                    input: None,
                    recurrent: Some(2),
                    bias: Some(("recurrent_bias", 0)),
                },
            ]
        }
    }

    fn spec(&self, written: Written<'_>) -> CellSpec {
        let (input_weights, recurrent_weights) = written.whole();
        CellSpec::Gru(GruSpec {
            hidden_size: written.hidden_size,
            input_weights,
            recurrent_weights,
            rows: written.rows,
        })
    }
}
