//! `spinet run`: the same as `predict`, computed by a board.

use super::{
    Outcome,
    data::SeriesDataArgs,
    output,
    predict::{Logit, Prediction, check_classifies, lines, series},
};
use crate::{
    device::{
        Board, DeviceVerdict, Emulator, Firmware, Program, boards_folder, check_line, toolchain,
    },
    inference::Model,
    progress::during,
};
use clap::Args;
use serde::Serialize;
use spinet_core::artifact::Front;
use std::{
    io, iter,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
};

/// Texts that are sent together where they are there already.
const BATCH: usize = 64;

/// Classify texts or series on a board: build the firmware with the model, boot it in QEMU, ask it
#[derive(Args)]
pub(super) struct Run {
    /// The board, a file of firmware/boards
    #[arg(long, default_value = "stm32f405")]
    board: String,
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Print one JSON object per text or series
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: SeriesDataArgs,
    /// Texts; without any, a text per line of stdin
    text: Vec<String>,
}

/// A board's verdict.
#[derive(Debug, Serialize)]
pub(super) struct DevicePrediction {
    #[serde(flatten)]
    pub prediction: Prediction,
    /// Spent in the classifier for this text.
    pub instructions: u64,
}

impl From<DeviceVerdict> for DevicePrediction {
    fn from(verdict: DeviceVerdict) -> Self {
        Self {
            prediction: Prediction {
                label: verdict.label,
                probability: verdict.probability,
                logit: Logit::new(&verdict.logits),
                tokens: verdict.tokens,
                unknown: verdict.unknown,
            },
            instructions: verdict.instructions,
        }
    }
}

impl std::fmt::Display for DevicePrediction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {} instructions", self.prediction, self.instructions)
    }
}

impl Run {
    pub fn run(self) -> Outcome {
        self.text
            .iter()
            .try_for_each(|text| check_line(text.as_bytes()))?;
        let model = Model::open(&self.model)?;
        check_classifies(&model, &self.model)?;
        if let Front::Series(calibrated) = model.artifact().front {
            let features = calibrated.features().into();
            let all = series(&model, &self.data)?;
            let (_, mut emulator) = boot(&self.board, &self.model)?;
            for vectors in all {
                let vectors: Vec<Vec<i16>> =
                    vectors.chunks(features).map(<[i16]>::to_vec).collect();
                self.show(emulator.classify_series(&vectors)?)?;
            }
            return Ok(true);
        }
        let (_, mut emulator) = boot(&self.board, &self.model)?;
        let mut answer = |texts: &[Vec<u8>]| -> Result<(), Box<dyn std::error::Error>> {
            for verdict in emulator.classify_all(texts)? {
                self.show(verdict)?;
            }
            Ok(())
        };
        if !self.text.is_empty() {
            let texts: Vec<Vec<u8>> = self
                .text
                .iter()
                .map(|text| text.clone().into_bytes())
                .collect();
            answer(&texts)?;
            return Ok(true);
        }
        let waiting = read_ahead();
        while let Ok(line) = waiting.recv() {
            let more = waiting.try_iter().take(BATCH - 1);
            answer(
                &iter::once(line)
                    .chain(more)
                    .collect::<io::Result<Vec<_>>>()?,
            )?;
        }
        Ok(true)
    }
}

impl Run {
    fn show(&self, verdict: DeviceVerdict) -> Result<(), Box<dyn std::error::Error>> {
        let prediction = DevicePrediction::from(verdict);
        match self.json {
            true => output::json(&prediction),
            false => Ok(output::line(prediction)?),
        }
    }
}

/// Stdin's lines as they come, so that one is answered before the next is typed.
fn read_ahead() -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(BATCH);
    thread::spawn(move || {
        for line in lines(io::stdin().lock()) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Builds the firmware with a model and boots it on an emulated board.
pub(super) fn boot(
    board: &str,
    model: &Path,
) -> Result<(Firmware, Emulator), Box<dyn std::error::Error>> {
    // A model that the host refuses needs no firmware.
    Model::open(model)?;
    let board = Board::named(&boards_folder(), board)?;
    toolchain::ensure(&board)?;
    eprintln!(
        "building the firmware for {} with {}",
        board.name,
        model.display()
    );
    let firmware = during("firmware", || {
        Firmware::build(&board, model, Program::Application)
    })?;
    let log = Box::new(|line: &str| eprintln!("device: {line}"));
    let emulator = Emulator::boot(&board, &firmware.path, log)?;
    Ok((firmware, emulator))
}
