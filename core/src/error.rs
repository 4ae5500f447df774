//! What can be wrong with an artifact.

use crate::{cell::CellKind, shape::Dimensions};
use core::fmt;

/// Why an artifact was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum ArtifactError {
    /// The file is not an artifact.
    Magic,
    /// The file is of another version of the format.
    Version {
        /// The file's version.
        found: u16,
        /// The version that this crate reads.
        supported: u16,
    },
    /// The file is cut short, or something is appended to it.
    Length {
        /// Bytes that the header asks for.
        expected: usize,
        /// Bytes that are there.
        found: usize,
    },
    /// The file was damaged.
    Crc,
    /// The bytes do not lie at an address divisible by 4.
    Misaligned,
    /// The manifest is not one.
    Manifest,
    /// A tensor lies outside of the data or has another size than the model's shape asks for.
    Tensor(&'static str),
    /// A value is not one that it can have.
    OutOfRange(&'static str),
    /// A bias or a width with which 32-bit sums could overflow.
    Overflow(&'static str),
    /// The model is for another task: it classifies where one that generates was asked for, or
    /// the reverse, or it reads text where vectors were asked for, or the reverse.
    Task,
    /// The model is an ensemble of two networks where one was asked for, or the reverse.
    Ensemble,
    /// The model's dimensions are these, not those that it was opened with.
    Shape(Dimensions),
    /// The model has a layer of this cell, which the program that opened it does without.
    Cell(CellKind),
}

impl fmt::Display for ArtifactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => write!(f, "not a spinet model"),
            Self::Version { found, supported } => write!(
                f,
                "a model of format version {found}, this reads version {supported}"
            ),
            Self::Length { expected, found } => {
                write!(f, "{found} bytes where the header asks for {expected}")
            }
            Self::Crc => write!(f, "damaged: the checksum does not match"),
            Self::Misaligned => write!(f, "the model does not lie at a multiple of 4"),
            Self::Manifest => write!(f, "the manifest cannot be read"),
            Self::Tensor(name) => write!(f, "{name}: not within the file, or of another size"),
            Self::OutOfRange(name) => write!(f, "{name}: a value is out of range"),
            Self::Overflow(name) => write!(f, "{name}: sums could overflow 32 bits"),
            Self::Task => write!(f, "the model is for another task"),
            Self::Ensemble => write!(
                f,
                "an ensemble of two networks where one was asked for, or the reverse"
            ),
            Self::Cell(kind) => write!(f, "the model's cell {kind} is not in this program"),
            Self::Shape(dimensions) => write!(f, "the model's shape is {dimensions}"),
        }
    }
}

impl core::error::Error for ArtifactError {}
