//! The products in plain Rust: correct on every target, the oracle for faster ones.
//!
//! That no sum overflows is the caller's to prove
//! (see [`RowsSpec::resolve`](crate::rows::RowsSpec::resolve)).

use crate::{fixed, matrix::NIBBLES};
use core::{iter, num::NonZeroUsize};

/// Adds `(W (rows, columns) @ x (columns,)) << shift` to `sums (rows,)`.
///
/// `weights` is row-major, [`Encoding::Int8`](crate::matrix::Encoding::Int8).
#[inline]
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
#[inline]
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

/// The whole rows of `width` values. `chunks_exact` would count them first, and a Cortex-M0 has no
/// division.
#[inline]
fn rows<T>(mut values: &[T], width: usize) -> impl Iterator<Item = &[T]> {
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
    (0..NIBBLES / 2)
        .map(|k| {
            let pair = 4 * k as u32;
            nibble(pair) * i32::from(x[2 * k]) + nibble(16 + pair) * i32::from(x[2 * k + 1])
        })
        .sum()
}
