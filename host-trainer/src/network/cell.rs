//! What a recurrent cell must provide, and the one place that maps [`CellKind`] to cells.
//!
//! The layer around a cell multiplies all steps' inputs with the input kernel in one product
//! (or looks them up) before the cell runs, and turns the gradient of that product into those of
//! the input and the kernel afterwards. The cell owns everything that is recurrent.

use super::config::CellKind;
use super::simple_rnn::SimpleRnn;
use super::tensor::{Tensor, TensorSpec};
use super::workspace::LayerSpace;
use crate::batch::Batch;
use ndarray::Array2;

/// A recurrent cell over whole sequences. `H` is the hidden size, `P` the projection's width,
/// `M` the memory's width; `B` and `T` are the batch's sequences and steps. Step `t` runs only
/// over the first `batch.active(t)` sequences; rows beyond them mean nothing.
pub(crate) trait Cell: Send + Sync {
    /// `P`: columns of the input kernel.
    fn projection_width(&self, hidden: usize) -> usize;

    /// `M`: what the cell saves per token besides projection and state.
    fn memory_width(&self, _hidden: usize) -> usize {
        0
    }

    /// The cell's own tensors; the input kernel is not among them.
    fn tensors(&self, hidden: usize) -> Vec<TensorSpec>;

    /// Reads `space.projection` (T*B, P) and the first block of `space.states` ((T+1)*B, H), the
    /// state before the first token; writes the other blocks, `space.memory` (T*B, M), and into
    /// the projection whatever `backward` wants to find there.
    fn forward(&self, own: &[Tensor], batch: &Batch, space: &mut LayerSpace);

    /// Reads the gradient of every state from above, `space.state_gradients` (T*B, H), which it
    /// may overwrite; replaces the projection by its gradient and the `gradients` of the cell's
    /// own tensors. Rows of inactive sequences are zero in the projection, and must stay so.
    fn backward(
        &self,
        own: &[Tensor],
        batch: &Batch,
        space: &mut LayerSpace,
        gradients: &mut [Array2<f32>],
    );
}

/// The cell of a kind.
pub(crate) fn cell_for(kind: CellKind) -> &'static dyn Cell {
    match kind {
        CellKind::SimpleRnn => &SimpleRnn,
    }
}
