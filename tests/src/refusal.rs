//! Artifacts with a valid checksum that someone wrote wrongly, and how they are refused.

use crate::model::Model;
use spinet_core::{Artifact, ArtifactError, artifact::Manifest, data::Blob};

/// A change to a manifest and its data.
pub type Edit = fn(&mut Manifest<'_>, &mut Vec<u8>);

/// Why these bytes are no artifact.
pub fn refusal(bytes: &[u8]) -> ArtifactError {
    Artifact::parse(bytes).expect_err("not a valid artifact")
}

/// The error that a valid model gives once `edit` has changed it.
pub fn error(model: &Model, edit: Edit) -> ArtifactError {
    refusal(&model.artifact_with(edit))
}

/// Asserts that every edit makes the value called `name` one that is out of range.
pub fn out_of_range(name: &'static str, model: &Model, edits: &[Edit]) {
    for (index, &edit) in edits.iter().enumerate() {
        let found = error(model, edit);
        assert_eq!(found, ArtifactError::OutOfRange(name), "edit {index}");
    }
}

/// Appends a tensor at the next multiple of 4.
pub fn append(data: &mut Vec<u8>, bytes: &[u8]) -> Blob {
    data.resize(data.len().next_multiple_of(4), 0);
    let blob = Blob {
        offset: data.len().try_into().expect("the data is small"),
        length: bytes.len().try_into().expect("the tensor is small"),
    };
    data.extend_from_slice(bytes);
    blob
}
