//! The data of an artifact, and slices of it with a type.

use crate::error::ArtifactError;
use bytemuck::AnyBitPattern;
use serde::{Deserialize, Serialize};

/// A tensor's place in the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// Bytes from the start of the data, a multiple of 4.
    pub offset: u32,
    /// Bytes.
    pub length: u32,
}

/// The data of an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a>(&'a [u8]);

impl<'a> Data<'a> {
    /// The data in `bytes`, at any address: whatever is read of it checks its own.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// All of its bytes.
    pub(crate) const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// What begins at byte `offset` of it, a multiple of 4.
    pub(crate) fn behind(self, offset: u32) -> Option<Self> {
        let whole = offset.is_multiple_of(4);
        let rest = self.0.get(offset as usize..).filter(|_| whole);
        rest.map(Self)
    }

    /// The `count` values of the tensor at `blob`, called `tensor` in errors.
    ///
    /// # Errors
    /// If it does not lie within the data at a multiple of 4, or has another length.
    pub fn slice<T: AnyBitPattern>(
        self,
        blob: Blob,
        count: usize,
        tensor: &'static str,
    ) -> Result<&'a [T], ArtifactError> {
        if !blob.offset.is_multiple_of(4) {
            return Err(ArtifactError::Tensor(tensor));
        }
        let values = self
            .0
            .get(blob.offset as usize..)
            .and_then(|rest| rest.get(..blob.length as usize))
            .and_then(|bytes| bytemuck::try_cast_slice::<u8, T>(bytes).ok());
        match values {
            Some(values) if values.len() == count => Ok(values),
            _ => Err(ArtifactError::Tensor(tensor)),
        }
    }
}
