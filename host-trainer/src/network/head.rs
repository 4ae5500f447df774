//! The losses and probabilities of a head that classifies sequences.
//!
//! One output means a sigmoid and binary cross-entropy, more mean a softmax and categorical
//! cross-entropy. Both are computed from the logits, in f64, so that neither overflows.

use ndarray::{ArrayView1, ArrayViewMut1};

use super::activation::logistic;
use super::outcome::Outcome;
use super::workspace::Buffer;
use crate::batch::Batch;

/// Losses and right answers over the batch, whose offsets are added to the logits. Replaces the
/// logits by their gradient, that of the loss times `scale`.
pub(crate) fn loss(logits: &mut Buffer, batch: &Batch, scale: f32) -> Outcome {
    let mut outcome = Outcome::default();
    add_offsets(logits, batch);
    let mut rows = logits.all_mut();
    let rows = rows.rows_mut().into_iter();
    for (place, (row, &label)) in rows.zip(batch.labels()).enumerate() {
        let (loss, right) = match (row.len(), batch.target(place)) {
            (1, target) => {
                let wanted = target.map_or(f32::from(u8::from(label == 1)), |target| target[0]);
                binary(row, label == 1, wanted.into(), scale)
            }
            (_, target) => {
                let label = usize::from(label);
                let one_hot = |output: usize| f64::from(u8::from(output == label));
                let wanted = |output| target.map_or(one_hot(output), |soft| soft[output].into());
                categorical(row, label, wanted, scale)
            }
        };
        outcome.loss_sum += loss;
        outcome.correct += usize::from(right);
        outcome.scored += 1;
    }
    outcome
}

/// Adds what else is known of the batch's sequences to their logits.
pub(crate) fn add_offsets(logits: &mut Buffer, batch: &Batch) {
    for (place, mut row) in logits.all_mut().rows_mut().into_iter().enumerate() {
        let offset = batch.offset(place).unwrap_or_default();
        row.iter_mut().zip(offset).for_each(|(z, &o)| *z += o);
    }
}

/// `-wanted log(logistic(z)) - (1 - wanted) log(1 - logistic(z))`, whose gradient is
/// `logistic(z) - wanted`.
fn binary(mut row: ArrayViewMut1<f32>, label: bool, wanted: f64, scale: f32) -> (f64, bool) {
    let z = f64::from(row[0]);
    row[0] = (logistic(z) - wanted) as f32 * scale;
    let loss = z.max(0.0) - z * wanted + libm::log1p(libm::exp(-z.abs()));
    (loss, (z >= 0.0) == label)
}

/// `-sum(wanted log(softmax(z)))` over the outputs, whose gradient is `softmax(z) - wanted`.
fn categorical(
    mut row: ArrayViewMut1<f32>,
    label: usize,
    wanted: impl Fn(usize) -> f64,
    scale: f32,
) -> (f64, bool) {
    let right = winner(row.view()) == label;
    let log_sum = log_sum_exp(row.view());
    let mut loss = 0.0;
    for (output, z) in row.iter_mut().enumerate() {
        let (log_p, wanted) = (f64::from(*z) - log_sum, wanted(output));
        loss -= wanted * log_p;
        *z = (libm::exp(log_p) - wanted) as f32 * scale;
    }
    (loss, right)
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
    use crate::batch::{BatchMode, Cut, Example};
    use crate::network::Pass;

    fn logits(rows: usize, values: &[f32]) -> Buffer {
        let mut buffer = Buffer::default();
        buffer.resize(rows, values.len() / rows);
        buffer.slice_mut(0..rows).copy_from_slice(values);
        buffer
    }

    /// A batch of a token each.
    fn batch(examples: &[Example]) -> Batch {
        let mut batch = Batch::default();
        let mode = BatchMode::Ragged {
            max_len: 1,
            cut: Cut::Last,
        };
        let indices: Vec<u32> = (0..examples.len() as u32).collect();
        batch.assemble(examples, &indices, &mode, Pass::Evaluation, false);
        batch
    }

    fn labelled(labels: &[u16]) -> Batch {
        let examples = labels.iter().map(|&label| Example::of_tokens(&[0], label));
        batch(&examples.collect::<Vec<_>>())
    }

    #[test]
    fn binary_loss_is_exact_where_the_sigmoid_saturates() {
        let mut buffer = logits(3, &[0.0, 100.0, -100.0]);
        let outcome = loss(&mut buffer, &labelled(&[1, 0, 0]), 1.0);
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
        let label = labelled(&[0]);
        let (a, b) = (loss(&mut two, &label, 0.5), loss(&mut one, &label, 0.5));
        assert!((a.loss_sum - b.loss_sum).abs() < 1e-12);
        assert!((two.slice(0..1)[1] - one.slice(0..1)[0]).abs() < 1e-7);
    }

    #[test]
    fn large_logits_do_not_overflow() {
        let mut buffer = logits(1, &[3e38, -3e38, 0.0]);
        let outcome = loss(&mut buffer, &labelled(&[0]), 1.0);
        assert_eq!((outcome.loss_sum, outcome.correct), (0.0, 1));
        assert_eq!(buffer.slice(0..1), [0.0, 0.0, 0.0]);
    }

    #[test]
    fn a_soft_target_is_a_mean_of_hard_ones() {
        for (values, soft) in [
            (&[0.7][..], &[0.3][..]),
            (&[0.7, -0.2, 0.1], &[0.2, 0.3, 0.5]),
        ] {
            let of = |label, target| {
                let mut buffer = logits(1, values);
                let example = Example {
                    target,
                    ..Example::of_tokens(&[0], label)
                };
                let outcome = loss(&mut buffer, &batch(&[example]), 1.0);
                (outcome.loss_sum, buffer.slice(0..1).to_vec())
            };
            let weights: Vec<f32> = match *soft {
                [p] => vec![1.0 - p, p],
                _ => soft.to_vec(),
            };
            let (mut mean, mut gradient) = (0.0, vec![0.0; values.len()]);
            for (class, &weight) in weights.iter().enumerate() {
                let (loss, own) = of(class as u16, None);
                mean += f64::from(weight) * loss;
                gradient
                    .iter_mut()
                    .zip(own)
                    .for_each(|(sum, g)| *sum += weight * g);
            }
            let (loss, own) = of(0, Some(soft));
            assert!((loss - mean).abs() < 1e-6, "{loss} {mean}");
            assert!(own.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-6));
        }
    }

    #[test]
    fn an_offset_is_added_to_the_logits() {
        let (mut with, mut without) = (logits(1, &[0.5]), logits(1, &[-1.0]));
        let example = Example {
            offset: Some(&[-1.5]),
            ..Example::of_tokens(&[0], 1)
        };
        let outcome = loss(&mut with, &batch(&[example]), 1.0);
        assert_eq!(outcome, loss(&mut without, &labelled(&[1]), 1.0));
        assert_eq!(with.slice(0..1), without.slice(0..1));
    }
}
