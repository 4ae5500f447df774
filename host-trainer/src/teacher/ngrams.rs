//! A linear model of all n-grams, scaled by naive Bayes.

use super::{Pupils, Taught, cross_fitted, frequent};
use crate::linear::{FitError, Method, Scaling, Sparse};

/// The penalty was chosen on held-out reviews, where a factor of 4 either way loses 0.1 to 0.3
/// points.
const METHOD: Method = Method {
    scaling: Scaling::NaiveBayes,
    penalty: 2.5e-4,
    iterations: 40,
};
/// Texts that an n-gram must be in.
const FEWEST: usize = 2;

pub(super) fn teach(pupils: &Pupils<'_>) -> Result<Taught, FitError> {
    let known = frequent(pupils.labelled, FEWEST);
    let parts = pupils.parts().map(|texts| Sparse::of_keys(texts, &known));
    cross_fitted(parts.each_ref(), pupils, METHOD)
}
