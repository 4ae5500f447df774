//! The second network of an ensemble.

use super::{Artifact, Front, Task, read};
use crate::{data::Data, error::ArtifactError};
use serde::{Deserialize, Serialize};

/// What stands between the manifests of an ensemble's two networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Together {
    /// What the logits of the first and of the second network count, Q4.12.
    pub weights: [u16; 2],
    /// Where the data of the second network begins, in bytes from the start of the data, a
    /// multiple of 4.
    pub data: u32,
}

/// The second network of an ensemble, where it lies in the file.
#[derive(Debug, Clone, Copy)]
pub struct Companion<'a> {
    /// What the logits of the first and of the second network count, Q4.12.
    pub weights: [u16; 2],
    manifest: &'a [u8],
    data: Data<'a>,
}

impl<'a> Companion<'a> {
    /// What follows on the first network's manifest and data.
    #[inline(never)]
    pub(super) fn read(manifests: &'a [u8], data: Data<'a>) -> Result<Self, ArtifactError> {
        let (together, manifest) = read::<Together>(manifests)?;
        let data = data.behind(together.data);
        Ok(Self {
            weights: together.weights,
            manifest,
            data: data.ok_or(ArtifactError::OutOfRange("second network"))?,
        })
    }

    /// Whether this is a network that can be asked beside `first`: both name the classes of a text,
    /// and the same ones.
    ///
    /// Never inlined, so that the second network has left the stack when this returns.
    #[inline(never)]
    pub(super) fn check(&self, first: &Artifact<'_>) -> Result<(), ArtifactError> {
        let second = self.artifact()?;
        let text = |artifact: &Artifact<'_>| {
            let words = matches!(artifact.front, Front::Words(_) | Front::Ngrams(_));
            words && matches!(artifact.manifest.task, Task::Classify { .. })
        };
        match text(first) && text(&second) && first.labels == second.labels {
            true => Ok(()),
            false => Err(ArtifactError::OutOfRange("second network")),
        }
    }

    /// Bytes of its data.
    pub fn data_bytes(&self) -> usize {
        self.data.bytes().len()
    }

    /// The network, as an artifact of its own.
    ///
    /// # Errors
    /// None of an artifact that was parsed.
    #[inline(never)]
    pub fn artifact(&self) -> Result<Artifact<'a>, ArtifactError> {
        match Artifact::resolve(self.manifest, self.data)? {
            (artifact, []) => Ok(artifact),
            _ => Err(ArtifactError::Manifest),
        }
    }
}
