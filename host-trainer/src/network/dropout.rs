//! What training adds at random: dropped words, noise, dropped components.
//!
//! Everything is drawn for each example, or lane, by itself, so that it does not depend on the
//! batch or the thread that it is in.

use rand::RngExt;

use super::config::{InputKind, NetworkConfig};
use super::model::Masked;
use super::workspace::{Buffer, Workspace};
use crate::batch::{Batch, Stream, example_rng};

/// Draws for a training pass: changes the batch's inputs and fills the masks of the workspace.
pub(crate) fn draw(
    config: &NetworkConfig,
    batch: &mut Batch,
    space: &mut Workspace,
    seed: u64,
) -> Masked {
    if config.word_dropout > 0.0 {
        batch.drop_words(config.word_dropout, config.unknown_id, seed);
    }
    if config.input_noise > 0.0 {
        batch.add_noise(config.input_noise, seed);
    }
    let masked = Masked {
        embedding: config.embedding_dropout > 0.0,
        readout: config.hidden_dropout > 0.0,
    };
    if let (true, InputKind::Embedding { dim }) = (masked.embedding, config.input) {
        let (mask, rate) = (&mut space.embedding_mask, config.embedding_dropout);
        mask.resize(batch.rows(), dim);
        mask_steps(mask, batch, rate, seed, Stream::Embedding);
    }
    if masked.readout {
        let (mask, rate) = (&mut space.readout_mask, config.hidden_dropout);
        if config.every_step() {
            mask.resize(batch.rows(), config.hidden_size);
            mask_steps(mask, batch, rate, seed, Stream::Readout);
        } else {
            mask.resize(batch.sequences(), config.hidden_size);
            for (sequence, &example) in batch.examples().iter().enumerate() {
                let rows = sequence..sequence + 1;
                fill(mask, rows, rate, (seed, example, Stream::Readout));
            }
        }
    }
    masked
}

/// Fills a mask with a row for every token.
fn mask_steps(mask: &mut Buffer, batch: &Batch, rate: f32, seed: u64, stream: Stream) {
    for (sequence, &example) in batch.examples().iter().enumerate() {
        let steps = 0..batch.lengths()[sequence];
        let rows = steps.map(|step| step * batch.sequences() + sequence);
        fill(mask, rows, rate, (seed, example, stream));
    }
}

/// Fills rows with factors: 0 with probability `rate`, else `1 / (1 - rate)`.
fn fill(
    mask: &mut Buffer,
    rows: impl Iterator<Item = usize>,
    rate: f32,
    (seed, example, stream): (u64, u32, Stream),
) {
    let mut rng = example_rng(seed, example, stream);
    let kept = 1.0 / (1.0 - rate);
    for row in rows {
        for factor in mask.slice_mut(row..row + 1) {
            let dropped = rng.random::<f32>() < rate;
            *factor = if dropped { 0.0 } else { kept };
        }
    }
}
