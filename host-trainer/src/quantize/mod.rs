//! From a trained network to an artifact.
//!
//! Weights become 8-bit integers with a scale per row; biases join the 32-bit sums;
//! an embedding's columns are scaled to Q0.7 and the inverse goes into the input weights, which
//! costs nothing. Calibration runs training sequences through the core itself, with a first
//! artifact, to learn which inputs are large, and then chooses the scales again.

mod calibration;
mod scales;
mod tensors;
mod writer;

use crate::{
    inference::Model,
    network::{CellKind, InputKind, NetworkConfig, Parameters},
    vocabulary::OwnedVocabulary,
};
use calibration::Moments;
use serde::Serialize;
use spinet_core::{
    ArtifactError, Token,
    artifact::{Manifest, Training},
    cell::{CellSpec, SimpleRnnSpec},
    dense::DenseSpec,
    fixed::{LOOK_UP_BOUND, product_bound},
    input::InputSpec,
    matrix::{Encoding, MatrixSpec},
    rows::RowsSpec,
    text::VocabularySpec,
};
use tensors::{Operand, Rows, Weights};
use writer::DataWriter;

/// Everything that an artifact is made of.
pub struct Source<'s> {
    /// The network's shape.
    pub config: &'s NetworkConfig,
    /// Its weights.
    pub parameters: &'s Parameters,
    /// The words.
    pub vocabulary: &'s OwnedVocabulary,
    /// The names of the classes.
    pub labels: &'s [String],
    /// Whether a sequence begins with the start token.
    pub start: bool,
    /// How many tokens the model looks back; 0 for all of them.
    pub window: u16,
    /// Where the model comes from.
    pub training: Training,
}

/// An artifact, and how far its weights are from the trained ones.
pub struct Quantized {
    /// The file.
    pub artifact: Vec<u8>,
    /// A line per tensor.
    pub report: Vec<TensorReport>,
}

/// What quantisation did to a tensor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TensorReport {
    /// Its name in the network's parameters.
    pub tensor: String,
    /// Rows and columns.
    pub shape: (usize, usize),
    /// Bytes in the artifact.
    pub bytes: usize,
    /// The largest magnitude of a trained weight.
    pub largest: f64,
    /// The largest difference between a trained and a quantised weight.
    pub worst_error: f64,
}

/// Why a network could not be quantised.
#[derive(Debug, thiserror::Error)]
pub enum QuantizeError {
    /// A parameter is missing.
    #[error("the network has no tensor `{0}`")]
    Missing(&'static str),
    /// A weight that is not a number, or too large for the multiplier's range.
    #[error("{tensor}, row {row}: the weights reach {largest:e}, beyond the range of a scale")]
    Range {
        /// The tensor.
        tensor: &'static str,
        /// The row.
        row: usize,
        /// Its largest magnitude.
        largest: f64,
    },
    /// More recurrent layers than an artifact holds.
    #[error("the network has {0} layers, an artifact holds 1")]
    Layers(usize),
    /// A network that no artifact holds.
    #[error("an artifact holds no network with {0}")]
    Unsupported(&'static str),
    /// A class whose name would break the list of names.
    #[error("label {0:?} contains a line break")]
    Label(String),
    /// What was built is not a valid artifact.
    #[error("the artifact is not valid: {0}")]
    Artifact(#[from] ArtifactError),
    /// What was built exceeds the format.
    #[error("the artifact would be larger than 4 GiB")]
    Size,
}

/// Quantises a network, with its scales chosen for what `calibration` (sequences of training
/// tokens) makes of it.
///
/// # Errors
/// A [`QuantizeError`] that names the tensor.
pub fn quantize(
    source: &Source<'_>,
    calibration: &[Vec<Token>],
) -> Result<Quantized, QuantizeError> {
    if source.config.layers != 1 {
        return Err(QuantizeError::Layers(source.config.layers));
    }
    if source.config.cell != CellKind::SimpleRnn {
        return Err(QuantizeError::Unsupported("this cell"));
    }
    let moments = Moments::assumed(source.config, calibration);
    let first = build(source, &moments)?;
    let moments = moments.measured(&Model::from_bytes(&first.artifact)?, calibration);
    let quantized = build(source, &moments)?;
    Model::from_bytes(&quantized.artifact)?;
    Ok(quantized)
}

fn build(source: &Source<'_>, moments: &Moments) -> Result<Quantized, QuantizeError> {
    let mut builder = Builder {
        source,
        moments,
        data: DataWriter::default(),
        report: Vec::new(),
    };
    let labels = joined_labels(source.labels)?;
    let vocabulary = builder.vocabulary();
    let (input, cell) = builder.input_and_cell()?;
    let head = builder.head()?;
    let manifest = Manifest {
        labels: &labels,
        vocabulary,
        start: source.start,
        window: source.window,
        input,
        cell: CellSpec::SimpleRnn(cell),
        readout: source.config.readout(),
        head,
        training: source.training,
    };
    Ok(Quantized {
        artifact: builder.data.finish(&manifest).ok_or(QuantizeError::Size)?,
        report: builder.report,
    })
}

fn joined_labels(labels: &[String]) -> Result<String, QuantizeError> {
    match labels.iter().find(|label| label.contains('\n')) {
        Some(label) => Err(QuantizeError::Label(label.clone())),
        None => Ok(labels.join("\n")),
    }
}

/// The parts of an artifact, written one after the other.
struct Builder<'b> {
    source: &'b Source<'b>,
    moments: &'b Moments,
    data: DataWriter,
    report: Vec<TensorReport>,
}

impl Builder<'_> {
    fn vocabulary(&mut self) -> VocabularySpec {
        match self.source.vocabulary {
            OwnedVocabulary::Hashed { buckets } => VocabularySpec::Hashed { buckets: *buckets },
            OwnedVocabulary::PerfectHash {
                words,
                seed,
                fingerprint_bits,
                pilots,
                fingerprints,
            } => VocabularySpec::PerfectHash {
                words: *words,
                seed: *seed,
                fingerprint_bits: *fingerprint_bits,
                pilots: self.data.push(pilots),
                fingerprints: self.data.push(fingerprints),
            },
        }
    }

    fn input_and_cell(&mut self) -> Result<(InputSpec, SimpleRnnSpec), QuantizeError> {
        let recurrent = self.weights("layer0.recurrent_kernel")?;
        let bias = self.weights("layer0.bias")?;
        let input = self.weights("layer0.input_kernel")?;
        match self.source.config.input {
            InputKind::Dense { .. } => Err(QuantizeError::Unsupported("input vectors")),
            InputKind::OneHot => {
                // The kernel (tokens, hidden) is the transpose of W_xh, as the table wants it.
                let rows = self.rows(&input, &recurrent, &bias)?;
                let table = rows.integers(0, &input);
                self.note(&input, &rows, 0);
                let table = tensors::transposed(&table, rows.count());
                let input = InputSpec::OneHot {
                    table: self.matrix(&table, rows.shifts[0]),
                };
                Ok((input, self.cell(None, &recurrent, 1, &rows)))
            }
            InputKind::Embedding { dim } => {
                let (table, kernel) = self.embedding(dim, &input)?;
                let rows = self.rows(&kernel, &recurrent, &bias)?;
                let integers = rows.integers(0, &kernel);
                self.note(&kernel, &rows, 0);
                let input_weights = self.matrix(&integers, rows.shifts[0]);
                let cell = self.cell(Some(input_weights), &recurrent, 1, &rows);
                Ok((table, cell))
            }
        }
    }

    /// The embedding with its columns scaled to Q0.7, and the input weights that undo it.
    fn embedding(
        &mut self,
        dim: usize,
        kernel: &Weights,
    ) -> Result<(InputSpec, Weights), QuantizeError> {
        // One row per dimension: (dim, tokens).
        let embedding = self.weights("embedding")?;
        let rows = Rows::choose("embedding", &[self.table(&embedding)], None)?;
        let integers = rows.integers(0, &embedding);
        self.note(&embedding, &rows, 0);
        let table = self.matrix(&tensors::transposed(&integers, dim), 0);
        // x = q / 128 on the device, q * scale in the network.
        let kernel = kernel.scaled_columns(|column| rows.scales[column] * 128.0);
        let spec = InputSpec::Embedding {
            input_size: dim as u16,
            table,
        };
        Ok((spec, kernel))
    }

    fn cell(
        &mut self,
        input_weights: Option<MatrixSpec>,
        recurrent: &Weights,
        part: usize,
        rows: &Rows,
    ) -> SimpleRnnSpec {
        let integers = rows.integers(part, recurrent);
        self.note(recurrent, rows, part);
        let recurrent_weights = self.matrix(&integers, rows.shifts[part]);
        SimpleRnnSpec {
            hidden_size: self.source.config.hidden_size as u16,
            input_weights,
            recurrent_weights,
            rows: self.rows_spec(rows),
        }
    }

    fn head(&mut self) -> Result<DenseSpec, QuantizeError> {
        let kernel = self.weights("head.kernel")?;
        let bias = self.weights("head.bias")?;
        let moments = vec![1.0; kernel.columns];
        let rows = Rows::choose("head.kernel", &[product(&kernel, &moments)], Some(&bias))?;
        let integers = rows.integers(0, &kernel);
        self.note(&kernel, &rows, 0);
        Ok(DenseSpec {
            weights: self.matrix(&integers, rows.shifts[0]),
            rows: self.rows_spec(&rows),
        })
    }

    /// The scales of the cell's rows: input first, recurrent second.
    fn rows(
        &self,
        input: &Weights,
        recurrent: &Weights,
        bias: &Weights,
    ) -> Result<Rows, QuantizeError> {
        let input = match self.source.config.input {
            InputKind::OneHot => self.table(input),
            _ => product(input, &self.moments.input),
        };
        let recurrent = product(recurrent, &self.moments.hidden);
        Rows::choose("layer0", &[input, recurrent], Some(bias))
    }

    /// Weights of which one column counts at a time, that of the token.
    fn table<'o>(&'o self, weights: &'o Weights) -> Operand<'o> {
        Operand {
            weights,
            moments: &self.moments.tokens,
            bound: LOOK_UP_BOUND,
        }
    }

    fn matrix(&mut self, integers: &[i8], shift: u8) -> MatrixSpec {
        MatrixSpec {
            encoding: Encoding::Int8,
            shift,
            weights: self.data.push(integers),
        }
    }

    fn rows_spec(&mut self, rows: &Rows) -> RowsSpec {
        RowsSpec {
            multipliers: self.data.push(&rows.multipliers),
            biases: self.data.push(&rows.biases),
        }
    }

    /// A kernel `[in, out]` of the network as rows `(out, in)`.
    fn weights(&self, name: &'static str) -> Result<Weights, QuantizeError> {
        let tensor = self.source.parameters.get(name);
        let tensor = tensor.ok_or(QuantizeError::Missing(name))?;
        Ok(Weights::transposed(name, &tensor.values))
    }

    fn note(&mut self, weights: &Weights, rows: &Rows, part: usize) {
        self.report.push(rows.report(weights, part));
    }
}

/// Weights that are multiplied with a vector of states.
fn product<'o>(weights: &'o Weights, moments: &'o [f64]) -> Operand<'o> {
    Operand {
        weights,
        moments,
        bound: product_bound(weights.columns),
    }
}
