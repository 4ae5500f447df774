//! What an artifact says of itself.

use crate::{
    Readout,
    cell::{CellSpec, MAX_LAYERS},
    dense::DenseSpec,
    error::ArtifactError,
    input::InputSpec,
    series::SeriesSpec,
    text::{Marks, NgramsSpec, SymbolsSpec, VocabularySpec},
    wide::WideSpec,
};
use serde::{Deserialize, Serialize};

/// The description of a model: sizes, choices, and where its tensors lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest<'a> {
    /// What comes in.
    pub front: FrontSpec,
    /// What comes out.
    #[serde(borrow)]
    pub task: Task<'a>,
    /// From a token or a vector to the first cell's input.
    pub input: InputSpec,
    /// The recurrent cells, from the input to the head; the first `None` ends the stack.
    pub layers: [Option<CellSpec>; MAX_LAYERS],
    /// From the read-out to the logits.
    pub head: DenseSpec,
    /// From the tokens to the logits, past the cells. Only with it there may be no cell; the head
    /// has no inputs then.
    pub wide: Option<WideSpec>,
    /// How the model came to be.
    pub training: Training,
}

/// What comes in, and where its tables lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FrontSpec {
    /// Words of a text.
    Words {
        /// The words.
        vocabulary: VocabularySpec,
        /// Whether a sequence begins with the start token.
        start: bool,
        /// What becomes of punctuation marks.
        marks: Marks,
    },
    /// Characters or bytes of a text.
    Symbols(SymbolsSpec),
    /// Vectors of numbers.
    Series(SeriesSpec),
    /// Chosen n-grams of the words of a text, where it has them first.
    Ngrams(NgramsSpec),
}

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task<'a> {
    /// A verdict on a sequence, of words or of vectors.
    Classify {
        /// The names of the classes, a line each.
        labels: &'a str,
        /// From the hidden states to the head.
        readout: Readout,
        /// How many tokens the model looks back; 0 for all of them.
        window: u16,
    },
    /// The next element of a sequence, of symbols or of vectors, after every step.
    Generate,
}

impl<'a> Task<'a> {
    /// What the head sees of the hidden states.
    pub const fn readout(&self) -> Readout {
        match *self {
            Self::Classify { readout, .. } => readout,
            Self::Generate => Readout::Last,
        }
    }

    /// How many tokens the model looks back; 0 for all of them.
    pub const fn window(&self) -> u16 {
        match *self {
            Self::Classify { window, .. } => window,
            Self::Generate => 0,
        }
    }

    /// The names of the classes.
    pub const fn labels(&self) -> Labels<'a> {
        match *self {
            Self::Classify { labels, .. } => Labels(labels),
            Self::Generate => Labels(""),
        }
    }
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
