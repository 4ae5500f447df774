//! The files of a model: the artifact, and beside it where it comes from.
//!
//! | file | what it is |
//! |---|---|
//! | `NAME.spinet` | the artifact, which is all that a device needs |
//! | `NAME.float` | the float network that it was quantised from, if it is not a linear model |
//! | `NAME.svg` | the curves of its training |
//! | `NAME.json` | its provenance: command, recipe, data, epochs, figures |
//! | `NAME.checkpoint` | while it is trained, the float network of the best epoch so far |

use crate::{
    curves::{self, CurveError},
    durable::{self, WriteError},
    ensemble::Joined,
    inference::Model,
    pipeline::{Measure, Trained},
    quantize::TensorReport,
    recipe::Recipe,
    training::{History, Score},
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Why a model's files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The artifact's name would make it one of the files beside it.
    #[error("{}: a model's name ends in .spinet", path.display())]
    Name {
        /// The name given.
        path: PathBuf,
    },
    /// The float network could not be put in its place.
    #[error("cannot rename {} to {}: {source}", from.display(), to.display())]
    Rename {
        /// The checkpoint.
        from: PathBuf,
        /// The float network.
        to: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// One of them could not be.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The curves could not be.
    #[error(transparent)]
    Curves(#[from] CurveError),
    /// The provenance has no JSON form.
    #[error("provenance: {0}")]
    Json(#[from] serde_json::Error),
}

/// Where a model's files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFiles {
    /// The artifact.
    pub artifact: PathBuf,
    /// The float network.
    pub float: PathBuf,
    /// The float network of the best epoch so far.
    pub checkpoint: PathBuf,
    /// The curves.
    pub curves: PathBuf,
    /// The provenance.
    pub provenance: PathBuf,
}

impl ModelFiles {
    /// The files of the model whose artifact is `artifact`.
    ///
    /// # Errors
    /// If its name does not end in `.spinet`, or no file could be written there.
    pub fn of(artifact: &Path) -> Result<Self, RecordError> {
        if artifact
            .extension()
            .is_none_or(|extension| extension != "spinet")
        {
            let path = artifact.to_owned();
            return Err(RecordError::Name { path });
        }
        durable::check(artifact)?;
        Ok(Self {
            artifact: artifact.to_owned(),
            float: Self::float_of(artifact),
            checkpoint: artifact.with_extension("checkpoint"),
            curves: artifact.with_extension("svg"),
            provenance: artifact.with_extension("json"),
        })
    }

    /// Where the float network of an artifact lies.
    pub fn float_of(artifact: &Path) -> PathBuf {
        artifact.with_extension("float")
    }

    /// Writes all of them, the checkpoint as the float network. The artifact comes last: where
    /// it is, everything is.
    ///
    /// # Errors
    /// A [`RecordError`]; no file is left half-written.
    pub fn write(
        &self,
        command: &str,
        recipe: &Recipe,
        trained: &Trained,
    ) -> Result<(), RecordError> {
        let artifact = &trained.quantized.artifact;
        let provenance = Provenance {
            spinet: env!("CARGO_PKG_VERSION"),
            command,
            recipe,
            threads: trained.threads,
            data_sha256: hex(&trained.data),
            artifact_sha256: hex(&Sha256::digest(artifact)),
            artifact_bytes: artifact.len(),
            validation: Validation {
                measure: trained.measure,
                examples: trained.quantized_score.examples,
                float: trained.float,
                quantised: Score {
                    loss: trained.quantized_score.loss,
                    accuracy: trained.quantized_score.accuracy,
                },
            },
            quantisation: &trained.quantized.report,
            history: &trained.history,
            quantisation_aware: trained.quantization_aware.as_ref(),
        };
        let mut json = serde_json::to_vec_pretty(&provenance)?;
        json.push(b'\n');
        durable::write(&self.provenance, &json)?;
        if let Some(history) = trained.drawn() {
            curves::write(history, &self.curves)?;
        }
        if trained.network.is_some() {
            self.keep_float()?;
        }
        durable::write(&self.artifact, artifact)?;
        Ok(())
    }

    /// Writes an ensemble and its provenance, the artifact last. An ensemble has no float network and
    /// no curves of its own; its networks' provenance is within its own, as far as they have one.
    ///
    /// # Errors
    /// A [`RecordError`]; no file is left half-written.
    pub fn write_ensemble(&self, record: &EnsembleRecord<'_>) -> Result<(), RecordError> {
        let joined = record.joined;
        let networks = record
            .networks
            .iter()
            .zip(joined.weights)
            .zip(&joined.single);
        let networks = networks.map(|((&(path, model), weight), score)| Member {
            weight,
            artifact_sha256: hex(&Sha256::digest(model.bytes())),
            artifact_bytes: model.bytes().len(),
            validation: Score {
                loss: score.loss,
                accuracy: score.accuracy,
            },
            provenance: provenance_of(path),
        });
        let provenance = EnsembleProvenance {
            spinet: env!("CARGO_PKG_VERSION"),
            command: record.command,
            artifact_sha256: hex(&Sha256::digest(&joined.artifact)),
            artifact_bytes: joined.artifact.len(),
            validation: EnsembleValidation {
                examples: joined.together.examples,
                quantised: Score {
                    loss: joined.together.loss,
                    accuracy: joined.together.accuracy,
                },
            },
            networks: networks.collect(),
        };
        let mut json = serde_json::to_vec_pretty(&provenance)?;
        json.push(b'\n');
        durable::write(&self.provenance, &json)?;
        durable::write(&self.artifact, &joined.artifact)?;
        Ok(())
    }

    /// Makes the checkpoint the float network.
    fn keep_float(&self) -> Result<(), RecordError> {
        std::fs::rename(&self.checkpoint, &self.float).map_err(|source| RecordError::Rename {
            from: self.checkpoint.clone(),
            to: self.float.clone(),
            source,
        })
    }
}

#[derive(Serialize)]
struct Provenance<'p> {
    spinet: &'static str,
    command: &'p str,
    recipe: &'p Recipe,
    threads: usize,
    /// Over labels and training examples.
    data_sha256: String,
    artifact_sha256: String,
    artifact_bytes: usize,
    validation: Validation,
    quantisation: &'p [TensorReport],
    history: &'p History,
    quantisation_aware: Option<&'p History>,
}

#[derive(Serialize)]
struct Validation {
    measure: Measure,
    examples: usize,
    float: Score,
    quantised: Score,
}

/// What is written of an ensemble.
pub struct EnsembleRecord<'r> {
    /// The command that made it.
    pub command: &'r str,
    /// The models that it was made of, and where they lie.
    pub networks: [(&'r Path, &'r Model); 2],
    /// What came out.
    pub joined: &'r Joined,
}

#[derive(Serialize)]
struct EnsembleProvenance<'p> {
    spinet: &'static str,
    command: &'p str,
    artifact_sha256: String,
    artifact_bytes: usize,
    validation: EnsembleValidation,
    networks: Vec<Member>,
}

#[derive(Serialize)]
struct EnsembleValidation {
    examples: usize,
    quantised: Score,
}

#[derive(Serialize)]
struct Member {
    weight: f64,
    artifact_sha256: String,
    artifact_bytes: usize,
    validation: Score,
    /// What lies beside the model's file, if that can be read.
    provenance: Option<serde_json::Value>,
}

/// The provenance beside an artifact.
fn provenance_of(artifact: &Path) -> Option<serde_json::Value> {
    let json = std::fs::read(artifact.with_extension("json")).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
