//! The first layer's input: vectors, or looking tokens up and handing gradients back to the rows
//! looked up.

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
    let Some(rows) = gradients.rows_mut() else {
        return;
    };
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

/// Embeds the tokens and drops components if `masked`; the result is the first layer's input.
pub(crate) fn embed(embedding: &Tensor, batch: &Batch, space: &mut Workspace, masked: bool) {
    look_up(embedding, batch, &mut space.embedded);
    if masked {
        multiply(&mut space.embedded, &space.embedding_mask, batch.rows());
    }
}

/// The way back of [`embed`]: the gradient of the embedding's rows.
pub(crate) fn embed_backward(
    batch: &Batch,
    space: &mut Workspace,
    gradients: &mut Gradients,
    masked: bool,
) {
    if masked {
        let mask = &space.embedding_mask;
        multiply(&mut space.embedded_gradients, mask, batch.rows());
    }
    scatter(&space.embedded_gradients, batch, gradients);
}

/// Hands the batch's vectors to the first layer.
pub(crate) fn read_vectors(batch: &Batch, space: &mut Workspace) {
    let target = space.embedded.slice_mut(0..batch.rows());
    target.copy_from_slice(batch.vectors());
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
