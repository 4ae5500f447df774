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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear::{Dense, Scaling};

    #[test]
    fn groups_are_not_torn_apart() {
        assert_eq!(
            folds(&[9, 9, 4, 9, 5, 6, 7, 8, 4]),
            [0, 0, 1, 0, 2, 3, 4, 0, 1]
        );
    }

    /// Each text has a feature of its own, by which a model that has learnt from it knows its target.
    #[test]
    fn a_text_is_judged_by_a_model_of_the_others() {
        let texts = 40;
        let x = ndarray::Array2::<f32>::eye(texts);
        let x = Dense(x.view());
        let targets: Vec<f32> = (0..texts).map(|text| (text % 2) as f32).collect();
        let lessons = Lessons {
            targets: &targets,
            weights: &vec![1.0; texts],
            outputs: 1,
        };
        let method = Method {
            scaling: Scaling::None,
            penalty: 1e-4,
            iterations: 100,
        };
        let groups: Vec<u32> = (0..texts as u32).map(|text| text / 2).collect();
        let whole = fit(&x, lessons, method).unwrap();
        let known = x.product(&whole.weights, &whole.bias);
        let apart = judged_apart(&x, lessons, &groups, method).unwrap();
        for ((known, apart), target) in known.iter().zip(&apart).zip(targets) {
            assert!((known * (2.0 * target - 1.0)) > 1.0, "{known}");
            assert!(apart.abs() < 0.1, "{apart}");
        }
    }
}
