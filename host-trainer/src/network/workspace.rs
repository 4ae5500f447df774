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

    /// Length of a row.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// Number of rows.
    pub(crate) fn count(&self) -> usize {
        self.rows
    }

    pub(crate) fn fill_zero(&mut self) {
        let used = self.rows * self.columns;
        self.values[..used].fill(0.0);
    }

    /// Adds these rows to as many rows from the earlier row `to` on.
    pub(crate) fn add_rows(&mut self, from: Range<usize>, to: usize) {
        let columns = self.columns;
        let (target, source) = self.values.split_at_mut(from.start * columns);
        let target = &mut target[to * columns..(to + from.len()) * columns];
        for (sum, value) in target.iter_mut().zip(source) {
            *sum += *value;
        }
    }

    /// Copies `count` rows from `from` on over those from `to` on.
    fn copy_rows(&mut self, from: usize, to: usize, count: usize) {
        let columns = self.columns;
        let source = from * columns..(from + count) * columns;
        self.values.copy_within(source, to * columns);
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

    /// The numbers of `count` rows from `first` on.
    pub(crate) fn slice(&self, first: usize, count: usize) -> &'a [f32] {
        &self.values[first * self.columns..(first + count) * self.columns]
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
    /// The layer's input after a low-rank kernel's first factor (T*B, R), and its gradient.
    pub reduced: Buffer,
    pub reduced_gradients: Buffer,
    pub projection: Buffer,
    pub states: Buffer,
    pub inner_states: Buffer,
    pub memory: Buffer,
    /// The states after a low-rank recurrent kernel's first factor (T*B, R), and its gradient.
    pub low: Buffer,
    pub low_gradients: Buffer,
    pub state_gradients: Buffer,
    pub inner_gradients: Buffer,
}

impl LayerSpace {
    /// Makes the buffers fit; the first states are zero, or the last ones of the batch before if
    /// that had `carried` steps.
    fn prepare(&mut self, config: &NetworkConfig, batch: &Batch, carried: Option<usize>) {
        let (cell, hidden) = (cell_for(config.cell), config.hidden_size);
        let (rows, sequences) = (batch.rows(), batch.sequences());
        let inner = if cell.has_inner_state() { hidden } else { 0 };
        for (states, width) in [(&mut self.states, hidden), (&mut self.inner_states, inner)] {
            if let Some(steps) = carried {
                states.copy_rows(steps * sequences, 0, sequences);
            }
            states.resize(rows + sequences, width);
            if carried.is_none() {
                states.slice_mut(0..sequences).fill(0.0);
            }
        }
        self.reduced.resize(rows, config.input_rank);
        self.reduced_gradients.resize(rows, config.input_rank);
        self.projection.resize(rows, cell.gates() * hidden);
        self.memory.resize(rows, cell.memory_width(config));
        self.low.resize(rows, config.recurrent_rank);
        self.low_gradients.resize(rows, config.recurrent_rank);
        self.state_gradients.resize(rows, hidden);
        self.inner_gradients.resize(sequences, inner);
    }

    /// Readies the layer for the way back: no gradient of the inner state comes from beyond the
    /// last step, and rows that belong to no token are zero, so that products over all rows may
    /// include them.
    pub(crate) fn prepare_backward(&mut self, batch: &Batch) {
        self.inner_gradients.fill_zero();
        let sequences = batch.sequences();
        for step in 0..batch.steps() {
            let row = step * sequences;
            let idle = row + batch.active(step)..row + sequences;
            self.projection.slice_mut(idle.clone()).fill(0.0);
            self.memory.slice_mut(idle).fill(0.0);
        }
    }
}

/// All buffers of one worker. `B` sequences, `T` steps, `D` length of an input vector, `H` hidden,
/// `K` outputs; the head reads `R` rows: `B`, or `T*B` if it speaks at every step.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Embedded tokens after dropout, or input vectors (T*B, D).
    pub embedded: Buffer,
    /// Factors of the embedded tokens (T*B, D); used in training with embedding dropout.
    pub embedding_mask: Buffer,
    /// Gradient of the embedded tokens (T*B, D).
    pub embedded_gradients: Buffer,
    pub layers: Vec<LayerSpace>,
    /// What the head reads (R, H), after dropout.
    pub readout: Buffer,
    /// Factors of the readout (R, H); used in training with hidden dropout.
    pub readout_mask: Buffer,
    /// Gradient of the readout (R, H).
    pub readout_gradients: Buffer,
    /// The step each unit's maximum came from (B, H), for [`Readout::Max`].
    pub winners: Vec<u32>,
    /// Logits (R, K), later their gradient.
    pub logits: Buffer,
}

impl Workspace {
    /// Makes every buffer fit the batch. The states start from zero, or from the last ones of
    /// the batch before, which had `carried` steps and as many sequences.
    pub(crate) fn prepare(
        &mut self,
        config: &NetworkConfig,
        batch: &Batch,
        carried: Option<usize>,
    ) {
        let (rows, sequences, hidden) = (batch.rows(), batch.sequences(), config.hidden_size);
        if config.input != InputKind::OneHot {
            self.embedded.resize(rows, config.input_size());
            self.embedded_gradients.resize(rows, config.input_size());
        }
        self.layers.resize_with(config.layers, LayerSpace::default);
        for layer in &mut self.layers {
            layer.prepare(config, batch, carried);
        }
        let read = if config.every_step() { rows } else { sequences };
        self.readout.resize(read, hidden);
        self.readout_gradients.resize(read, hidden);
        if config.readout() == Readout::Max {
            self.winners.resize(sequences * hidden, 0);
        }
        self.logits.resize(read, config.outputs());
    }
}
