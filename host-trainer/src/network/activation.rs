//! The hyperbolic tangent in f32, the same to the bit on every platform.
//!
//! Only additions, multiplications, divisions and bit operations are used, without branches, so
//! the compiler vectorises loops over [`tanh`] and no platform's `libm` is asked.

/// Beyond this `tanh` rounds to 1 in f32.
const SATURATION: f32 = 9.02;
/// `1.5 * 2^23`: adding it rounds an f32 of small magnitude to an integer, which then stands in
/// the mantissa's low bits.
const ROUNDER: f32 = 12_582_912.0;
/// The high part of `ln 2`: 11 bits, so that its products with small integers are exact.
const LN2_HIGH: f32 = 0.693_359_4;
/// `ln 2 - LN2_HIGH`.
const LN2_LOW: f32 = -2.121_944_4e-4;

/// `tanh(x)`, within 3 units in the last place of the true value for every finite `x`; odd,
/// never beyond `[-1, 1]`, `NaN` for `NaN`.
///
/// With `e = exp(2|x|) - 1` it is `e / (e + 2)` with the sign of `x`. As
/// `exp(2|x|) = 2^n exp(r)`, `|r| <= ln(2) / 2`, `e = 2^n (exp(r) - 1) + (2^n - 1)`, which loses
/// nothing near zero, where `n = 0`. `exp(r) - 1` is the Taylor series to the seventh power; what
/// is cut off is below `1.6e-8` of it.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let magnitude = x.abs();
    let clamped = if magnitude > SATURATION {
        SATURATION
    } else {
        magnitude
    };
    let y = 2.0 * clamped;
    let shifted = y * core::f32::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (y - n * LN2_HIGH) - n * LN2_LOW;
    let tail = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let series = r + r * r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * tail)));
    // The integer n stands in the low bits of `shifted`; moved into the exponent it makes 2^n.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    let e = power * series + (power - 1.0);
    (e / (e + 2.0)).copysign(x)
}

/// The logistic function `1 / (1 + exp(-x))`, in f64 for the heads, where few are needed.
pub(crate) fn sigmoid(x: f64) -> f64 {
    let e = libm::exp(-x.abs());
    if x < 0.0 {
        e / (1.0 + e)
    } else {
        1.0 / (1.0 + e)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units in the last place of the true value.
    fn error_in_ulp(x: f32) -> f64 {
        let exact = libm::tanh(f64::from(x));
        let nearest = (exact as f32).abs();
        let ulp = f64::from(f32::from_bits(nearest.to_bits() + 1) - nearest);
        (f64::from(tanh(x)) - exact).abs() / ulp
    }

    #[test]
    fn stays_within_three_units_in_the_last_place() {
        // Every 997th f32 from the smallest normal number to beyond saturation.
        let top = 12.0f32.to_bits();
        let mut worst = (0.0, 0.0);
        for bits in (f32::MIN_POSITIVE.to_bits()..top).step_by(997) {
            let x = f32::from_bits(bits);
            let error = error_in_ulp(x);
            if error > worst.1 {
                worst = (x, error);
            }
        }
        assert!(worst.1 < 3.0, "{} ulp at {}", worst.1, worst.0);
    }

    #[test]
    fn is_odd_bounded_and_passes_nan_on() {
        for x in [
            0.0,
            1e-40,
            1e-7,
            0.3,
            1.0,
            8.9,
            9.1,
            100.0,
            f32::MAX,
            f32::INFINITY,
        ] {
            assert_eq!(tanh(-x), -tanh(x));
            assert!(tanh(x) <= 1.0);
        }
        assert_eq!(tanh(0.0).to_bits(), 0);
        assert_eq!(tanh(f32::INFINITY), 1.0);
        assert!(tanh(f32::NAN).is_nan());
    }

    #[test]
    fn sigmoid_survives_large_arguments() {
        assert_eq!(sigmoid(0.0), 0.5);
        assert_eq!(sigmoid(1e3), 1.0);
        assert!(sigmoid(-1e3) == 0.0 && sigmoid(-30.0) > 0.0);
    }
}
