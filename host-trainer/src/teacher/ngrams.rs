//! A linear model of all n-grams, scaled by naive Bayes.

use super::{Pupils, Taught, cross_fitted, frequent};
use crate::linear::{FitError, Scaling, Sparse};

/// Iterations of a fit.
const ITERATIONS: u64 = 40;
/// Texts that an n-gram must be in.
const FEWEST: usize = 2;

pub(super) fn teach(pupils: &Pupils<'_>) -> Result<Taught, FitError> {
    let known = frequent(pupils.labelled, FEWEST);
    let parts = pupils.parts().map(|texts| Sparse::of_keys(texts, &known));
    cross_fitted(parts.each_ref(), pupils, Scaling::NaiveBayes, ITERATIONS)
}
