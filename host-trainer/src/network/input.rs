//! The first layer's input: looking tokens up, and handing gradients back to the rows looked up.

use ndarray::linalg::general_mat_mul;

use super::gradients::Gradients;
use super::tensor::Tensor;
use super::workspace::{Buffer, Workspace};
use crate::batch::Batch;

/// Copies each token's row of `table` (vocabulary, n) to the token's row of `target` (T*B, n).
/// Rows of padding get the row of the padding's token; nobody reads them.
pub(crate) fn look_up(table: &Tensor, batch: &Batch, target: &mut Buffer) {
    let width = table.values.ncols();
    let table = table.as_slice();
    let rows = target.slice_mut(0..batch.rows()).chunks_exact_mut(width);
    for (row, &token) in rows.zip(batch.tokens()) {
        row.copy_from_slice(&table[usize::from(token) * width..][..width]);
    }
}

/// Adds each token's row of `source` (T*B, n) to the gradient of the row it looked up.
pub(crate) fn scatter(source: &Buffer, batch: &Batch, gradients: &mut Gradients) {
    let rows = gradients.rows_mut();
    let sequences = batch.sequences();
    for step in 0..batch.steps() {
        let start = step * sequences;
        let active = start..start + batch.active(step);
        let width = rows.width();
        let values = source.slice(active.clone()).chunks_exact(width);
        for (&token, values) in batch.tokens()[active].iter().zip(values) {
            rows.add(token, values);
        }
    }
}

/// Embeds the tokens, drops components if `masked`, and projects:
/// `embedded (T*B, D) @ kernel (D, P) -> projection (T*B, P)`.
pub(crate) fn embed(
    embedding: &Tensor,
    kernel: &Tensor,
    batch: &Batch,
    space: &mut Workspace,
    masked: bool,
) {
    look_up(embedding, batch, &mut space.embedded);
    if masked {
        multiply(&mut space.embedded, &space.embedding_mask, batch.rows());
    }
    let mut projection = space.layers[0].projection.all_mut();
    general_mat_mul(
        1.0,
        &space.embedded.all(),
        &kernel.values,
        0.0,
        &mut projection,
    );
}

/// The way back of [`embed`]: the gradient of the kernel at place 1, and of the embedding's rows.
pub(crate) fn embed_backward(
    kernel: &Tensor,
    batch: &Batch,
    space: &mut Workspace,
    gradients: &mut Gradients,
    masked: bool,
) {
    let projection = space.layers[0].projection.all();
    let kernel_gradient = &mut gradients.dense_mut(1..2)[0];
    general_mat_mul(
        1.0,
        &space.embedded.all().t(),
        &projection,
        0.0,
        kernel_gradient,
    );
    let mut embedded = space.embedded_gradients.all_mut();
    general_mat_mul(1.0, &projection, &kernel.values.t(), 0.0, &mut embedded);
    if masked {
        multiply(
            &mut space.embedded_gradients,
            &space.embedding_mask,
            batch.rows(),
        );
    }
    scatter(&space.embedded_gradients, batch, gradients);
}

/// Multiplies the first `rows` rows with their factors.
pub(crate) fn multiply(values: &mut Buffer, factors: &Buffer, rows: usize) {
    for (value, factor) in values
        .slice_mut(0..rows)
        .iter_mut()
        .zip(factors.slice(0..rows))
    {
        *value *= factor;
    }
}
