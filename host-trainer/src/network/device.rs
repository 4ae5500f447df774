//! Between the network's f32 and the device's fixed-point numbers, for training in the device's
//! arithmetic: the cells call the core's own functions with what these give.

use spinet_core::fixed::{STATE_FRACTION, saturate};

/// `2^15`: one in Q16.15 and in Q0.15.
const ONE: f32 = (1u32 << STATE_FRACTION) as f32;

/// A Q16.15 number, rounded to the nearest; what is beyond 2^15 saturates, as a requantised sum
/// cannot be.
#[inline(always)]
pub(super) fn wide(x: f32) -> i32 {
    const MOST: f32 = (1u32 << 30) as f32;
    (x * ONE).clamp(-MOST, MOST).round_ties_even() as i32
}

/// A Q0.15 number, rounded to the nearest, saturated.
#[inline(always)]
pub(super) fn narrow(x: f32) -> i16 {
    saturate(wide(x))
}

/// The real number that one with 15 fraction bits stands for.
#[inline(always)]
pub(super) fn real(x: impl Into<i32>) -> f32 {
    x.into() as f32 / ONE
}

#[cfg(test)]
mod tests;
