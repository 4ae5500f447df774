//! Quantised weights: how they are stored, and matrices of them.
//!
//! A weight is `w * s_j * 2^shift`: an integer `w`, the scale `s_j` of its row `j` and a shift
//! for the whole tensor. All tensors that add into one sum share the row scales, kept once in
//! [`Rows`](crate::rows::Rows); the shift lets one of them be coarser.
//!
//! How weights are stored is known here, in [`Table`](crate::table::Table) and to the kernels,
//! and to no caller of theirs.

use crate::{
    data::{Blob, Data},
    error::ArtifactError,
    fixed, kernel,
};
use core::num::NonZeroUsize;
use serde::{Deserialize, Serialize};

/// The largest shift of a tensor.
pub const MAX_SHIFT: u8 = 8;

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Encoding {
    /// One byte each, row-major, -127 ..= 127.
    Int8,
}

/// Where a matrix or a table lies in an artifact.
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
        Ok(Matrix {
            weights: self.weights(data, tensor, usize::from(rows) * columns.get())?,
            columns,
            shift: self.shift.into(),
        })
    }

    /// Borrows the weights alone.
    pub(crate) fn weights<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        count: usize,
    ) -> Result<Weights<'a>, ArtifactError> {
        if self.shift > MAX_SHIFT {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        match self.encoding {
            Encoding::Int8 => {
                let weights = data.slice::<i8>(self.weights, count, tensor)?;
                match weights.contains(&i8::MIN) {
                    true => Err(ArtifactError::OutOfRange(tensor)),
                    false => Ok(Weights::Int8(weights)),
                }
            }
        }
    }
}

/// Weights as they are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Weights<'a> {
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
