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
use core::{fmt, num::NonZeroUsize, str::FromStr};
use serde::{Deserialize, Serialize};

/// The largest shift of a tensor.
pub const MAX_SHIFT: u8 = 8;

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Encoding {
    /// One byte each, row-major, -127 ..= 127.
    Int8,
    /// Four bits each, -7 ..= 7, a row's eight at a time in a little-endian word, rows filled up
    /// to whole words with zero weights. Weight `2k` of a word's eight stands in its bits
    /// `4k .. 4k + 4`, weight `2k + 1` in bits `16 + 4k .. 20 + 4k`, so that one mask takes a pair
    /// out as halfwords; each as `w + 8`, which needs no sign extension.
    ///
    /// ```text
    /// bit   28 24 20 16 12  8  4  0
    /// w+8    7  5  3  1  6  4  2  0
    /// ```
    Int4,
}

/// No encoding has that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownEncoding;

impl fmt::Display for UnknownEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("weights are int8 or int4")
    }
}

impl core::error::Error for UnknownEncoding {}

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(name: &str) -> Result<Self, UnknownEncoding> {
        match name {
            "int8" => Ok(Self::Int8),
            "int4" => Ok(Self::Int4),
            _ => Err(UnknownEncoding),
        }
    }
}

/// Weights in a word of [`Encoding::Int4`].
pub const NIBBLES: usize = 8;

impl Encoding {
    /// The largest magnitude of a weight; they are symmetric.
    pub const fn weight_max(self) -> i8 {
        match self {
            Self::Int8 => fixed::WEIGHT_MAX,
            Self::Int4 => 7,
        }
    }

    /// Bytes of a matrix `(rows, columns)`.
    pub const fn bytes(self, rows: usize, columns: usize) -> usize {
        match self {
            Self::Int8 => rows * columns,
            Self::Int4 => rows * columns.div_ceil(NIBBLES) * 4,
        }
    }

    /// The bits of weight `index` of a word's eight start here.
    pub const fn nibble(index: usize) -> u32 {
        (index % 2 * 16 + index / 2 % 4 * 4) as u32
    }
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
    // One copy for all tensors: the artifact is checked once.
    #[inline(never)]
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        rows: usize,
        columns: usize,
    ) -> Result<Matrix<'a>, ArtifactError> {
        if self.shift > MAX_SHIFT || columns > fixed::MAX_COLUMNS {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        let columns = NonZeroUsize::new(columns).ok_or(ArtifactError::OutOfRange(tensor))?;
        Ok(Matrix {
            weights: Weights::resolve(self, data, tensor, rows, columns.get())?,
            rows,
            columns,
            shift: self.shift.into(),
        })
    }
}

/// Weights as they are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Weights<'a> {
    Int8(&'a [i8]),
    Int4(&'a [u32]),
}

impl<'a> Weights<'a> {
    /// Borrows the weights `(rows, columns)` at `spec`, and makes sure that none is below the
    /// symmetric range.
    pub fn resolve(
        spec: &MatrixSpec,
        data: Data<'a>,
        tensor: &'static str,
        rows: usize,
        columns: usize,
    ) -> Result<Self, ArtifactError> {
        let weights = match spec.encoding {
            Encoding::Int8 => Self::Int8(data.slice(spec.weights, rows * columns, tensor)?),
            Encoding::Int4 => {
                let words = rows * columns.div_ceil(NIBBLES);
                Self::Int4(data.slice(spec.weights, words, tensor)?)
            }
        };
        let sound = match weights {
            Self::Int8(weights) => !weights.contains(&i8::MIN),
            Self::Int4(words) => !words.iter().any(|&word| has_zero_nibble(word)),
        };
        match sound {
            true => Ok(weights),
            false => Err(ArtifactError::OutOfRange(tensor)),
        }
    }

    /// `count` rows of `columns` weights from row `first` on; none where they are not all there.
    #[inline]
    pub fn rows(self, first: usize, count: usize, columns: usize) -> Self {
        match self {
            Self::Int8(weights) => Self::Int8(part(weights, first, count, columns)),
            Self::Int4(words) => Self::Int4(part(words, first, count, columns.div_ceil(NIBBLES))),
        }
    }
}

/// Whether a nibble is 0, which would stand for the weight -8.
const fn has_zero_nibble(word: u32) -> bool {
    // The lowest bit of each nibble becomes the disjunction of all four.
    let any = word | word >> 1 | word >> 2 | word >> 3;
    any & 0x1111_1111 != 0x1111_1111
}

#[inline]
fn part<T>(values: &[T], first: usize, count: usize, width: usize) -> &[T] {
    values
        .get(first * width..)
        .and_then(|rest| rest.get(..count * width))
        .unwrap_or(&[])
}

/// A quantised matrix `(rows, columns)`, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    weights: Weights<'a>,
    rows: usize,
    columns: NonZeroUsize,
    shift: u32,
}

impl Matrix<'_> {
    /// Adds `W[first ..] (rows, columns) @ x (columns,)` to `sums (rows,)`, as many rows as there
    /// are sums; `x` in Q0.15.
    #[inline]
    pub fn accumulate(&self, first: usize, x: &[i16], sums: &mut [i32]) {
        match self.weights.rows(first, sums.len(), self.columns.get()) {
            Weights::Int8(weights) => {
                kernel::accumulate_i8(weights, self.columns, x, self.shift, sums);
            }
            Weights::Int4(words) => {
                kernel::accumulate_i4(words, self.columns, x, self.shift, sums);
            }
        }
    }

    /// The largest sum that a row can reach, whatever its weights and inputs are.
    pub fn bound(&self) -> i64 {
        let most = match self.weights {
            Weights::Int8(_) => Encoding::Int8,
            Weights::Int4(_) => Encoding::Int4,
        };
        fixed::product_bound(most.weight_max(), self.columns.get()) << self.shift
    }

    /// Multiply-accumulates of one product.
    pub fn macs(&self) -> usize {
        self.rows * self.columns.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_nibble_is_found_anywhere() {
        assert!(!has_zero_nibble(0x8123_F4C1));
        for place in 0..8 {
            assert!(has_zero_nibble(0x8888_8888 & !(0xF << (4 * place))));
            assert!(!has_zero_nibble(0x8888_8888 ^ (0x9 << (4 * place))));
        }
    }

    #[test]
    fn the_eight_nibbles_of_a_word_are_distinct_and_pairs_are_halfwords() {
        let mut word = 0u32;
        for index in 0..NIBBLES {
            word |= (index as u32) << Encoding::nibble(index);
        }
        assert_eq!(word, 0x7531_6420);
    }
}
