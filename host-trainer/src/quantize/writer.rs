//! The bytes of an artifact: tensors appended one after the other, the manifest in front.

use bytemuck::NoUninit;
use spinet_core::{
    artifact::{HEADER_BYTES, Manifest, data_offset, seal},
    data::Blob,
};

/// The data of an artifact in the making.
#[derive(Default)]
pub(super) struct DataWriter {
    bytes: Vec<u8>,
}

impl DataWriter {
    /// Appends a tensor at the next multiple of 4.
    pub fn push<T: NoUninit>(&mut self, values: &[T]) -> Blob {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        let offset = self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytemuck::cast_slice(values));
        Blob {
            offset,
            length: self.bytes.len() as u32 - offset,
        }
    }

    /// The file: header, manifest, data. `None` if it would exceed 4 GiB.
    pub fn finish(self, manifest: &Manifest<'_>) -> Option<Vec<u8>> {
        u32::try_from(self.bytes.len()).ok()?;
        let manifest = postcard::to_stdvec(manifest).ok()?;
        let mut file = vec![0; HEADER_BYTES];
        file.extend_from_slice(&manifest);
        file.resize(data_offset(manifest.len()), 0);
        file.extend_from_slice(&self.bytes);
        seal(&mut file, manifest.len().try_into().ok()?)?;
        Some(file)
    }
}
