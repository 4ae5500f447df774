//! `spinet generate`: what a model writes, on the host or on a board.
//!
//! `text` and `series` are the two kinds of models; here are the command's arguments and which
//! of the two they are for.

mod series;
mod text;

use super::{Outcome, data::SeriesDataArgs};
use crate::inference::Model;
use clap::Args;
use spinet_core::{
    Token,
    artifact::{Front, Task},
    sampling::{Share, Temperature},
};
use std::path::PathBuf;

/// Let a model write: text behind a prompt, or how series go on
#[derive(Args)]
pub(super) struct Generate {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Let a board write, in QEMU: a file of firmware/boards
    #[arg(long)]
    board: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Symbols or vectors to write at most [default: 200 symbols, or as many vectors as the
    /// series has]
    #[arg(
        long,
        allow_negative_numbers = true,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    length: Option<u32>,
    #[command(flatten)]
    text: TextArgs,
    #[command(flatten)]
    series: SeriesArgs,
}

/// What matters to text only.
#[derive(Args)]
#[command(next_help_heading = "Text")]
struct TextArgs {
    /// How the text begins
    #[arg(long, default_value = "", hide_default_value = true)]
    prompt: String,
    /// Divides the logits: 0 writes the likeliest symbol always, 1 draws as probable
    #[arg(
        long,
        default_value = "1",
        value_name = "T",
        allow_negative_numbers = true
    )]
    temperature: Temperature,
    /// Draw from the K likeliest symbols only (0: from all)
    #[arg(
        long,
        default_value_t = 0,
        value_name = "K",
        allow_negative_numbers = true
    )]
    top_k: Token,
    /// Draw from the likeliest symbols that have this share of the probability together
    #[arg(
        long,
        default_value = "1",
        value_name = "P",
        allow_negative_numbers = true
    )]
    top_p: Share,
    /// Decides everything that is drawn, on the host and on every board
    #[arg(long, default_value_t = 1, allow_negative_numbers = true)]
    seed: u64,
    /// End behind this symbol
    #[arg(long, value_name = "SYMBOL")]
    end: Option<String>,
    /// Leave symbols that the model does not know out of the prompt
    #[arg(long)]
    skip_unknown: bool,
}

/// What matters to series only.
#[derive(Args)]
#[command(next_help_heading = "Series")]
struct SeriesArgs {
    #[command(flatten)]
    data: SeriesDataArgs,
    /// The first of the test examples that is continued
    #[arg(long, default_value_t = 0, value_name = "N")]
    example: usize,
    /// How many of them
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    examples: u16,
    /// Take every so many-th of the test examples
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    stride: u16,
    /// Vectors that the model is given [default: a quarter of the series]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    prime: Option<usize>,
    /// Show vectors as text, a line each, as the device's console does
    #[arg(long)]
    art: bool,
    /// Write the values as a table
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the first series as sound, its features one after the other
    #[arg(long, value_name = "FILE")]
    wav: Option<PathBuf>,
    /// Samples per second of the sound
    #[arg(long, default_value_t = crate::data::series::WAVEFORM_RATE, value_name = "HZ")]
    rate: u32,
    /// Draw the first series beside the true one
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Write all series as bitmaps beside the true ones, a row per vector
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
}

impl Generate {
    pub fn run(self) -> Outcome {
        let model = Model::open(&self.model)?;
        let artifact = model.artifact();
        match (artifact.front, artifact.manifest.task) {
            (Front::Symbols(symbols), Task::Generate) => text::run(&self, &model, symbols),
            (Front::Series(series), Task::Generate) => series::run(&self, &model, series),
            (_, Task::Classify { .. }) | (Front::Words(_) | Front::Ngrams(_), _) => Err(format!(
                "{}: this model classifies; use predict or run",
                self.model.display()
            )
            .into()),
        }
    }
}
