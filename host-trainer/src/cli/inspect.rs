//! `spinet inspect`: what a model is and what it costs.

use super::{Outcome, output};
use crate::inference::Model;
use clap::Args;
use serde::Serialize;
use spinet_core::{
    Artifact, Readout, cell::CellSpec, data::Blob, input::InputSpec, shape::Dimensions,
    text::VocabularySpec,
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
    cell: &'static str,
    input: &'static str,
    dimensions: Dimensions,
    readout: Readout,
    start: bool,
    labels: Vec<String>,
    words: u16,
    parameters: usize,
    bytes: Sections,
    /// RAM of the state, without the firmware's own.
    state_bytes: usize,
    macs_per_token: usize,
    macs_per_verdict: usize,
}

/// Bytes of the file by what they are for.
#[derive(Serialize)]
struct Sections {
    vocabulary: usize,
    input_table: usize,
    cell: usize,
    head: usize,
    /// Header, manifest and padding.
    rest: usize,
    total: usize,
}

impl Inspect {
    pub fn run(self) -> Outcome {
        let model = Model::open(&self.model)?;
        let inspection = Inspection::of(&model.artifact(), model.bytes().len());
        match self.json {
            true => output::json(&inspection)?,
            false => output::line(inspection)?,
        }
        Ok(true)
    }
}

impl Inspection {
    fn of(artifact: &Artifact<'_>, total: usize) -> Self {
        let dimensions = artifact.network.dimensions();
        let bytes = Sections::of(artifact, total);
        let (step, head) = artifact.network.macs();
        let steps = usize::from(dimensions.window);
        let rows = usize::from(dimensions.hidden_size) + usize::from(dimensions.outputs);
        Self {
            cell: artifact.manifest.cell.name(),
            input: match artifact.manifest.input {
                InputSpec::OneHot { .. } => "one-hot",
                InputSpec::Embedding { .. } => "embedding",
            },
            dimensions,
            readout: artifact.manifest.readout,
            start: artifact.manifest.start,
            labels: artifact.labels.iter().map(str::to_owned).collect(),
            words: artifact.vocabulary.words(),
            parameters: bytes.input_table + step + head + rows,
            bytes,
            state_bytes: dimensions.state_bytes(),
            macs_per_token: step,
            // With a window, a verdict runs over the whole of it.
            macs_per_verdict: steps * step + head,
        }
    }
}

impl Sections {
    fn of(artifact: &Artifact<'_>, total: usize) -> Self {
        let sum = |blobs: &[Blob]| blobs.iter().map(|blob| blob.length as usize).sum::<usize>();
        let manifest = &artifact.manifest;
        let vocabulary = match manifest.vocabulary {
            VocabularySpec::Hashed { .. } => 0,
            VocabularySpec::PerfectHash {
                pilots,
                fingerprints,
                ..
            } => sum(&[pilots, fingerprints]),
        };
        let input_table = match manifest.input {
            InputSpec::OneHot { table } | InputSpec::Embedding { table, .. } => {
                sum(&[table.weights])
            }
        };
        let CellSpec::SimpleRnn(spec) = manifest.cell;
        let cell = sum(&[
            spec.recurrent_weights.weights,
            spec.rows.multipliers,
            spec.rows.biases,
        ]) + spec
            .input_weights
            .map_or(0, |matrix| sum(&[matrix.weights]));
        let head = &manifest.head;
        let head = sum(&[
            head.weights.weights,
            head.rows.multipliers,
            head.rows.biases,
        ]);
        Self {
            vocabulary,
            input_table,
            cell,
            head,
            rest: total - vocabulary - input_table - cell - head,
            total,
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = output::thousands;
        let d = &self.dimensions;
        writeln!(f, "cell       {}, {} input", self.cell, self.input)?;
        writeln!(
            f,
            "shape      Shape<{}, {}, {}, {}> (input, hidden, outputs, window)",
            d.input_size, d.hidden_size, d.outputs, d.window
        )?;
        writeln!(f, "read-out   {:?}", self.readout)?;
        writeln!(f, "labels     {}", self.labels.join(", "))?;
        writeln!(f, "words      {}", n(self.words.into()))?;
        writeln!(f, "parameters {}", n(self.parameters))?;
        let b = &self.bytes;
        writeln!(
            f,
            "bytes      {} = vocabulary {} + input table {} + cell {} + head {} + header and manifest {}",
            n(b.total),
            n(b.vocabulary),
            n(b.input_table),
            n(b.cell),
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
