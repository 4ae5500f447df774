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

use super::{Pupils, Taught, cross_fitted, frequent};
use crate::{
    linear::{Dense, FitError, Method, Scaling},
    network::{Vectorised, activation::sigmoid, vectorised},
    progress::bar,
};
use indicatif::ProgressBar;
use ndarray::{Array2, ArrayViewMut1, Axis, concatenate};
use rand::{RngExt, SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::collections::HashMap;

/// Numbers of a vector.
const SIZE: usize = 128;
/// The length of every vector that comes out: with it the penalty below suits them.
const NORM: f32 = 10.0;
/// Texts that an n-gram must be in.
const FEWEST: usize = 8;
/// N-grams at most, the most frequent ones: half a GiB of vectors.
const MOST: usize = 1 << 20;
/// Passes over the texts: of 75,000, twice as many change nothing.
const EPOCHS: usize = 9;
/// Few texts are read more often than that, until they have been read so many times together.
const READ: usize = 50_000;
/// N-grams drawn for each that a text has.
const NEGATIVES: usize = 5;
/// Size of the first steps; it falls to nothing.
const RATE: f32 = 0.05;
/// Parts into which the n-grams, and the texts of a round, are dealt.
const BLOCKS: usize = 8;
/// Texts of a round, in which every text meets every block of n-grams once.
const ROUND: usize = 4096;
/// Entries of the table from which a block's n-grams are drawn.
const TABLE: f64 = 1e6;
/// Frequencies are raised to this power before n-grams are drawn by them.
const FLATTENING: f64 = 0.75;
const LANES: usize = 16;
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
            progress.inc(EPOCHS as u64);
            let search = Search {
                space: self,
                list: &list,
                rng: Pcg64Mcg::seed_from_u64((first + text) as u64),
            };
            (!list.is_empty()).then(|| vectorised(search))
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

fn beginning(rng: &mut Pcg64Mcg) -> Vector {
    std::array::from_fn(|_| (rng.random::<f32>() - 0.5) / SIZE as f32)
}

fn normalise(vector: &Vector, mut target: ArrayViewMut1<'_, f32>) {
    let factor = NORM / dot(vector, vector).sqrt();
    target
        .iter_mut()
        .zip(vector)
        .for_each(|(t, v)| *t = v * factor);
}

/// The n-grams that have vectors, numbered at random, so that blocks of them are alike.
struct Ngrams {
    /// Their numbers, by key.
    places: HashMap<u32, u32>,
    /// N-grams of a block.
    block: usize,
    /// For each block, where its n-grams stand in it, each as often as it is to be drawn.
    tables: Vec<Vec<u32>>,
}

impl Ngrams {
    /// The frequent n-grams of the texts, and which of them each text has, ascending.
    fn of(texts: &[&[u32]], rng: &mut Pcg64Mcg) -> (Self, Vec<Vec<u32>>) {
        let mut known = frequent(texts, FEWEST);
        let mut least = FEWEST;
        while known.len() > MOST {
            least *= 2;
            known = frequent(texts, least);
        }
        known.shuffle(rng);
        let block = known.len().div_ceil(BLOCKS).max(1);
        let mut ngrams = Self {
            places: known.iter().copied().zip(0..).collect(),
            block,
            tables: Vec::new(),
        };
        let ascending = |keys: &&[u32]| {
            let mut list = ngrams.list(keys);
            list.sort_unstable();
            list
        };
        let lists: Vec<Vec<u32>> = texts.par_iter().map(ascending).collect();
        let mut counts = vec![0u32; known.len()];
        for &ngram in lists.iter().flatten() {
            counts[ngram as usize] += 1;
        }
        ngrams.tables = counts.chunks(block).map(table).collect();
        (ngrams, lists)
    }

    /// Those that a text has, by its keys.
    fn list(&self, keys: &[u32]) -> Vec<u32> {
        let places = keys.iter().filter_map(|key| self.places.get(key).copied());
        places.collect()
    }
}

/// Each place as often as its count to the power of [`FLATTENING`] says.
fn table(counts: &[u32]) -> Vec<u32> {
    let share = |&count: &u32| libm::pow(count.into(), FLATTENING);
    let total: f64 = counts.iter().map(share).sum();
    let (mut table, mut sum) = (Vec::new(), 0.0);
    for (place, count) in counts.iter().enumerate() {
        sum += share(count);
        table.resize((sum / total * TABLE).round() as usize, place as u32);
    }
    table
}

/// Lets the texts of a round meet all n-grams: each block of texts one block of n-grams at a time.
fn meet(
    texts: &mut [Vector],
    lists: &[Vec<u32>],
    ngrams: &mut [Vector],
    known: &Ngrams,
    rate: f32,
    round: u64,
) {
    let part = texts.len().div_ceil(BLOCKS);
    for turn in 0..BLOCKS {
        let blocks = ngrams.chunks_mut(known.block).zip(&known.tables);
        let mut blocks: Vec<Option<_>> = blocks.enumerate().map(Some).collect();
        // With fewer n-grams than blocks, some texts wait.
        blocks.resize_with(BLOCKS, || None);
        blocks.rotate_left(turn);
        let parts = texts.par_chunks_mut(part).zip(lists.par_chunks(part));
        let meetings = parts.zip(blocks).enumerate();
        meetings.for_each(|(place, ((texts, lists), block))| {
            let Some((index, (ngrams, table))) = block else {
                return;
            };
            let stream = (round * BLOCKS as u64 + turn as u64) * BLOCKS as u64 + place as u64;
            vectorised(Meeting {
                texts,
                lists,
                ngrams,
                first: (index * known.block) as u32,
                table,
                rate,
                rng: Pcg64Mcg::seed_from_u64(stream),
            });
        });
    }
}

/// Some texts and a block of n-grams that nobody else uses meanwhile.
struct Meeting<'m> {
    texts: &'m mut [Vector],
    lists: &'m [Vec<u32>],
    ngrams: &'m mut [Vector],
    /// The number of the block's first n-gram.
    first: u32,
    table: &'m [u32],
    rate: f32,
    rng: Pcg64Mcg,
}

impl Vectorised for Meeting<'_> {
    type Output = ();

    #[inline(always)]
    fn run(mut self) {
        let last = self.first + self.ngrams.len() as u32;
        for (text, list) in self.texts.iter_mut().zip(self.lists) {
            let start = list.partition_point(|&ngram| ngram < self.first);
            let end = list.partition_point(|&ngram| ngram < last);
            for &ngram in &list[start..end] {
                let own = (ngram - self.first) as usize;
                let met = draw(own, self.table, &mut self.rng);
                let errors = met.map(|place| dot(text, &self.ngrams[place]));
                let errors = errors_of(errors, self.rate);
                let mut change = [0.0; SIZE];
                for (place, error) in met.into_iter().zip(errors) {
                    let ngram = &mut self.ngrams[place];
                    add(&mut change, error, ngram);
                    add(ngram, error, text);
                }
                add(text, 1.0, &change);
            }
        }
    }
}

/// The search for the vector of a text, which n-grams do not move for.
struct Search<'s> {
    space: &'s Space,
    list: &'s [u32],
    rng: Pcg64Mcg,
}

impl Vectorised for Search<'_> {
    type Output = Vector;

    #[inline(always)]
    fn run(mut self) -> Vector {
        let Space { ngrams, vectors } = self.space;
        let mut text = beginning(&mut self.rng);
        let steps = (EPOCHS * self.list.len()) as f32;
        let ngrams_read = (0..EPOCHS).flat_map(|_| self.list);
        for (step, &ngram) in ngrams_read.enumerate() {
            let rate = RATE * (1.0 - step as f32 / steps);
            let (block, own) = (ngram as usize / ngrams.block, ngram as usize % ngrams.block);
            let vectors = &vectors[block * ngrams.block..];
            let met = draw(own, &ngrams.tables[block], &mut self.rng);
            let errors = errors_of(met.map(|place| dot(&text, &vectors[place])), rate);
            let mut change = [0.0; SIZE];
            for (place, error) in met.into_iter().zip(errors) {
                add(&mut change, error, &vectors[place]);
            }
            add(&mut text, 1.0, &change);
        }
        text
    }
}

/// An n-gram of a text, and those drawn beside it.
#[inline(always)]
fn draw(own: usize, table: &[u32], rng: &mut Pcg64Mcg) -> [usize; 1 + NEGATIVES] {
    let mut met = [own; 1 + NEGATIVES];
    for place in &mut met[1..] {
        *place = table[rng.random_range(0..table.len() as u32) as usize] as usize;
    }
    met
}

/// How far a text and n-grams are to move to make `sigmoid(text^T ngram)` more like one for its own
/// n-gram, the first, and zero for the others.
#[inline(always)]
fn errors_of(products: [f32; 1 + NEGATIVES], rate: f32) -> [f32; 1 + NEGATIVES] {
    let mut errors = products.map(|product| rate * (0.0 - sigmoid(product)));
    errors[0] = rate * (1.0 - sigmoid(products[0]));
    errors
}

/// `a^T b`, in partial sums whose order is the same for every width of vectors.
#[inline(always)]
fn dot(a: &Vector, b: &Vector) -> f32 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.as_chunks::<LANES>().0, b.as_chunks::<LANES>().0);
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let mut width = LANES / 2;
    while width > 0 {
        let (low, high) = sums.split_at_mut(width);
        low.iter_mut().zip(high).for_each(|(l, h)| *l += *h);
        width /= 2;
    }
    sums[0]
}

#[inline(always)]
fn add(sum: &mut Vector, factor: f32, other: &Vector) {
    sum.iter_mut()
        .zip(other)
        .for_each(|(s, o)| *s += factor * o);
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn ngrams_are_drawn_by_their_frequency() {
        let table = table(&[16, 1, 0, 81]);
        let share =
            |place: u32| table.iter().filter(|&&p| p == place).count() as f64 / table.len() as f64;
        assert_eq!(table.len(), TABLE as usize);
        for (place, expected) in [(0, 8.0 / 36.0), (1, 1.0 / 36.0), (2, 0.0), (3, 27.0 / 36.0)] {
            assert!((share(place) - expected).abs() < 1e-5);
        }
    }
}
