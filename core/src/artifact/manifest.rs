//! What an artifact says of itself.

use crate::{
    Readout, cell::CellSpec, dense::DenseSpec, error::ArtifactError, input::InputSpec,
    text::VocabularySpec,
};
use serde::{Deserialize, Serialize};

/// The description of a model: sizes, choices, and where its tensors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest<'a> {
    /// The names of the classes, a line each.
    pub labels: &'a str,
    /// The words.
    pub vocabulary: VocabularySpec,
    /// Whether a sequence begins with the start token.
    pub start: bool,
    /// How many tokens the model looks back; 0 for all of them.
    pub window: u16,
    /// From a token to the cell's input.
    pub input: InputSpec,
    /// The recurrent cell.
    pub cell: CellSpec,
    /// From the hidden states to the head.
    pub readout: Readout,
    /// From the read-out to the logits.
    pub head: DenseSpec,
    /// How the model came to be.
    pub training: Training,
}

/// Enough of a model's origin to tell which of the examples it was trained on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// The first 8 bytes of the SHA-256 of the data.
    pub data: [u8; 8],
    /// The first 8 bytes of the SHA-256 of the float network that this was quantised from.
    pub network: [u8; 8],
    /// The seed of the split.
    pub seed: u64,
    /// The share of the training examples held out to validate, in thousandths.
    pub validation_permille: u16,
    /// The share held out to test where the data had no test split, in thousandths.
    pub test_permille: u16,
}

/// The names of the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Labels<'a>(&'a str);

impl<'a> Labels<'a> {
    pub(super) fn new(lines: &'a str) -> Self {
        Self(lines)
    }

    /// The names in the order of the classes.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        // An array as the pattern: a single character is searched for with code that can panic.
        self.0.split(['\n'])
    }

    /// The name of a class, or nothing if there is no such class.
    pub fn get(self, class: usize) -> &'a str {
        self.iter().nth(class).unwrap_or("")
    }

    /// The number of logits for these classes: 1 for two of them, otherwise one each.
    pub(super) fn outputs(self) -> Result<u16, ArtifactError> {
        match self.iter().count() {
            0 | 1 => Err(ArtifactError::OutOfRange("labels")),
            2 => Ok(1),
            classes => u16::try_from(classes).map_err(|_| ArtifactError::OutOfRange("labels")),
        }
    }
}
