//! A cell of a given shape, timed as a whole and in parts.

use core::hint::black_box;

use spinet_core::ArtifactError;
use spinet_core::activation::{sigmoid, tanh};
use spinet_core::cell::{
    BLOCK, Cell, CellKind, CellLayout, CellSpec, FastGrnnSpec, GruSpec, LayerState, LstmSpec,
    ProductSpec, SimpleRnnSpec, Step, gru,
};
use spinet_core::input::{Input, Source};
use spinet_core::matrix::Encoding;

use crate::timer::Stopwatch;
use crate::{stack, weights};

/// The widest input or state.
const WIDEST: usize = 128;

/// What is measured.
pub struct Trial {
    /// The cell.
    pub cell: CellKind,
    /// The width of its input.
    pub input: u16,
    /// The width of its state.
    pub hidden: u16,
    /// How its weights are stored.
    pub encoding: Encoding,
}

/// What it takes, in ticks where nothing else is said.
pub struct Costs {
    /// Multiply-accumulates of a step.
    pub macs: usize,
    /// The whole step.
    pub step: u64,
    /// The products alone, with what their loop does besides.
    pub product: u64,
    /// As many values of tanh and of the sigmoid alone.
    pub activation: u64,
    /// The deepest stack of a step, in bytes.
    pub stack_bytes: usize,
}

impl Trial {
    /// Measures the cell's second step: the first has a state of zeros.
    pub fn run(&self, stopwatch: &mut Stopwatch) -> Result<Costs, ArtifactError> {
        let source = Source::Vector { width: self.input };
        let cell = self.spec().resolve(weights::data(), source)?;
        let width = usize::from(self.hidden);
        let (mut x, mut hidden) = ([0i16; WIDEST], [0i16; WIDEST]);
        let (mut next, mut memory) = ([0; WIDEST], [0; WIDEST]);
        for (at, x) in x.iter_mut().enumerate() {
            *x = (at as i16).wrapping_mul(12_345).max(-i16::MAX);
        }
        let mut step = || {
            let state = LayerState {
                hidden: &hidden[..width],
                next: &mut next[..width],
                memory: &mut memory[..width],
                scratch: &mut [],
            };
            step_one(&cell, Input::Vector(&x[..self.input.into()]), state);
            hidden[..width].copy_from_slice(&next[..width]);
        };
        step();
        stopwatch.reset();
        // The copy of the state belongs to a step.
        stopwatch.time(&mut step);
        let ticks = stopwatch.ticks();
        let stack_bytes = stack::depth(step);
        Ok(Costs {
            macs: cell.macs(),
            step: ticks,
            product: self.products(&x, &hidden, stopwatch)?,
            activation: self.activations(stopwatch),
            stack_bytes,
        })
    }

    fn spec(&self) -> CellSpec {
        let hidden_size = self.hidden;
        let (hidden, input) = (usize::from(hidden_size), usize::from(self.input));
        let rows = self.gates().0 * hidden;
        let input_weights = Some(weights::matrix(self.encoding, rows, input));
        let recurrent_weights = weights::matrix(self.encoding, rows, hidden);
        match self.cell {
            CellKind::SimpleRnn => CellSpec::SimpleRnn(SimpleRnnSpec {
                hidden_size,
                input_weights,
                recurrent_weights,
                rows: weights::rows(hidden),
            }),
            CellKind::Gru => CellSpec::Gru(GruSpec {
                hidden_size,
                input_weights,
                recurrent_weights,
                rows: weights::rows(4 * hidden),
            }),
            CellKind::Lstm => CellSpec::Lstm(LstmSpec {
                hidden_size,
                input_weights,
                recurrent_weights,
                rows: weights::rows(4 * hidden),
            }),
            CellKind::FastGrnn => CellSpec::FastGrnn(FastGrnnSpec {
                hidden_size,
                input_weights: input_weights.map(ProductSpec::Full),
                recurrent_weights: ProductSpec::Full(recurrent_weights),
                rows: weights::rows(hidden),
                biases: weights::biases(2 * hidden),
                zeta: 24_000,
                nu: 600,
                state_shift: 0,
            }),
        }
    }

    /// Rows of a unit, its sigmoids and its tanhs.
    fn gates(&self) -> (usize, usize, usize) {
        match self.cell {
            CellKind::SimpleRnn => (1, 0, 1),
            CellKind::Gru => (3, 2, 1),
            CellKind::Lstm => (4, 3, 2),
            CellKind::FastGrnn => (1, 1, 1),
        }
    }

    /// Both products, by blocks as a cell computes them: with biases and the rows' scales, which
    /// the same loop does, but for a GRU's.
    fn products(
        &self,
        x: &[i16; WIDEST],
        h: &[i16; WIDEST],
        stopwatch: &mut Stopwatch,
    ) -> Result<u64, ArtifactError> {
        let (input, hidden) = (usize::from(self.input), usize::from(self.hidden));
        let gates = self.gates().0;
        let matrix = |columns| {
            weights::matrix(self.encoding, gates * hidden, columns).resolve(
                weights::data(),
                "weights",
                gates * hidden,
                columns,
            )
        };
        let (from_input, from_hidden) = (matrix(input)?, matrix(hidden)?);
        let count = gates * hidden;
        let rows = weights::rows(count).resolve(weights::data(), "rows", count, 0)?;
        let (x, h) = (&x[..input], &h[..hidden]);
        let mut sums = [0; 6 * BLOCK];
        // A GRU's units with three rows each, and else as many units as have 4 blocks of rows.
        let most = if gates == 3 {
            3 * gru::UNITS
        } else {
            4 * BLOCK
        };
        stopwatch.reset();
        stopwatch.time(|| {
            for first in (0..count).step_by(most) {
                let sums = &mut sums[..most.min(count - first)];
                if gates == 3 {
                    from_input.accumulate(first, x, sums);
                    from_hidden.accumulate(first, h, sums);
                } else {
                    rows.fill(first, (&from_input, x), Some((&from_hidden, h)), sums);
                }
            }
        });
        black_box(sums);
        Ok(stopwatch.ticks())
    }

    fn activations(&self, stopwatch: &mut Stopwatch) -> u64 {
        let (_, sigmoids, tanhs) = self.gates();
        let (mut values, mut results) = ([0; WIDEST], [0i16; WIDEST]);
        for (at, value) in values.iter_mut().enumerate() {
            *value = (at as i32 - 64) * 2_345;
        }
        let (values, results) = (&values[..self.hidden.into()], &mut results);
        stopwatch.reset();
        for _ in 0..sigmoids {
            let values = black_box(values);
            stopwatch.time(|| apply(sigmoid, values, results));
        }
        for _ in 0..tanhs {
            let values = black_box(values);
            stopwatch.time(|| apply(tanh, values, results));
        }
        black_box(results);
        stopwatch.ticks()
    }
}

/// A step of a cell as in a program that has no other: its frame on the stack is its own.
fn step_one(cell: &Cell<'_>, input: Input<'_>, state: LayerState<'_>) {
    match cell {
        Cell::SimpleRnn(cell) => step(cell, input, state),
        Cell::Gru(cell) => step(cell, input, state),
        Cell::Lstm(cell) => step(cell, input, state),
        Cell::FastGrnn(cell) => step(cell, input, state),
    }
}

#[inline(never)]
fn step(cell: &impl Step, input: Input<'_>, state: LayerState<'_>) {
    cell.step(input, state);
}

#[inline(always)]
fn apply(function: impl Fn(i32) -> i16, values: &[i32], results: &mut [i16]) {
    for (result, &value) in results.iter_mut().zip(values) {
        *result = function(value);
    }
}
