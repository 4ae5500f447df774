//! The losses and probabilities of a head that classifies sequences.
//!
//! One output means a sigmoid and binary cross-entropy, more mean a softmax and categorical
//! cross-entropy. Both are computed from the logits, in f64, so that neither overflows.

use ndarray::{ArrayView1, ArrayViewMut1};

use super::activation::logistic;
use super::outcome::Outcome;
use super::workspace::Buffer;

/// Losses and right answers over the batch. Replaces the logits by their
/// gradient, that of the loss times `scale`.
pub(crate) fn loss(logits: &mut Buffer, labels: &[u16], scale: f32) -> Outcome {
    let mut outcome = Outcome::default();
    for (row, &label) in logits.all_mut().rows_mut().into_iter().zip(labels) {
        let (loss, right) = match row.len() {
            1 => binary(row, label == 1, scale),
            _ => categorical(row, usize::from(label), scale),
        };
        outcome.loss_sum += loss;
        outcome.correct += usize::from(right);
        outcome.scored += 1;
    }
    outcome
}

/// `-log(logistic(z))` or `-log(1 - sigmoid(z))`, whose gradient is `sigmoid(z) - label`.
fn binary(mut row: ArrayViewMut1<f32>, label: bool, scale: f32) -> (f64, bool) {
    let z = f64::from(row[0]);
    let wanted = f64::from(u8::from(label));
    row[0] = (logistic(z) - wanted) as f32 * scale;
    let loss = z.max(0.0) - z * wanted + libm::log1p(libm::exp(-z.abs()));
    (loss, (z >= 0.0) == label)
}

/// `-log(softmax(z)[label])`, whose gradient is `softmax(z) - one_hot(label)`.
fn categorical(mut row: ArrayViewMut1<f32>, label: usize, scale: f32) -> (f64, bool) {
    let wanted = f64::from(row[label]);
    let right = winner(row.view()) == label;
    let log_sum = log_sum_exp(row.view());
    for (output, z) in row.iter_mut().enumerate() {
        let p = libm::exp(f64::from(*z) - log_sum);
        *z = (p - f64::from(u8::from(output == label))) as f32 * scale;
    }
    (log_sum - wanted, right)
}

/// The first of the largest.
fn winner(logits: ArrayView1<f32>) -> usize {
    let better = |best: usize, next: usize| {
        if logits[next] > logits[best] {
            next
        } else {
            best
        }
    };
    (0..logits.len()).fold(0, better)
}

fn log_sum_exp(logits: ArrayView1<f32>) -> f64 {
    let top = f64::from(logits.fold(f32::NEG_INFINITY, |top, &z| top.max(z)));
    let sum: f64 = logits.iter().map(|&z| libm::exp(f64::from(z) - top)).sum();
    top + libm::log(sum)
}

/// The probability of every class; with one output those of class 0 and class 1.
pub(crate) fn probabilities(logits: ArrayView1<f32>, target: &mut [f32]) {
    if let (1, [negative, positive]) = (logits.len(), &mut *target) {
        let z = f64::from(logits[0]);
        (*negative, *positive) = (logistic(-z) as f32, logistic(z) as f32);
        return;
    }
    let log_sum = log_sum_exp(logits);
    for (p, &z) in target.iter_mut().zip(logits) {
        *p = libm::exp(f64::from(z) - log_sum) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logits(rows: usize, values: &[f32]) -> Buffer {
        let mut buffer = Buffer::default();
        buffer.resize(rows, values.len() / rows);
        buffer.slice_mut(0..rows).copy_from_slice(values);
        buffer
    }

    #[test]
    fn binary_loss_is_exact_where_the_sigmoid_saturates() {
        let mut buffer = logits(3, &[0.0, 100.0, -100.0]);
        let outcome = loss(&mut buffer, &[1, 0, 0], 1.0);
        assert!((outcome.loss_sum - (core::f64::consts::LN_2 + 100.0)).abs() < 1e-12);
        assert_eq!((outcome.correct, outcome.scored), (2, 3));
        assert_eq!(buffer.slice(0..3)[..2], [-0.5, 1.0]);
    }

    #[test]
    fn softmax_with_two_outputs_agrees_with_one_sigmoid() {
        let mut two = logits(1, &[0.25, 1.5]);
        let mut one = logits(1, &[1.25]);
        let mut p = [[0.0; 2]; 2];
        probabilities(two.all().row(0), &mut p[0]);
        probabilities(one.all().row(0), &mut p[1]);
        assert!((p[0][1] - p[1][1]).abs() < 1e-7 && (p[0][0] - p[1][0]).abs() < 1e-7);
        let (a, b) = (loss(&mut two, &[0], 0.5), loss(&mut one, &[0], 0.5));
        assert!((a.loss_sum - b.loss_sum).abs() < 1e-12);
        assert!((two.slice(0..1)[1] - one.slice(0..1)[0]).abs() < 1e-7);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let mut buffer = logits(1, &[3e38, -3e38, 0.0]);
        let outcome = loss(&mut buffer, &[0], 1.0);
        assert_eq!((outcome.loss_sum, outcome.correct), (0.0, 1));
        assert_eq!(buffer.slice(0..1), [0.0, 0.0, 0.0]);
    }
}
