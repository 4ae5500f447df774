//! tanh and sigmoid in fixed point: Q16.15 in, Q0.15 out.
//!
//! One table of values of tanh, 1/64 apart over [0, 8], and a straight line between two
//! of them. The table is computed from the exponential series when the crate is compiled.
//!
//! | function | domain tested | worst error against `libm` |
//! |---|---|---|
//! | [`tanh`] | every Q16.15 value in [-9, 9], saturated beyond | 1.54 units of 2^-15 (4.7e-5) |
//! | [`sigmoid`] | every Q16.15 value in [-17, 17], saturated beyond | 1.27 units of 2^-15 (3.9e-5) |

use crate::fixed::LOGIT_FRACTION;

/// Intervals of the table per unit of the argument, as a shift: 64.
const STEP_SHIFT: u32 = 6;
const INTERVALS: usize = 8 << STEP_SHIFT;

/// `round(32768 * tanh(i / 64))`, at most 32,767, and one value beyond, because an interval begins
/// at 8 too.
static TANH: [i16; INTERVALS + 2] = tanh_table();

const fn tanh_table() -> [i16; INTERVALS + 2] {
    let mut table = [0; INTERVALS + 2];
    let mut i = 0;
    while i < table.len() {
        let e = exp(2.0 * i as f64 / (1 << STEP_SHIFT) as f64);
        let value = 32_768.0 * (e - 1.0) / (e + 1.0) + 0.5;
        table[i] = if value < 32_767.0 {
            value as i16
        } else {
            32_767
        };
        i += 1;
    }
    table
}

/// e^x for 0 <= x <= 16: the Taylor series of x/1024, squared ten times.
const fn exp(x: f64) -> f64 {
    let x = x / 1024.0;
    let (mut sum, mut term, mut n) = (1.0, 1.0, 1);
    while n < 12 {
        term *= x / n as f64;
        sum += term;
        n += 1;
    }
    let mut squarings = 0;
    while squarings < 10 {
        sum *= sum;
        squarings += 1;
    }
    sum
}

/// tanh of a Q16.15 value, in Q0.15: odd, monotonic, within -32,767 ..= 32,767.
#[inline]
pub fn tanh(x: i32) -> i16 {
    interpolate::<LOGIT_FRACTION>(x)
}

/// The logistic sigmoid of a Q16.15 value, in Q0.15: `(1 + tanh(x / 2)) / 2`, within 0 ..= 32,767.
#[inline]
pub fn sigmoid(x: i32) -> i16 {
    // x / 2 is the same integer with one fraction bit more.
    ((32_768 + i32::from(interpolate::<{ LOGIT_FRACTION + 1 }>(x))) >> 1) as i16
}

/// tanh of a value with `FRACTION` fraction bits.
#[inline(always)]
fn interpolate<const FRACTION: u32>(x: i32) -> i16 {
    let position_bits = FRACTION - STEP_SHIFT;
    // Saturated by a single instruction, `SSAT`, which lets -8 through beside all above it.
    let magnitude = x
        .clamp(-(8 << FRACTION), (8 << FRACTION) - 1)
        .unsigned_abs();
    let index = (magnitude >> position_bits) as usize;
    let position = (magnitude % (1 << position_bits)) as i32;
    let Some(&[low, high]) = TANH.get(index..).and_then(|rest| rest.first_chunk()) else {
        return 0;
    };
    let (low, high) = (i32::from(low), i32::from(high));
    let value = low + (((high - low) * position + (1 << (position_bits - 1))) >> position_bits);
    // The sign without a branch.
    let sign = x >> 31;
    ((value ^ sign) - sign) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << LOGIT_FRACTION;

    /// The largest |f(x) - oracle(x)| over [-limit, limit] in units of 2^-15, every value tried.
    fn worst(limit: i32, f: fn(i32) -> i16, oracle: fn(f64) -> f64) -> f64 {
        (-limit * ONE..=limit * ONE)
            .map(|x| (f64::from(f(x)) - 32_768.0 * oracle(f64::from(x) / f64::from(ONE))).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn tanh_is_within_its_stated_error_everywhere() {
        let worst = worst(9, tanh, libm::tanh);
        assert!(worst <= 1.54, "{worst}");
        // Beyond 9 both are saturated: the error is that at 9 or less.
        for x in [9 * ONE, 1 << 20, i32::MAX] {
            assert_eq!((tanh(x), tanh(-x)), (32_767, -32_767));
        }
        assert_eq!(tanh(i32::MIN), -32_767);
    }

    #[test]
    fn sigmoid_is_within_its_stated_error_everywhere() {
        let worst = worst(17, sigmoid, |x| 1.0 / (1.0 + libm::exp(-x)));
        assert!(worst <= 1.27, "{worst}");
        assert_eq!((sigmoid(i32::MIN), sigmoid(i32::MAX)), (0, 32_767));
    }

    #[test]
    fn both_are_monotonic_and_tanh_is_odd() {
        for x in -9 * ONE..9 * ONE {
            assert!(tanh(x) <= tanh(x + 1) && sigmoid(x) <= sigmoid(x + 1));
            assert_eq!(tanh(-x), -tanh(x));
        }
    }
}
