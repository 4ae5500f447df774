//! Paragraph vectors: a vector for each text, from which its n-grams can be told.
//!
//! A text has a vector `v`, an n-gram a vector `w`; `sigmoid(v^T w)` is to be high for n-grams that
//! the text has and low for some drawn at random, as often as their frequency to the power of 3/4
//! says. Nobody needs a label for that, so the texts without one count as much as the others. Le
//! and Mikolov, "Distributed Representations of Sentences and Documents", ICML 2014 (the
//! distributed bag of words); with n-grams, Li, Liu, Du, Zhang and Zhao, "Learning Document
//! Embeddings by Predicting N-grams for Sentiment Classification of Long Movie Reviews", 2015.
//!
//! Texts and n-grams are dealt into [`BLOCKS`]; in each turn every block of texts meets another
//! block of n-grams, so that no two threads write the same vector (Gemulla et al., "Large-Scale
//! Matrix Factorization with Distributed Stochastic Gradient Descent", KDD 2011). The result
//! depends on the texts alone, not on the threads.
//!
//! Halves of texts are not read so: of what is in them several times over, n-grams would learn too
//! much. Their vectors are found afterwards, beside n-grams that stay where they are.

mod ngrams;
mod steps;

use super::{Pupils, Taught, cross_fitted};
use crate::{
    linear::{Dense, FitError, Method, Scaling},
    network::vectorised,
    progress::bar,
};
use indicatif::ProgressBar;
use ndarray::{Array2, ArrayViewMut1, Axis, concatenate};
use ngrams::Ngrams;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use steps::{Search, beginning, dot, meet};

/// Numbers of a vector.
const SIZE: usize = 128;
/// The length of every vector that comes out: with it the penalty below suits them.
const NORM: f32 = 10.0;
/// Passes over the texts: of 75,000, twice as many change nothing.
const EPOCHS: usize = 9;
/// Few texts are read more often than that, until they have been read so many times together.
const READ: usize = 50_000;
/// Size of the first steps; it falls to nothing.
const RATE: f32 = 0.05;
/// Parts into which the n-grams, and the texts of a round, are dealt.
const BLOCKS: usize = 8;
/// Texts of a round, in which every text meets every block of n-grams once.
const ROUND: usize = 4096;
/// A factor of 4 in the penalty changes next to nothing.
const METHOD: Method = Method {
    scaling: Scaling::None,
    penalty: 2.5e-4,
    iterations: 60,
};

type Vector = [f32; SIZE];

/// A linear model of the vectors of all texts.
pub(super) fn teach(pupils: &Pupils<'_>) -> Result<Taught, FitError> {
    let [labelled, unlabelled, validation] = pupils.parts();
    let (wholes, halves) = unlabelled.split_at(pupils.wholes);
    let texts = [labelled, wholes, validation].into_iter().flatten();
    let texts: Vec<&[u32]> = texts.map(Vec::as_slice).collect();
    let (read, found) = (texts.len() * epochs(texts.len()), halves.len() * EPOCHS);
    let progress = bar(read + found, "reading paragraphs");
    let (vectors, space) = Space::read(&texts, &progress);
    let halves = space.find(halves, labelled.len() + wholes.len(), &progress);
    progress.finish_and_clear();
    let (first, rest) = vectors.view().split_at(Axis(0), labelled.len());
    let (second, third) = rest.split_at(Axis(0), wholes.len());
    let second = concatenate![Axis(0), second, halves];
    let parts = [&Dense(first), &Dense(second.view()), &Dense(third)];
    cross_fitted(parts, pupils, METHOD)
}

/// Where n-grams are.
struct Space {
    ngrams: Ngrams,
    vectors: Vec<Vector>,
}

impl Space {
    /// The vectors `(texts, SIZE)` of texts by their keys, of length [`NORM`], and those of their
    /// n-grams; that of a text none of whose keys is frequent is zero. `progress` counts texts, each
    /// in every epoch.
    fn read(texts: &[&[u32]], progress: &ProgressBar) -> (Array2<f32>, Self) {
        let mut rng = Pcg64Mcg::seed_from_u64(0);
        // Neighbours are often alike: in one block they would pull the same vectors at once.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.shuffle(&mut rng);
        let shuffled: Vec<&[u32]> = order.iter().map(|&text| texts[text]).collect();
        let (ngrams, lists) = Ngrams::of(&shuffled, &mut rng);
        let mut of_texts: Vec<Vector> = (lists.iter()).map(|_| beginning(&mut rng)).collect();
        let mut vectors = vec![[0.0; SIZE]; ngrams.places.len()];
        let epochs = epochs(lists.len());
        let rounds = epochs * lists.len().div_ceil(ROUND);
        let mut round = 0;
        for _ in 0..epochs {
            let parts = of_texts.chunks_mut(ROUND).zip(lists.chunks(ROUND));
            for (texts, lists) in parts {
                let rate = RATE * (1.0 - round as f32 / rounds as f32);
                meet(texts, lists, &mut vectors, &ngrams, rate, round as u64);
                progress.inc(lists.len() as u64);
                round += 1;
            }
        }
        let mut ordered = Array2::zeros((texts.len(), SIZE));
        for ((vector, list), &text) in of_texts.iter().zip(&lists).zip(&order) {
            if !list.is_empty() {
                normalise(vector, ordered.row_mut(text));
            }
        }
        (ordered, Self { ngrams, vectors })
    }

    /// The vectors `(texts, SIZE)` of more texts by their keys, the first of which has the number
    /// `first`. `progress` counts them as often as they are read.
    fn find(&self, texts: &[Vec<u32>], first: usize, progress: &ProgressBar) -> Array2<f32> {
        let find = |(text, keys): (usize, &Vec<u32>)| {
            let list = self.ngrams.list(keys);
            let search = Search {
                space: self,
                list: &list,
                rng: Pcg64Mcg::seed_from_u64((first + text) as u64),
            };
            let vector = (!list.is_empty()).then(|| vectorised(search));
            progress.inc(EPOCHS as u64);
            vector
        };
        let found: Vec<Option<Vector>> = texts.par_iter().enumerate().map(find).collect();
        let mut vectors = Array2::zeros((texts.len(), SIZE));
        for (vector, row) in found.iter().zip(vectors.rows_mut()) {
            if let Some(vector) = vector {
                normalise(vector, row);
            }
        }
        vectors
    }
}

/// Passes over so many texts.
fn epochs(texts: usize) -> usize {
    EPOCHS.max(READ / texts.max(1))
}

fn normalise(vector: &Vector, mut target: ArrayViewMut1<'_, f32>) {
    let factor = NORM / dot(vector, vector).sqrt();
    target
        .iter_mut()
        .zip(vector)
        .for_each(|(t, v)| *t = v * factor);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    /// Texts of `topics` topics, each with words of its own and some of everybody's.
    fn texts(count: u32, topics: u32) -> Vec<Vec<u32>> {
        let mut rng = Pcg64Mcg::seed_from_u64(5);
        let text = |index: u32| {
            let topic = index % topics;
            let mut words: Vec<u32> = (0..12)
                .map(|_| 100 * (topic + 1) + rng.random_range(0..40))
                .chain((0..6).map(|_| 0).collect::<Vec<u32>>())
                .collect();
            words.sort_unstable();
            words.dedup();
            words
        };
        (0..count).map(text).collect()
    }

    fn of(texts: &[Vec<u32>]) -> Array2<f32> {
        let texts: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        Space::read(&texts, &ProgressBar::hidden()).0
    }

    #[test]
    fn texts_of_one_topic_are_alike() {
        let vectors = of(&texts(600, 3));
        let cosine = |a: usize, b: usize| vectors.row(a).dot(&vectors.row(b)) / NORM / NORM;
        let (mut same, mut other) = (0.0, 0.0);
        for text in 0..300 {
            same += cosine(text, text + 300) / 300.0;
            other += cosine(text, (text + 301) % 600) / 300.0;
        }
        assert!(same > other + 0.2, "{same} {other}");
    }

    #[test]
    fn the_number_of_threads_changes_nothing() {
        let texts = texts(500, 4);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let read: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
            let both = || {
                let hidden = ProgressBar::hidden();
                let (vectors, space) = Space::read(&read, &hidden);
                (vectors, space.find(&texts, 500, &hidden))
            };
            pool.build().unwrap().install(both)
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn a_text_without_frequent_ngrams_has_no_direction() {
        let mut texts = texts(100, 2);
        texts.push(vec![7_777]);
        texts.push(Vec::new());
        let vectors = of(&texts);
        assert!(
            vectors
                .rows()
                .into_iter()
                .skip(100)
                .all(|row| row.iter().all(|&v| v == 0.0))
        );
        let length = vectors.row(0).dot(&vectors.row(0)).sqrt();
        assert!((length - NORM).abs() < 1e-3);
        assert_eq!(of(&[vec![1], vec![2]]), Array2::<f32>::zeros((2, SIZE)));
        assert_eq!(of(&[]).dim(), (0, SIZE));
    }

    #[test]
    fn a_half_is_found_where_its_text_was_read() {
        let texts = texts(600, 3);
        let read: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        let hidden = ProgressBar::hidden();
        let (vectors, space) = Space::read(&read, &hidden);
        let halves = texts.iter().map(|text| text[..text.len() / 2].to_vec());
        let mut halves: Vec<Vec<u32>> = halves.collect();
        halves[0] = vec![7_777];
        let found = space.find(&halves, 600, &hidden);
        let cosine =
            |half: usize, text: usize| found.row(half).dot(&vectors.row(text)) / NORM / NORM;
        let (mut own, mut other) = (0.0, 0.0);
        for text in 1..599 {
            own += cosine(text, text) / 598.0;
            other += cosine(text, text + 1) / 598.0;
        }
        assert!(own > other + 0.2, "{own} {other}");
        assert!(found.row(0).iter().all(|&v| v == 0.0));
    }
}
