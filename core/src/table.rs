//! Tables: a row of quantised weights for each token, looked up and never multiplied.

use crate::{
    Token,
    data::Data,
    emit::parts,
    error::ArtifactError,
    fixed::{LOOK_UP_BITS, STATE_FRACTION},
    matrix::{Encoding, MAX_SHIFT, MatrixSpec, NIBBLES, part},
};
use core::num::NonZeroUsize;

/// From an 8-bit weight in Q0.7 to Q0.15.
const WIDEN_INT8: u32 = 8;
/// From a 4-bit weight in Q0.3 to Q0.15.
const WIDEN_INT4: u32 = 12;

/// The weights of a table, or of some of its rows.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub enum Weights<'a> {
    /// [`Encoding::Int8`].
    Int8(&'a [i8]),
    /// [`Encoding::Int4`].
    Int4(&'a [u32]),
}

impl<'a> Weights<'a> {
    /// Borrows the weights `(rows, columns)` at `spec`, and makes sure that none is below the
    /// symmetric range.
    fn resolve(
        spec: &MatrixSpec,
        data: Data<'a>,
        rows: usize,
        columns: usize,
    ) -> Result<Self, ArtifactError> {
        match spec.encoding {
            Encoding::Int8 => {
                let weights: &[i8] = data.slice(spec.weights, rows * columns, Table::NAME)?;
                match weights.contains(&i8::MIN) {
                    true => Err(ArtifactError::OutOfRange(Table::NAME)),
                    false => Ok(Self::Int8(weights)),
                }
            }
            Encoding::Int4 => {
                Encoding::words(spec, data, Table::NAME, rows, columns).map(Self::Int4)
            }
            // A row is looked up, so that it must lie together.
            Encoding::Int8Quads | Encoding::Int4Quads => {
                Err(ArtifactError::OutOfRange(Table::NAME))
            }
        }
    }

    /// The row at `index` of `columns` weights; none where it is not all there.
    #[inline]
    fn row(self, index: usize, columns: usize) -> Self {
        match self {
            Self::Int8(weights) => Self::Int8(part(weights, index, 1, columns)),
            Self::Int4(words) => {
                let width = Encoding::Int4.width(columns);
                Self::Int4(part(words, index, 1, width))
            }
        }
    }

    /// The largest magnitude of a weight.
    const fn most(self) -> i8 {
        match self {
            Self::Int8(_) => Encoding::Int8.weight_max(),
            Self::Int4(_) => Encoding::Int4.weight_max(),
        }
    }
}

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
        if spec.shift > MAX_SHIFT {
            return Err(out_of_range);
        }
        let columns = NonZeroUsize::new(columns).ok_or(out_of_range)?;
        Ok(Self {
            weights: Weights::resolve(spec, data, tokens, columns.get())?,
            columns,
            shift: spec.shift.into(),
            fallback,
        })
    }

    /// The row of `token`.
    #[inline]
    pub fn row(&self, token: Token) -> Row<'a> {
        let row = |token: Token| self.weights.row(token.into(), self.columns.get());
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
        i64::from(self.weights.most()) << (LOOK_UP_BITS + self.shift)
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
