//! The buffers of one worker: allocated for the largest batch so far and used again.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::cell::cell_for;
use super::config::{InputKind, NetworkConfig};
use crate::batch::Batch;
use spinet_core::Readout;

/// A matrix in row order whose memory only ever grows. What a resized buffer holds is
/// unspecified, but finite as long as the network's values are.
#[derive(Default)]
pub(crate) struct Buffer {
    values: Vec<f32>,
    rows: usize,
    columns: usize,
}

impl Buffer {
    pub(crate) fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.columns) = (rows, columns);
        if self.values.len() < rows * columns {
            self.values.resize(rows * columns, 0.0);
        }
    }

    pub(crate) fn fill_zero(&mut self) {
        let used = self.rows * self.columns;
        self.values[..used].fill(0.0);
    }

    /// The numbers of these rows.
    pub(crate) fn slice(&self, rows: Range<usize>) -> &[f32] {
        &self.values[rows.start * self.columns..rows.end * self.columns]
    }

    /// The numbers of these rows, to be changed.
    pub(crate) fn slice_mut(&mut self, rows: Range<usize>) -> &mut [f32] {
        &mut self.values[rows.start * self.columns..rows.end * self.columns]
    }

    /// These rows as a matrix.
    pub(crate) fn rows(&self, rows: Range<usize>) -> ArrayView2<'_, f32> {
        view(self.slice(rows.clone()), rows.len(), self.columns)
    }

    /// These rows as a matrix, to be changed.
    pub(crate) fn rows_mut(&mut self, rows: Range<usize>) -> ArrayViewMut2<'_, f32> {
        let shape = (rows.len(), self.columns);
        // The slice has exactly that many numbers.
        ArrayViewMut2::from_shape(shape, self.slice_mut(rows)).expect("rows times columns")
    }

    /// All rows as a matrix.
    pub(crate) fn all(&self) -> ArrayView2<'_, f32> {
        self.rows(0..self.rows)
    }

    /// All rows as a matrix, to be changed.
    pub(crate) fn all_mut(&mut self) -> ArrayViewMut2<'_, f32> {
        self.rows_mut(0..self.rows)
    }

    /// The rows before `row` to be read, and those from it on to be written.
    pub(crate) fn split_at_row(&mut self, row: usize) -> (Before<'_>, After<'_>) {
        let (before, after) = self.values.split_at_mut(row * self.columns);
        (
            Before {
                values: before,
                columns: self.columns,
            },
            After {
                values: after,
                columns: self.columns,
            },
        )
    }
}

fn view(values: &[f32], rows: usize, columns: usize) -> ArrayView2<'_, f32> {
    // Callers cut `values` to exactly that many numbers.
    ArrayView2::from_shape((rows, columns), values).expect("rows times columns")
}

/// The earlier part of a split buffer.
pub(crate) struct Before<'a> {
    values: &'a [f32],
    columns: usize,
}

impl<'a> Before<'a> {
    /// `count` rows from `first` on.
    pub(crate) fn rows(&self, first: usize, count: usize) -> ArrayView2<'a, f32> {
        let start = first * self.columns;
        view(
            &self.values[start..start + count * self.columns],
            count,
            self.columns,
        )
    }
}

/// The later part of a split buffer.
pub(crate) struct After<'a> {
    values: &'a mut [f32],
    columns: usize,
}

impl<'a> After<'a> {
    /// The numbers of its first `count` rows.
    pub(crate) fn first_rows(self, count: usize) -> &'a mut [f32] {
        &mut self.values[..count * self.columns]
    }
}

/// What one layer computes and keeps for the way back; see [`super::cell::Cell`] for the shapes.
#[derive(Default)]
pub(crate) struct LayerSpace {
    pub projection: Buffer,
    pub states: Buffer,
    pub memory: Buffer,
    pub state_gradients: Buffer,
}

impl LayerSpace {
    fn prepare(&mut self, config: &NetworkConfig, batch: &Batch) {
        let (cell, hidden) = (cell_for(config.cell), config.hidden_size);
        self.projection
            .resize(batch.rows(), cell.projection_width(hidden));
        self.states.resize(batch.rows() + batch.sequences(), hidden);
        self.states.slice_mut(0..batch.sequences()).fill(0.0);
        self.memory.resize(batch.rows(), cell.memory_width(hidden));
        self.state_gradients.resize(batch.rows(), hidden);
    }

    /// Zeroes the projection's rows that belong to no token; once they hold gradients, products
    /// over all rows may include them.
    pub(crate) fn clear_inactive(&mut self, batch: &Batch) {
        let sequences = batch.sequences();
        for step in 0..batch.steps() {
            let row = step * sequences;
            self.projection
                .slice_mut(row + batch.active(step)..row + sequences)
                .fill(0.0);
        }
    }
}

/// All buffers of one worker. `B` sequences, `T` steps, `D` embedding, `H` hidden, `K` outputs.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Embedded tokens after dropout (T*B, D).
    pub embedded: Buffer,
    /// Factors of the embedded tokens (T*B, D); used in training with embedding dropout.
    pub embedding_mask: Buffer,
    /// Gradient of the embedded tokens (T*B, D).
    pub embedded_gradients: Buffer,
    pub layers: Vec<LayerSpace>,
    /// What the head reads (B, H), after dropout.
    pub readout: Buffer,
    /// Factors of the readout (B, H); used in training with hidden dropout.
    pub readout_mask: Buffer,
    /// Gradient of the readout (B, H).
    pub readout_gradients: Buffer,
    /// The step each unit's maximum came from (B, H), for [`Readout::Max`].
    pub winners: Vec<u32>,
    /// Logits (B, K), later their gradient.
    pub logits: Buffer,
}

impl Workspace {
    /// Makes every buffer fit the batch.
    pub(crate) fn prepare(&mut self, config: &NetworkConfig, batch: &Batch) {
        let (rows, sequences, hidden) = (batch.rows(), batch.sequences(), config.hidden_size);
        if let InputKind::Embedding { dim } = config.input {
            self.embedded.resize(rows, dim);
            self.embedded_gradients.resize(rows, dim);
        }
        self.layers.resize_with(config.layers, LayerSpace::default);
        for layer in &mut self.layers {
            layer.prepare(config, batch);
        }
        self.readout.resize(sequences, hidden);
        self.readout_gradients.resize(sequences, hidden);
        if config.readout == Readout::Max {
            self.winners.resize(sequences * hidden, 0);
        }
        self.logits.resize(sequences, config.outputs);
    }
}
