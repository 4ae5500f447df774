//! Quantised matrices, and the proof that their sums fit 32 bits.
//!
//! A weight is `w * s_j * 2^shift`: an integer `w`, the scale `s_j` of its row `j` and a shift
//! for the whole matrix. All matrices that add into one accumulator share the row scales, kept
//! once in [`Rows`] as the multipliers of [`requantize`]; the shift lets one of them be coarser.

use crate::{
    data::{Blob, Data},
    error::ArtifactError,
    fixed::{self, requantize},
    kernel,
};
use core::num::NonZeroUsize;
use serde::{Deserialize, Serialize};

/// The largest shift of a matrix or table.
pub const MAX_SHIFT: u8 = 8;

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Encoding {
    /// One byte each, row-major, -127 ..= 127.
    Int8,
}

/// Where a matrix lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixSpec {
    /// How its weights are stored.
    pub encoding: Encoding,
    /// Its scale is the row's times `2^shift`.
    pub shift: u8,
    /// Its weights.
    pub weights: Blob,
}

impl MatrixSpec {
    /// Borrows the matrix `(rows, columns)` called `tensor` in errors.
    ///
    /// # Errors
    /// If the weights are not there, too few or many, or out of range.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        rows: u16,
        columns: u16,
    ) -> Result<Matrix<'a>, ArtifactError> {
        let columns = NonZeroUsize::new(columns.into()).ok_or(ArtifactError::OutOfRange(tensor))?;
        let count = usize::from(rows) * columns.get();
        if self.shift > MAX_SHIFT {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        let weights = match self.encoding {
            Encoding::Int8 => {
                let weights = data.slice::<i8>(self.weights, count, tensor)?;
                if weights.contains(&i8::MIN) {
                    return Err(ArtifactError::OutOfRange(tensor));
                }
                Weights::Int8(weights)
            }
        };
        Ok(Matrix {
            weights,
            columns,
            shift: self.shift.into(),
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Weights<'a> {
    Int8(&'a [i8]),
}

/// A quantised matrix `(rows, columns)`, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    weights: Weights<'a>,
    columns: NonZeroUsize,
    shift: u32,
}

impl Matrix<'_> {
    /// Adds `W (rows, columns) @ x (columns,)` to `accumulators (rows,)`; `x` in Q0.15.
    #[inline]
    pub fn accumulate(&self, x: &[i16], accumulators: &mut [i32]) {
        match self.weights {
            Weights::Int8(weights) => {
                kernel::accumulate_i8(weights, self.columns, x, self.shift, accumulators);
            }
        }
    }

    /// The largest sum that a row can reach, whatever its weights and inputs are.
    pub fn bound(&self) -> i64 {
        fixed::product_bound(self.columns.get()) << self.shift
    }

    /// Multiply-accumulates of one product.
    pub fn macs(&self) -> usize {
        match self.weights {
            Weights::Int8(weights) => weights.len(),
        }
    }
}

/// Where the rows' scales and biases lie in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsSpec {
    /// [`fixed::multiplier`] of each row's scale, `i32`.
    pub multipliers: Blob,
    /// The biases in accumulator units, `i32`.
    pub biases: Blob,
}

impl RowsSpec {
    /// Borrows the scales and biases of `rows` rows whose products are at most `bound`, called
    /// `tensor` in errors.
    ///
    /// # Errors
    /// If they are not there, too few or many, not positive, or if a bias could make a sum
    /// overflow 32 bits.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        rows: u16,
        bound: i64,
    ) -> Result<Rows<'a>, ArtifactError> {
        let multipliers = data.slice::<i32>(self.multipliers, rows.into(), tensor)?;
        let biases = data.slice::<i32>(self.biases, rows.into(), tensor)?;
        if multipliers.iter().any(|&m| m < 1) {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        let room = i64::from(i32::MAX) - bound;
        if biases.iter().any(|&b| i64::from(b).abs() > room) {
            return Err(ArtifactError::Overflow(tensor));
        }
        Ok(Rows {
            multipliers,
            biases,
        })
    }
}

/// The scales and biases of rows that share their accumulators.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    multipliers: &'a [i32],
    biases: &'a [i32],
}

impl Rows<'_> {
    /// Starts the sums: `accumulators (rows,) = b`.
    #[inline]
    pub fn begin(&self, accumulators: &mut [i32]) {
        for (accumulator, &bias) in accumulators.iter_mut().zip(self.biases) {
            *accumulator = bias;
        }
    }

    /// The sums as Q16.15 values, row by row.
    #[inline]
    pub fn finish(&self, accumulators: &[i32]) -> impl Iterator<Item = i32> {
        accumulators
            .iter()
            .zip(self.multipliers)
            .map(|(&sum, &multiplier)| requantize(sum, multiplier))
    }
}

/// Where a dense layer lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DenseSpec {
    /// `W (outputs, inputs)`.
    pub weights: MatrixSpec,
    /// Scales and biases `(outputs,)`.
    pub rows: RowsSpec,
}

impl DenseSpec {
    /// Borrows the layer.
    ///
    /// # Errors
    /// Those of its matrix and rows.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        outputs: u16,
        inputs: u16,
    ) -> Result<Dense<'a>, ArtifactError> {
        let weights = self
            .weights
            .resolve(data, "head weights", outputs, inputs)?;
        let rows = self
            .rows
            .resolve(data, "head rows", outputs, weights.bound())?;
        Ok(Dense { weights, rows })
    }
}

/// `y = W x + b`: the head.
#[derive(Debug, Clone, Copy)]
pub struct Dense<'a> {
    weights: Matrix<'a>,
    rows: Rows<'a>,
}

impl Dense<'_> {
    /// `W (outputs, inputs) @ x (inputs,) + b -> y (outputs,)`; `x` in Q0.15, `y` in Q16.15.
    #[inline]
    pub fn apply(&self, x: &[i16], y: &mut [i32]) {
        self.rows.begin(y);
        self.weights.accumulate(x, y);
        for (y, multiplier) in y.iter_mut().zip(self.rows.multipliers) {
            *y = requantize(*y, *multiplier);
        }
    }

    /// Multiply-accumulates of one application.
    pub fn macs(&self) -> usize {
        self.weights.macs()
    }
}
