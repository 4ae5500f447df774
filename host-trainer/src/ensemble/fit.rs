//! What the logits of each of two models count, by L-BFGS on the cross-entropy of their sum.
//!
//! Before any example is seen each counts a half, give or take 1 (a Gaussian prior): few examples
//! that are all told apart do not ask for weights without bounds, and many are what counts.

use crate::linear::{FitError, probabilities};
use argmin::{
    core::{CostFunction, Error, Executor, Gradient, State},
    solver::{linesearch::MoreThuenteLineSearch, quasinewton::LBFGS},
};

/// Steps that L-BFGS looks back.
const MEMORY: usize = 4;
/// Steps at most; a few are enough for two numbers.
const ITERATIONS: u64 = 100;
/// The search ends at a gradient of this norm, per example.
const TOLERANCE: f64 = 1e-6;
/// The mean of a weight before any example is seen; its standard deviation is 1.
const PRIOR: f64 = 0.5;
/// Probabilities are kept this far from 0.
const LEAST: f64 = 1e-12;

/// The likeliest weights of two models, given each one's logits
/// `(examples, outputs)` and the examples' classes.
///
/// # Errors
/// [`FitError::Search`] if a loss is not finite.
pub(super) fn weights(logits: [&[f32]; 2], classes: &[usize]) -> Result<[f64; 2], FitError> {
    let failed = |error: Error| FitError::Search(error.to_string());
    let loss = Loss {
        logits,
        classes,
        outputs: logits[0].len() / classes.len().max(1),
    };
    let search = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
        .with_tolerance_grad(TOLERANCE)
        .map_err(failed)?;
    let result = Executor::new(&loss, search)
        .configure(|state| state.param(vec![PRIOR; 2]).max_iters(ITERATIONS))
        .run()
        .map_err(failed)?;
    match result.state().get_best_param().map(Vec::as_slice) {
        Some(&[first, second]) => Ok([first, second]),
        _ => Err(FitError::Search("the loss is not finite".to_owned())),
    }
}

/// The mean cross-entropy and the prior's share, as a function of the weights.
struct Loss<'l> {
    logits: [&'l [f32]; 2],
    classes: &'l [usize],
    outputs: usize,
}

impl Loss<'_> {
    /// Adds up what `of_example` makes of each example's probabilities, both models' logits and its
    /// class.
    fn mean(&self, weights: &[f64], mut of_example: impl FnMut(&[f64], [&[f32]; 2], usize)) {
        let [first, second] = self.logits.map(|logits| logits.chunks(self.outputs));
        for ((a, b), &class) in first.zip(second).zip(self.classes) {
            let sum = a
                .iter()
                .zip(b)
                .map(|(&a, &b)| (weights[0] * f64::from(a) + weights[1] * f64::from(b)) as f32);
            let sum: Vec<f32> = sum.collect();
            let probabilities: Vec<f64> = probabilities(&sum).collect();
            of_example(&probabilities, [a, b], class);
        }
    }
}

impl CostFunction for &Loss<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, weights: &Vec<f64>) -> Result<f64, Error> {
        let mut sum = 0.0;
        self.mean(weights, |p, _, class| {
            let right = match (p, class) {
                (&[p], 0) => 1.0 - p,
                (&[p], _) => p,
                (p, class) => p[class],
            };
            sum -= libm::log(right.max(LEAST));
        });
        let squares = weights.iter().map(|weight| (weight - PRIOR).powi(2));
        sum += squares.sum::<f64>() / 2.0;
        Ok(sum / self.classes.len() as f64)
    }
}

impl Gradient for &Loss<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, weights: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut sums: Vec<f64> = weights.iter().map(|weight| weight - PRIOR).collect();
        self.mean(weights, |p, logits, class| {
            for (output, &p) in p.iter().enumerate() {
                // Of two classes, the one output is the second's.
                let wanted = match self.outputs {
                    1 => class == 1,
                    _ => class == output,
                };
                let error = p - f64::from(u8::from(wanted));
                for (sum, z) in sums.iter_mut().zip(logits) {
                    *sum += error * f64::from(z[output]);
                }
            }
        });
        let examples = self.classes.len() as f64;
        Ok(sums.into_iter().map(|sum| sum / examples).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    /// Logits of two models and classes drawn by what they say together with `weights`.
    fn drawn(weights: [f64; 2], outputs: usize) -> ([Vec<f32>; 2], Vec<usize>) {
        let mut rng = Pcg64::seed_from_u64(1);
        let mut logits = [Vec::new(), Vec::new()];
        let classes = (0..20_000).map(|_| {
            let mut draw = || -> Vec<f32> {
                let logit = |_| rng.random_range(-3.0..3.0);
                (0..outputs).map(logit).collect()
            };
            let rows = [draw(), draw()];
            let sum = (rows[0].iter().zip(&rows[1]))
                .map(|(&a, &b)| (weights[0] as f32) * a + (weights[1] as f32) * b);
            let sum: Vec<f32> = sum.collect();
            let p: Vec<f64> = probabilities(&sum).collect();
            for (logits, row) in logits.iter_mut().zip(rows) {
                logits.extend(row);
            }
            let mut left: f64 = rng.random();
            match p[..] {
                [p] => usize::from(left < p),
                _ => {
                    let class = p.iter().position(|&p| {
                        left -= p;
                        left < 0.0
                    });
                    class.unwrap_or(outputs - 1)
                }
            }
        });
        let classes = classes.collect();
        (logits, classes)
    }

    #[test]
    fn a_few_examples_that_are_told_apart_do_not_ask_for_the_moon() {
        let logits = [2.0, 3.0, -2.0, -1.0];
        let found = weights([&logits, &logits], &[1, 1, 0, 0]).unwrap();
        assert!(
            found[0] == found[1] && (0.5..2.0).contains(&found[0]),
            "{found:?}"
        );
        // One that is always wrong has less than nothing to say.
        let wrong = logits.map(|z| -z);
        let found = weights([&logits, &wrong], &[1, 1, 0, 0]).unwrap();
        assert!(found[0] > 0.5 && found[1] < 0.0, "{found:?}");
    }

    #[test]
    fn the_weights_that_the_classes_were_drawn_by_are_found() {
        for outputs in [1, 3] {
            for wanted in [[0.3, 0.8], [1.5, 0.1], [0.7, -0.2]] {
                let (logits, classes) = drawn(wanted, outputs);
                let found = weights(logits.each_ref().map(Vec::as_slice), &classes).unwrap();
                for (found, wanted) in found.into_iter().zip(wanted) {
                    // Some three standard errors.
                    assert!(
                        (found - wanted).abs() < 0.05,
                        "{outputs}: {found} for {wanted}"
                    );
                }
            }
        }
    }
}
