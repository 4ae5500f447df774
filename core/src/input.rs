//! From what comes in to what it adds to the first cell's sums. Never a product with a one-hot
//! vector.
//!
//! - [`InputLayer::OneHot`]: `W_xh x_t` for a one-hot `x_t` is a column of `W_xh`; the table
//!   holds the columns as rows, and the column is added to the sums as it is.
//! - [`InputLayer::Embedding`]: the token's row of the embedding is `x_t`, and the cell
//!   multiplies it by `W_xh`.
//! - [`InputLayer::Vector`]: `x_t` itself comes in, and the cell multiplies it by `W_xh`.

use crate::{
    Token,
    data::Data,
    emit::parts,
    error::ArtifactError,
    matrix::{Matrix, MatrixSpec},
    rows::Rows,
    table::{Row, Table},
};
use serde::{Deserialize, Serialize};

/// Where the input side lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputSpec {
    /// The transpose of `W_xh`, `(tokens, rows of the cell)`, in units of the rows' scales times
    /// `2^shift`.
    OneHot {
        /// The weights, a row per token.
        table: MatrixSpec,
    },
    /// The embedding `(tokens, input_size)` in Q0.7 (8 bits) or Q0.3 (4 bits); its shift is 0.
    Embedding {
        /// Width of a row.
        input_size: u16,
        /// The values, a row per token.
        table: MatrixSpec,
    },
    /// No table: vectors of a fixed width.
    Vector {
        /// Width of `x_t`.
        input_size: u16,
    },
    /// Nothing: there is no cell.
    None,
}

impl InputSpec {
    /// The width of `x_t`, 0 for one-hot input and for none.
    pub const fn input_size(&self) -> u16 {
        match *self {
            Self::OneHot { .. } | Self::None => 0,
            Self::Embedding { input_size, .. } | Self::Vector { input_size } => input_size,
        }
    }

    /// Borrows the table for `tokens` tokens, the one that stands for any other being `fallback`,
    /// in front of a cell of `rows` rows.
    ///
    /// # Errors
    /// If it is not there, too short or long, or out of range; or if there is none for the cell.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tokens: usize,
        fallback: Token,
        rows: usize,
    ) -> Result<InputLayer<'a>, ArtifactError> {
        let table = |spec, columns| Table::resolve(spec, data, tokens, columns, fallback);
        match self {
            Self::OneHot { table: spec } => Ok(InputLayer::OneHot(table(spec, rows)?)),
            Self::Embedding { table, .. } if table.shift != 0 => {
                Err(ArtifactError::OutOfRange(Table::NAME))
            }
            Self::Embedding {
                input_size,
                table: spec,
            } => Ok(InputLayer::Embedding(table(spec, (*input_size).into())?)),
            Self::Vector { .. } => Ok(InputLayer::Vector),
            Self::None => Err(ArtifactError::OutOfRange("input")),
        }
    }
}

/// The input side of a network, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub enum InputLayer<'a> {
    /// The token's column of `W_xh`, a row of the table.
    OneHot(Table<'a>),
    /// The token's embedding.
    Embedding(Table<'a>),
    /// A vector that is given as it is; one of no numbers where there is no cell.
    Vector,
}

impl InputLayer<'_> {
    /// The input of `token`; an embedding is widened into `buffer (input_size,)`. Where vectors
    /// come in, what the buffer holds is the input.
    #[inline]
    pub fn look_up<'b>(&'b self, token: Token, buffer: &'b mut [i16]) -> Input<'b> {
        match self {
            Self::OneHot(table) => Input::Contribution(table.row(token)),
            Self::Embedding(table) => {
                table.row(token).widen(buffer);
                Input::Vector(buffer)
            }
            Self::Vector => Input::Vector(buffer),
        }
    }

    /// What a cell behind this layer must know.
    pub fn source(&self, input_size: u16) -> Source {
        match self {
            Self::OneHot(table) => Source::Contribution {
                bound: table.bound(),
            },
            Self::Embedding(_) | Self::Vector => Source::Vector { width: input_size },
        }
    }
}

/// What a cell receives at a step.
#[derive(Debug, Clone, Copy)]
pub enum Input<'b> {
    /// `W_xh x_t (rows,)` itself, to be added to the sums.
    Contribution(Row<'b>),
    /// `x_t (input_size,)` in Q0.15.
    Vector(&'b [i16]),
}

/// Where a cell's input comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A table of contributions, none larger than `bound`.
    Contribution {
        /// The largest value that it adds to a sum.
        bound: i64,
    },
    /// A vector of this width: an embedding, a given vector, or the states of the layer below.
    Vector {
        /// Length of `x_t`.
        width: u16,
    },
}

/// `W_xh x_t`: a product, or nothing but the addition of what a table holds.
#[derive(Debug, Clone, Copy)]
pub struct InputProduct<'a> {
    weights: Option<Matrix<'a>>,
    bound: i64,
}

parts!("input", InputProduct { weights: Option<Matrix<'a>>, bound: i64 });

impl<'a> InputProduct<'a> {
    /// Borrows `W_xh (rows, width)`, which must be there unless the source is a table.
    ///
    /// # Errors
    /// If it is missing or superfluous, or as [`MatrixSpec::resolve`].
    pub fn resolve(
        spec: Option<&MatrixSpec>,
        data: Data<'a>,
        source: Source,
        rows: usize,
    ) -> Result<Self, ArtifactError> {
        const NAME: &str = "input weights";
        match (spec, source) {
            (None, Source::Contribution { bound }) => Ok(Self {
                weights: None,
                bound,
            }),
            (Some(spec), Source::Vector { width }) => {
                let weights = spec.resolve(data, NAME, rows, width.into())?;
                Ok(Self {
                    weights: Some(weights),
                    bound: weights.bound(),
                })
            }
            _ => Err(ArtifactError::OutOfRange(NAME)),
        }
    }

    /// Adds the rows from `first` on of `W_xh x_t` to `sums`.
    #[inline]
    pub fn add_to(&self, first: usize, input: Input<'_>, sums: &mut [i32]) {
        match (input, &self.weights) {
            (Input::Contribution(row), _) => row.add_to(first, sums),
            (Input::Vector(x), Some(weights)) => weights.accumulate(first, x, sums),
            (Input::Vector(_), None) => {}
        }
    }

    /// `rows`' sums from `first` on with both this product and another, as Q16.15 values: those of
    /// [`Rows::fill`].
    #[inline]
    pub fn fill(
        &self,
        input: Input<'_>,
        (matrix, h): (&Matrix<'_>, &[i16]),
        rows: &Rows<'_>,
        first: usize,
        sums: &mut [i32],
    ) {
        match (input, &self.weights) {
            (Input::Vector(x), Some(weights)) => {
                rows.fill(first, (weights, x), Some((matrix, h)), sums);
            }
            (Input::Vector(_), None) => rows.fill(first, (matrix, h), None, sums),
            (Input::Contribution(row), _) => {
                rows.begin(first, sums);
                row.add_to(first, sums);
                matrix.accumulate(first, h, sums);
                rows.requantize(first, sums);
            }
        }
    }

    /// The largest value that it adds to a sum.
    pub fn bound(&self) -> i64 {
        self.bound
    }

    /// Multiply-accumulates of one product.
    pub fn macs(&self) -> usize {
        self.weights.map_or(0, |weights| weights.macs())
    }
}
