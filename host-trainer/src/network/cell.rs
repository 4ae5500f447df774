//! What a recurrent cell must provide, and the one place that maps [`CellKind`] to cells.
//!
//! The layer around a cell multiplies all steps' inputs with the input kernel in one product
//! (or looks them up) before the cell runs, and turns the gradient of that product into those of
//! the input and the kernel afterwards. The cell owns everything that is recurrent, and says how
//! it lies on the device ([`DeviceLayout`]).
//!
//! **Adding a cell** takes one file here, which implements [`Cell`] and [`DeviceLayout`], and one
//! arm in [`cell_for`] (and as much in the core, whose `CellKind` it is).

use super::config::{Arithmetic, CellKind, NetworkConfig};
use super::fast_grnn::FastGrnn;
use super::gru::Gru;
use super::layout::DeviceLayout;
use super::lstm::Lstm;
use super::simple_rnn::SimpleRnn;
use super::tensor::{Tensor, TensorSpec};
use super::workspace::LayerSpace;
use crate::batch::Batch;
use ndarray::Array2;

/// A recurrent cell over whole sequences. `H` is the hidden size, `G` the number of gates, `M`
/// the memory's width; `B` and `T` are the batch's sequences and steps. Step `t` runs only over
/// the first `batch.active(t)` sequences; rows beyond them mean nothing.
pub(crate) trait Cell: DeviceLayout + Send + Sync {
    /// `G`: blocks of `H` columns in the input kernel.
    fn gates(&self) -> usize;

    /// Whether the cell carries a second vector of `H` numbers beside its state.
    fn has_inner_state(&self) -> bool {
        false
    }

    /// `M`: what the cell saves per token besides projection and states.
    fn memory_width(&self, _config: &NetworkConfig) -> usize {
        0
    }

    /// The cell's own tensors; the input kernel is not among them.
    fn tensors(&self, config: &NetworkConfig) -> Vec<TensorSpec>;

    /// Reads `space.projection` (T*B, G*H) and the first block of `space.states` ((T+1)*B, H),
    /// the state before the first token, and likewise of `space.inner_states`; writes the other
    /// blocks, `space.memory` (T*B, M), and into the projection whatever `backward` wants to find
    /// there.
    fn forward(
        &self,
        own: &[Tensor],
        batch: &Batch,
        space: &mut LayerSpace,
        arithmetic: Arithmetic,
    );

    /// Reads the gradient of every state from above, `space.state_gradients` (T*B, H), which it
    /// may overwrite; replaces the projection by its gradient and the `gradients` of the cell's
    /// own tensors. Rows of inactive sequences are zero in projection and memory, and must stay
    /// so in the projection. `space.inner_gradients` (B, H) are zero.
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
        CellKind::Gru => &Gru,
        CellKind::Lstm => &Lstm,
        CellKind::FastGrnn => &FastGrnn,
    }
}
