//! The Q formats of the project and the one way to change between them.
//!
//! | quantity | type | format | range |
//! |---|---|---|---|
//! | weight | 8 or 4 bits | integer times its row's scale | -127 ..= 127, -7 ..= 7 |
//! | hidden state `h_t`, input vector, gate, read-out | `i16` | Q0.15 | -1 < h < 1 |
//! | LSTM cell state `c_t` | `i32` | Q16.15 | -32,768 < c < 32,768 ([`scale_by`]) |
//! | accumulator, bias | `i32` | row scale times 2^-15 | proven not to overflow |
//! | pre-activation, logit | `i32` | Q16.15 | -32,768 ..= 32,767 |
//! | probability | `u16` | Q0.15 | 0 ..= 32,767 |
//! | weight of a network in an ensemble | `u16` | Q4.12 | 0 <= w < 16 ([`weighted_sum`]) |
//!
//! The hidden state has 16 bits, not 8: over 1,000 steps of random SimpleRNN(64)s with orthogonal
//! recurrent weights it stays within 6.8e-5 of float on average (worst 3.8e-4), and the same
//! arithmetic with states of 8 bits within 5.9e-3 (3.2e-2), 87 to 126 times as far (the test
//! `state_width` of the test package measures and asserts it). The width alone would make it 256
//! times; the rest goes to the table of [`tanh`](crate::activation::tanh). And on the Cortex-M4
//! `SMLAD` multiplies 16-bit pairs, so that 8-bit states would only have to be widened first.
//!
//! What a step computes never overflows 32 bits: that the products of a model's matrices fit
//! beside its shifts, table and biases is checked when it is loaded
//! ([`RowsSpec::resolve`](crate::rows::RowsSpec::resolve)), whatever the states will be.

/// Fraction bits of hidden states and input vectors: Q0.15.
pub const STATE_FRACTION: u32 = 15;
/// Fraction bits of pre-activations and logits: Q16.15.
pub const LOGIT_FRACTION: u32 = 15;
/// Fraction bits of the weights of an ensemble's networks: Q4.12.
pub const MEMBER_FRACTION: u32 = 12;
/// The largest magnitude of a state: 1 - 2^-15. Symmetric, so -1 does not occur.
pub const STATE_MAX: i16 = i16::MAX;
/// The largest magnitude of an 8-bit weight. Symmetric, so -128 does not occur.
pub const WEIGHT_MAX: i8 = i8::MAX;

/// From an accumulator (row scale `s`, 2^-15) to Q16.15: `acc * multiplier / 2^32`, rounded half up.
///
/// `multiplier` is `s * 2^32` ([`multiplier`]). The product is exact in 64 bits and the result
/// within half a unit of it; on cores with the DSP extension this is the single instruction
/// `SMMULR`.
#[inline(always)]
pub const fn requantize(accumulator: i32, multiplier: i32) -> i32 {
    ((accumulator as i64 * multiplier as i64 + (1 << 31)) >> 32) as i32
}

/// The row multiplier for a weight scale `s` (the real value of weight 1): `s * 2^32`, rounded.
///
/// 32 = 32 (of [`requantize`]) - 15 ([`STATE_FRACTION`]) + 15 ([`LOGIT_FRACTION`]).
/// `None` unless `0 < s < 1/2` (weights up to 63.5) and the multiplier is at least 1.
pub fn multiplier(scale: f64) -> Option<i32> {
    const SHIFT: u32 = 32 - STATE_FRACTION + LOGIT_FRACTION;
    let multiplier = scale * (1u64 << SHIFT) as f64 + 0.5;
    (multiplier >= 1.0 && multiplier <= i32::MAX as f64).then_some(multiplier as i32)
}

/// The weight scale that a row multiplier stands for: the inverse of [`multiplier`].
pub fn scale(multiplier: i32) -> f64 {
    multiplier as f64 / (1u64 << (32 - STATE_FRACTION + LOGIT_FRACTION)) as f64
}

/// A value with 15 fraction bits, saturated to Q0.15.
#[inline(always)]
pub const fn saturate(value: i32) -> i16 {
    if value > STATE_MAX as i32 {
        STATE_MAX
    } else if value < -(STATE_MAX as i32) {
        -STATE_MAX
    } else {
        value as i16
    }
}

/// `value * factor` for a factor in Q0.15, rounded half up: `floor(value * factor / 2^15 + 1/2)`.
///
/// Exact for every `i32` and `0 <= factor <= 32,767`, and smaller in magnitude than `value`. In
/// two 32-bit products where there are no others, as on a Cortex-M0: with `value = 2^16 high + low`
/// the first is a multiple of 2^15 already.
#[inline(always)]
pub const fn scale_by(value: i32, factor: i16) -> i32 {
    if cfg!(any(dsp, mla)) {
        return ((value as i64 * factor as i64 + (1 << 14)) >> 15) as i32;
    }
    let (high, low) = (value >> 16, (value & 0xFFFF) as u32);
    let low = low * factor as u32;
    2 * high * factor as i32 + ((low + (1 << 14)) >> 15) as i32
}

/// `addend + scale_by(value, factor)`, for a `value` below 2^30 in magnitude and a sum that fits.
#[inline(always)]
pub const fn add_scaled(addend: i32, value: i32, factor: i16) -> i32 {
    match cfg!(any(dsp, mla)) {
        true => add_upper_half(addend, value, factor),
        false => addend + scale_by(value, factor),
    }
}

/// The same on cores that multiply into 64 bits: the upper half of twice the value times 2^16 of the
/// factor, so that nothing is shifted behind the product, which is added to the addend itself
/// (`SMMLAR`, `SMLAL`).
#[inline(always)]
const fn add_upper_half(addend: i32, value: i32, factor: i16) -> i32 {
    let product = (value << 1) as i64 * ((factor as i32) << 16) as i64;
    ((((addend as i64) << 32) + (1 << 31) + product) >> 32) as i32
}

/// `(a * w_a + b * w_b) / 2^12` for two values and their weights in Q4.12, rounded half up and
/// saturated.
#[inline]
pub fn weighted_sum(values: [i32; 2], weights: [u16; 2]) -> i32 {
    let [a, b] = values.map(i64::from);
    let [first, second] = weights.map(i64::from);
    let half = 1 << (MEMBER_FRACTION - 1);
    let sum = (a * first + b * second + half) >> MEMBER_FRACTION;
    sum.clamp(i32::MIN.into(), i32::MAX.into()) as i32
}

/// The product of two Q0.15 values in Q0.15, rounded half up.
#[inline(always)]
pub const fn product(a: i16, b: i16) -> i32 {
    (a as i32 * b as i32 + (1 << 14)) >> 15
}

/// The largest sum that `columns` products of a weight up to `weight_max` and a state can reach.
pub const fn product_bound(weight_max: i8, columns: usize) -> i64 {
    weight_max as i64 * STATE_MAX as i64 * columns as i64
}

/// A one-hot table's weight counts 2^15 in a sum, without a shift.
pub const LOOK_UP_BITS: u32 = STATE_FRACTION;

/// The most columns that the matrices of a row may have together: their products, a look-up and
/// any bias up to 2^23 fit a 32-bit accumulator.
pub const MAX_COLUMNS: usize = 512;
const _: () = assert!(
    product_bound(WEIGHT_MAX, MAX_COLUMNS) + ((WEIGHT_MAX as i64) << LOOK_UP_BITS) + (1 << 23)
        <= i32::MAX as i64
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requantize_rounds_half_up_and_is_within_half_a_unit() {
        for acc in [i32::MIN, -3, -1, 0, 1, 7, 65_536, i32::MAX] {
            for m in [1, 3, 1 << 20, 1 << 30, i32::MAX] {
                let exact = f64::from(acc) * f64::from(m) / 4_294_967_296.0;
                assert_eq!(requantize(acc, m), libm::floor(exact + 0.5) as i32);
            }
        }
    }

    #[test]
    fn scale_by_is_the_rounded_product_and_never_larger_whichever_way() {
        let values = [
            0,
            1,
            -1,
            2,
            -3,
            16_384,
            65_535,
            65_536,
            -65_537,
            i32::MAX,
            i32::MIN,
        ];
        let noise = (0..20_000i32).map(|n| n.wrapping_mul(0x9E37_79B1u32 as i32));
        for value in values.into_iter().chain(noise) {
            for factor in [0, 1, 2, 16_383, 16_384, 30_001, 32_766, 32_767] {
                let exact = (i64::from(value) * i64::from(factor) + (1 << 14)) >> 15;
                assert_eq!(i64::from(scale_by(value, factor)), exact);
                assert!(exact.abs() <= i64::from(value).abs());
                let (half, addend) = (value >> 1, value >> 2);
                let sum = addend + scale_by(half, factor);
                assert_eq!(add_upper_half(addend, half, factor), sum);
            }
        }
    }

    #[test]
    fn a_weighted_sum_rounds_half_up_and_saturates() {
        let one = 1 << MEMBER_FRACTION;
        assert_eq!(weighted_sum([7, -9], [one, one]), -2);
        assert_eq!(weighted_sum([1, 0], [one / 2, one]), 1);
        assert_eq!(weighted_sum([-1, 0], [one / 2, one]), 0);
        assert_eq!(weighted_sum([-3, 2], [one / 2, one / 4]), -1);
        assert_eq!(weighted_sum([i32::MAX; 2], [u16::MAX; 2]), i32::MAX);
        assert_eq!(weighted_sum([i32::MIN; 2], [u16::MAX; 2]), i32::MIN);
        assert_eq!(weighted_sum([i32::MIN, i32::MAX], [one, one]), -1);
        assert_eq!(weighted_sum([i32::MIN, i32::MAX], [0, 0]), 0);
    }

    #[test]
    fn saturation_is_symmetric() {
        assert_eq!([saturate(40_000), saturate(-40_000)], [32_767, -32_767]);
        assert_eq!([saturate(-32_768), saturate(-5)], [-32_767, -5]);
    }

    #[test]
    fn multiplier_inverts_scale_and_refuses_what_it_cannot_hold() {
        for s in [1e-6, 0.002, 0.3, 0.4999] {
            let back = scale(multiplier(s).unwrap());
            assert!((back - s).abs() <= 0.5 / 4_294_967_296.0);
        }
        for s in [0.0, -1.0, 0.5, 1e-12, f64::NAN, f64::INFINITY] {
            assert_eq!(multiplier(s), None);
        }
    }
}
