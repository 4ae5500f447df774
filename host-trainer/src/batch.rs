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

    /// The batches of an evaluation: every example once, those of like length together.
    pub fn evaluation_order(&self, examples: &[Example]) -> Vec<Vec<u32>> {
        let mut order: Vec<u32> = (0..examples.len() as u32).collect();
        if let BatchMode::Ragged { .. } = self.mode {
            order.sort_by_key(|&index| length(examples, index));
        }
        order
            .chunks(self.size.max(1))
            .map(<[u32]>::to_vec)
            .collect()
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
