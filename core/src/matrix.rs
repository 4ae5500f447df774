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
    emit::parts,
    error::ArtifactError,
    fixed,
    kernel::{self, quads::Factor},
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
    /// Of tables: one byte each, row-major, -127 ..= 127.
    Int8,
    /// Of tables: four bits each, -7 ..= 7, a row's eight at a time in a little-endian word, rows filled up
    /// to whole words with zero weights. Weight `2k` of a word's eight stands in its bits
    /// `4k .. 4k + 4`, weight `2k + 1` in bits `16 + 4k .. 20 + 4k`, so that one mask takes a pair
    /// out as halfwords; each as `w + 8`, which needs no sign extension.
    ///
    /// ```text
    /// bit   28 24 20 16 12  8  4  0
    /// w+8    7  5  3  1  6  4  2  0
    /// ```
    Int4,
    /// Of matrices: one byte each, -127 ..= 127, in quads: four rows together, both numbers filled up to
    /// multiples of four with zero weights. Two little-endian words hold two columns of a quad,
    /// and the next two the next columns of the same rows. The bytes of the quad's rows 0 and 2
    /// are `w + 128`, so that a halfword as a signed number is 256 times its upper row's weight
    /// plus its lower row's and 128.
    ///
    /// ```text
    /// bit       24       16        8        0
    /// word 0  r1 c1  r0 c1+128  r1 c0  r0 c0+128
    /// word 1  r3 c1  r2 c1+128  r3 c0  r2 c0+128
    /// ```
    Int8Quads,
    /// Of matrices: four bits each, -7 ..= 7, in quads as those of 8 bits; a word holds two columns of a quad.
    /// The nibbles of the rows 0 to 2 are `w + 8`.
    ///
    /// ```text
    /// bit    28    24      20      16     12     8       4       0
    ///      r3 c1 r2 c1+8 r1 c1+8 r0 c1+8 r3 c0 r2 c0+8 r1 c0+8 r0 c0+8
    /// ```
    Int4Quads,
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
/// Rows of a quad, and what its columns are filled up to a multiple of.
pub const QUAD: usize = 4;

impl Encoding {
    /// The largest magnitude of a weight; they are symmetric.
    pub const fn weight_max(self) -> i8 {
        match self {
            Self::Int8 | Self::Int8Quads => fixed::WEIGHT_MAX,
            Self::Int4 | Self::Int4Quads => 7,
        }
    }

    /// Bytes of a matrix `(rows, columns)`.
    pub const fn bytes(self, rows: usize, columns: usize) -> usize {
        match self {
            Self::Int8 => rows * columns,
            _ => self.units(rows) * self.width(columns) * 4,
        }
    }

    /// As many bits in quads, as matrices are multiplied with the least work.
    pub const fn in_quads(self) -> Self {
        match self {
            Self::Int8 | Self::Int8Quads => Self::Int8Quads,
            Self::Int4 | Self::Int4Quads => Self::Int4Quads,
        }
    }

    /// As many bits row by row, as tables are.
    pub const fn in_rows(self) -> Self {
        match self {
            Self::Int8 | Self::Int8Quads => Self::Int8,
            Self::Int4 | Self::Int4Quads => Self::Int4,
        }
    }

    /// The rows or quads that `rows` rows take.
    const fn units(self, rows: usize) -> usize {
        match self {
            Self::Int8 | Self::Int4 => rows,
            Self::Int8Quads | Self::Int4Quads => rows.div_ceil(QUAD),
        }
    }

    /// The bytes of a row, or the words of one or of a quad, of `columns` columns.
    pub(crate) const fn width(self, columns: usize) -> usize {
        match self {
            Self::Int8 => columns,
            Self::Int4 => columns.div_ceil(NIBBLES),
            Self::Int8Quads => columns.div_ceil(QUAD) * QUAD,
            Self::Int4Quads => columns.div_ceil(QUAD) * QUAD / 2,
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
    /// If the weights are not there, too few or many, out of range, or do not lie in quads.
    // One copy for all tensors: the artifact is checked once.
    #[inline(never)]
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
        rows: usize,
        columns: usize,
    ) -> Result<Matrix<'a>, ArtifactError> {
        // Row by row lie tables alone.
        let in_quads = self.encoding == self.encoding.in_quads();
        if !in_quads || self.shift > MAX_SHIFT || columns > fixed::MAX_COLUMNS {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        let columns = NonZeroUsize::new(columns).ok_or(ArtifactError::OutOfRange(tensor))?;
        Ok(Matrix {
            encoding: self.encoding,
            words: Encoding::words(self, data, tensor, rows, columns.get())?,
            rows,
            columns,
            shift: self.shift.into(),
        })
    }
}

impl Encoding {
    /// Borrows the weights `(rows, columns)` at `spec`, which has this encoding in words, and makes
    /// sure that none is below the symmetric range.
    pub(crate) fn words<'a>(
        spec: &MatrixSpec,
        data: Data<'a>,
        tensor: &'static str,
        rows: usize,
        columns: usize,
    ) -> Result<&'a [u32], ArtifactError> {
        let encoding = spec.encoding;
        let count = encoding.units(rows) * encoding.width(columns);
        let words = data.slice::<u32>(spec.weights, count, tensor)?;
        // What is stored without an offset, among what is stored with one.
        let (signs, zero): (u32, fn(u32) -> bool) = match encoding {
            Self::Int4 => (0, has_zero_nibble),
            Self::Int4Quads => (0x8000_8000, has_zero_nibble),
            Self::Int8 | Self::Int8Quads => (0x8000_8000, has_zero_byte),
        };
        match words.iter().any(|&word| zero(word ^ signs)) {
            true => Err(ArtifactError::OutOfRange(tensor)),
            false => Ok(words),
        }
    }
}

/// Whether a byte is 0.
const fn has_zero_byte(word: u32) -> bool {
    word.wrapping_sub(0x0101_0101) & !word & 0x8080_8080 != 0
}

/// Whether a nibble is 0, which would stand for the weight -8.
const fn has_zero_nibble(word: u32) -> bool {
    // The lowest bit of each nibble becomes the disjunction of all four.
    let any = word | word >> 1 | word >> 2 | word >> 3;
    any & 0x1111_1111 != 0x1111_1111
}

/// `count` rows or quads of `width` elements from the one at `first` on; none where they are not all
/// there.
#[inline]
pub(crate) fn part<T>(values: &[T], first: usize, count: usize, width: usize) -> &[T] {
    values
        .get(first * width..)
        .and_then(|rest| rest.get(..count * width))
        .unwrap_or(&[])
}

#[inline]
fn quads(words: &[u32], first: usize, count: usize, width: usize) -> &[u32] {
    match first.is_multiple_of(QUAD) {
        true => part(words, first / QUAD, count.div_ceil(QUAD), width),
        false => &[],
    }
}

/// A quantised matrix `(rows, columns)` in quads, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a> {
    /// [`Encoding::Int4Quads`], or else [`Encoding::Int8Quads`].
    encoding: Encoding,
    words: &'a [u32],
    rows: usize,
    columns: NonZeroUsize,
    shift: u32,
}

parts!(
    "matrix",
    Matrix {
        encoding: Encoding,
        words: &'a [u32],
        rows: usize,
        columns: NonZeroUsize,
        shift: u32,
    }
);

impl<'a> Matrix<'a> {
    /// The matrix with its input.
    #[inline(always)]
    pub(crate) fn factor<'b>(&self, x: &'b [i16]) -> Factor<'b>
    where
        'a: 'b,
    {
        Factor {
            words: self.words,
            columns: self.columns,
            x,
            shift: self.shift,
        }
    }

    /// How the weights are stored.
    #[inline]
    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Adds `W[first ..] (rows, columns) @ x (columns,)` to `sums (rows,)`, as many rows as there
    /// are sums; `x` in Q0.15. `first` is a multiple of [`QUAD`], without which nothing is added.
    #[inline]
    pub fn accumulate(&self, first: usize, x: &[i16], sums: &mut [i32]) {
        let Self { columns, shift, .. } = *self;
        let width = self.encoding.width(columns.get());
        let words = quads(self.words, first, sums.len(), width);
        match self.encoding {
            Encoding::Int4Quads => kernel::quads::accumulate_i4(words, columns, x, shift, sums),
            _ => kernel::quads::accumulate_i8(words, columns, x, shift, sums),
        }
    }

    /// The largest sum that a row can reach, whatever its weights and inputs are.
    pub fn bound(&self) -> i64 {
        let most = self.encoding().weight_max();
        fixed::product_bound(most, self.columns.get()) << self.shift
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
    fn a_zero_byte_is_found_anywhere() {
        assert!(!has_zero_byte(0x8001_FF10));
        for place in 0..4 {
            assert!(has_zero_byte(0x0180_7F01 & !(0xFF << (8 * place))));
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
