//! tanh and sigmoid in fixed point: Q16.15 in, Q0.15 out.
//!
//! One table of values of tanh, 1/64 apart, and a straight line between two of them. The table is
//! computed from the exponential series when the crate is compiled. Half of it, over [0, 8], is
//! enough, because tanh is odd, and is what a Cortex-M0 has; on cores of Armv7-M, which
//! interpolate in nine instructions if they need not look at the sign, it reaches from -8 to 8.
//! Both give the same.
//!
//! | function | domain tested | worst error against `libm` |
//! |---|---|---|
//! | [`tanh`] | every Q16.15 value in [-9, 9], saturated beyond | 1.54 units of 2^-15 (4.7e-5) |
//! | [`sigmoid`] | every Q16.15 value in [-17, 17], saturated beyond | 1.27 units of 2^-15 (3.9e-5) |

use crate::{fixed::LOGIT_FRACTION, kernel};

/// Intervals of the table per unit of the argument, as a shift: 64.
const STEP_SHIFT: u32 = 6;
const INTERVALS: usize = 8 << STEP_SHIFT;
/// Whether the table reaches below 0, for twice the flash.
const BOTH_SIDES: bool = cfg!(not(small));

/// `round(32768 * tanh(i / 64))`, at most 32,767, and one value beyond, because an interval begins
/// at 8 too.
static HALF: [i16; INTERVALS + 2] = {
    let mut table = [0; INTERVALS + 2];
    let mut i = 0;
    while i < table.len() {
        table[i] = tanh_at(i);
        i += 1;
    }
    table
};

/// The same from -8 on: 0 stands at `INTERVALS`.
pub(crate) static WHOLE: [i16; kernel::SPAN] = {
    let mut table = [0; kernel::SPAN];
    let mut i = 0;
    while i <= INTERVALS {
        table[INTERVALS - i] = -tanh_at(i);
        table[INTERVALS + i] = tanh_at(i);
        i += 1;
    }
    table
};

const fn tanh_at(i: usize) -> i16 {
    let e = exp(2.0 * i as f64 / (1 << STEP_SHIFT) as f64);
    let value = 32_768.0 * (e - 1.0) / (e + 1.0) + 0.5;
    if value < 32_767.0 {
        value as i16
    } else {
        32_767
    }
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
    tanh_by::<BOTH_SIDES>(x)
}

/// The logistic sigmoid of a Q16.15 value, in Q0.15: `(1 + tanh(x / 2)) / 2`, within 0 ..= 32,767.
#[inline]
pub fn sigmoid(x: i32) -> i16 {
    sigmoid_by::<BOTH_SIDES>(x)
}

#[inline(always)]
fn tanh_by<const BOTH_SIDES: bool>(x: i32) -> i16 {
    match BOTH_SIDES {
        true => interpolate::<{ LOGIT_FRACTION - STEP_SHIFT }, 0>(x),
        false => mirror::<LOGIT_FRACTION>(x),
    }
}

#[inline(always)]
fn sigmoid_by<const BOTH_SIDES: bool>(x: i32) -> i16 {
    // x / 2 is the same integer with one fraction bit more.
    const FRACTION: u32 = LOGIT_FRACTION + 1;
    match BOTH_SIDES {
        true => interpolate::<{ FRACTION - STEP_SHIFT }, 1>(x),
        false => ((32_768 + i32::from(mirror::<FRACTION>(x))) >> 1) as i16,
    }
}

/// `(h + tanh(x)) / 2^h` in Q0.15 for `h = HALVED`, 0 or 1, of a value with `15 + h` fraction
/// bits, of which the lower `BITS` stand for a place between two values of the table: tanh rounded
/// to Q0.15, and rounded down when halved.
#[inline(always)]
fn interpolate<const BITS: u32, const HALVED: u32>(x: i32) -> i16 {
    let one = (HALVED << (LOGIT_FRACTION + BITS)) as i32;
    // A half is rounded away from 0.
    let start = one + (1 << (BITS - 1));
    (kernel::interpolate::<BITS>(&WHOLE, x, start) >> (BITS + HALVED)) as i16
}

/// tanh of a value with `FRACTION` fraction bits, from half of the table.
#[inline(always)]
fn mirror<const FRACTION: u32>(x: i32) -> i16 {
    let bits = FRACTION - STEP_SHIFT;
    let magnitude = x
        .clamp(-(8 << FRACTION), (8 << FRACTION) - 1)
        .unsigned_abs();
    let index = (magnitude >> bits) as usize;
    let position = (magnitude % (1 << bits)) as i32;
    let Some(&[low, high]) = HALF.get(index..).and_then(|rest| rest.first_chunk()) else {
        return 0;
    };
    let (low, high) = (i32::from(low), i32::from(high));
    let value = low + (((high - low) * position + (1 << (bits - 1))) >> bits);
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
    fn half_of_the_table_gives_the_same() {
        let near = -18 * ONE..18 * ONE;
        for x in near.chain([i32::MIN, i32::MIN + 1, i32::MAX]) {
            assert_eq!(tanh_by::<true>(x), tanh_by::<false>(x));
            assert_eq!(sigmoid_by::<true>(x), sigmoid_by::<false>(x));
        }
    }

    #[test]
    fn both_are_monotonic_and_tanh_is_odd() {
        for x in -9 * ONE..9 * ONE {
            assert!(tanh(x) <= tanh(x + 1) && sigmoid(x) <= sigmoid(x + 1));
            assert_eq!(tanh(-x), -tanh(x));
        }
    }
}
