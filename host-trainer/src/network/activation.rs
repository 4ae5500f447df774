//! Hyperbolic tangent, logistic function and exponential in f32, the same to the bit on every
//! platform.
//!
//! Only additions, multiplications, divisions and bit operations are used, without branches, so
//! the compiler vectorises loops over them and no platform's `libm` is asked.

/// Beyond this `tanh` rounds to 1 in f32.
const SATURATION: f32 = 9.02;
/// The arguments between which [`exp`] follows the exponential; its power of two is a normal
/// number there.
const LOWEST: f32 = -87.0;
const HIGHEST: f32 = 88.0;
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
    let (power, series) = exp_parts(2.0 * clamped);
    let e = power * series + (power - 1.0);
    (e / (e + 2.0)).copysign(x)
}

/// `1 / (1 + exp(-x))`, within 3 units in the last place of the true value for `x >= -87`, and
/// below `2e-38` for smaller `x`; never beyond `[0, 1]`, `NaN` for `NaN`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Replaces every number by its [`tanh`].
#[inline(always)]
pub(crate) fn tanh_all(values: &mut [f32]) {
    for value in values {
        *value = tanh(*value);
    }
}

/// Replaces every number by its [`sigmoid`].
#[inline(always)]
pub(crate) fn sigmoid_all(values: &mut [f32]) {
    for value in values {
        *value = sigmoid(*value);
    }
}

/// `exp(x)`, within 2 units in the last place of the true value for `-87 <= x <= 88`; smaller and
/// larger `x` give the value at these ends, `NaN` gives `NaN`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    let low = if x < LOWEST { LOWEST } else { x };
    let clamped = if low > HIGHEST { HIGHEST } else { low };
    let (power, series) = exp_parts(clamped);
    power * series + power
}

/// `(2^n, exp(r) - 1)` with `exp(y) = 2^n exp(r)` and `|r| <= ln(2) / 2`; `-87 <= y <= 88`.
#[inline(always)]
fn exp_parts(y: f32) -> (f32, f32) {
    let shifted = y * core::f32::consts::LOG2_E + ROUNDER;
    let n = shifted - ROUNDER;
    let r = (y - n * LN2_HIGH) - n * LN2_LOW;
    let tail = 1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0));
    let series = r + r * r * (0.5 + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * tail)));
    // The integer n stands in the low bits of `shifted`; moved into the exponent it makes 2^n.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    (power, series)
}

/// The logistic function `1 / (1 + exp(-x))`, in f64 for the heads, where few are needed.
pub(crate) fn logistic(x: f64) -> f64 {
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
    fn error_in_ulp(found: f32, exact: f64) -> f64 {
        let nearest = (exact as f32).abs();
        let ulp = f64::from(f32::from_bits(nearest.to_bits() + 1) - nearest);
        (f64::from(found) - exact).abs() / ulp
    }

    /// The worst error of `f` over every 997th f32 of magnitude up to `top` and the given sign.
    fn worst(f: fn(f32) -> f32, exact: fn(f64) -> f64, sign: f32, top: f32) -> f64 {
        (f32::MIN_POSITIVE.to_bits()..=top.to_bits())
            .step_by(997)
            .map(|bits| sign * f32::from_bits(bits))
            .map(|x| error_in_ulp(f(x), exact(f64::from(x))))
            .fold(0.0, f64::max)
    }

    #[test]
    fn errors_stay_as_small_as_stated() {
        let logistic = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        let errors = [
            (worst(tanh, libm::tanh, 1.0, 12.0), 3.0),
            (worst(sigmoid, logistic, 1.0, 87.0), 3.0),
            (worst(sigmoid, logistic, -1.0, 87.0), 3.0),
            (worst(exp, libm::exp, 1.0, 88.0), 2.0),
            (worst(exp, libm::exp, -1.0, 87.0), 2.0),
        ];
        for (k, (found, stated)) in errors.into_iter().enumerate() {
            assert!(found < stated, "{k}: {found} ulp");
        }
    }

    #[test]
    fn exponentials_saturate_and_pass_nan_on() {
        for x in [-88.0, -1e30, f32::NEG_INFINITY] {
            assert_eq!(exp(x), exp(-87.0));
            assert!((0.0..2e-38).contains(&sigmoid(x)));
        }
        for x in [89.0, f32::MAX, f32::INFINITY] {
            assert_eq!((exp(x), sigmoid(x)), (exp(88.0), 1.0));
        }
        assert!(exp(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
        assert_eq!((exp(0.0), sigmoid(0.0)), (1.0, 0.5));
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
    fn logistic_survives_large_arguments() {
        assert_eq!(logistic(0.0), 0.5);
        assert_eq!(logistic(1e3), 1.0);
        assert!(logistic(-1e3) == 0.0 && logistic(-30.0) > 0.0);
    }
}
