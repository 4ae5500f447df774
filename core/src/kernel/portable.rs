//! The products in plain Rust: correct on every target, the oracle for faster ones.

use core::num::NonZeroUsize;

/// Adds `(W (rows, columns) @ x (columns,)) << shift` to `accumulators (rows,)`.
///
/// `weights` is row-major. That no sum overflows is the caller's to prove
/// (see [`RowsSpec::resolve`](crate::rows::RowsSpec::resolve)).
#[inline]
pub fn accumulate_i8(
    weights: &[i8],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    accumulators: &mut [i32],
) {
    for (row, accumulator) in weights.chunks_exact(columns.get()).zip(accumulators) {
        *accumulator += dot(row, x) << (shift % 32);
    }
}

/// `sum of w_k * x_k`.
#[inline]
fn dot(weights: &[i8], x: &[i16]) -> i32 {
    weights
        .iter()
        .zip(x)
        .map(|(&w, &x)| i32::from(w) * i32::from(x))
        .sum()
}
