//! Teachers: what is to be learnt of a text beyond its label, and of texts without one.
//!
//! The teacher is a linear model of word n-grams ([`linear`](crate::linear)). A text with a label
//! is judged by a teacher that has not seen it: the texts are dealt into folds, group by group,
//! and each fold is judged by what the others taught. Hinton, Vinyals and Dean, "Distilling the
//! Knowledge in a Neural Network", 2015; cross-fitting keeps a teacher that knows its texts by
//! heart from being overconfident.

use crate::linear::{FitError, Lessons, Linear, Sparse, fit, probabilities};
use crate::training::Score;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Parts into which the texts with labels are dealt.
const FOLDS: usize = 5;
/// Iterations of a fit.
const ITERATIONS: u64 = 40;
/// Texts that an n-gram must be in.
const FEWEST: usize = 2;
/// The least probability whose logarithm is taken.
const LEAST: f64 = 1e-30;
/// Scales that are tried for the logits: quarters of a power of two.
const SCALES: std::ops::RangeInclusive<i32> = -12..=8;

/// Texts by the n-grams that they have, each once a text.
pub struct Pupils<'p> {
    /// Texts with labels.
    pub labelled: &'p [Vec<u32>],
    /// Their classes.
    pub labels: &'p [usize],
    /// What must not be torn apart, such as duplicates, of each of them.
    pub groups: &'p [u32],
    /// Texts without.
    pub unlabelled: &'p [Vec<u32>],
    /// Texts that the teacher is judged by.
    pub validation: &'p [Vec<u32>],
    /// Outputs: 1 for two classes, otherwise one a class.
    pub outputs: usize,
}

/// What a teacher makes of the texts: logits `(texts, outputs)`, scaled so that they are neither
/// too sure nor too shy of the labels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taught {
    /// Of texts with labels, each from the others.
    pub labelled: Vec<f32>,
    /// Of texts without.
    pub unlabelled: Vec<f32>,
    /// Of texts that it is judged by.
    pub validation: Vec<f32>,
}

/// Lets a linear model of n-grams judge all texts.
///
/// # Errors
/// If it cannot be fitted.
pub fn teach(pupils: &Pupils<'_>) -> Result<Taught, FitError> {
    let outputs = pupils.outputs;
    let known = frequent(pupils.labelled, FEWEST);
    let x = Sparse::of_keys(pupils.labelled, &known);
    let targets = one_hot(pupils.labels, outputs);
    let fit = |weights: &[f32]| {
        let targets = &targets;
        let lessons = Lessons {
            targets,
            weights,
            outputs,
        };
        fit(&x, lessons, ITERATIONS)
    };
    let folds = folds(pupils.groups);
    let mut labelled = vec![0.0; targets.len()];
    for fold in 0..FOLDS {
        let weights: Vec<f32> = folds
            .iter()
            .map(|&own| f32::from(u8::from(own != fold)))
            .collect();
        let judged = judge(&fit(&weights)?, &x);
        let rows = labelled
            .chunks_mut(outputs)
            .zip(judged.chunks(outputs))
            .zip(&folds);
        rows.filter(|(_, own)| **own == fold)
            .for_each(|((row, z), _)| row.copy_from_slice(z));
    }
    let whole = fit(&vec![1.0; x.texts()])?;
    let of = |texts: &[Vec<u32>]| judge(&whole, &Sparse::of_keys(texts, &known));
    let (mut unlabelled, mut validation) = (of(pupils.unlabelled), of(pupils.validation));
    let scale = calibrated(&labelled, &targets, outputs);
    for logits in [&mut labelled, &mut unlabelled, &mut validation] {
        logits.iter_mut().for_each(|z| *z *= scale);
    }
    Ok(Taught {
        labelled,
        unlabelled,
        validation,
    })
}

fn judge(model: &Linear, x: &Sparse) -> Vec<f32> {
    x.product(&model.weights, &model.bias)
}

/// The keys that at least `fewest` of the texts have, ascending.
pub fn frequent(texts: &[Vec<u32>], fewest: usize) -> Vec<u32> {
    let mut all: Vec<u32> = texts.iter().flatten().copied().collect();
    all.par_sort_unstable();
    let runs = all.chunk_by(|a, b| a == b);
    runs.filter(|run| run.len() >= fewest)
        .map(|run| run[0])
        .collect()
}

/// Targets `(texts, outputs)` of labels that are certain.
pub fn one_hot(labels: &[usize], outputs: usize) -> Vec<f32> {
    let row = |&label: &usize| {
        (0..outputs).map(move |output| match outputs {
            1 => label as f32,
            _ => f32::from(u8::from(output == label)),
        })
    };
    labels.iter().flat_map(row).collect()
}

/// The probabilities of logits `(texts, outputs)`.
pub fn soft(logits: &[f32], outputs: usize) -> Vec<f32> {
    logits
        .chunks(outputs)
        .flat_map(|row| probabilities(row).map(|p| p as f32))
        .collect()
}

/// How good logits `(texts, outputs)` are.
pub fn score(logits: &[f32], labels: &[usize], outputs: usize) -> Score {
    let (mut loss, mut right) = (0.0, 0usize);
    for (row, &label) in soft(logits, outputs).chunks(outputs).zip(labels) {
        let of_class = |class: usize| match (outputs, class) {
            (1, 0) => 1.0 - row[0],
            (1, _) => row[0],
            (_, class) => row[class],
        };
        loss -= libm::log(f64::from(of_class(label)).max(LEAST));
        let rival = (0..outputs.max(2))
            .filter(|&class| class != label)
            .map(of_class);
        right += usize::from(of_class(label) > rival.fold(0.0, f32::max));
    }
    let texts = labels.len().max(1) as f64;
    Score {
        loss: loss / texts,
        accuracy: right as f64 / texts,
    }
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

/// The factor with which logits have the least cross-entropy with their targets.
fn calibrated(logits: &[f32], targets: &[f32], outputs: usize) -> f32 {
    let loss = |scale: f32| -> f64 {
        let scaled: Vec<f32> = logits.iter().map(|z| z * scale).collect();
        let terms = soft(&scaled, outputs);
        let log = |p: f32| libm::log(f64::from(p).max(LEAST));
        let cross = |(&p, &t): (&f32, &f32)| match outputs {
            1 => -(f64::from(t) * log(p) + f64::from(1.0 - t) * log(1.0 - p)),
            _ => -f64::from(t) * log(p),
        };
        terms.iter().zip(targets).map(cross).sum()
    };
    let scales = SCALES.map(|step| libm::exp2f(step as f32 / 4.0));
    let mut judged: Vec<(f64, f32)> = scales.map(|scale| (loss(scale), scale)).collect();
    judged.sort_by(|a, b| a.0.total_cmp(&b.0));
    judged.first().map_or(1.0, |&(_, scale)| scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of two classes: key 0 or 1 tells, with one error in `noise`; the rest is by chance.
    fn texts(count: u32, noise: u32, salt: u32) -> (Vec<Vec<u32>>, Vec<usize>) {
        let make = |index: u32| {
            let chance = (index + salt).wrapping_mul(2_654_435_761) >> 16;
            let label = index % 2;
            let told = if chance.is_multiple_of(noise) {
                1 - label
            } else {
                label
            };
            (vec![told, 2 + chance % 50], label as usize)
        };
        (0..count).map(make).unzip()
    }

    #[test]
    fn a_teacher_generalises_and_is_as_sure_as_it_may_be() {
        let (labelled, labels) = texts(1_000, 5, 0);
        let (unlabelled, truth) = texts(500, 5, 7);
        let groups: Vec<u32> = (0..1_000).collect();
        let taught = teach(&Pupils {
            labelled: &labelled,
            labels: &labels,
            groups: &groups,
            unlabelled: &unlabelled,
            validation: &[],
            outputs: 1,
        })
        .unwrap();
        let right = |z: &[f32], labels: &[usize]| {
            let right = z
                .iter()
                .zip(labels)
                .filter(|(z, label)| (**z > 0.0) == (**label == 1));
            right.count() as f64 / labels.len() as f64
        };
        assert!((right(&taught.labelled, &labels) - 0.8).abs() < 0.05);
        assert!((right(&taught.unlabelled, &truth) - 0.8).abs() < 0.06);
        let sure: Vec<f32> = soft(&taught.unlabelled, 1)
            .iter()
            .map(|p| p.max(1.0 - p))
            .collect();
        let mean = sure.iter().sum::<f32>() / sure.len() as f32;
        assert!((mean - 0.8).abs() < 0.06, "{mean}");
    }

    #[test]
    fn a_score_is_the_mean_loss_and_the_share_of_right_answers() {
        let two = score(&[0.0, 2.0, -1.0], &[1, 1, 1], 1);
        let three = score(&[0.0, 2.0, 1.0, 0.0, 0.0, 0.0], &[1, 0], 3);
        let loss = |z: f64| libm::log1p(libm::exp(-z));
        assert!((two.loss - (loss(0.0) + loss(2.0) + loss(-1.0)) / 3.0).abs() < 1e-6);
        assert!((two.accuracy - 1.0 / 3.0).abs() < 1e-9);
        assert!((three.accuracy - 0.5).abs() < 1e-9);
    }

    #[test]
    fn groups_are_not_torn_apart() {
        assert_eq!(
            folds(&[9, 9, 4, 9, 5, 6, 7, 8, 4]),
            [0, 0, 1, 0, 2, 3, 4, 0, 1]
        );
    }

    #[test]
    fn targets_of_two_classes_are_one_number() {
        assert_eq!(one_hot(&[1, 0], 1), [1.0, 0.0]);
        assert_eq!(one_hot(&[2, 0], 3), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(frequent(&[vec![3, 1], vec![1, 9], vec![3]], 2), [1, 3]);
    }
}
