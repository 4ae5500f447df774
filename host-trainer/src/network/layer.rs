//! The products with a layer's input kernel, over all steps at once, and their ways back.
//!
//! A kernel is full, `x (T*B, N) @ kernel (N, P)`, or of rank `R`, `(x @ down (N, R)) @ kernel
//! (R, P)`.

use super::gradients::Gradients;
use super::parameters::LayerPlaces;
use super::product::{add_product, product, transposed};
use super::tensor::Tensor;
use super::workspace::{Buffer, LayerSpace, Workspace};
use crate::batch::Batch;

/// Rows of the projection's gradient that two products read one after the other, while they are
/// in the second-level cache.
const BLOCK: usize = 256;

/// A layer's input, where the gradient of its first row stands, and the layer.
struct Ends<'a> {
    input: &'a Buffer,
    /// The row of `input` that belongs to the first token.
    first: usize,
    gradient: &'a mut Buffer,
    this: &'a mut LayerSpace,
}

fn ends<'a>(batch: &Batch, layer: usize, space: &'a mut Workspace) -> Ends<'a> {
    let (below, this) = space.layers.split_at_mut(layer);
    match below.last_mut() {
        Some(below) => Ends {
            input: &below.states,
            first: batch.sequences(),
            gradient: &mut below.state_gradients,
            this: &mut this[0],
        },
        None => Ends {
            input: &space.embedded,
            first: 0,
            gradient: &mut space.embedded_gradients,
            this: &mut this[0],
        },
    }
}

/// From the layer's input to its projection.
pub(crate) fn project(
    tensors: &[Tensor],
    places: &LayerPlaces,
    batch: &Batch,
    layer: usize,
    space: &mut Workspace,
) {
    let ends = ends(batch, layer, space);
    let x = ends.input.rows(ends.first..ends.first + batch.rows());
    let kernel = tensors[places.input_kernel].values.view();
    let projection = ends.this.projection.all_mut();
    match places.input_down {
        None => product(&x, &kernel, projection),
        Some(down) => {
            let down = tensors[down].values.view();
            product(&x, &down, ends.this.reduced.all_mut());
            product(&ends.this.reduced.all(), &kernel, projection);
        }
    }
}

/// The way back of [`project`]: the kernel's gradient, zero before, and that of the layer's input.
pub(crate) fn project_backward(
    tensors: &[Tensor],
    places: &LayerPlaces,
    batch: &Batch,
    layer: usize,
    space: &mut Workspace,
    gradients: &mut Gradients,
) {
    let ends = ends(batch, layer, space);
    let x = ends.input.rows(ends.first..ends.first + batch.rows());
    let kernel = tensors[places.input_kernel].values.view();
    let projection = ends.this.projection.all();
    let start = places.input_down.unwrap_or(places.input_kernel);
    let of_kernels = gradients.dense_mut(start..places.input_kernel + 1);
    match (places.input_down, of_kernels) {
        (Some(down), [of_down, of_kernel]) => {
            let down = tensors[down].values.view();
            product(
                &ends.this.reduced.all().t(),
                &projection,
                of_kernel.view_mut(),
            );
            let reduced = ends.this.reduced_gradients.all_mut();
            product(&projection, &kernel.t(), reduced);
            let reduced = ends.this.reduced_gradients.all();
            product(&x.t(), &reduced, of_down.view_mut());
            product(&reduced, &down.t(), ends.gradient.all_mut());
        }
        (_, of_kernels) => {
            let (back, rows) = (transposed(&kernel), batch.rows());
            for start in (0..rows).step_by(BLOCK) {
                let block = start..rows.min(start + BLOCK);
                let x = ends
                    .input
                    .rows(ends.first + block.start..ends.first + block.end);
                let projection = ends.this.projection.rows(block.clone());
                add_product(&x.t(), &projection, of_kernels[0].view_mut());
                product(&projection, &back.view(), ends.gradient.rows_mut(block));
            }
        }
    }
}
