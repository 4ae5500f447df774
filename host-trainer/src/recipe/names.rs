//! The words that a recipe's fields can be.

use crate::teacher::Teacher;
use serde::{Deserialize, Serialize};
use spinet_core::{Readout, matrix::Encoding};

/// What a model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReadName {
    /// As the data is: series where the file holds arrays, characters of a text file, words of labelled texts.
    Auto,
    /// Words of labelled texts.
    Words,
    /// The n-grams of words that say most, of labelled texts.
    Ngrams,
    /// The characters of a text.
    Characters,
    /// The bytes of a text.
    Bytes,
    /// Vectors of numbers.
    Series,
}

/// What a model does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TaskName {
    /// Classify what has labels, generate what has none.
    Auto,
    /// A class for each sequence.
    Classify,
    /// The next element after every step.
    Generate,
}

/// Who teaches a classifier of texts beside the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TeacherName {
    /// Nobody.
    None,
    /// A linear model of word n-grams, which labels texts without a label as well.
    Ngrams,
    /// A linear model of paragraph vectors, which are learnt from all texts.
    Paragraphs,
    /// Both of them.
    Both,
}

impl TeacherName {
    /// The teachers of that name.
    pub const fn teachers(self) -> &'static [Teacher] {
        match self {
            Self::None => &[],
            Self::Ngrams => &[Teacher::Ngrams],
            Self::Paragraphs => &[Teacher::Paragraphs],
            Self::Both => &[Teacher::Ngrams, Teacher::Paragraphs],
        }
    }
}

/// The ways in for tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum InputName {
    /// A one-hot vector: a row of the input weights is looked up.
    OneHot,
    /// A learned vector, looked up and multiplied.
    Embedding,
}

/// The read-outs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReadoutName {
    /// The last hidden state.
    Last,
    /// The mean over time.
    Mean,
    /// The maximum over time.
    Max,
}

impl From<ReadoutName> for Readout {
    fn from(name: ReadoutName) -> Self {
        match name {
            ReadoutName::Last => Self::Last,
            ReadoutName::Mean => Self::Mean,
            ReadoutName::Max => Self::Max,
        }
    }
}

/// The learning-rate schedules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleName {
    /// Always the same.
    Constant,
    /// Up during the warm-up, then down to nothing along a cosine.
    Cosine,
    /// Times the decay after every epoch.
    Exponential,
}

/// How one tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum WeightName {
    /// As the field `weights` says.
    Same,
    /// 8 bits.
    Int8,
    /// 4 bits.
    Int4,
}

impl WeightName {
    /// The encoding, `same` where the name says no other.
    pub const fn or(self, same: Encoding) -> Encoding {
        match self {
            Self::Same => same,
            Self::Int8 => Encoding::Int8,
            Self::Int4 => Encoding::Int4,
        }
    }
}
