//! From logits to a token: temperature, top-k, top-p and a seed, in integers.
//!
//! A token's weight is `2^30 exp((logit - largest) / temperature)`: the exponent to base two is a
//! 64-bit product, its integer part a shift and its fraction a line between two of 257 values of a
//! table. Every sum is exact, and the generator (PCG-32) is defined on integers, so host and
//! device cannot differ: no float is involved, be it an FPU's or a soft-float library's. The
//! weights are within 2e-6 of the real ones, relative to the largest.
//!
//! The `k`th largest weight is found by bisection on its 31 bits instead of sorting: no memory,
//! and as many passes over the weights whatever `k` is.

mod decimal;

pub use decimal::{NumberError, Share, Temperature};

use crate::{Token, fixed::LOGIT_FRACTION};
use rand_pcg::{Pcg32, rand_core::Rng};

/// The weight of the largest logit.
const ONE: u32 = 1 << 30;
/// `log2(e)`, Q2.30.
const LOG2_E: u64 = 1_549_082_005;
/// Intervals of the table, as a shift.
const STEP_SHIFT: u32 = 8;
/// Fraction bits of an exponent: those of a logit and of the inverse temperature.
const EXPONENT_FRACTION: u32 = LOGIT_FRACTION + 24;

/// `2^30 * 2^(-i / 256)`.
static EXP2: [u32; (1 << STEP_SHIFT) + 1] = exp2_table();

const fn exp2_table() -> [u32; (1 << STEP_SHIFT) + 1] {
    let mut table = [0; (1 << STEP_SHIFT) + 1];
    // The 256th root of one half, by Taylor's series of exp(-ln(2) / 256).
    let x = -core::f64::consts::LN_2 / (1 << STEP_SHIFT) as f64;
    let (mut root, mut term, mut n) = (1.0, 1.0, 1);
    while n < 12 {
        term *= x / n as f64;
        root += term;
        n += 1;
    }
    let (mut value, mut i) = (1.0, 0);
    while i <= 1 << STEP_SHIFT {
        table[i] = (value * ONE as f64 + 0.5) as u32;
        value *= root;
        i += 1;
    }
    table
}

/// `2^30 * 2^-x` for `x` with 39 fraction bits, rounded down.
#[inline]
fn exp2(x: u64) -> u32 {
    let (whole, fraction) = (x >> EXPONENT_FRACTION, x % (1 << EXPONENT_FRACTION));
    if whole > 30 {
        return 0;
    }
    const POSITION: u32 = EXPONENT_FRACTION - STEP_SHIFT;
    let index = (fraction >> POSITION) as usize % (1 << STEP_SHIFT);
    // 15 bits of the position within the interval; the values are 2^21.5 apart at most.
    let position = (fraction >> (POSITION - 15)) % (1 << 15);
    let (high, low) = (EXP2[index], EXP2[index + 1]);
    let below = (u64::from(high - low) * position) >> 15;
    (high - below as u32) >> whole
}

/// How a token is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sampling {
    /// Divides the logits.
    pub temperature: Temperature,
    /// Only so many of the likeliest tokens are drawn; 0: any.
    pub top_k: Token,
    /// Of these, only the likeliest whose probabilities reach this share together.
    pub top_p: Share,
    /// Decides everything that is drawn.
    pub seed: u64,
}

impl Default for Sampling {
    /// The probabilities as they are, seed 1.
    fn default() -> Self {
        Self {
            temperature: Temperature::ONE,
            top_k: 0,
            top_p: Share::ALL,
            seed: 1,
        }
    }
}

/// Draws tokens.
#[derive(Debug, Clone)]
pub struct Sampler {
    sampling: Sampling,
    /// `log2(e) / temperature` with 24 fraction bits.
    inverse: u64,
    random: Pcg32,
}

impl Sampler {
    /// A sampler at the beginning of its seed's sequence.
    pub fn new(sampling: Sampling) -> Self {
        // Pcg32's own default stream.
        const STREAM: u64 = 0xA02B_DBF7_BB3C_0A7A;
        let temperature = u64::from(sampling.temperature.0);
        Self {
            inverse: (LOG2_E << 10) / temperature.max(1),
            random: Pcg32::new(sampling.seed, STREAM),
            sampling,
        }
    }

    /// A token's index; `logits` (Q16.15) are overwritten.
    #[inline]
    pub fn draw(&mut self, logits: &mut [i32]) -> usize {
        let (best, most) = largest(logits);
        if self.sampling.temperature == Temperature::GREEDY {
            return best;
        }
        for logit in logits.iter_mut() {
            let distance = most.abs_diff(*logit);
            *logit = exp2(u64::from(distance).saturating_mul(self.inverse)) as i32;
        }
        let weights = &*logits;
        let mut kept = Kept::all(weights);
        if self.sampling.top_k > 0 {
            kept = kept.reaching(weights, |_, count| count >= self.sampling.top_k.into());
        }
        if self.sampling.top_p < Share::ALL {
            let wanted = kept.sum * u64::from(self.sampling.top_p.0);
            kept = kept.reaching(weights, |sum, _| sum << 16 >= wanted);
        }
        let random = u64::from(self.random.next_u32()) << 32 | u64::from(self.random.next_u32());
        // The largest weight is 2^30, so the sum is not 0.
        let mut place = random.checked_rem(kept.sum).unwrap_or(0);
        for (index, weight) in kept.iter(weights) {
            match place.checked_sub(weight) {
                Some(rest) => place = rest,
                None => return index,
            }
        }
        best
    }
}

/// The first of the largest, and its value.
#[inline]
fn largest(logits: &[i32]) -> (usize, i32) {
    let mut best = (0, i32::MIN);
    for (index, &logit) in logits.iter().enumerate() {
        if logit > best.1 {
            best = (index, logit);
        }
    }
    best
}

/// Which weights take part: all above a threshold, and the first few of those that equal it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kept {
    threshold: i32,
    /// How many of those that equal the threshold.
    equal: usize,
    /// Sum of all that take part.
    sum: u64,
}

impl Kept {
    fn all(weights: &[i32]) -> Self {
        Self {
            threshold: 0,
            equal: usize::MAX,
            sum: weights.iter().map(|&weight| weight as u64).sum(),
        }
    }

    /// Those that take part, with their places.
    #[inline]
    fn iter(self, weights: &[i32]) -> impl Iterator<Item = (usize, u64)> {
        let mut equal = self.equal;
        weights
            .iter()
            .enumerate()
            .filter_map(move |(index, &weight)| {
                let takes_part = weight > self.threshold
                    || (weight == self.threshold && {
                        let room = equal > 0;
                        equal = equal.saturating_sub(1);
                        room
                    });
                takes_part.then_some((index, weight as u64))
            })
    }

    /// As few of the largest as `enough(their sum, their number)` asks for; all if it is never
    /// satisfied.
    #[inline]
    fn reaching(self, weights: &[i32], enough: impl Fn(u64, usize) -> bool) -> Self {
        let at_least = |threshold: i64| {
            self.iter(weights)
                .filter(|&(_, weight)| weight as i64 >= threshold)
                .fold((0, 0), |(sum, count), (_, weight)| {
                    (sum + weight, count + 1)
                })
        };
        // The largest threshold that enough of the weights reach.
        let (mut threshold, mut bit) = (0, i64::from(ONE));
        while bit > 0 {
            let (sum, count) = at_least(threshold + bit);
            if enough(sum, count) {
                threshold += bit;
            }
            bit >>= 1;
        }
        let (mut sum, mut count) = at_least(threshold + 1);
        let mut equal = 0;
        let level = |&(_, weight): &(usize, u64)| weight as i64 == threshold;
        for (_, weight) in self.iter(weights).filter(level) {
            if enough(sum, count) {
                break;
            }
            (sum, count, equal) = (sum + weight, count + 1, equal + 1);
        }
        Self {
            threshold: threshold as i32,
            equal,
            sum,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{vec, vec::Vec};

    const UNIT: f64 = (1 << LOGIT_FRACTION) as f64;

    /// Probabilities after temperature, top-k and top-p, by sorting, in f64.
    fn oracle(logits: &[i32], temperature: f64, top_k: usize, top_p: f64) -> Vec<f64> {
        let most = f64::from(*logits.iter().max().unwrap());
        let weight = |&logit: &i32| libm::exp((f64::from(logit) - most) / UNIT / temperature);
        let weights: Vec<f64> = logits.iter().map(weight).collect();
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
        if top_k > 0 {
            order.truncate(top_k);
        }
        let total: f64 = order.iter().map(|&index| weights[index]).sum();
        let mut reached = 0.0;
        let kept: Vec<usize> = order
            .into_iter()
            .take_while(|&index| {
                let needed = reached < top_p * total;
                reached += weights[index];
                needed
            })
            .collect();
        let sum: f64 = kept.iter().map(|&index| weights[index]).sum();
        let mut probabilities = vec![0.0; logits.len()];
        kept.iter()
            .for_each(|&index| probabilities[index] = weights[index] / sum);
        probabilities
    }

    fn logits(count: i32) -> Vec<i32> {
        (0..count)
            .map(|n| (n * 7919 % 23 - 15) * (1 << LOGIT_FRACTION) / 4)
            .collect()
    }

    #[test]
    fn exp2_is_within_its_stated_error_everywhere() {
        let one = f64::from(ONE);
        for n in 0..2_000_000u64 {
            let x = n << (EXPONENT_FRACTION - 16);
            let exact = libm::exp2(-(n as f64) / 65_536.0);
            assert!((f64::from(exp2(x)) / one - exact).abs() < 2e-6, "{n}");
        }
        assert_eq!((exp2(0), exp2(u64::MAX)), (ONE, 0));
    }

    #[test]
    fn tokens_are_drawn_as_often_as_the_oracle_says() {
        const DRAWS: usize = 40_000;
        for (temperature, top_k, top_p) in [
            ("1", 0, "1"),
            ("0.5", 0, "1"),
            ("2", 5, "1"),
            ("1", 0, "0.7"),
            ("1.3", 9, "0.55"),
            ("100", 1, "1"),
            ("1", 1000, "0.0001"),
        ] {
            let logits = logits(40);
            let expected = oracle(
                &logits,
                temperature.parse().unwrap(),
                top_k.into(),
                top_p.parse().unwrap(),
            );
            let mut sampler = Sampler::new(Sampling {
                temperature: temperature.parse().unwrap(),
                top_k,
                top_p: top_p.parse().unwrap(),
                seed: 7,
            });
            let mut counts = vec![0usize; logits.len()];
            for _ in 0..DRAWS {
                counts[sampler.draw(&mut logits.clone())] += 1;
            }
            for (token, (&count, &p)) in counts.iter().zip(&expected).enumerate() {
                assert!(p > 0.0 || count == 0, "{token} was drawn");
                let deviation = libm::sqrt(DRAWS as f64 * p * (1.0 - p)).max(1.0);
                let off = (count as f64 - DRAWS as f64 * p).abs();
                assert!(off < 4.5 * deviation, "{token}: {count} of {p}");
            }
        }
    }

    #[test]
    fn temperature_0_takes_the_first_of_the_largest() {
        let mut sampler = Sampler::new(Sampling {
            temperature: Temperature::GREEDY,
            ..Sampling::default()
        });
        assert_eq!(sampler.draw(&mut [3, 9, -4, 9]), 1);
        assert_eq!(sampler.draw(&mut []), 0);
        // A very low temperature draws the same where there is one largest.
        let mut cold = Sampler::new(Sampling {
            temperature: "0.001".parse().unwrap(),
            ..Sampling::default()
        });
        assert_eq!(
            cold.draw(&mut [0, 1 << LOGIT_FRACTION, i32::MIN, i32::MAX]),
            3
        );
    }

    #[test]
    fn of_equal_weights_the_first_are_kept() {
        let mut sampler = Sampler::new(Sampling {
            top_k: 3,
            ..Sampling::default()
        });
        let drawn: Vec<usize> = (0..300).map(|_| sampler.draw(&mut [5; 10])).collect();
        assert!(drawn.iter().all(|&index| index < 3));
        assert!((0..3).all(|index| drawn.contains(&index)));
    }

    /// Pinned: another version of the generator must not write another text.
    #[test]
    fn a_seed_means_the_same_for_ever() {
        let mut sampler = Sampler::new(Sampling {
            seed: 42,
            ..Sampling::default()
        });
        let drawn: Vec<usize> = (0..12).map(|_| sampler.draw(&mut logits(40))).collect();
        assert_eq!(drawn, [13, 19, 9, 16, 19, 26, 6, 19, 19, 3, 29, 29]);
    }
}
