//! From logits to a class and its probability.
//!
//! The class follows from the integer logits alone. The probability is for people: with two
//! classes it is the fixed-point [`sigmoid`]; with more it is a softmax in `f32`, whose
//! exponential is `micromath`'s. That uses nothing but IEEE 754 additions, multiplications,
//! divisions and bit operations, which a soft-float library and an FPU round alike, so that a device prints what
//! its host prints.

use crate::{activation::sigmoid, fixed::LOGIT_FRACTION};
use micromath::F32Ext;

/// The most probable class of `logits` (Q16.15) and its probability in Q0.15.
///
/// A single logit is the evidence for class 1 of two (and 0 decides for class 1); of several
/// equal ones the first wins.
#[inline]
pub fn classify(logits: &[i32]) -> (usize, u16) {
    match *logits {
        [logit] if logit >= 0 => (1, sigmoid(logit).unsigned_abs()),
        [logit] => (0, sigmoid(logit.saturating_neg()).unsigned_abs()),
        _ => softmax_max(logits),
    }
}

/// A probability in Q0.15 rounded to five decimals, as it is printed: 0 ..= 99,997.
#[inline]
pub const fn decimals(probability: u16) -> u32 {
    (probability as u32 * 100_000 + (1 << 14)) >> 15
}

fn softmax_max(logits: &[i32]) -> (usize, u16) {
    let mut best = (0, i32::MIN);
    for (class, &logit) in logits.iter().enumerate() {
        if logit > best.1 {
            best = (class, logit);
        }
    }
    let mut sum = 0.0f32;
    for &logit in logits {
        let distance = best.1.saturating_sub(logit) as f32 / (1u32 << LOGIT_FRACTION) as f32;
        sum += F32Ext::exp(-distance);
    }
    (best.0, (32_767.0 / sum) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i32 = 1 << LOGIT_FRACTION;

    #[test]
    fn two_classes_share_one_logit() {
        assert_eq!(classify(&[0]), (1, 16_384));
        assert_eq!(classify(&[ONE]).0, 1);
        assert_eq!(classify(&[-ONE]).0, 0);
        assert_eq!(classify(&[ONE]).1, classify(&[-ONE]).1);
        assert_eq!(classify(&[i32::MIN]), (0, 32_767));
    }

    #[test]
    fn softmax_is_within_a_thousandth_of_libm() {
        for case in [
            [0, 0, 0],
            [ONE, -ONE, 1600],
            [-9000, 30_000, 29_000],
            [1, 2, 3],
        ] {
            let real = case.map(|l| libm::exp(f64::from(l) / f64::from(ONE)));
            let (class, probability) = classify(&case);
            let expected = real[class] / real.iter().sum::<f64>();
            assert!((f64::from(probability) / 32_768.0 - expected).abs() < 1e-3);
            assert!(real.iter().all(|&r| r <= real[class]));
        }
    }

    #[test]
    fn decimals_are_the_nearest() {
        for probability in 0..=32_767u16 {
            let exact = f64::from(probability) * 100_000.0 / 32_768.0;
            assert!((f64::from(decimals(probability)) - exact).abs() <= 0.5);
        }
    }

    #[test]
    fn nothing_is_certain_of_nothing() {
        assert_eq!(classify(&[i32::MIN, i32::MAX, i32::MIN]).0, 1);
        assert_eq!(classify(&[]).0, 0);
    }
}
