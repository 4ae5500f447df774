//! What a linear model makes of texts that it has not learnt from.

use super::{Design, FitError, Lessons, Method, fit};
use std::collections::HashMap;

/// Parts into which the texts are dealt.
const FOLDS: usize = 5;

/// Logits `(texts, outputs)` of each text by a model of the others: the texts are dealt into folds,
/// group by group, and each fold is judged by what the rest taught.
///
/// # Errors
/// If a model cannot be fitted.
pub fn judged_apart<X: Design>(
    x: &X,
    lessons: Lessons<'_>,
    groups: &[u32],
    method: Method,
) -> Result<Vec<f32>, FitError> {
    let outputs = lessons.outputs;
    let folds = folds(groups);
    let mut apart = vec![0.0; lessons.targets.len()];
    for fold in 0..FOLDS {
        let weight = |(&own, &weight): (&usize, &f32)| if own == fold { 0.0 } else { weight };
        let weights: Vec<f32> = folds.iter().zip(lessons.weights).map(weight).collect();
        let lessons = Lessons {
            weights: &weights,
            ..lessons
        };
        let model = fit(x, lessons, method)?;
        let judged = x.product(&model.weights, &model.bias);
        let rows = apart.chunks_mut(outputs).zip(judged.chunks(outputs));
        rows.zip(&folds)
            .filter(|(_, own)| **own == fold)
            .for_each(|((row, z), _)| row.copy_from_slice(z));
    }
    Ok(apart)
}

/// The fold of each text: groups are dealt in the order in which they come.
fn folds(groups: &[u32]) -> Vec<usize> {
    let mut seen = HashMap::new();
    let fold = |group: &u32| {
        let next = seen.len() % FOLDS;
        *seen.entry(*group).or_insert(next)
    };
    groups.iter().map(fold).collect()
}
