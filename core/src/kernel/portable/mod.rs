//! The products in plain Rust: correct on every target, the oracle for faster ones.
//!
//! That no sum overflows is the caller's to prove
//! (see [`RowsSpec::resolve`](crate::rows::RowsSpec::resolve)).

pub mod gates;
pub mod quads;

use super::SPAN;
use crate::fixed;
use core::iter;

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
