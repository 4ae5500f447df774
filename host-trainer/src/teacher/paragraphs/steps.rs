//! How vectors move: those of texts and n-grams that meet, and those of texts beside n-grams that
//! stay where they are.

use super::{BLOCKS, EPOCHS, RATE, SIZE, Space, Vector, ngrams::Ngrams};
use crate::network::{Vectorised, activation::sigmoid, vectorised};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;

/// N-grams drawn for each that a text has.
const NEGATIVES: usize = 5;
const LANES: usize = 16;

/// Lets the texts of a round meet all n-grams: each block of texts one block of n-grams at a time.
pub(super) fn meet(
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
                // All products come first, so that the memory looks for all vectors at once.
                let products = met.map(|place| dot(text, &self.ngrams[place]));
                let errors = errors_of(products, self.rate);
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
pub(super) struct Search<'s> {
    pub(super) space: &'s Space,
    pub(super) list: &'s [u32],
    pub(super) rng: Pcg64Mcg,
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
pub(super) fn dot(a: &Vector, b: &Vector) -> f32 {
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

/// Where the vector of a text begins.
pub(super) fn beginning(rng: &mut Pcg64Mcg) -> Vector {
    std::array::from_fn(|_| (rng.random::<f32>() - 0.5) / SIZE as f32)
}
