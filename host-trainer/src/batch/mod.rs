//! Examples, how they are put into batches, and how a batch lies in memory.
//!
//! *Ragged* batches hold sequences of like length as they are; what is missing at the end of
//! the shorter ones is never computed, so a sequence gives the same numbers in any batch.
//! *Windowed* batches hold the last `length` tokens of every sequence, padded in front with
//! ordinary pad tokens, as Keras's `pad_sequences(maxlen=length)` does. A network that tells at
//! every step what comes next reads all of a sequence but its last token or vector. One long
//! stream of tokens is read in [`Lanes`].

mod check;
mod lanes;
mod order;
mod sequence;
#[cfg(test)]
mod tests;

pub use check::{BatchError, check, check_stream};
pub use lanes::Lanes;
pub use order::{BatchConfig, BatchMode, Cut};
pub use sequence::{Example, Sequence};

use std::ops::Range;

use crate::network::{Pass, gaussian};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// What a random number is drawn for; each has a stream of its own.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Window,
    /// Words to drop, or noise on vectors.
    Inputs,
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
    /// Tokens that follow each token, if they are to be told.
    next_tokens: Vec<u16>,
    /// Input vectors (T*B, F), and those that follow, if they are to be told.
    vectors: Vec<f32>,
    next_vectors: Vec<f32>,
    lengths: Vec<usize>,
    /// Padding tokens in front of each sequence.
    padding: Vec<usize>,
    /// First steps of each sequence whose predictions are not scored.
    unscored: Vec<usize>,
    labels: Vec<u16>,
    /// Targets and offsets of the sequences that have any, and where each one's lie.
    soft: Vec<f32>,
    targets: Vec<Range<usize>>,
    offsets: Vec<Range<usize>>,
    examples: Vec<u32>,
    active: Vec<usize>,
}

impl Batch {
    /// Fills the batch with `examples[indices]`. Cuts long sequences if it is a training pass;
    /// `next` says whether the batch is to tell at every step what comes next.
    pub fn assemble(
        &mut self,
        examples: &[Example],
        indices: &[u32],
        mode: &BatchMode,
        pass: Pass,
        next: bool,
    ) {
        let window = |&index: &u32| {
            let example = &examples[index as usize];
            let range = window(example.sequence.len(), index, mode, pass);
            let unscored = if next {
                example.unscored(range.start)
            } else {
                0
            };
            (index, unscored, example.sequence.part(range))
        };
        let mut windows: Vec<(u32, usize, Sequence)> = indices.iter().map(window).collect();
        windows.sort_by_key(|(.., sequence)| std::cmp::Reverse(sequence.len()));
        let (fixed, pad_id) = match *mode {
            BatchMode::Ragged { .. } => (0, 0),
            BatchMode::Windowed { length, pad_id } => (length, pad_id),
        };
        self.clear();
        for (index, unscored, sequence) in &windows {
            let length = sequence.len().saturating_sub(usize::from(next));
            self.examples.push(*index);
            let example = &examples[*index as usize];
            self.labels.push(example.label);
            for (values, places) in [
                (example.target, &mut self.targets),
                (example.offset, &mut self.offsets),
            ] {
                let start = self.soft.len();
                self.soft.extend_from_slice(values.unwrap_or_default());
                places.push(start..self.soft.len());
            }
            self.lengths.push(length.max(fixed));
            self.padding.push(fixed.saturating_sub(length));
            self.unscored.push(*unscored);
        }
        self.count_active();
        for (place, (.., sequence)) in windows.iter().enumerate() {
            self.place(place, *sequence, pad_id, next);
        }
    }

    /// Fills the batch with a chunk of some lanes of a stream of tokens.
    pub(crate) fn assemble_chunk(
        &mut self,
        stream: &[u16],
        lanes: &Lanes,
        share: &[u32],
        chunk: usize,
    ) {
        self.clear();
        for &lane in share {
            let (range, unscored) = lanes.part(lane as usize, chunk);
            self.examples.push(lane);
            self.labels.push(0);
            self.lengths.push(range.len());
            self.padding.push(0);
            self.unscored.push(unscored);
        }
        self.count_active();
        for (place, &lane) in share.iter().enumerate() {
            let (range, _) = lanes.part(lane as usize, chunk);
            if !range.is_empty() {
                let sequence = Sequence::Tokens(&stream[range.start..=range.end]);
                self.place(place, sequence, 0, true);
            }
        }
    }

    fn count_active(&mut self) {
        let steps = self.lengths.first().copied().unwrap_or(0);
        let longer_than = |step: usize| self.lengths.partition_point(|&length| length > step);
        self.active.extend((0..steps).map(longer_than));
    }

    /// Writes a sequence where the batch's sequence at `place` stands.
    fn place(&mut self, place: usize, sequence: Sequence, pad_id: u16, next: bool) {
        let (rows, sequences) = (self.rows(), self.sequences());
        let row_of = |step: usize| step * sequences + place;
        let start = self.padding[place];
        let last = sequence.len().saturating_sub(usize::from(next));
        match sequence {
            Sequence::Tokens(tokens) => {
                self.tokens.resize(rows, pad_id);
                for (step, &token) in (start..).zip(&tokens[..last]) {
                    self.tokens[row_of(step)] = token;
                }
                if next {
                    self.next_tokens.resize(rows, 0);
                    for (step, &token) in tokens.iter().skip(1).enumerate() {
                        self.next_tokens[row_of(step)] = token;
                    }
                }
            }
            Sequence::Vectors { values, features } => {
                let put = |target: &mut Vec<f32>, values: &[f32]| {
                    target.resize(rows * features, 0.0);
                    for (step, vector) in values.chunks_exact(features).enumerate() {
                        target[row_of(step) * features..][..features].copy_from_slice(vector);
                    }
                };
                put(&mut self.vectors, &values[..last * features]);
                if next {
                    put(
                        &mut self.next_vectors,
                        values.get(features..).unwrap_or_default(),
                    );
                }
            }
        }
    }

    /// Adds Gaussian noise of standard deviation `deviation` to the input vectors.
    pub(crate) fn add_noise(&mut self, deviation: f32, seed: u64) {
        let sequences = self.sequences();
        let features = self.vectors.len() / self.rows().max(1);
        for place in 0..sequences {
            let mut rng = example_rng(seed, self.examples[place], Stream::Inputs);
            for step in 0..self.lengths[place] {
                let row = (step * sequences + place) * features;
                for value in &mut self.vectors[row..row + features] {
                    *value += deviation * gaussian(&mut rng) as f32;
                }
            }
        }
    }

    /// Replaces each token, padding excepted, by `unknown_id` with probability `rate`.
    pub(crate) fn drop_words(&mut self, rate: f32, unknown_id: u16, seed: u64) {
        for sequence in 0..self.sequences() {
            let mut rng = example_rng(seed, self.examples[sequence], Stream::Inputs);
            for step in self.padding[sequence]..self.lengths[sequence] {
                if rng.random::<f32>() < rate {
                    self.tokens[step * self.examples.len() + sequence] = unknown_id;
                }
            }
        }
    }

    fn clear(&mut self) {
        self.tokens.clear();
        self.next_tokens.clear();
        self.vectors.clear();
        self.next_vectors.clear();
        self.unscored.clear();
        self.lengths.clear();
        self.padding.clear();
        self.labels.clear();
        self.soft.clear();
        self.targets.clear();
        self.offsets.clear();
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
        self.steps() * self.sequences()
    }

    /// How many sequences have a token or vector at `step`; they are the first ones.
    pub fn active(&self, step: usize) -> usize {
        self.active[step]
    }

    /// Token ids (T*B), time-major; none if the input is vectors.
    pub fn tokens(&self) -> &[u16] {
        &self.tokens
    }

    /// The token after each (T*B), if the batch is to tell it.
    pub fn next_tokens(&self) -> &[u16] {
        &self.next_tokens
    }

    /// Input vectors (T*B, F), time-major; none if the input is tokens.
    pub fn vectors(&self) -> &[f32] {
        &self.vectors
    }

    /// The vector after each (T*B, F), if the batch is to tell it.
    pub fn next_vectors(&self) -> &[f32] {
        &self.next_vectors
    }

    /// The sequences, at `step`, whose predictions are scored.
    pub(crate) fn scored(&self, step: usize) -> impl Iterator<Item = bool> {
        let active = self.active[step];
        let unscored = self.unscored.iter().enumerate();
        unscored.map(move |(place, &unscored)| place < active && step >= unscored)
    }

    /// Tokens or vectors of each sequence, descending.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// Class of each sequence.
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// What is to be learnt of a sequence's classes, if that is more than its class.
    pub(crate) fn target(&self, place: usize) -> Option<&[f32]> {
        self.soft_part(&self.targets, place)
    }

    /// What is to be added to a sequence's logits, if anything.
    pub(crate) fn offset(&self, place: usize) -> Option<&[f32]> {
        self.soft_part(&self.offsets, place)
    }

    fn soft_part(&self, places: &[Range<usize>], place: usize) -> Option<&[f32]> {
        let part = &self.soft[places.get(place)?.clone()];
        (!part.is_empty()).then_some(part)
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

/// How many losses a batch of examples averages over.
pub(crate) fn scored(
    examples: &[Example],
    indices: &[u32],
    mode: &BatchMode,
    pass: Pass,
    next: bool,
) -> usize {
    let predictions = |&index: &u32| {
        let example = &examples[index as usize];
        let range = window(example.sequence.len(), index, mode, pass);
        let predictions = range.len().saturating_sub(1);
        predictions.saturating_sub(example.unscored(range.start))
    };
    match next {
        true => indices.iter().map(predictions).sum(),
        false => indices.len(),
    }
}

/// The part of a sequence of `length` that enters the network.
fn window(length: usize, index: u32, mode: &BatchMode, pass: Pass) -> Range<usize> {
    let last = |count: usize| length.saturating_sub(count)..length;
    match (*mode, pass) {
        (BatchMode::Windowed { length, .. }, _) => last(length),
        (BatchMode::Ragged { max_len, cut }, Pass::Training { seed }) if length > max_len => {
            match cut {
                Cut::Last => last(max_len),
                Cut::RandomWindow => {
                    let mut rng = example_rng(seed, index, Stream::Window);
                    let start = rng.random_range(0..=length - max_len);
                    start..start + max_len
                }
            }
        }
        _ => 0..length,
    }
}
