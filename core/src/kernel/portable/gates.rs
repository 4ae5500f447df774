//! What becomes of a GRU's sums, in plain Rust.

use crate::{cell::gru::GruUnit, fixed::requantize};

/// For each unit the three sums with both products, the candidate's with the first alone, and the
/// biases and multipliers of four: reset, update, candidate of the first product, and of the second.
///
/// Requantises the sums of the gates; that of the candidate with both products becomes the one with
/// the second alone and its bias, which is requantised too, and so is the one with the first.
#[inline(never)]
pub fn part(
    sums: &mut [[i32; 3]],
    candidates: &mut [i32],
    biases: &[[i32; 4]],
    multipliers: &[[i32; 4]],
) {
    let rows = biases.iter().zip(multipliers);
    for (([r, z, n], x), (&[.., bias], m)) in sums.iter_mut().zip(candidates).zip(rows) {
        *r = requantize(*r, m[0]);
        *z = requantize(*z, m[1]);
        *n = requantize(*n - *x + bias, m[3]);
        *x = requantize(*x, m[2]);
    }
}

/// The element-wise part of a step: `h_t` of each unit (Q0.15) from its requantised sums as [`part`]
/// leaves them, and from `h_{t-1}` in `hidden`.
// By itself, because the registers are just enough.
#[inline(never)]
pub fn units(sums: &[[i32; 3]], candidates: &[i32], hidden: &[i16], next: &mut [i16]) {
    let sums = sums.iter().zip(candidates);
    for ((next, &h), (&[r, z, nh], &nx)) in next.iter_mut().zip(hidden).zip(sums) {
        *next = GruUnit::new([r, z, nx, nh], h).hidden;
    }
}
