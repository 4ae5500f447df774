//! From a token to what it adds to the cell's sums. Never a product with a one-hot vector.
//!
//! - [`InputLayer::OneHot`]: `W_xh x_t` for a one-hot `x_t` is a column of `W_xh`; the table
//!   holds the columns as rows, and the column is added to the sums as it is.
//! - [`InputLayer::Embedding`]: the token's row of the embedding is `x_t`, and the cell
//!   multiplies it by `W_xh`.

use crate::{
    Token,
    data::{Blob, Data},
    error::ArtifactError,
    fixed::{LOOK_UP_BOUND, STATE_FRACTION},
    matrix::MAX_SHIFT,
    text::special,
};
use core::num::NonZeroUsize;
use serde::{Deserialize, Serialize};

/// Where the input table lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputSpec {
    /// The transpose of `W_xh`, `(tokens, hidden_size)`, in units of the rows' scales times `2^shift`.
    OneHot {
        /// The `i8` weights, a row per token.
        table: Blob,
        /// As of a [`MatrixSpec`](crate::matrix::MatrixSpec).
        shift: u8,
    },
    /// The embedding `(tokens, input_size)` in Q0.7.
    Embedding {
        /// Width of a row.
        input_size: u16,
        /// The `i8` values, a row per token.
        table: Blob,
    },
}

impl InputSpec {
    /// The width of `x_t`, 0 for one-hot input.
    pub const fn input_size(&self) -> u16 {
        match *self {
            Self::OneHot { .. } => 0,
            Self::Embedding { input_size, .. } => input_size,
        }
    }

    /// Borrows the table for `tokens` tokens.
    ///
    /// # Errors
    /// If it is not there, too short or long, or out of range.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tokens: usize,
        hidden_size: u16,
    ) -> Result<InputLayer<'a>, ArtifactError> {
        const TENSOR: &str = "input table";
        match *self {
            Self::OneHot { shift, .. } if shift > MAX_SHIFT => {
                Err(ArtifactError::OutOfRange(TENSOR))
            }
            Self::OneHot { table, shift } => Ok(InputLayer::OneHot {
                table: Table::resolve(data, table, TENSOR, tokens, hidden_size)?,
                shift: shift.into(),
            }),
            Self::Embedding { input_size, table } => Ok(InputLayer::Embedding(Table::resolve(
                data, table, TENSOR, tokens, input_size,
            )?)),
        }
    }
}

/// A row of bytes for each token.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    values: &'a [i8],
    columns: NonZeroUsize,
}

impl<'a> Table<'a> {
    fn resolve(
        data: Data<'a>,
        blob: Blob,
        tensor: &'static str,
        tokens: usize,
        columns: u16,
    ) -> Result<Self, ArtifactError> {
        let columns = NonZeroUsize::new(columns.into()).ok_or(ArtifactError::OutOfRange(tensor))?;
        let values = data.slice::<i8>(blob, tokens * columns.get(), tensor)?;
        if values.contains(&i8::MIN) {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        Ok(Self { values, columns })
    }

    /// The row of `token`; a token that the table does not have reads as the unknown word.
    #[inline]
    fn row(&self, token: Token) -> &'a [i8] {
        let row = |token: Token| {
            let start = usize::from(token) * self.columns.get();
            self.values.get(start..start + self.columns.get())
        };
        row(token).or_else(|| row(special::UNKNOWN)).unwrap_or(&[])
    }
}

/// The input side of a network, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub enum InputLayer<'a> {
    /// The token's column of `W_xh`.
    OneHot {
        /// A row `(hidden_size,)` per token.
        table: Table<'a>,
        /// Its scale relative to the sums'.
        shift: u32,
    },
    /// The token's embedding.
    Embedding(Table<'a>),
}

impl InputLayer<'_> {
    /// The input of `token`; an embedding is widened into `buffer (input_size,)`.
    #[inline]
    pub fn look_up<'b>(&'b self, token: Token, buffer: &'b mut [i16]) -> Input<'b> {
        match self {
            Self::OneHot { table, shift } => Input::Contribution {
                row: table.row(token),
                shift: STATE_FRACTION + shift,
            },
            Self::Embedding(table) => {
                for (x, &value) in buffer.iter_mut().zip(table.row(token)) {
                    *x = i16::from(value) << 8; // Q0.7 -> Q0.15
                }
                Input::Vector(buffer)
            }
        }
    }

    /// The largest value that a look-up adds to a sum by itself.
    pub fn bound(&self) -> i64 {
        match *self {
            Self::OneHot { shift, .. } => LOOK_UP_BOUND << shift,
            Self::Embedding(_) => 0,
        }
    }
}

/// What a cell receives at a step.
#[derive(Debug, Clone, Copy)]
pub enum Input<'b> {
    /// `W_xh x_t` itself: `row (hidden_size,) << shift` is added to the sums.
    Contribution {
        /// Weights in units of the sums' scale.
        row: &'b [i8],
        /// From a weight to a sum.
        shift: u32,
    },
    /// `x_t (input_size,)` in Q0.15.
    Vector(&'b [i16]),
}
