//! Teachers: what is to be learnt of a text beyond its label, and of texts without one.
//!
//! - `ngrams`: a linear model of word n-grams;
//! - `paragraphs`: a linear model of paragraph vectors, which are learnt without labels.
//!
//! A text with a label is judged by a teacher that has not seen it: the texts are dealt into folds,
//! group by group, and each fold is judged by what the others taught. What several teachers say of
//! these texts tells how far to trust each of them (Wolpert, "Stacked Generalization", Neural
//! Networks 5, 1992). Hinton, Vinyals and Dean, "Distilling the Knowledge in a Neural Network",
//! 2015; cross-fitting keeps a teacher that knows its texts by heart from being overconfident.

mod ngrams;
mod paragraphs;

use crate::linear::{
    Dense, Design, FitError, Lessons, Method, Scaling, fit, judged_apart, probabilities,
};
use crate::{progress::during, training::Score};
use ndarray::Array2;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The fit that joins teachers: of a few numbers, which hardly need a penalty.
const JOINING: Method = Method {
    scaling: Scaling::None,
    penalty: 1e-4,
    iterations: 100,
};
/// The least probability whose logarithm is taken.
const LEAST: f64 = 1e-30;

/// A teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Teacher {
    /// A linear model of n-grams.
    Ngrams,
    /// A linear model of paragraph vectors.
    Paragraphs,
}

/// Texts by the n-grams that they have, each once a text.
pub struct Pupils<'p> {
    /// Texts with labels.
    pub labelled: &'p [Vec<u32>],
    /// Their classes.
    pub labels: &'p [usize],
    /// What must not be torn apart, such as duplicates, of each of them.
    pub groups: &'p [u32],
    /// Texts without, and behind them halves of these.
    pub unlabelled: &'p [Vec<u32>],
    /// How many of them are no halves.
    pub wholes: usize,
    /// Texts that the teacher is judged by.
    pub validation: &'p [Vec<u32>],
    /// Outputs: 1 for two classes, otherwise one a class.
    pub outputs: usize,
}

impl<'p> Pupils<'p> {
    /// The texts with labels, without, and to judge by.
    fn parts(&self) -> [&'p [Vec<u32>]; 3] {
        [self.labelled, self.unlabelled, self.validation]
    }

    fn targets(&self) -> Vec<f32> {
        one_hot(self.labels, self.outputs)
    }
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

/// Lets teachers judge all texts, and joins what they say; at least one.
///
/// # Errors
/// If a linear model cannot be fitted.
pub fn teach(teachers: &[Teacher], pupils: &Pupils<'_>) -> Result<Taught, FitError> {
    let judge = |teacher: &Teacher| match teacher {
        Teacher::Ngrams => during("weighing n-grams", || ngrams::teach(pupils)),
        Teacher::Paragraphs => paragraphs::teach(pupils),
    };
    let judgements: Vec<Taught> = teachers.iter().map(judge).collect::<Result<_, _>>()?;
    joined(&judgements, pupils)
}

/// What linear models of the parts of the pupils' texts make of them.
fn cross_fitted<X: Design>(
    [labelled, unlabelled, validation]: [&X; 3],
    pupils: &Pupils<'_>,
    method: Method,
) -> Result<Taught, FitError> {
    let (outputs, targets) = (pupils.outputs, pupils.targets());
    let lessons = Lessons {
        targets: &targets,
        weights: &vec![1.0; labelled.texts()],
        outputs,
    };
    let apart = judged_apart(labelled, lessons, pupils.groups, method)?;
    let whole = fit(labelled, lessons, method)?;
    let judge = |x: &X| x.product(&whole.weights, &whole.bias);
    Ok(Taught {
        labelled: apart,
        unlabelled: judge(unlabelled),
        validation: judge(validation),
    })
}

/// One judgement out of several: of their logits, the linear function that the labels are likeliest
/// by.
fn joined(judgements: &[Taught], pupils: &Pupils<'_>) -> Result<Taught, FitError> {
    let outputs = pupils.outputs;
    let beside = |part: fn(&Taught) -> &[f32]| {
        let texts = judgements.first().map_or(0, |first| part(first).len()) / outputs;
        Array2::from_shape_fn((texts, judgements.len() * outputs), |(text, column)| {
            part(&judgements[column / outputs])[text * outputs + column % outputs]
        })
    };
    let labelled = beside(|taught| &taught.labelled);
    let lessons = Lessons {
        targets: &pupils.targets(),
        weights: &vec![1.0; labelled.nrows()],
        outputs,
    };
    let model = fit(&Dense(labelled.view()), lessons, JOINING)?;
    let judge = |logits: Array2<f32>| Dense(logits.view()).product(&model.weights, &model.bias);
    Ok(Taught {
        labelled: judge(labelled),
        unlabelled: judge(beside(|taught| &taught.unlabelled)),
        validation: judge(beside(|taught| &taught.validation)),
    })
}

/// The keys that at least `fewest` of the texts have, ascending.
pub fn frequent(texts: &[impl AsRef<[u32]>], fewest: usize) -> Vec<u32> {
    let keys = texts.iter().flat_map(AsRef::as_ref);
    let mut all: Vec<u32> = keys.copied().collect();
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

    fn right(z: &[f32], labels: &[usize]) -> f64 {
        let pairs = z.iter().zip(labels);
        let right = pairs.filter(|(z, label)| (**z > 0.0) == (**label == 1));
        right.count() as f64 / labels.len() as f64
    }

    #[test]
    fn teachers_generalise_and_are_as_sure_as_they_may_be() {
        let (labelled, labels) = texts(1_000, 5, 0);
        let (unlabelled, truth) = texts(500, 5, 7);
        let groups: Vec<u32> = (0..1_000).collect();
        let pupils = Pupils {
            labelled: &labelled,
            labels: &labels,
            groups: &groups,
            unlabelled: &unlabelled,
            wholes: unlabelled.len(),
            validation: &[],
            outputs: 1,
        };
        for teachers in [
            &[Teacher::Ngrams][..],
            &[Teacher::Paragraphs],
            &[Teacher::Ngrams, Teacher::Paragraphs],
        ] {
            let taught = teach(teachers, &pupils).unwrap();
            assert!(
                (right(&taught.labelled, &labels) - 0.8).abs() < 0.05,
                "{teachers:?}"
            );
            assert!(
                (right(&taught.unlabelled, &truth) - 0.8).abs() < 0.06,
                "{teachers:?}"
            );
            let sure = soft(&taught.unlabelled, 1)
                .into_iter()
                .map(|p| p.max(1.0 - p));
            let mean = sure.sum::<f32>() / truth.len() as f32;
            assert!((mean - 0.8).abs() < 0.1, "{teachers:?} {mean}");
        }
    }

    #[test]
    fn who_knows_more_is_trusted_more() {
        let count = 2_000;
        let labels: Vec<usize> = (0..count).map(|text| text % 2).collect();
        let groups: Vec<u32> = (0..count as u32).collect();
        // Both say the truth or its opposite, one wrongly in every tenth text, one in every third.
        let says = |wrong: usize| -> Vec<f32> {
            let chance =
                |text: usize| (text as u32).wrapping_mul(2_654_435_761 + 8 * wrong as u32) >> 16;
            let sign = |text: usize| {
                if chance(text) % wrong as u32 == 0 {
                    -1.0
                } else {
                    1.0
                }
            };
            (0..count)
                .map(|text| sign(text) * (2.0 * (text % 2) as f32 - 1.0))
                .collect()
        };
        let taught = |wrong| Taught {
            labelled: says(wrong),
            unlabelled: vec![1.0],
            validation: vec![if wrong == 3 { 1.0 } else { -1.0 }],
        };
        let joined = joined(
            &[taught(3), taught(10)],
            &Pupils {
                labelled: &[],
                labels: &labels,
                groups: &groups,
                unlabelled: &[],
                wholes: 0,
                validation: &[],
                outputs: 1,
            },
        )
        .unwrap();
        let odds = |wrong: f64| libm::log(wrong - 1.0) as f32;
        assert!(
            (joined.unlabelled[0] - odds(10.0) - odds(3.0)).abs() < 0.3,
            "{joined:?}"
        );
        assert!((joined.validation[0] + odds(10.0) - odds(3.0)).abs() < 0.3);
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
    fn targets_of_two_classes_are_one_number() {
        assert_eq!(one_hot(&[1, 0], 1), [1.0, 0.0]);
        assert_eq!(one_hot(&[2, 0], 3), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(frequent(&[vec![3, 1], vec![1, 9], vec![3]], 2), [1, 3]);
    }
}
