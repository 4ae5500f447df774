//! The artifact: one file with everything that a device needs to know of a model.
//!
//! ```text
//! byte                                     little-endian throughout
//!  0   8   magic "SPINET\x1A\n"
//!  8   2   format version                  u16, now 1
//! 10   2   reserved, 0                     u16
//! 12   4   M: bytes of the manifest        u32
//! 16   4   D: bytes of the data            u32
//! 20   4   CRC-32/ISO-HDLC                 u32, of bytes 0..20 and of 24..end
//! 24   M   manifest                        postcard: [`Manifest`]
//!  .   .   zeros to a multiple of 16
//!  .   D   data                            the tensors that the manifest points to by
//!                                          [`Blob`](crate::data::Blob)s, each at a multiple of 4
//! ```
//!
//! Postcard numbers the variants of an enum in their order: new ones go to the end, or the
//! version changes. The file ends with the data. Nothing is copied: a manifest borrows its strings, a network its
//! weights, from the bytes given to [`Artifact::parse`], which must lie at an address divisible
//! by 4. Writing is the trainer's: it builds the same [`Manifest`] and calls [`seal`] on the
//! bytes.

mod header;
mod manifest;

pub use header::{ALIGNMENT, HEADER_BYTES, MAGIC, VERSION, data_offset, seal};
pub use manifest::{Labels, Manifest, Training};

use crate::{Network, error::ArtifactError, shape::Dimensions, text::Vocabulary};

/// A model file that has been checked from end to end.
#[derive(Debug, Clone, Copy)]
pub struct Artifact<'a> {
    /// What the file says of itself.
    pub manifest: Manifest<'a>,
    /// The names of the classes.
    pub labels: Labels<'a>,
    /// The words that the model knows.
    pub vocabulary: Vocabulary<'a>,
    /// Its weights.
    pub network: Network<'a>,
}

impl<'a> Artifact<'a> {
    /// Checks a model file and borrows its parts.
    ///
    /// # Errors
    /// An [`ArtifactError`] for whatever is wrong with it; what it returns can be used without
    /// any further check.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ArtifactError> {
        let (manifest, data) = header::open(bytes)?;
        let manifest = match postcard::take_from_bytes::<Manifest<'a>>(manifest) {
            Ok((manifest, [])) => manifest,
            _ => return Err(ArtifactError::Manifest),
        };
        let labels = Labels::new(manifest.labels);
        let vocabulary = manifest.vocabulary.resolve(data)?;
        let dimensions = Dimensions {
            input_size: manifest.input.input_size(),
            hidden_size: manifest.cell.hidden_size(),
            outputs: labels.outputs()?,
            window: manifest.window,
        };
        let input = manifest
            .input
            .resolve(data, vocabulary.tokens(), dimensions.hidden_size)?;
        let cell = manifest.cell.resolve(data, &input, dimensions.input_size)?;
        let head = manifest
            .head
            .resolve(data, dimensions.outputs, dimensions.hidden_size)?;
        let network = Network {
            dimensions,
            input,
            cell,
            readout: manifest.readout,
            head,
        };
        Ok(Self {
            manifest,
            labels,
            vocabulary,
            network,
        })
    }
}
