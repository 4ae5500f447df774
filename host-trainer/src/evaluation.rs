//! How good a quantised model is: the core itself reads every text.

use crate::{data::Example, inference::Model};
use indicatif::ProgressBar;
use rayon::prelude::*;
use serde::Serialize;
use spinet_core::{Verdict, fixed::LOGIT_FRACTION};

/// Probabilities are kept this far from 0 in a cross-entropy, as Keras does.
const EPSILON: f64 = 1e-7;

/// Sums over examples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Score {
    /// Examples read.
    pub examples: usize,
    /// Mean cross-entropy in nats.
    pub loss: f64,
    /// Share of the examples whose class was found.
    pub accuracy: f64,
    /// Words read.
    pub tokens: u64,
}

/// Reads every text with the core, on all cores, and compares the verdicts with the labels.
pub fn evaluate(model: &Model, examples: &[Example], progress: &ProgressBar) -> Score {
    let threads = rayon::current_num_threads();
    let share = examples.len().div_ceil(threads).max(1);
    let sums = examples
        .par_chunks(share)
        .map(|examples| {
            let mut classifier = model.classifier();
            let mut sums = Sums::default();
            for example in examples {
                classifier.reset();
                classifier.feed(example.text.as_bytes());
                sums.add(&classifier.finish(), example.label);
                progress.inc(1);
            }
            sums
        })
        .collect::<Vec<_>>();
    sums.into_iter().fold(Sums::default(), Sums::plus).score()
}

/// The cross-entropy of logits (Q16.15) against a class, in nats.
pub fn cross_entropy(logits: &[i32], class: usize) -> f64 {
    let real = |logit: i32| f64::from(logit) / f64::from(1u32 << LOGIT_FRACTION);
    let probability = match *logits {
        [logit] => {
            let sign = if class == 1 { -1.0 } else { 1.0 };
            1.0 / (1.0 + libm::exp(sign * real(logit)))
        }
        _ => {
            let most = logits.iter().copied().max().map_or(0.0, real);
            let exps = logits.iter().map(|&logit| libm::exp(real(logit) - most));
            libm::exp(real(logits[class]) - most) / exps.sum::<f64>()
        }
    };
    -libm::log(probability.clamp(EPSILON, 1.0))
}

#[derive(Default)]
struct Sums {
    examples: usize,
    loss: f64,
    right: usize,
    tokens: u64,
}

impl Sums {
    fn add(&mut self, verdict: &Verdict<'_>, label: usize) {
        self.examples += 1;
        self.loss += cross_entropy(verdict.logits, label);
        self.right += usize::from(verdict.class == label);
        self.tokens += u64::from(verdict.tokens);
    }

    fn plus(self, other: Self) -> Self {
        Self {
            examples: self.examples + other.examples,
            loss: self.loss + other.loss,
            right: self.right + other.right,
            tokens: self.tokens + other.tokens,
        }
    }

    fn score(&self) -> Score {
        let examples = self.examples.max(1) as f64;
        Score {
            examples: self.examples,
            loss: self.loss / examples,
            accuracy: self.right as f64 / examples,
            tokens: self.tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cross_entropy_is_minus_the_log_of_the_probability() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
        close(cross_entropy(&[0], 0), 2f64.ln());
        close(
            cross_entropy(&[1 << LOGIT_FRACTION], 1),
            (1.0 + (-1f64).exp()).ln(),
        );
        close(
            cross_entropy(&[1 << LOGIT_FRACTION], 0),
            (1.0 + 1f64.exp()).ln(),
        );
        close(cross_entropy(&[100, 100, 100], 2), 3f64.ln());
        close(cross_entropy(&[i32::MIN], 1), -(1e-7f64).ln());
    }
}
