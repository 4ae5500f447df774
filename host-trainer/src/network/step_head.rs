//! The losses of a head that speaks at every step, over all steps at once.
//!
//! Rows that belong to no token, or to predictions that are not scored, get no gradient.

use super::activation::exp;
use super::outcome::Outcome;
use super::vector::{Vectorised, vectorised};
use super::workspace::Buffer;
use crate::batch::Batch;

/// Partial sums and maxima, so that they are computed in vectors.
const LANES: usize = 16;

/// Categorical cross-entropy of the next tokens. Replaces the logits (T*B, V) by their gradient,
/// that of the sum of the losses times `scale`; loss and gradient are computed in f32, the sum
/// of the losses in f64.
pub(crate) fn next_token(logits: &mut Buffer, batch: &Batch, scale: f32) -> Outcome {
    let mut outcome = Outcome::default();
    let width = logits.columns();
    let rows = logits.slice_mut(0..batch.rows()).chunks_exact_mut(width);
    let scored = (0..batch.steps()).flat_map(|step| batch.scored(step));
    for ((row, &next), scored) in rows.zip(batch.next_tokens()).zip(scored) {
        if !scored {
            row.fill(0.0);
            continue;
        }
        let next = usize::from(next);
        let wanted = row[next];
        let top = vectorised(Maximum { row });
        let sum = vectorised(Softmax { row, top, scale });
        row[next] -= scale;
        outcome.loss_sum += libm::log(f64::from(sum)) + f64::from(top) - f64::from(wanted);
        // A NaN is larger than nothing, so it is never right.
        outcome.correct += usize::from(wanted >= top);
        outcome.scored += 1;
    }
    outcome
}

/// The largest number, `NaN` if one is.
struct Maximum<'a> {
    row: &'a [f32],
}

impl Vectorised for Maximum<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let larger = |a: f32, b: f32| if b > a || b.is_nan() { b } else { a };
        let mut tops = [f32::NEG_INFINITY; LANES];
        let (blocks, rest) = self.row.as_chunks::<LANES>();
        for block in blocks {
            for (top, &value) in tops.iter_mut().zip(block) {
                *top = larger(*top, value);
            }
        }
        tops.iter().chain(rest).copied().fold(tops[0], larger)
    }
}

/// Replaces the row by its softmax times `scale`; gives the sum of `exp(z - top)`.
struct Softmax<'a> {
    row: &'a mut [f32],
    top: f32,
    scale: f32,
}

impl Vectorised for Softmax<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self) -> f32 {
        let Self { row, top, scale } = self;
        let mut sums = [0.0; LANES];
        let (blocks, rest) = row.as_chunks_mut::<LANES>();
        for block in blocks {
            for (sum, value) in sums.iter_mut().zip(block) {
                *value = exp(*value - top);
                *sum += *value;
            }
        }
        for (sum, value) in sums.iter_mut().zip(rest) {
            *value = exp(*value - top);
            *sum += *value;
        }
        let sum: f32 = sums.iter().sum();
        let factor = scale / sum;
        row.iter_mut().for_each(|value| *value *= factor);
        sum
    }
}

/// Mean squared error of the next vectors (T*B, F), the mean taken over the features. Replaces
/// the outputs by their gradient, that of the sum of the losses times `scale`.
pub(crate) fn next_vector(outputs: &mut Buffer, batch: &Batch, scale: f32) -> Outcome {
    let mut outcome = Outcome::default();
    let width = outputs.columns();
    let rows = outputs.slice_mut(0..batch.rows()).chunks_exact_mut(width);
    let wanted = batch.next_vectors().chunks_exact(width);
    let scored = (0..batch.steps()).flat_map(|step| batch.scored(step));
    let share = 1.0 / width as f32;
    for ((row, wanted), scored) in rows.zip(wanted).zip(scored) {
        if !scored {
            row.fill(0.0);
            continue;
        }
        let mut square = 0.0;
        for (output, wanted) in row.iter_mut().zip(wanted) {
            let error = *output - wanted;
            square += f64::from(error) * f64::from(error);
            *output = 2.0 * share * scale * error;
        }
        outcome.loss_sum += square * f64::from(share);
        outcome.scored += 1;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maxima_and_sums_count_every_number() {
        for length in [1, 2, 15, 16, 17, 65] {
            for place in [0, length / 2, length - 1] {
                let mut row = vec![-2.0; length];
                row[place] = 3.0;
                assert_eq!(vectorised(Maximum { row: &row }), 3.0);
                let expected = 1.0 + (length - 1) as f64 * libm::exp(-5.0);
                let sum = vectorised(Softmax {
                    row: &mut row,
                    top: 3.0,
                    scale: 0.5,
                });
                assert!((f64::from(sum) - expected).abs() < 1e-6 * expected);
                assert!((f64::from(row[place]) - 0.5 / expected).abs() < 1e-7);
                assert!((row.iter().sum::<f32>() - 0.5).abs() < 1e-6);
                row[place] = f32::NAN;
                assert!(vectorised(Maximum { row: &row }).is_nan());
            }
        }
    }
}
