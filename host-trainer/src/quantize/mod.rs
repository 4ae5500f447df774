//! From a trained network to an artifact.
//!
//! Weights become 8-bit or 4-bit integers with a scale per row; biases join the 32-bit sums; an
//! embedding's columns are scaled to Q0.7 and the inverse goes into the input weights, which
//! costs nothing. Calibration runs training sequences through the core itself, with a first
//! artifact, to learn which inputs are large, and then chooses the scales again.
//!
//! `scales` chooses a row's, `group` those of tensors that add up, [`Plan`] a network's; `build`
//! writes the artifact, with `front` and `wide`. [`Quantizer`] joins them. A plan also rounds a network's weights to what it
//! can hold, which is what quantisation-aware training trains with.

mod build;
mod front;
mod group;
mod moments;
mod plan;
mod scales;
mod wide;
mod writer;

pub use moments::Calibration;
pub use plan::Plan;
pub use wide::{WideSource, linear};
pub(crate) use writer::sealed;

use crate::{
    inference::Model,
    network::{NetworkConfig, Parameters},
    ngrams::OwnedNgrams,
    symbols::OwnedSymbols,
    training::{Rounding, TrainingError},
    vocabulary::OwnedVocabulary,
};
use moments::Moments;
use serde::Serialize;
use spinet_core::{ArtifactError, artifact::Training, matrix::Encoding, text::Marks};

/// How each tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Precision {
    /// The input table: the embedding, or the one-hot kernel.
    pub table: Encoding,
    /// The input kernels of vectors: embeddings, series, lower layers.
    pub input: Encoding,
    /// The recurrent kernels.
    pub recurrent: Encoding,
    /// The head.
    pub head: Encoding,
}

impl Precision {
    /// Every tensor in the same encoding.
    pub const fn all(encoding: Encoding) -> Self {
        Self {
            table: encoding,
            input: encoding,
            recurrent: encoding,
            head: encoding,
        }
    }
}

/// What a model reads.
#[derive(Debug, Clone, Copy)]
pub enum FrontSource<'s> {
    /// Words.
    Words {
        /// The words.
        vocabulary: &'s OwnedVocabulary,
        /// Whether a sequence begins with the start token.
        start: bool,
        /// What becomes of punctuation marks.
        marks: Marks,
    },
    /// Chosen n-grams of words.
    Ngrams(&'s OwnedNgrams),
    /// Characters or bytes.
    Symbols(&'s OwnedSymbols),
    /// Vectors of numbers.
    Series {
        /// The value that becomes 0, of each feature.
        offsets: &'s [f32],
        /// The distance from it that becomes 1, of each feature.
        scales: &'s [f32],
    },
}

/// Everything that an artifact is made of.
#[derive(Clone, Copy)]
pub struct Source<'s> {
    /// The network's shape.
    pub config: &'s NetworkConfig,
    /// Its weights.
    pub parameters: &'s Parameters,
    /// How they are stored.
    pub precision: Precision,
    /// What it reads.
    pub front: FrontSource<'s>,
    /// What the tokens add to the logits by themselves.
    pub wide: Option<WideSource<'s>>,
    /// The names of the classes; none of a model that generates.
    pub labels: &'s [String],
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
    /// How it is stored.
    pub encoding: Encoding,
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
    Missing(String),
    /// A parameter has another shape than the network's configuration asks for.
    #[error("{tensor} has shape {found:?}, not {expected:?}")]
    Shape {
        /// The tensor.
        tensor: String,
        /// Rows and columns of the kernel.
        expected: (usize, usize),
        /// What was found.
        found: (usize, usize),
    },
    /// A parameter is infinite or not a number.
    #[error("{tensor} holds a number that is not finite")]
    NotFinite {
        /// The tensor.
        tensor: String,
    },
    /// A weight that is too large for the multiplier's range.
    #[error("{tensor}, row {row}: the weights reach {largest:.2e}, beyond the range of a scale")]
    Range {
        /// The tensor.
        tensor: String,
        /// The row on the device: the unit, or with several gates the unit's gate.
        row: usize,
        /// Its largest magnitude, as it would be on the device.
        largest: f64,
    },
    /// A bias that is too large for the sum that it joins.
    #[error("a bias of {tensor}'s sums is {bias:.2e}, beyond the range of a scale")]
    Bias {
        /// A tensor that adds to the same sum.
        tensor: String,
        /// The bias.
        bias: f64,
    },
    /// Rows too wide for a 32-bit sum.
    #[error("{0}: the rows are too wide for a 32-bit sum")]
    Room(String),
    /// Not as many wide weights as the tokens and outputs ask for.
    #[error("{found} wide weights, where the tokens and outputs ask for {expected}")]
    WideCodes {
        /// Tokens times outputs.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// A wide weight that is not in the codebook.
    #[error("a wide weight has the code {0}, the last of the codebook is 15")]
    WideCode(u8),
    /// A linear model of something else than words.
    #[error("a linear model reads words or n-grams")]
    Linear,
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

/// Scales that were calibrated once, and can be chosen again for other weights.
pub struct Quantizer {
    moments: Moments,
    precision: Precision,
}

impl Quantizer {
    /// Knows of the sequences of `calibration` only how often each token occurs: enough to tell
    /// whether a network fits a device before it is trained.
    pub fn assume(source: &Source<'_>, calibration: &Calibration) -> Self {
        Self {
            moments: Moments::assumed(source.config, calibration),
            precision: source.precision,
        }
    }

    /// Measures, with a first artifact, what the weights of `source` are multiplied with on the
    /// sequences of `calibration`.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn calibrate(
        source: &Source<'_>,
        calibration: &Calibration,
    ) -> Result<Self, QuantizeError> {
        let mut quantizer = Self::assume(source, calibration);
        let first = quantizer.quantize(source)?;
        let model = Model::from_bytes(&first.artifact)?;
        quantizer.moments = quantizer.moments.measured(&model, calibration);
        Ok(quantizer)
    }

    /// Chooses the scales for these weights.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn plan(
        &self,
        config: &NetworkConfig,
        parameters: &Parameters,
    ) -> Result<Plan, QuantizeError> {
        Plan::choose(config, parameters, &self.moments, &self.precision)
    }

    /// The artifact of `source`.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor.
    pub fn quantize(&self, source: &Source<'_>) -> Result<Quantized, QuantizeError> {
        self.plan(source.config, source.parameters)?
            .quantize(source)
    }
}

impl Plan {
    /// The artifact of `source` with these scales, whatever weights they were chosen for.
    ///
    /// # Errors
    /// A [`QuantizeError`] that names the tensor, or says that a bias has grown too large.
    pub fn quantize(&self, source: &Source<'_>) -> Result<Quantized, QuantizeError> {
        let quantized = build::build(source, self)?;
        Model::from_bytes(&quantized.artifact)?;
        Ok(quantized)
    }
}

impl Rounding for Plan {
    fn round(&self, parameters: &Parameters, target: &mut Parameters) -> Result<(), TrainingError> {
        Self::round(self, parameters, target)
            .map_err(|error| TrainingError::Rounding(Box::new(error)))
    }

    fn state_shifts(&self) -> Vec<u8> {
        Self::state_shifts(self)
    }
}

/// Quantises a network, with its scales chosen for what the sequences of `calibration` make of
/// it.
///
/// # Errors
/// A [`QuantizeError`] that names the tensor.
pub fn quantize(
    source: &Source<'_>,
    calibration: &Calibration,
) -> Result<Quantized, QuantizeError> {
    Quantizer::calibrate(source, calibration)?.quantize(source)
}
