//! A recurrent layer in plain integers.

use super::matrix::{Dense, Matrix, Rows};
use spinet_core::{cell::CellKind, matrix::Encoding};

/// A recurrent layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The width of `h_t`.
    pub hidden_size: u16,
    /// `W_x (rows, input)`; none behind a one-hot table.
    pub input: Option<Product>,
    /// `W_h (rows, hidden)`.
    pub recurrent: Product,
    /// Multipliers and biases `(sums,)`.
    pub rows: Rows,
    /// Which equations, and what only they have.
    pub cell: Cell,
}

/// Which equations.
#[derive(Debug, Clone)]
pub enum Cell {
    /// One row per unit.
    SimpleRnn,
    /// Three rows (reset, update, candidate) and four sums per unit.
    Gru,
    /// Four rows per unit: input, forget, cell, output.
    Lstm,
    /// One row per unit.
    FastGrnn(Mix),
}

/// What only a FastGRNN has.
#[derive(Debug, Clone)]
pub struct Mix {
    /// `b_z` and then `b_h`, Q16.15.
    pub biases: Vec<i32>,
    /// Q0.15.
    pub zeta: i16,
    /// Q0.15.
    pub nu: i16,
    /// The kept state is `h_t / 2^state_shift`.
    pub state_shift: u8,
}

/// A matrix, or two narrow ones; those only in a FastGRNN.
#[derive(Debug, Clone)]
pub enum Product {
    /// `W (rows, columns)`.
    Full(Matrix),
    /// `up (rows, rank)` times `down (rank, columns)`, whose results are Q0.15.
    LowRank {
        /// The first.
        down: Dense,
        /// The second.
        up: Matrix,
    },
}

impl Product {
    /// The matrix that adds into the cell's sums.
    pub fn last(&self) -> &Matrix {
        match self {
            Self::Full(matrix) | Self::LowRank { up: matrix, .. } => matrix,
        }
    }

    /// The same, to be changed.
    pub fn last_mut(&mut self) -> &mut Matrix {
        match self {
            Self::Full(matrix) | Self::LowRank { up: matrix, .. } => matrix,
        }
    }

    /// The inner width, 0 of a whole matrix.
    pub fn rank(&self) -> u16 {
        match self {
            Self::Full(_) => 0,
            Self::LowRank { up, .. } => up.columns,
        }
    }
}

/// Rows of the matrices per unit.
pub fn rows_per_unit(kind: CellKind) -> usize {
    match kind {
        CellKind::SimpleRnn | CellKind::FastGrnn => 1,
        CellKind::Gru => 3,
        CellKind::Lstm => 4,
    }
}

/// Sums per unit.
pub fn sums_per_unit(kind: CellKind) -> usize {
    match kind {
        CellKind::SimpleRnn | CellKind::FastGrnn => 1,
        CellKind::Gru | CellKind::Lstm => 4,
    }
}

impl Layer {
    /// A layer behind a vector of the width `input`, or behind a table, whose weights all are
    /// `weight` and whose scales and shares are as large as they can be.
    pub fn filled(
        kind: CellKind,
        encoding: Encoding,
        hidden_size: u16,
        input: Option<u16>,
        weight: i8,
    ) -> Self {
        let units = usize::from(hidden_size);
        let product = |columns| {
            let rows = units * rows_per_unit(kind);
            Product::Full(Matrix::filled(encoding, rows, columns, weight))
        };
        Self {
            hidden_size,
            input: input.map(product),
            recurrent: product(hidden_size),
            rows: Rows::uniform(units * sums_per_unit(kind), i32::MAX),
            cell: match kind {
                CellKind::SimpleRnn => Cell::SimpleRnn,
                CellKind::Gru => Cell::Gru,
                CellKind::Lstm => Cell::Lstm,
                CellKind::FastGrnn => Cell::FastGrnn(Mix {
                    biases: vec![0; 2 * units],
                    zeta: i16::MAX,
                    nu: i16::MAX,
                    state_shift: 0,
                }),
            },
        }
    }

    /// Which equations.
    pub fn kind(&self) -> CellKind {
        match self.cell {
            Cell::SimpleRnn => CellKind::SimpleRnn,
            Cell::Gru => CellKind::Gru,
            Cell::Lstm => CellKind::Lstm,
            Cell::FastGrnn(_) => CellKind::FastGrnn,
        }
    }

    /// The width of `c_t`.
    pub fn memory(&self) -> usize {
        match self.cell {
            Cell::Lstm => self.hidden_size.into(),
            _ => 0,
        }
    }

    /// The inner widths of both products.
    pub fn ranks(&self) -> u16 {
        self.input.as_ref().map_or(0, Product::rank) + self.recurrent.rank()
    }

    /// The largest sum of both products; a table in front of the layer is not counted.
    pub fn bound(&self) -> i64 {
        let input = self.input.as_ref().map_or(0, |input| input.last().bound());
        input + self.recurrent.last().bound()
    }
}
