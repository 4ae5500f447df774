//! `spinet inspect`: what a model is and what it costs.

use super::{Outcome, output};
use crate::inference::Model;
use clap::Args;
use serde::Serialize;
use spinet_core::{
    Artifact, Readout,
    artifact::{Front, FrontSpec, Task},
    cell::{CellKind, CellLayout},
    data::Blob,
    input::InputSpec,
    shape::Dimensions,
    text::{Unit, VocabularySpec},
};
use std::{fmt, path::PathBuf};

/// Show a model's shape, and what it takes of flash, RAM and time
#[derive(Args)]
pub(super) struct Inspect {
    /// The model
    #[arg(long, value_name = "FILE")]
    model: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Inspection {
    reads: &'static str,
    task: &'static str,
    layers: Vec<Layer>,
    input: &'static str,
    dimensions: Dimensions,
    readout: Readout,
    start: bool,
    labels: Vec<String>,
    /// Words, symbols or features.
    words: usize,
    parameters: usize,
    bytes: Sections,
    /// RAM of the state, without the firmware's own.
    state_bytes: usize,
    macs_per_token: usize,
    macs_per_verdict: usize,
}

#[derive(Serialize)]
struct Layer {
    cell: CellKind,
    hidden_size: u16,
}

/// Bytes of the file by what they are for.
#[derive(Serialize)]
struct Sections {
    /// Words, symbols or calibration.
    front: usize,
    input_table: usize,
    head: usize,
    /// The cells.
    cells: usize,
    /// Header, manifest and padding.
    rest: usize,
    total: usize,
}

impl Inspect {
    pub fn run(self) -> Outcome {
        let model = Model::open(&self.model)?;
        let inspection = Inspection::of(&model.artifact(), model.bytes());
        match self.json {
            true => output::json(&inspection)?,
            false => output::line(inspection)?,
        }
        Ok(true)
    }
}

impl Inspection {
    fn of(artifact: &Artifact<'_>, file: &[u8]) -> Self {
        let dimensions = artifact.network.dimensions();
        let (step, head) = artifact.network.macs();
        let steps = usize::from(dimensions.window);
        let manifest = &artifact.manifest;
        let (reads, words) = match artifact.front {
            Front::Words(vocabulary) => ("words", vocabulary.words().into()),
            Front::Symbols(symbols) => match symbols.unit {
                Unit::Character => ("characters", symbols.codes.len()),
                Unit::Byte => ("bytes", symbols.codes.len()),
            },
            Front::Series(series) => ("series", series.features().into()),
        };
        let tokens = match artifact.front {
            Front::Words(vocabulary) => vocabulary.tokens(),
            Front::Symbols(symbols) => symbols.tokens(),
            Front::Series(_) => 0,
        };
        let first = manifest.layers[0];
        let (input, columns) = match manifest.input {
            InputSpec::OneHot { .. } => ("one-hot", first.map_or(0, |cell| cell.input_rows())),
            InputSpec::Embedding { input_size, .. } => ("embedding", input_size.into()),
            InputSpec::Vector { .. } => ("vector", 0),
        };
        let layers: Vec<Layer> = manifest
            .layers
            .iter()
            .flatten()
            .map(|cell| Layer {
                cell: cell.kind(),
                hidden_size: cell.hidden_size(),
            })
            .collect();
        Self {
            reads,
            task: match manifest.task {
                Task::Classify { .. } => "classify",
                Task::Generate => "generate",
            },
            layers,
            input,
            dimensions,
            readout: manifest.task.readout(),
            start: matches!(manifest.front, FrontSpec::Words { start: true, .. }),
            labels: match manifest.task {
                Task::Classify { .. } => artifact.labels.iter().map(str::to_owned).collect(),
                Task::Generate => Vec::new(),
            },
            words,
            parameters: tokens * columns + step + head,
            bytes: Sections::of(artifact, file),
            state_bytes: dimensions.state_bytes(),
            macs_per_token: step,
            // With a window, a verdict runs over the whole of it.
            macs_per_verdict: steps * step + head,
        }
    }
}

impl Sections {
    fn of(artifact: &Artifact<'_>, file: &[u8]) -> Self {
        let sum = |blobs: &[Blob]| blobs.iter().map(|blob| blob.length as usize).sum::<usize>();
        let manifest = &artifact.manifest;
        let front = match manifest.front {
            FrontSpec::Words { vocabulary, .. } => match vocabulary {
                VocabularySpec::Hashed { .. } => 0,
                VocabularySpec::PerfectHash(hash) => sum(&[hash.pilots, hash.fingerprints]),
            },
            FrontSpec::Symbols(symbols) => sum(&[symbols.codes]),
            FrontSpec::Series(series) => sum(&[series.offsets, series.scales]),
        };
        let input_table = match manifest.input {
            InputSpec::OneHot { table } | InputSpec::Embedding { table, .. } => {
                sum(&[table.weights])
            }
            InputSpec::Vector { .. } => 0,
        };
        let head = &manifest.head;
        let head = sum(&[
            head.weights.weights,
            head.rows.multipliers,
            head.rows.biases,
        ]);
        // The header says how long the data is.
        let data = <[u8; 4]>::try_from(&file[16..20]).map_or(0, u32::from_le_bytes) as usize;
        let cells = data.saturating_sub(front + input_table + head);
        Self {
            front,
            input_table,
            head,
            cells,
            rest: file.len() - data.min(file.len()),
            total: file.len(),
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = output::thousands;
        let layers: Vec<String> = self
            .layers
            .iter()
            .map(|layer| format!("{}({})", layer.cell, layer.hidden_size))
            .collect();
        writeln!(f, "cell       {}, {} input", layers.join(" + "), self.input)?;
        let [input, hidden, widest, memory, pool, outputs, window] = self.dimensions.parameters();
        writeln!(
            f,
            "shape      Shape<{input}, {hidden}, {widest}, {memory}, {pool}, {outputs}, {window}> (input, hidden, widest, memory, pool, outputs, window)"
        )?;
        writeln!(f, "task       {} {}", self.task, self.reads)?;
        if !self.labels.is_empty() {
            writeln!(f, "read-out   {:?}", self.readout)?;
            writeln!(f, "labels     {}", self.labels.join(", "))?;
        }
        let counted = if self.reads == "series" {
            "features"
        } else {
            self.reads
        };
        writeln!(f, "{counted:<10} {}", n(self.words))?;
        writeln!(f, "parameters {}", n(self.parameters))?;
        let b = &self.bytes;
        writeln!(
            f,
            "bytes      {} = {} {} + input table {} + cells {} + head {} + header and manifest {}",
            n(b.total),
            counted,
            n(b.front),
            n(b.input_table),
            n(b.cells),
            n(b.head),
            n(b.rest)
        )?;
        writeln!(f, "state      {} bytes of RAM", n(self.state_bytes))?;
        write!(
            f,
            "work       {} multiply-accumulates per token, {} per verdict",
            n(self.macs_per_token),
            n(self.macs_per_verdict)
        )
    }
}
