//! Weights, and how large the sums of their products can become.

use spinet_core::matrix::Encoding;

/// The most that sums may reach.
const SUM_MAX: i64 = i32::MAX as i64;

/// Row-major weights in units of the rows' scales times `2^shift`.
#[derive(Debug, Clone)]
pub struct Matrix {
    /// How they are stored; a table's row by row in any case.
    pub encoding: Encoding,
    /// Weights in a row.
    pub columns: u16,
    /// -127 ..= 127 or -7 ..= 7.
    pub weights: Vec<i8>,
    /// 0 ..= 8.
    pub shift: u8,
}

/// Multipliers and biases, one of each per row.
#[derive(Debug, Clone)]
pub struct Rows {
    /// At least 1.
    pub multipliers: Vec<i32>,
    /// In units of the accumulators.
    pub biases: Vec<i32>,
}

/// `W x + b`.
#[derive(Debug, Clone)]
pub struct Dense {
    /// `W (outputs, inputs)`.
    pub weights: Matrix,
    /// `b (outputs,)` and scales.
    pub rows: Rows,
}

/// The largest magnitude of a weight.
pub fn weight_max(encoding: Encoding) -> i8 {
    match encoding {
        Encoding::Int8 | Encoding::Int8Quads => 127,
        Encoding::Int4 | Encoding::Int4Quads => 7,
    }
}

/// The largest bias beside products up to `bound`.
pub fn room(bound: i64) -> i32 {
    let room = u32::try_from(SUM_MAX - bound).ok();
    room.and_then(|room| room.try_into().ok())
        .expect("sums fit 32 bits")
}

impl Matrix {
    /// A matrix `(rows, columns)` of one weight, without a shift.
    pub fn filled(encoding: Encoding, rows: usize, columns: u16, weight: i8) -> Self {
        Self {
            encoding,
            columns,
            weights: vec![weight; rows * usize::from(columns)],
            shift: 0,
        }
    }

    /// The `index`th row.
    pub fn row(&self, index: usize) -> &[i8] {
        let columns = usize::from(self.columns);
        &self.weights[index * columns..][..columns]
    }

    /// The largest product of a row and states.
    pub fn bound(&self) -> i64 {
        (i64::from(weight_max(self.encoding)) * 32_767 * i64::from(self.columns)) << self.shift
    }

    /// What a row of a one-hot table adds at most.
    pub fn look_up_bound(&self) -> i64 {
        i64::from(weight_max(self.encoding)) << (15 + self.shift)
    }

    /// The largest shift with which a matrix of so many columns takes less than half of an
    /// accumulator.
    pub fn largest_shift(encoding: Encoding, columns: u16) -> u8 {
        let fits = |&shift: &u8| {
            let matrix = Self {
                encoding,
                columns,
                weights: Vec::new(),
                shift,
            };
            matrix.bound() < SUM_MAX / 2
        };
        (0..=8).rev().find(fits).unwrap_or(0)
    }
}

impl Rows {
    /// `count` rows with the same multiplier and no bias.
    pub fn uniform(count: usize, multiplier: i32) -> Self {
        Self {
            multipliers: vec![multiplier; count],
            biases: vec![0; count],
        }
    }
}

impl Dense {
    /// The largest bias with which no sum overflows.
    pub fn room(&self) -> i32 {
        room(self.weights.bound())
    }

    /// A head of weights 64 and multipliers 2^26, so that a logit is a unit's read-out:
    /// `64 * 2^26 / 2^32 = 1`.
    pub fn transparent(units: u16) -> Self {
        let mut weights = Matrix::filled(Encoding::Int8, units.into(), units, 0);
        for unit in 0..usize::from(units) {
            weights.weights[unit * (usize::from(units) + 1)] = 64;
        }
        Self {
            weights,
            rows: Rows::uniform(units.into(), 1 << 26),
        }
    }
}
