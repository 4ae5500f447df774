//! The products in plain Rust: correct on every target, the oracle for faster ones.
//!
//! That no sum overflows is the caller's to prove
//! (see [`RowsSpec::resolve`](crate::rows::RowsSpec::resolve)).

pub mod gates;
pub mod quads;

use super::SPAN;
use crate::{fixed, matrix::NIBBLES};
use core::{iter, num::NonZeroUsize};

/// Adds `(W (rows, columns) @ x (columns,)) << shift` to `sums (rows,)`.
///
/// `weights` is row-major, [`Encoding::Int8`](crate::matrix::Encoding::Int8).
// By itself, as all here, so that it has a core's registers to itself.
#[inline(never)]
pub fn accumulate_i8(
    weights: &[i8],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    for (row, sum) in rows(weights, columns.get()).zip(sums) {
        *sum += dot_i8(row, x) << (shift % 32);
    }
}

/// Adds `(W (rows, columns) @ x (columns,)) << shift` to `sums (rows,)`.
///
/// `words` holds the rows as [`Encoding::Int4`](crate::matrix::Encoding::Int4) says, each filled
/// up to whole words. The nibbles are `w + 8`, so `8 * sum(x)` is taken off once per row.
#[inline(never)]
pub fn accumulate_i4(
    words: &[u32],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let offset = 8 * x.iter().map(|&x| i32::from(x)).sum::<i32>();
    let width = columns.get().div_ceil(NIBBLES);
    for (row, sum) in rows(words, width).zip(sums) {
        *sum += (dot_i4(row, x) - offset) << (shift % 32);
    }
}

/// Starts `sums` with `biases`, as far as there are both.
#[inline(always)]
pub fn begin(sums: &mut [i32], biases: &[i32]) {
    for (sum, &bias) in sums.iter_mut().zip(biases) {
        *sum = bias;
    }
}

/// Replaces `sums` by [`fixed::requantize`] of them and of `multipliers`, as far as there are both.
#[inline(always)]
pub fn requantize(sums: &mut [i32], multipliers: &[i32]) {
    for (sum, &multiplier) in sums.iter_mut().zip(multipliers) {
        *sum = fixed::requantize(*sum, multiplier);
    }
}

/// The straight line between two values of `table`, times `2^BITS`, plus `start` and, below 0, -1:
/// at `x / 2^BITS` intervals from its middle, or at its ends. `BITS` is at most 14.
#[inline(always)]
pub fn interpolate<const BITS: u32>(table: &[i16; SPAN], x: i32, start: i32) -> i32 {
    const MIDDLE: i32 = (SPAN / 2) as i32;
    let inside = x.clamp(-(MIDDLE << BITS), (MIDDLE << BITS) - 1);
    let index = ((inside >> BITS) + MIDDLE) as usize;
    let Some(&[low, high]) = table.get(index..).and_then(|rest| rest.first_chunk()) else {
        return 0;
    };
    let (low, high, place) = (i32::from(low), i32::from(high), inside & ((1 << BITS) - 1));
    start + (x >> 31) + (low << BITS) + (high - low) * place
}

/// The whole rows of `width` values. `chunks_exact` would count them first, and a Cortex-M0 has no
/// division.
#[inline]
pub(super) fn rows<T>(mut values: &[T], width: usize) -> impl Iterator<Item = &[T]> {
    iter::from_fn(move || {
        let (row, below) = values.split_at_checked(width)?;
        values = below;
        Some(row)
    })
}

/// Adds the rows of `weights`, `columns` apart, times `x` to `sums`.
// For kernels that do the rest by themselves.
#[cfg(any(dsp, mla, mve))]
#[inline(never)]
pub(super) fn tail_i8(
    weights: Option<&[i8]>,
    columns: usize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let mut weights = weights.unwrap_or(&[]);
    for sum in sums {
        *sum += dot_i8(weights, x) << (shift % 32);
        weights = weights.get(columns..).unwrap_or(&[]);
    }
}

/// `sum of w_k * x_k`.
#[inline]
pub(super) fn dot_i8(weights: &[i8], x: &[i16]) -> i32 {
    weights
        .iter()
        .zip(x)
        .map(|(&w, &x)| i32::from(w) * i32::from(x))
        .sum()
}

/// `sum of (w_k + 8) * x_k`.
#[inline]
pub(super) fn dot_i4(words: &[u32], x: &[i16]) -> i32 {
    let mut sum = 0;
    let (eights, rest) = x.as_chunks::<NIBBLES>();
    let mut words = words.iter();
    for (x, &word) in eights.iter().zip(words.by_ref()) {
        sum += pairs(word, x);
    }
    if let (Some(&word), false) = (words.next(), rest.is_empty()) {
        let mut x = [0; NIBBLES];
        for (place, &value) in x.iter_mut().zip(rest) {
            *place = value;
        }
        sum += pairs(word, &x);
    }
    sum
}

/// The products of a word's nibbles, pair by pair.
#[inline]
fn pairs(word: u32, x: &[i16; NIBBLES]) -> i32 {
    let nibble = |bits: u32| ((word >> bits) & 0xF) as i32;
    let (pairs, _) = x.as_chunks::<2>();
    (pairs.iter().zip([0, 4, 8, 12]))
        .map(|(&[low, high], bits)| {
            nibble(bits) * i32::from(low) + nibble(16 + bits) * i32::from(high)
        })
        .sum()
}
