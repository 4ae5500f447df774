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

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
