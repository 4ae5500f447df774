//! Which examples share a batch, and in what order the batches come.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use super::sequence::Example;

/// Tokens of an evaluated batch, padding included, unless it is a single sequence.
const MOST_TOKENS: usize = 1 << 17;
/// Batches that are sorted by length together, so that a batch holds sequences of like length.
const BUCKET_BATCHES: usize = 50;

/// What is kept of a sequence longer than the training length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cut {
    /// A window at a random place, another one in every epoch.
    RandomWindow,
    /// The last tokens.
    Last,
}

/// How sequences of different lengths share a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchMode {
    /// As they are, padding masked exactly.
    Ragged {
        /// Longer sequences are cut in training; whole ones are evaluated.
        max_len: usize,
        /// What is kept of them.
        cut: Cut,
    },
    /// The last `length` tokens, padded in front; the padding counts as tokens.
    Windowed {
        /// Tokens per sequence.
        length: usize,
        /// The token to pad with.
        pad_id: u16,
    },
}

/// Size and kind of batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchConfig {
    /// Examples per batch; the last batch may hold fewer.
    pub size: usize,
    /// How sequences of different lengths share a batch.
    pub mode: BatchMode,
}

impl BatchConfig {
    /// The batches of a training epoch, as indices into `examples`, in an order drawn from
    /// `seed`. Ragged ones are bucketed: of every 50 batches' examples, those of like length go
    /// together.
    pub fn training_order(&self, examples: &[Example], seed: u64) -> Vec<Vec<u32>> {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let mut order: Vec<u32> = (0..examples.len() as u32).collect();
        order.shuffle(&mut rng);
        let size = self.size.max(1);
        if let BatchMode::Ragged { max_len, .. } = self.mode {
            for bucket in order.chunks_mut(size * BUCKET_BATCHES) {
                bucket.sort_by_key(|&index| length(examples, index).min(max_len));
            }
        }
        let mut batches: Vec<Vec<u32>> = order.chunks(size).map(<[u32]>::to_vec).collect();
        batches.shuffle(&mut rng);
        batches
    }

    /// The batches of an evaluation: every example once, those of like length together, and few
    /// enough of the long ones to hold their states in memory.
    pub fn evaluation_order(&self, examples: &[Example]) -> Vec<Vec<u32>> {
        let mut order: Vec<u32> = (0..examples.len() as u32).collect();
        let most = |longest: usize| (MOST_TOKENS / longest.max(1)).clamp(1, self.size.max(1));
        let mut batches: Vec<Vec<u32>> = Vec::new();
        if let BatchMode::Ragged { .. } = self.mode {
            order.sort_by_key(|&index| length(examples, index));
        }
        for index in order {
            let longest = match self.mode {
                BatchMode::Ragged { .. } => length(examples, index),
                BatchMode::Windowed { length, .. } => length,
            };
            match batches.last_mut() {
                Some(batch) if batch.len() < most(longest) => batch.push(index),
                _ => batches.push(vec![index]),
            }
        }
        batches
    }
}

fn length(examples: &[Example], index: u32) -> usize {
    examples[index as usize].sequence.len()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{examples, numbered};
    use super::*;

    #[test]
    fn long_sequences_are_evaluated_in_small_batches() {
        let tokens = vec![5u16; 70_000];
        let lengths = [1, 70_000, 2, 60_000, 60_000, 3];
        let examples: Vec<_> = lengths.map(|n| Example::of_tokens(&tokens[..n], 0)).into();
        let mode = BatchMode::Ragged {
            max_len: 10,
            cut: Cut::Last,
        };
        let batches = BatchConfig { size: 4, mode }.evaluation_order(&examples);
        assert_eq!(batches, [vec![0, 2, 5], vec![3, 4], vec![1]]);
    }

    #[test]
    fn an_epoch_holds_every_example_once_in_batches_of_like_length() {
        let lengths: Vec<usize> = (0..1000).map(|n| n * 7919 % 200).collect();
        let sequences = numbered(&lengths);
        let examples = examples(&sequences);
        let mode = BatchMode::Ragged {
            max_len: 150,
            cut: Cut::Last,
        };
        let config = BatchConfig { size: 8, mode };
        let batches = config.training_order(&examples, 5);
        assert_eq!(batches, config.training_order(&examples, 5));
        assert_ne!(batches, config.training_order(&examples, 6));
        let mut all = batches.concat();
        all.sort_unstable();
        assert_eq!(all, (0..1000).collect::<Vec<u32>>());
        let kept = |&index: &u32| lengths[index as usize].min(150);
        let spread = |batch: &Vec<u32>| {
            batch.iter().map(kept).max().unwrap_or(0) - batch.iter().map(kept).min().unwrap_or(0)
        };
        // Buckets of 400 spread over 150 lengths: batches of 8 span about 3 of them.
        let mean = batches.iter().map(spread).sum::<usize>() as f64 / batches.len() as f64;
        assert!(mean < 6.0, "{mean}");
        let first: Vec<usize> = batches.iter().map(|batch| kept(&batch[0])).collect();
        assert!(!first.is_sorted());
    }
}
