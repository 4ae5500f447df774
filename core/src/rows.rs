//! The scales and biases of rows, which all matrices that add into the same sums share.

use crate::{
    data::{Blob, Data},
    error::ArtifactError,
    fixed::requantize,
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

    /// Replaces the sums by Q16.15 values.
    #[inline]
    pub fn requantize(&self, sums: &mut [i32]) {
        for (sum, &multiplier) in sums.iter_mut().zip(self.multipliers) {
            *sum = requantize(*sum, multiplier);
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
