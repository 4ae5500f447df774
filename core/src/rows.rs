//! The scales and biases of rows, which all matrices that add into the same sums share.

use crate::{
    data::{Blob, Data},
    error::ArtifactError,
    kernel,
};
use serde::{Deserialize, Serialize};

/// Where the rows' scales and biases lie in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowsSpec {
    /// [`fixed::multiplier`](crate::fixed::multiplier) of each row's scale, `i32`.
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
    // One copy for all tensors: the artifact is checked once.
    #[inline(never)]
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        rows: usize,
        bound: i64,
    ) -> Result<Rows<'a>, ArtifactError> {
        let multipliers = data.slice::<i32>(self.multipliers, rows, tensor)?;
        let biases = data.slice::<i32>(self.biases, rows, tensor)?;
        if multipliers.iter().any(|&m| m < 1) {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        let room = i64::from(i32::MAX) - bound;
        if room < 0 || biases.iter().any(|&b| i64::from(b).abs() > room) {
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

impl<'a> Rows<'a> {
    /// Starts the sums of the rows from `first` on: `sums = b`.
    // Here, in tables and in read-outs: one copy for all cells. Unrolled where they are called, these
    // loops make a program of one SimpleRNN 3 kB larger, and no faster.
    #[inline(never)]
    pub fn begin(&self, first: usize, sums: &mut [i32]) {
        kernel::begin(sums, from(self.biases, first));
    }

    /// Replaces the sums of the rows from `first` on by Q16.15 values.
    #[inline(never)]
    pub fn requantize(&self, first: usize, sums: &mut [i32]) {
        kernel::requantize(sums, from(self.multipliers, first));
    }
}

#[inline]
fn from(values: &[i32], first: usize) -> &[i32] {
    values.get(first..).unwrap_or(&[])
}
