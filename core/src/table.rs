//! Tables: a row of quantised weights for each token, looked up and never multiplied.

use crate::{
    Token,
    data::Data,
    emit::parts,
    error::ArtifactError,
    fixed::{LOOK_UP_BITS, STATE_FRACTION},
    matrix::{Encoding, MAX_SHIFT, MatrixSpec, NIBBLES, Weights},
};
use core::num::NonZeroUsize;

/// From an 8-bit weight in Q0.7 to Q0.15.
const WIDEN_INT8: u32 = 8;
/// From a 4-bit weight in Q0.3 to Q0.15.
const WIDEN_INT4: u32 = 12;

/// A table `(tokens, columns)`, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    weights: Weights<'a>,
    columns: NonZeroUsize,
    shift: u32,
    /// The row of a token that the table does not have.
    fallback: Token,
}

parts!("table", Table { weights: Weights<'a>, columns: NonZeroUsize, shift: u32, fallback: Token });

impl<'a> Table<'a> {
    /// What the table is called in errors.
    pub(crate) const NAME: &'static str = "input table";

    /// Borrows the table for `tokens` tokens; any other reads as `fallback`.
    ///
    /// # Errors
    /// If it is not there, too short or long, or out of range.
    pub fn resolve(
        spec: &MatrixSpec,
        data: Data<'a>,
        tokens: usize,
        columns: usize,
        fallback: Token,
    ) -> Result<Self, ArtifactError> {
        let out_of_range = ArtifactError::OutOfRange(Self::NAME);
        // A row is looked up, so that it must lie together.
        if spec.shift > MAX_SHIFT || spec.encoding != spec.encoding.in_rows() {
            return Err(out_of_range);
        }
        let columns = NonZeroUsize::new(columns).ok_or(out_of_range)?;
        Ok(Self {
            weights: Weights::resolve(spec, data, Self::NAME, tokens, columns.get())?,
            columns,
            shift: spec.shift.into(),
            fallback,
        })
    }

    /// The row of `token`.
    #[inline]
    pub fn row(&self, token: Token) -> Row<'a> {
        let row = |token: Token| self.weights.rows(token.into(), 1, self.columns.get());
        let weights = match row(token) {
            Weights::Int8(&[]) | Weights::Int4(&[]) => row(self.fallback),
            weights => weights,
        };
        Row {
            weights,
            shift: self.shift,
        }
    }

    /// The largest value that a row adds to a sum.
    pub fn bound(&self) -> i64 {
        i64::from(self.weights.encoding().weight_max()) << (LOOK_UP_BITS + self.shift)
    }
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    weights: Weights<'a>,
    shift: u32,
}

impl Row<'_> {
    /// Adds the row's weights from column `first` on, times a one in Q0.15, to `sums`.
    #[inline(never)]
    pub fn add_to(&self, first: usize, sums: &mut [i32]) {
        let shift = (STATE_FRACTION + self.shift) % 32;
        match self.weights {
            Weights::Int8(weights) => {
                let weights = weights.get(first..).unwrap_or(&[]);
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum += i32::from(weight) << shift;
                }
            }
            Weights::Int4(words) => {
                for (sum, weight) in sums.iter_mut().zip(nibbles(words, first)) {
                    *sum += weight << shift;
                }
            }
            // No table's.
            Weights::Int8Quads(_) | Weights::Int4Quads(_) => {}
        }
    }

    /// Writes the row, in Q0.7 or Q0.3 and without a shift, to `x (columns,)` in Q0.15.
    #[inline(never)]
    pub fn widen(&self, x: &mut [i16]) {
        match self.weights {
            Weights::Int8(weights) => {
                for (x, &weight) in x.iter_mut().zip(weights) {
                    *x = i16::from(weight) << WIDEN_INT8;
                }
            }
            Weights::Int4(words) => {
                for (x, weight) in x.iter_mut().zip(nibbles(words, 0)) {
                    *x = (weight << WIDEN_INT4) as i16;
                }
            }
            Weights::Int8Quads(_) | Weights::Int4Quads(_) => {}
        }
    }
}

/// The 4-bit weights of a row from column `first` on.
#[inline]
fn nibbles(words: &[u32], first: usize) -> impl Iterator<Item = i32> {
    (first..).map_while(move |index| {
        let word = words.get(index / NIBBLES)?;
        Some(((word >> Encoding::nibble(index % NIBBLES)) & 0xF) as i32 - 8)
    })
}
