//! Logistic regression, over n-grams scaled by naive Bayes or over any features, by L-BFGS.
//!
//! With `x` the features of a text, `r` the log-count ratios of naive Bayes (or ones) and `v` what
//! is fitted, `z = (r * v)^T x + b`; the loss is the cross-entropy of `z` (sigmoid or softmax)
//! with the target, plus `lambda / 2 |v|^2`. Wang and Manning, "Baselines and Bigrams: Simple,
//! Good Sentiment and Topic Classification", ACL 2012, with logistic loss.

use super::Design;
use argmin::{
    core::{CostFunction, Error, Executor, Gradient, State},
    solver::{linesearch::MoreThuenteLineSearch, quasinewton::LBFGS},
};
use std::cell::{Ref, RefCell};

/// Added to the counts of naive Bayes.
const SMOOTHING: f64 = 1.0;
/// Steps that L-BFGS looks back.
const MEMORY: usize = 8;
/// Iterations are stopped at a gradient of this norm, per text.
const TOLERANCE: f64 = 1e-5;

/// A linear model: logits `z = W^T x + b`.
#[derive(Debug, Clone, PartialEq)]
pub struct Linear {
    /// `W (features, outputs)`.
    pub weights: Vec<f32>,
    /// `b (outputs,)`.
    pub bias: Vec<f32>,
}

/// What is to be learnt of each text.
#[derive(Debug, Clone, Copy)]
pub struct Lessons<'l> {
    /// Probabilities `(texts, outputs)`: of class 1 if there is one output, otherwise of every
    /// class.
    pub targets: &'l [f32],
    /// How much each text counts `(texts,)`, 0 for not at all.
    pub weights: &'l [f32],
    /// Number of outputs.
    pub outputs: usize,
}

/// How a linear model is fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// What each feature is multiplied by.
    pub scaling: Scaling,
    /// `lambda` of the penalty, per text.
    pub penalty: f64,
    /// Steps of L-BFGS at most.
    pub iterations: u64,
}

/// What each feature is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scaling {
    /// The log-count ratio of naive Bayes; the features are binary.
    NaiveBayes,
    /// Nothing.
    None,
}

/// Why nothing was fitted.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// The search for the least loss failed.
    #[error("the linear model could not be fitted: {0}")]
    Search(String),
}

/// Fits a linear model.
///
/// # Errors
/// [`FitError::Search`] if a loss is not finite.
pub fn fit<X: Design>(x: &X, lessons: Lessons<'_>, method: Method) -> Result<Linear, FitError> {
    let outputs = lessons.outputs;
    let total: f64 = lessons.weights.iter().map(|&w| f64::from(w)).sum();
    let loss = Loss {
        x,
        lessons,
        ratios: match method.scaling {
            Scaling::NaiveBayes => ratios(x, lessons),
            Scaling::None => vec![1.0; x.features() * outputs],
        },
        penalty: method.penalty * total,
        last: RefCell::default(),
    };
    let start = vec![0.0; (x.features() + 1) * outputs];
    let search = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
        .with_tolerance_grad(TOLERANCE * total)
        .map_err(|error| FitError::Search(error.to_string()))?;
    let result = Executor::new(&loss, search)
        .configure(|state| state.param(start).max_iters(method.iterations))
        .run()
        .map_err(|error| FitError::Search(error.to_string()))?;
    let best = result.state().get_best_param();
    let best = best.ok_or_else(|| FitError::Search("the loss is not finite".to_owned()))?;
    let (weights, bias) = loss.scaled(best);
    Ok(Linear { weights, bias })
}

/// `r (features, outputs)`: how much more often a feature is in the texts of a class than in
/// the others, as the logarithm of a ratio.
fn ratios(x: &impl Design, lessons: Lessons<'_>) -> Vec<f32> {
    let outputs = lessons.outputs;
    let weighted = |positive: bool| -> Vec<f32> {
        let rows = lessons.targets.chunks(outputs).zip(lessons.weights);
        rows.flat_map(|(row, &weight)| {
            row.iter()
                .map(move |&p| weight * if positive { p } else { 1.0 - p })
        })
        .collect()
    };
    let counts = [true, false].map(|side| x.transposed_product(&weighted(side), outputs));
    let totals = counts.each_ref().map(|counts| {
        let mut sums = vec![0.0; outputs];
        for row in counts.chunks(outputs) {
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, &c)| *sum += c + SMOOTHING);
        }
        sums
    });
    let ratio = |(index, (&p, &n)): (usize, (&f64, &f64))| {
        let share = |count: f64, side: usize| (count + SMOOTHING) / totals[side][index % outputs];
        libm::log(share(p, 0) / share(n, 1)) as f32
    };
    counts[0]
        .iter()
        .zip(&counts[1])
        .enumerate()
        .map(ratio)
        .collect()
}

/// The loss, as a function of `v (features, outputs)` and `b (outputs,)` behind it.
struct Loss<'l, X> {
    x: &'l X,
    lessons: Lessons<'l>,
    ratios: Vec<f32>,
    penalty: f64,
    /// The last `v` and its logits: the search asks for loss and gradient one after the other.
    last: RefCell<(Vec<f64>, Vec<f32>)>,
}

impl<X: Design> Loss<'_, X> {
    /// `W = r * v`, and `b`.
    fn scaled(&self, v: &[f64]) -> (Vec<f32>, Vec<f32>) {
        let (v, bias) = v.split_at(self.ratios.len());
        let weights = v
            .iter()
            .zip(&self.ratios)
            .map(|(&v, &r)| (v * f64::from(r)) as f32);
        (weights.collect(), bias.iter().map(|&b| b as f32).collect())
    }

    /// The logits of all texts.
    fn logits(&self, v: &[f64]) -> Ref<'_, Vec<f32>> {
        if self.last.borrow().0 != v {
            let (weights, bias) = self.scaled(v);
            let z = self.x.product(&weights, &bias);
            *self.last.borrow_mut() = (v.to_vec(), z);
        }
        Ref::map(self.last.borrow(), |(_, z)| z)
    }

    /// Each text's logits, target and weight.
    fn texts<'t>(&'t self, z: &'t [f32]) -> impl Iterator<Item = (&'t [f32], &'t [f32], f64)> {
        let outputs = self.lessons.outputs;
        let targets = self.lessons.targets.chunks(outputs);
        let rows = z.chunks(outputs).zip(targets).zip(self.lessons.weights);
        rows.map(|((z, target), &weight)| (z, target, f64::from(weight)))
    }
}

impl<X: Design> CostFunction for &Loss<'_, X> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, v: &Vec<f64>) -> Result<f64, Error> {
        let z = self.logits(v);
        let losses = self
            .texts(&z)
            .map(|(z, target, weight)| weight * cross_entropy(z, target));
        let square: f64 = v[..self.ratios.len()].iter().map(|v| v * v).sum();
        Ok(losses.sum::<f64>() + self.penalty / 2.0 * square)
    }
}

impl<X: Design> Gradient for &Loss<'_, X> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, v: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let outputs = self.lessons.outputs;
        let z = self.logits(v);
        let mut errors = Vec::with_capacity(z.len());
        let mut bias = vec![0.0; outputs];
        for (z, target, weight) in self.texts(&z) {
            let row = probabilities(z).zip(target);
            for (sum, (p, &wanted)) in bias.iter_mut().zip(row) {
                let error = weight * (p - f64::from(wanted));
                errors.push(error as f32);
                *sum += error;
            }
        }
        let mut gradient = self.x.transposed_product(&errors, outputs);
        let terms = gradient.iter_mut().zip(&self.ratios).zip(v);
        terms.for_each(|((g, &r), &v)| *g = *g * f64::from(r) + self.penalty * v);
        gradient.extend(bias);
        Ok(gradient)
    }
}

/// `-sum(target log(p))`, of two classes where there is one logit.
fn cross_entropy(z: &[f32], target: &[f32]) -> f64 {
    match (z, target) {
        (&[z], &[wanted]) => {
            let z = f64::from(z);
            z.max(0.0) - z * f64::from(wanted) + libm::log1p(libm::exp(-z.abs()))
        }
        _ => {
            let log_sum = log_sum_exp(z);
            let terms = z.iter().zip(target);
            terms
                .map(|(&z, &t)| f64::from(t) * (log_sum - f64::from(z)))
                .sum()
        }
    }
}

/// The sigmoid of one logit, or the softmax of several.
pub fn probabilities(z: &[f32]) -> impl Iterator<Item = f64> {
    let log_sum = match *z {
        [z] => f64::from(z) + libm::log1p(libm::exp(-f64::from(z))),
        _ => log_sum_exp(z),
    };
    z.iter().map(move |&z| libm::exp(f64::from(z) - log_sum))
}

fn log_sum_exp(z: &[f32]) -> f64 {
    let top = f64::from(z.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = z.iter().map(|&z| libm::exp(f64::from(z) - top)).sum();
    top + libm::log(sum)
}
