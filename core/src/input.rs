//! From a token to what it adds to the cell's sums. Never a product with a one-hot vector.
//!
//! - [`InputLayer::OneHot`]: `W_xh x_t` for a one-hot `x_t` is a column of `W_xh`; the table
//!   holds the columns as rows, and the column is added to the sums as it is.
//! - [`InputLayer::Embedding`]: the token's row of the embedding is `x_t`, and the cell
//!   multiplies it by `W_xh`.

use crate::{
    Token,
    data::Data,
    error::ArtifactError,
    matrix::MatrixSpec,
    table::{Row, Table},
};
use serde::{Deserialize, Serialize};

/// Where the input table lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputSpec {
    /// The transpose of `W_xh`, `(tokens, hidden_size)`, in units of the rows' scales times `2^shift`.
    OneHot {
        /// The weights, a row per token.
        table: MatrixSpec,
    },
    /// The embedding `(tokens, input_size)` in Q0.7; its shift is 0.
    Embedding {
        /// Width of a row.
        input_size: u16,
        /// The values, a row per token.
        table: MatrixSpec,
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
        match self {
            Self::OneHot { table } => {
                let table = Table::resolve(table, data, tokens, hidden_size)?;
                Ok(InputLayer::OneHot(table))
            }
            Self::Embedding { table, .. } if table.shift != 0 => {
                Err(ArtifactError::OutOfRange(Table::NAME))
            }
            Self::Embedding { input_size, table } => {
                let table = Table::resolve(table, data, tokens, *input_size)?;
                Ok(InputLayer::Embedding(table))
            }
        }
    }
}

/// The input side of a network, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub enum InputLayer<'a> {
    /// The token's column of `W_xh`, a row `(hidden_size,)` of the table.
    OneHot(Table<'a>),
    /// The token's embedding.
    Embedding(Table<'a>),
}

impl InputLayer<'_> {
    /// The input of `token`; an embedding is widened into `buffer (input_size,)`.
    #[inline]
    pub fn look_up<'b>(&'b self, token: Token, buffer: &'b mut [i16]) -> Input<'b> {
        match self {
            Self::OneHot(table) => Input::Contribution(table.row(token)),
            Self::Embedding(table) => {
                table.row(token).widen(buffer);
                Input::Vector(buffer)
            }
        }
    }

    /// The largest value that a look-up adds to a sum by itself.
    pub fn bound(&self) -> i64 {
        match self {
            Self::OneHot(table) => table.bound(),
            Self::Embedding(_) => 0,
        }
    }
}

/// What a cell receives at a step.
#[derive(Debug, Clone, Copy)]
pub enum Input<'b> {
    /// `W_xh x_t (hidden_size,)` itself, to be added to the sums.
    Contribution(Row<'b>),
    /// `x_t (input_size,)` in Q0.15.
    Vector(&'b [i16]),
}
