//! Tables: a row of quantised weights for each token, looked up and never multiplied.

use crate::{
    Token,
    data::Data,
    error::ArtifactError,
    fixed::{LOOK_UP_BOUND, STATE_FRACTION},
    matrix::{MatrixSpec, Weights},
    text::special,
};
use core::num::NonZeroUsize;

/// From Q0.7 to Q0.15.
const WIDEN: u32 = 8;

/// A table `(tokens, columns)`, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    weights: Weights<'a>,
    columns: NonZeroUsize,
    shift: u32,
}

impl<'a> Table<'a> {
    /// What the table is called in errors.
    pub(crate) const NAME: &'static str = "input table";

    /// Borrows the table for `tokens` tokens.
    ///
    /// # Errors
    /// If it is not there, too short or long, or out of range.
    pub fn resolve(
        spec: &MatrixSpec,
        data: Data<'a>,
        tokens: usize,
        columns: u16,
    ) -> Result<Self, ArtifactError> {
        let columns =
            NonZeroUsize::new(columns.into()).ok_or(ArtifactError::OutOfRange(Self::NAME))?;
        Ok(Self {
            weights: spec.weights(data, Self::NAME, tokens * columns.get())?,
            columns,
            shift: spec.shift.into(),
        })
    }

    /// The row of `token`; a token that the table does not have reads as the unknown word.
    #[inline]
    pub fn row(&self, token: Token) -> Row<'a> {
        let row = |token: Token| {
            let start = usize::from(token) * self.columns.get();
            match self.weights {
                Weights::Int8(weights) => weights
                    .get(start..start + self.columns.get())
                    .map(Weights::Int8),
            }
        };
        Row {
            weights: row(token)
                .or_else(|| row(special::UNKNOWN))
                .unwrap_or(Weights::Int8(&[])),
            shift: self.shift,
        }
    }

    /// The largest value that a row adds to a sum.
    pub fn bound(&self) -> i64 {
        LOOK_UP_BOUND << self.shift
    }
}

/// A row of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    weights: Weights<'a>,
    shift: u32,
}

impl Row<'_> {
    /// Adds the row, times a one in Q0.15, to `sums (columns,)`.
    #[inline]
    pub fn add_to(&self, sums: &mut [i32]) {
        let shift = (STATE_FRACTION + self.shift) % 32;
        match self.weights {
            Weights::Int8(weights) => {
                for (sum, &weight) in sums.iter_mut().zip(weights) {
                    *sum += i32::from(weight) << shift;
                }
            }
        }
    }

    /// Writes the row, in Q0.7 and without a shift, to `x (columns,)` in Q0.15.
    #[inline]
    pub fn widen(&self, x: &mut [i16]) {
        match self.weights {
            Weights::Int8(weights) => {
                for (x, &weight) in x.iter_mut().zip(weights) {
                    *x = i16::from(weight) << WIDEN;
                }
            }
        }
    }
}
