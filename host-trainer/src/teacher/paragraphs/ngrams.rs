//! The n-grams that have vectors, and how often each is drawn.

use super::{super::frequent, BLOCKS};
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use rayon::prelude::*;
use std::collections::HashMap;

/// Texts that an n-gram must be in.
const FEWEST: usize = 8;
/// N-grams at most, the most frequent ones: half a GiB of vectors.
const MOST: usize = 1 << 20;
/// Entries of the table from which a block's n-grams are drawn.
const TABLE: f64 = 1e6;
/// Frequencies are raised to this power before n-grams are drawn by them.
const FLATTENING: f64 = 0.75;

/// The n-grams that have vectors, numbered at random, so that blocks of them are alike.
pub(super) struct Ngrams {
    /// Their numbers, by key.
    pub(super) places: HashMap<u32, u32>,
    /// N-grams of a block.
    pub(super) block: usize,
    /// For each block, where its n-grams stand in it, each as often as it is to be drawn.
    pub(super) tables: Vec<Vec<u32>>,
}

impl Ngrams {
    /// The frequent n-grams of the texts, and which of them each text has, ascending.
    pub(super) fn of(texts: &[&[u32]], rng: &mut Pcg64Mcg) -> (Self, Vec<Vec<u32>>) {
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
    pub(super) fn list(&self, keys: &[u32]) -> Vec<u32> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
