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

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Axis};

use super::activation::tanh;
use super::cell::Cell;
use super::tensor::{Initializer, Tensor, TensorSpec};
use super::workspace::LayerSpace;
use crate::batch::Batch;

/// The cell's place among its own tensors.
const RECURRENT_KERNEL: usize = 0;
const BIAS: usize = 1;

/// The cell; its state is its output.
pub(crate) struct SimpleRnn;

impl Cell for SimpleRnn {
    fn projection_width(&self, hidden: usize) -> usize {
        hidden
    }

    fn tensors(&self, hidden: usize) -> Vec<TensorSpec> {
        vec![
            TensorSpec::matrix("recurrent_kernel", hidden, hidden, Initializer::Orthogonal),
            TensorSpec::bias("bias", hidden),
        ]
    }

    fn forward(&self, own: &[Tensor], batch: &Batch, space: &mut LayerSpace) {
        let recurrent = own[RECURRENT_KERNEL].values.view();
        let bias = own[BIAS].as_slice();
        for step in 0..batch.steps() {
            let active = batch.active(step);
            let row = step * batch.sequences();
            let (before, after) = space.states.split_at_row(row + batch.sequences());
            // h_{t-1} (n, H) @ W_hh (H, H) is added to z (n, H).
            let mut z = space.projection.rows_mut(row..row + active);
            general_mat_mul(1.0, &before.rows(row, active), &recurrent, 1.0, &mut z);
            let z = space.projection.slice(row..row + active);
            let states = after.first_rows(active);
            for (state, z) in states
                .chunks_exact_mut(bias.len())
                .zip(z.chunks_exact(bias.len()))
            {
                for ((h, z), b) in state.iter_mut().zip(z).zip(bias) {
                    *h = tanh(z + b);
                }
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
        // In row order it is packed faster, once per step.
        let transposed = own[RECURRENT_KERNEL]
            .values
            .t()
            .as_standard_layout()
            .into_owned();
        let sequences = batch.sequences();
        for step in (0..batch.steps()).rev() {
            let active = batch.active(step);
            let row = step * sequences;
            let rows = row..row + active;
            let states = space
                .states
                .slice(row + sequences..row + sequences + active);
            let above = space.state_gradients.slice(rows.clone());
            let dz = space.projection.slice_mut(rows.clone());
            for ((dz, g), h) in dz.iter_mut().zip(above).zip(states) {
                *dz = g * (1.0 - h * h);
            }
            if step > 0 {
                // dz_t (n, H) @ W_hh^T (H, H) is added to the gradient of h_{t-1} (n, H).
                let earlier = row - sequences..row - sequences + active;
                let mut carried = space.state_gradients.rows_mut(earlier);
                general_mat_mul(
                    1.0,
                    &space.projection.rows(rows),
                    &transposed,
                    1.0,
                    &mut carried,
                );
            }
        }
        let tokens = batch.rows();
        let dz = space.projection.rows(0..tokens);
        let before = space.states.rows(0..tokens);
        general_mat_mul(1.0, &before.t(), &dz, 0.0, &mut gradients[RECURRENT_KERNEL]);
        gradients[BIAS].row_mut(0).assign(&dz.sum_axis(Axis(0)));
    }
}
