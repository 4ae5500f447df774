//! The simple recurrent network of Elman (1990), as Keras's `SimpleRNN` and PyTorch's `nn.RNN`:
//!
//! ```text
//! h_t = tanh(W_xh x_t + W_hh h_{t-1} + b_h)
//! ```
//!
//! Backwards, with `g_t` the gradient of `h_t` from above:
//!
//! ```text
//! dz_t     = (g_t + dz_{t+1} W_hh^T) * (1 - h_t^2)
//! dW_hh    = sum over t of h_{t-1}^T dz_t
//! db_h     = sum over t of dz_t
//! ```

use ndarray::Array2;

use super::activation::tanh;
use super::cell::Cell;
use super::config::{Arithmetic, NetworkConfig};
use super::device::{real, wide};
use super::layout::{DeviceLayout, Sum, Written};
use super::product::{add_product, product, transposed};
use super::tensor::{Initializer, Tensor, TensorSpec};
use super::vector::{Vectorised, sum_rows, vectorised};
use super::workspace::LayerSpace;
use crate::batch::Batch;
use spinet_core::activation::tanh as tanh_q15;
use spinet_core::cell::{CellSpec, SimpleRnnSpec};

/// The cell's place among its own tensors.
const RECURRENT_KERNEL: usize = 0;
const BIAS: usize = 1;

/// The cell; its state is its output.
pub(crate) struct SimpleRnn;

/// One unit on the device.
fn device_unit(sum: f32) -> f32 {
    real(tanh_q15(wide(sum)))
}

/// All sequences' step: states from the sums without bias (n, H).
#[inline(always)]
fn step(unit: impl Fn(f32) -> f32, sums: &[f32], bias: &[f32], states: &mut [f32]) {
    let rows = states.chunks_exact_mut(bias.len());
    for (state, sums) in rows.zip(sums.chunks_exact(bias.len())) {
        for ((h, sum), b) in state.iter_mut().zip(sums).zip(bias) {
            *h = unit(sum + b);
        }
    }
}

/// All sequences' step in f32: the sums without bias (n, H), the bias (H), `h'` (n, H).
struct Steps<'a> {
    sums: &'a [f32],
    bias: &'a [f32],
    states: &'a mut [f32],
}

impl Vectorised for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { sums, bias, states } = self;
        step(tanh, sums, bias, states);
    }
}

/// All sequences' step back: `dz`, the gradients of the states, and the states (n, H).
struct StepsBack<'a> {
    dz: &'a mut [f32],
    above: &'a [f32],
    states: &'a [f32],
}

impl Vectorised for StepsBack<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { dz, above, states } = self;
        for ((dz, g), h) in dz.iter_mut().zip(above).zip(states) {
            *dz = g * (1.0 - h * h);
        }
    }
}

impl Cell for SimpleRnn {
    fn gates(&self) -> usize {
        1
    }

    fn tensors(&self, config: &NetworkConfig) -> Vec<TensorSpec> {
        let hidden = config.hidden_size;
        let orthogonal = Initializer::Orthogonal(1);
        vec![
            TensorSpec::matrix("recurrent_kernel", hidden, hidden, orthogonal),
            TensorSpec::bias("bias", hidden),
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
            let (before, after) = space.states.split_at_row(row + batch.sequences());
            // h (n, H) @ W_hh (H, H) is added to the sums (n, H).
            let sums = space.projection.rows_mut(rows.clone());
            add_product(&before.rows(row, active), &recurrent, sums);
            let sums = space.projection.slice(rows);
            let states = after.first_rows(active);
            match arithmetic {
                Arithmetic::Float => vectorised(Steps { sums, bias, states }),
                Arithmetic::Device { .. } => step(device_unit, sums, bias, states),
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
        let sequences = batch.sequences();
        for t in (0..batch.steps()).rev() {
            let (row, active) = (t * sequences, batch.active(t));
            let rows = row..row + active;
            let states = space
                .states
                .slice(row + sequences..row + sequences + active);
            let above = space.state_gradients.slice(rows.clone());
            let dz = space.projection.slice_mut(rows.clone());
            vectorised(StepsBack { dz, above, states });
            if t > 0 {
                // dz (n, H) @ W_hh^T (H, H) is added to the gradient of the earlier h (n, H).
                let earlier = row - sequences..row - sequences + active;
                let earlier = space.state_gradients.rows_mut(earlier);
                add_product(&space.projection.rows(rows), &back.view(), earlier);
            }
        }
        let tokens = 0..batch.rows();
        let before = space.states.rows(tokens.clone());
        let dz = space.projection.rows(tokens.clone());
        product(&before.t(), &dz, gradients[RECURRENT_KERNEL].view_mut());
        let bias = gradients[BIAS].as_slice_mut().unwrap_or_default();
        sum_rows(space.projection.slice(tokens), bias);
    }
}

impl DeviceLayout for SimpleRnn {
    fn sums(&self) -> &'static [Sum] {
        const { &[Sum::of_gate(0)] }
    }

    fn spec(&self, written: Written<'_>) -> CellSpec {
        let (input_weights, recurrent_weights) = written.whole();
        CellSpec::SimpleRnn(SimpleRnnSpec {
            hidden_size: written.hidden_size,
            input_weights,
            recurrent_weights,
            rows: written.rows,
        })
    }
}
