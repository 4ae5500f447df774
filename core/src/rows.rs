//! The scales and biases of rows, which all matrices that add into the same sums share.

use crate::{
    data::{Blob, Data},
    emit::parts,
    error::ArtifactError,
    kernel::{self, quads::Scaling},
    matrix::{Encoding, Matrix},
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

parts!("rows", Rows { multipliers: &'a [i32], biases: &'a [i32] });

impl<'a> Rows<'a> {
    /// Starts the sums of the rows from `first` on: `sums = b`.
    // Here, in tables and in read-outs: one copy for all cells. Unrolled where they are called, these
    // loops make a program of one SimpleRNN 3 kB larger, and no faster.
    #[inline(never)]
    pub fn begin(&self, first: usize, sums: &mut [i32]) {
        kernel::begin(sums, from(self.biases, first));
    }

    /// The biases and multipliers of the rows from `first` units of `N` on, unit by unit.
    #[inline]
    pub(crate) fn chunks<const N: usize>(&self, first: usize) -> (&'a [[i32; N]], &'a [[i32; N]]) {
        let (biases, multipliers) = (
            from(self.biases, N * first),
            from(self.multipliers, N * first),
        );
        (biases.as_chunks().0, multipliers.as_chunks().0)
    }

    /// Replaces the sums of the rows from `first` on by Q16.15 values.
    #[inline(never)]
    pub fn requantize(&self, first: usize, sums: &mut [i32]) {
        kernel::requantize(sums, from(self.multipliers, first));
    }

    /// The sums of the rows from `first` on, a multiple of [`QUAD`](crate::matrix::QUAD), with the
    /// products of one or two matrices, as Q16.15 values: `b + W x` of each, requantised.
    // Which kernel it is may be known where this is called.
    #[inline(always)]
    pub fn fill(
        &self,
        first: usize,
        (matrix, x): (&Matrix<'_>, &[i16]),
        other: Option<(&Matrix<'_>, &[i16])>,
        sums: &mut [i32],
    ) {
        if other.is_some_and(|(other, _)| other.encoding() != matrix.encoding()) {
            return self.fill_by_steps(first, (matrix, x), other, sums);
        }
        let fill = match matrix.encoding() {
            Encoding::Int4Quads => kernel::quads::fill_i4,
            _ => kernel::quads::fill_i8,
        };
        let rows = Scaling {
            biases: from(self.biases, first),
            multipliers: from(self.multipliers, first),
        };
        let factor = matrix.factor(x);
        match other {
            Some((other, x)) => fill(&factor, Some(&other.factor(x)), first, &rows, sums),
            None => fill(&factor, None, first, &rows, sums),
        }
    }

    #[inline(never)]
    fn fill_by_steps(
        &self,
        first: usize,
        (matrix, x): (&Matrix<'_>, &[i16]),
        other: Option<(&Matrix<'_>, &[i16])>,
        sums: &mut [i32],
    ) {
        self.begin(first, sums);
        matrix.accumulate(first, x, sums);
        if let Some((other, x)) = other {
            other.accumulate(first, x, sums);
        }
        self.requantize(first, sums);
    }
}

#[inline]
fn from(values: &[i32], first: usize) -> &[i32] {
    values.get(first..).unwrap_or(&[])
}
