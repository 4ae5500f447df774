//! Examples, how they are put into batches, and how a batch lies in memory.
//!
//! *Ragged* batches hold sequences of like length as they are; what is missing at the end of
//! the shorter ones is never computed, so a sequence gives the same numbers in any batch.
//! *Windowed* batches hold the last `length` tokens of every sequence, padded in front with
//! ordinary pad tokens, as Keras's `pad_sequences(maxlen=length)` does.

mod check;
mod order;

pub use check::{BatchError, check};
pub use order::{BatchConfig, BatchMode, Cut, Example};

use crate::network::Pass;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// What a random number is drawn for; each has a stream of its own.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Window,
    Words,
    Embedding,
    Readout,
}

/// A generator for one purpose and one example, whatever batch or thread it is in.
pub(crate) fn example_rng(seed: u64, example: u32, stream: Stream) -> Pcg64Mcg {
    // Weyl's constant, 2^64 over the golden ratio, spreads the numbered streams.
    let number = u64::from(example) * 4 + stream as u64 + 1;
    Pcg64Mcg::seed_from_u64(seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// Sequences ready for the network, longest first, time-major: token `t * B + b` is step `t`
/// of sequence `b`. At step `t` only the first [`active`](Self::active) sequences still have
/// tokens; the padding behind the others is never computed.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    tokens: Vec<u16>,
    lengths: Vec<usize>,
    /// Padding tokens in front of each sequence.
    padding: Vec<usize>,
    labels: Vec<u16>,
    examples: Vec<u32>,
    active: Vec<usize>,
}

impl Batch {
    /// Fills the batch with `examples[indices]`. Cuts long sequences if it is a training pass.
    pub fn assemble(
        &mut self,
        examples: &[Example],
        indices: &[u32],
        mode: &BatchMode,
        pass: Pass,
    ) {
        let mut windows: Vec<(u32, &[u16])> = indices
            .iter()
            .map(|&index| {
                (
                    index,
                    window(examples[index as usize].tokens, index, mode, pass),
                )
            })
            .collect();
        windows.sort_by_key(|(_, tokens)| std::cmp::Reverse(tokens.len()));
        let (fixed, pad_id) = match *mode {
            BatchMode::Ragged { .. } => (0, 0),
            BatchMode::Windowed { length, pad_id } => (length, pad_id),
        };
        self.clear();
        for (index, tokens) in &windows {
            self.examples.push(*index);
            self.labels.push(examples[*index as usize].label);
            self.lengths.push(tokens.len().max(fixed));
            self.padding.push(fixed.saturating_sub(tokens.len()));
        }
        let steps = self.lengths.first().copied().unwrap_or(0);
        let longer_than = |step: usize| self.lengths.partition_point(|&length| length > step);
        self.active.extend((0..steps).map(longer_than));
        self.tokens.resize(steps * windows.len(), pad_id);
        for (sequence, (_, tokens)) in windows.iter().enumerate() {
            for (step, &token) in (self.padding[sequence]..).zip(*tokens) {
                self.tokens[step * windows.len() + sequence] = token;
            }
        }
    }

    /// Replaces each token, padding excepted, by `unknown_id` with probability `rate`.
    pub(crate) fn drop_words(&mut self, rate: f32, unknown_id: u16, seed: u64) {
        for sequence in 0..self.sequences() {
            let mut rng = example_rng(seed, self.examples[sequence], Stream::Words);
            for step in self.padding[sequence]..self.lengths[sequence] {
                if rng.random::<f32>() < rate {
                    self.tokens[step * self.examples.len() + sequence] = unknown_id;
                }
            }
        }
    }

    fn clear(&mut self) {
        self.tokens.clear();
        self.lengths.clear();
        self.padding.clear();
        self.labels.clear();
        self.examples.clear();
        self.active.clear();
    }

    /// `B`: number of sequences.
    pub fn sequences(&self) -> usize {
        self.examples.len()
    }

    /// `T`: length of the longest sequence.
    pub fn steps(&self) -> usize {
        self.active.len()
    }

    /// `T * B`: rows of the batch's matrices.
    pub fn rows(&self) -> usize {
        self.tokens.len()
    }

    /// How many sequences have a token at `step`; they are the first ones.
    pub fn active(&self, step: usize) -> usize {
        self.active[step]
    }

    /// Token ids (T*B), time-major.
    pub fn tokens(&self) -> &[u16] {
        &self.tokens
    }

    /// Tokens of each sequence, descending.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Class of each sequence.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// Index of each sequence's example.
    pub fn examples(&self) -> &[u32] {
        &self.examples
    }

    /// Tokens of all sequences together.
    pub fn token_count(&self) -> usize {
        self.lengths.iter().sum()
    }
}

/// The part of a sequence that enters the network.
fn window<'a>(tokens: &'a [u16], index: u32, mode: &BatchMode, pass: Pass) -> &'a [u16] {
    let last = |count: usize| &tokens[tokens.len().saturating_sub(count)..];
    match (*mode, pass) {
        (BatchMode::Windowed { length, .. }, _) => last(length),
        (BatchMode::Ragged { max_len, cut }, Pass::Training { seed }) if tokens.len() > max_len => {
            match cut {
                Cut::Last => last(max_len),
                Cut::RandomWindow => {
                    let mut rng = example_rng(seed, index, Stream::Window);
                    let start = rng.random_range(0..=tokens.len() - max_len);
                    &tokens[start..start + max_len]
                }
            }
        }
        _ => tokens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const RAGGED: BatchMode = BatchMode::Ragged {
        max_len: 4,
        cut: Cut::Last,
    };

    pub(super) fn examples(sequences: &[Vec<u16>]) -> Vec<Example<'_>> {
        sequences
            .iter()
            .map(|tokens| Example {
                tokens,
                label: tokens.len() as u16 % 2,
            })
            .collect()
    }

    /// Sequence `n` is `n * 100, n * 100 + 1, ..`.
    pub(super) fn numbered(lengths: &[usize]) -> Vec<Vec<u16>> {
        let sequence =
            |(n, &length): (usize, &usize)| (0..length).map(move |t| (n * 100 + t) as u16);
        lengths
            .iter()
            .enumerate()
            .map(|pair| sequence(pair).collect())
            .collect()
    }

    fn assembled(lengths: &[usize], mode: &BatchMode, pass: Pass) -> Batch {
        let sequences = numbered(lengths);
        let indices: Vec<u32> = (0..lengths.len() as u32).collect();
        let mut batch = Batch::default();
        batch.assemble(&examples(&sequences), &indices, mode, pass);
        batch
    }

    #[test]
    fn ragged_batches_are_time_major_and_longest_first() {
        let batch = assembled(&[2, 0, 3], &RAGGED, Pass::Evaluation);
        assert_eq!(batch.examples(), [2, 0, 1]);
        assert_eq!(batch.lengths(), [3, 2, 0]);
        assert_eq!(batch.labels(), [1, 0, 0]);
        assert_eq!(
            [batch.active(0), batch.active(1), batch.active(2)],
            [2, 2, 1]
        );
        assert_eq!(batch.tokens(), [200, 0, 0, 201, 1, 0, 202, 0, 0]);
        assert_eq!(
            (batch.steps(), batch.sequences(), batch.token_count()),
            (3, 3, 5)
        );
    }

    #[test]
    fn windows_are_padded_in_front() {
        let mode = BatchMode::Windowed {
            length: 3,
            pad_id: 9,
        };
        let batch = assembled(&[2, 0, 5], &mode, Pass::Evaluation);
        assert_eq!(batch.examples(), [2, 0, 1]);
        assert_eq!(batch.tokens(), [202, 9, 9, 203, 0, 9, 204, 1, 9]);
        assert_eq!(batch.lengths(), [3, 3, 3]);
        assert_eq!(batch.active(2), 3);
    }

    #[test]
    fn only_training_cuts_and_random_windows_move() {
        let long = [10, 3];
        assert_eq!(
            assembled(&long, &RAGGED, Pass::Evaluation).lengths(),
            [10, 3]
        );
        let last = assembled(&long, &RAGGED, Pass::Training { seed: 1 });
        assert_eq!(last.tokens(), [6, 100, 7, 101, 8, 102, 9, 0]);
        let random = BatchMode::Ragged {
            max_len: 4,
            cut: Cut::RandomWindow,
        };
        let mut starts = [0; 7];
        for seed in 0..700 {
            let batch = assembled(&long, &random, Pass::Training { seed });
            let start = batch.tokens()[0];
            assert_eq!(batch.tokens()[6], start + 3);
            starts[usize::from(start)] += 1;
        }
        assert!(
            starts.iter().all(|&count| (60..140).contains(&count)),
            "{starts:?}"
        );
    }

    #[test]
    fn word_dropout_spares_padding() {
        let mode = BatchMode::Windowed {
            length: 100,
            pad_id: 9,
        };
        let mut batch = assembled(&[50], &mode, Pass::Training { seed: 0 });
        batch.drop_words(0.5, 777, 3);
        assert!(batch.tokens()[..50].iter().all(|&token| token == 9));
        let dropped = batch.tokens()[50..]
            .iter()
            .filter(|&&token| token == 777)
            .count();
        assert!((15..=35).contains(&dropped), "{dropped}");
    }
}
