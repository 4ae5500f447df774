//! Examples, how they are put into batches, and how a batch lies in memory.
//!
//! *Ragged* batches hold sequences of like length as they are; what is missing at the end of
//! the shorter ones is never computed, so a sequence gives the same numbers in any batch.
//! *Windowed* batches hold the last `length` tokens of every sequence, padded in front with
//! ordinary pad tokens, as Keras's `pad_sequences(maxlen=length)` does.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::{Deserialize, Serialize};

use crate::network::{NetworkConfig, Pass};

/// Tokens of an evaluated batch, padding included, unless it is a single sequence.
const MOST_TOKENS: usize = 1 << 17;
/// Batches that are sorted by length together, so that a batch holds sequences of like length.
const BUCKET_BATCHES: usize = 50;

/// A token sequence and its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example<'a> {
    /// Token ids; may be empty.
    pub tokens: &'a [u16],
    /// Class, from 0.
    pub label: u16,
}

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
    examples[index as usize].tokens.len()
}

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

/// Makes sure that every token and label fits the network, and the batches are possible.
pub fn check(
    examples: &[Example],
    batch: &BatchConfig,
    network: &NetworkConfig,
) -> Result<(), BatchError> {
    let vocabulary = network.vocabulary_size;
    if batch.size == 0 {
        return Err(BatchError::Empty { name: "batch size" });
    }
    match batch.mode {
        BatchMode::Ragged { max_len: 0, .. } => return Err(BatchError::Empty { name: "max_len" }),
        BatchMode::Windowed { length: 0, .. } => return Err(BatchError::Empty { name: "length" }),
        BatchMode::Windowed { pad_id, .. } if usize::from(pad_id) >= vocabulary => {
            return Err(BatchError::Pad { pad_id, vocabulary });
        }
        _ => {}
    }
    for (example, Example { tokens, label }) in examples.iter().enumerate() {
        if let Some(position) = tokens
            .iter()
            .position(|&token| usize::from(token) >= vocabulary)
        {
            let token = tokens[position];
            return Err(BatchError::Token {
                example,
                position,
                token,
                vocabulary,
            });
        }
        if usize::from(*label) >= network.classes() {
            let (label, classes) = (*label, network.classes());
            return Err(BatchError::Label {
                example,
                label,
                classes,
            });
        }
    }
    Ok(())
}

/// Examples or batches a network cannot take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A size that must not be zero is.
    #[error("{name} must be at least 1")]
    Empty {
        /// The size.
        name: &'static str,
    },
    /// The padding token lies outside the vocabulary.
    #[error("pad_id is {pad_id}, but the vocabulary has only {vocabulary} ids")]
    Pad {
        /// The token.
        pad_id: u16,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A token lies outside the vocabulary.
    #[error(
        "example {example}, token {position}: id {token} is not below the vocabulary's {vocabulary}"
    )]
    Token {
        /// Index of the example, from 0.
        example: usize,
        /// Index of the token, from 0.
        position: usize,
        /// The token.
        token: u16,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A label is no class of the network.
    #[error("example {example}: label {label} is not below the network's {classes} classes")]
    Label {
        /// Index of the example, from 0.
        example: usize,
        /// The label.
        label: u16,
        /// Number of classes.
        classes: usize,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::InputKind;

    const RAGGED: BatchMode = BatchMode::Ragged {
        max_len: 4,
        cut: Cut::Last,
    };

    fn examples(sequences: &[Vec<u16>]) -> Vec<Example<'_>> {
        sequences
            .iter()
            .map(|tokens| Example {
                tokens,
                label: tokens.len() as u16 % 2,
            })
            .collect()
    }

    /// Sequence `n` is `n * 100, n * 100 + 1, ..`.
    fn numbered(lengths: &[usize]) -> Vec<Vec<u16>> {
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
    fn long_sequences_are_evaluated_in_small_batches() {
        let tokens = vec![5u16; 70_000];
        let lengths = [1, 70_000, 2, 60_000, 60_000, 3];
        let examples: Vec<_> = lengths
            .map(|n| Example {
                tokens: &tokens[..n],
                label: 0,
            })
            .into();
        let mode = BatchMode::Ragged {
            max_len: 10,
            cut: Cut::Last,
        };
        let batches = BatchConfig { size: 4, mode }.evaluation_order(&examples);
        assert_eq!(batches, [vec![0, 2, 5], vec![3, 4], vec![1]]);
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

    #[test]
    fn misfits_are_named() {
        let network = NetworkConfig::simple_rnn(InputKind::OneHot, 300, 4);
        let config = BatchConfig {
            size: 8,
            mode: RAGGED,
        };
        let sequences = numbered(&[3, 5, 2, 1]);
        let good = examples(&sequences[..3]);
        assert_eq!(check(&good, &config, &network), Ok(()));
        let error = check(&examples(&sequences), &config, &network).unwrap_err();
        let text = "example 3, token 0: id 300 is not below the vocabulary's 300";
        assert_eq!(error.to_string(), text);
        let labelled = [Example {
            tokens: &[1],
            label: 2,
        }];
        let error = check(&labelled, &config, &network).unwrap_err();
        assert_eq!(
            error,
            BatchError::Label {
                example: 0,
                label: 2,
                classes: 2
            }
        );
        let mode = BatchMode::Windowed {
            length: 0,
            pad_id: 0,
        };
        assert!(check(&good, &BatchConfig { size: 8, mode }, &network).is_err());
        assert!(
            check(
                &good,
                &BatchConfig {
                    size: 0,
                    mode: RAGGED
                },
                &network
            )
            .is_err()
        );
        let mode = BatchMode::Windowed {
            length: 4,
            pad_id: 300,
        };
        assert!(check(&good, &BatchConfig { size: 8, mode }, &network).is_err());
    }
}
