//! What becomes of a GRU's sums, in plain Rust.

use crate::fixed::requantize;

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
