//! `spinet inspect`: what a model is and what it costs.

use super::{Outcome, output};
use crate::inference::Model;
use clap::Args;
use serde::Serialize;
use spinet_core::{
    Artifact, ArtifactError, Readout,
    artifact::{Front, FrontSpec, Task, sections},
    cell::{CellKind, CellLayout},
    data::Blob,
    fixed::MEMBER_FRACTION,
    input::InputSpec,
    shape::Dimensions,
    text::{Marks, Unit, VocabularySpec},
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

/// One network, or an ensemble of two.
#[derive(Serialize)]
#[serde(untagged)]
enum Inspection {
    Single(Network),
    Ensemble {
        networks: Box<[Network; 2]>,
        /// What the logits of each count.
        weights: [f64; 2],
        /// Bytes of the file.
        bytes: usize,
        /// RAM of both states, without the firmware's own.
        state_bytes: usize,
    },
}

#[derive(Serialize)]
struct Network {
    reads: &'static str,
    task: &'static str,
    layers: Vec<Layer>,
    input: &'static str,
    dimensions: Dimensions,
    readout: Readout,
    start: bool,
    labels: Vec<String>,
    /// Words, n-grams, symbols or features.
    words: usize,
    /// Words of the longest n-gram.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<u8>,
    /// Whether punctuation marks are words of their own.
    marks: bool,
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
    /// Words, n-grams, symbols or calibration.
    front: usize,
    input_table: usize,
    /// From the tokens to the logits, past the cells.
    wide: usize,
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
        let inspection = Inspection::of(&model)?;
        match self.json {
            true => output::json(&inspection)?,
            false => output::line(inspection)?,
        }
        Ok(true)
    }
}

impl Inspection {
    fn of(model: &Model) -> Result<Self, ArtifactError> {
        let (artifact, file) = (model.artifact(), model.bytes());
        let (_, data) = sections(file)?;
        let rest = file.len() - data.len();
        let (Some(companion), Some(second)) = (artifact.companion, model.second()) else {
            return Ok(Self::Single(Network::of(&artifact, data.len(), rest)));
        };
        let own = companion.data_bytes();
        let one = f64::from(1u32 << MEMBER_FRACTION);
        Ok(Self::Ensemble {
            networks: Box::new([
                Network::of(&artifact, data.len() - own, 0),
                Network::of(&second, own, 0),
            ]),
            weights: companion.weights.map(|weight| f64::from(weight) / one),
            bytes: file.len(),
            state_bytes: artifact.state_bytes(),
        })
    }
}

impl Network {
    /// A network with so many bytes of data, and so many beside them.
    fn of(artifact: &Artifact<'_>, data: usize, rest: usize) -> Self {
        let dimensions = artifact.network.dimensions();
        let (step, head) = artifact.network.macs();
        let steps = usize::from(dimensions.window);
        let manifest = &artifact.manifest;
        let (reads, words) = match artifact.front {
            Front::Words(vocabulary) => ("words", vocabulary.words().into()),
            Front::Ngrams(ngrams) => ("n-grams", ngrams.hash.words.into()),
            Front::Symbols(symbols) => match symbols.unit {
                Unit::Character => ("characters", symbols.codes.len()),
                Unit::Byte => ("bytes", symbols.codes.len()),
            },
            Front::Series(series) => ("series", series.features().into()),
        };
        let tokens = match artifact.front {
            Front::Words(vocabulary) => vocabulary.tokens(),
            Front::Ngrams(ngrams) => ngrams.tokens(),
            Front::Symbols(symbols) => symbols.tokens(),
            Front::Series(_) => 0,
        };
        let first = manifest.layers[0];
        let (input, columns) = match manifest.input {
            InputSpec::OneHot { .. } => ("one-hot", first.map_or(0, |cell| cell.input_rows())),
            InputSpec::Embedding { input_size, .. } => ("embedding", input_size.into()),
            InputSpec::Vector { .. } => ("vector", 0),
            InputSpec::None => ("no", 0),
        };
        let (order, marks) = match manifest.front {
            FrontSpec::Words { marks, .. } => (None, marks),
            FrontSpec::Ngrams(ngrams) => (Some(ngrams.order), ngrams.marks),
            FrontSpec::Symbols(_) | FrontSpec::Series(_) => (None, Marks::Dropped),
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
            order,
            marks: marks == Marks::Kept,
            parameters: tokens * (columns + usize::from(dimensions.wide)) + step + head,
            bytes: Sections::of(artifact, data, rest),
            state_bytes: dimensions.state_bytes(),
            macs_per_token: step,
            // With a window, a verdict runs over the whole of it.
            macs_per_verdict: steps * step + head,
        }
    }
}

impl Sections {
    fn of(artifact: &Artifact<'_>, data: usize, rest: usize) -> Self {
        let sum = |blobs: &[Blob]| blobs.iter().map(|blob| blob.length as usize).sum::<usize>();
        let manifest = &artifact.manifest;
        let front = match manifest.front {
            FrontSpec::Words { vocabulary, .. } => match vocabulary {
                VocabularySpec::Hashed { .. } => 0,
                VocabularySpec::PerfectHash(hash) => sum(&[hash.pilots, hash.fingerprints]),
            },
            FrontSpec::Ngrams(ngrams) => sum(&[ngrams.hash.pilots, ngrams.hash.fingerprints]),
            FrontSpec::Symbols(symbols) => sum(&[symbols.codes]),
            FrontSpec::Series(series) => sum(&[series.offsets, series.scales]),
        };
        let input_table = match manifest.input {
            InputSpec::OneHot { table } | InputSpec::Embedding { table, .. } => {
                sum(&[table.weights])
            }
            InputSpec::Vector { .. } | InputSpec::None => 0,
        };
        let wide = (manifest.wide).map_or(0, |wide| sum(&[wide.codes, wide.codebook]));
        let head = &manifest.head;
        let head = sum(&[
            head.weights.weights,
            head.rows.multipliers,
            head.rows.biases,
        ]);
        let cells = data.saturating_sub(front + input_table + wide + head);
        Self {
            front,
            input_table,
            wide,
            head,
            cells,
            rest,
            total: data + rest,
        }
    }
}

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = output::thousands;
        let (networks, weights, bytes, state) = match self {
            Self::Single(network) => return network.fmt(f),
            Self::Ensemble {
                networks,
                weights,
                bytes,
                state_bytes,
            } => (networks, weights, bytes, state_bytes),
        };
        let data: usize = networks.iter().map(|network| network.bytes.total).sum();
        let [first, second] = [0, 1].map(|place| networks[place].dimensions);
        for (network, weight) in networks.iter().zip(weights) {
            writeln!(f, "network    its logits count {weight:.3}\n{network}\n")?;
        }
        writeln!(f, "shape      Pair<{first}, {second}>")?;
        writeln!(
            f,
            "bytes      {} = networks {} + header and manifests {}",
            n(*bytes),
            n(data),
            n(bytes - data)
        )?;
        write!(f, "state      {} bytes of RAM", n(*state))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = output::thousands;
        let layers: Vec<String> = self
            .layers
            .iter()
            .map(|layer| format!("{}({})", layer.cell, layer.hidden_size))
            .collect();
        let layers = match layers.is_empty() {
            true => "none".to_owned(),
            false => layers.join(" + "),
        };
        writeln!(f, "cell       {layers}, {} input", self.input)?;
        let more = match (self.dimensions.wide, self.dimensions.seen) {
            (0, 0) => "",
            _ => ", cells, wide, seen",
        };
        writeln!(
            f,
            "shape      {} (input, hidden, widest, memory, pool, outputs, window{more})",
            self.dimensions
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
        let order = self.order.map_or_else(String::new, |order| {
            format!(", of {order} words at most, where a text has them first")
        });
        let marks = if self.marks {
            ", punctuation marks are words"
        } else {
            ""
        };
        writeln!(f, "{counted:<10} {}{order}{marks}", n(self.words))?;
        writeln!(f, "parameters {}", n(self.parameters))?;
        let b = &self.bytes;
        let wide = match b.wide {
            0 => String::new(),
            bytes => format!(" + wide weights {}", n(bytes)),
        };
        let rest = match b.rest {
            0 => String::new(),
            bytes => format!(" + header and manifest {}", n(bytes)),
        };
        writeln!(
            f,
            "bytes      {} = {} {} + input table {} + cells {} + head {}{wide}{rest}",
            n(b.total),
            counted,
            n(b.front),
            n(b.input_table),
            n(b.cells),
            n(b.head),
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
