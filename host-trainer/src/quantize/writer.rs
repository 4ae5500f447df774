//! The bytes of an artifact: tensors appended one after the other, the manifest in front.

use bytemuck::NoUninit;
use spinet_core::{
    artifact::{HEADER_BYTES, Manifest, data_offset, seal},
    data::Blob,
    matrix::{Encoding, MatrixSpec, NIBBLES},
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

    /// Appends a matrix of `columns` columns, row by row, as its encoding asks.
    pub fn push_matrix(
        &mut self,
        integers: &[i8],
        columns: usize,
        encoding: Encoding,
        shift: u8,
    ) -> MatrixSpec {
        let weights = match encoding {
            Encoding::Int8 => self.push(integers),
            Encoding::Int4 => {
                let rows = integers.chunks(columns);
                let words: Vec<u32> = rows.flat_map(|row| row.chunks(NIBBLES).map(pack)).collect();
                self.push(&words)
            }
        };
        MatrixSpec {
            encoding,
            shift,
            weights,
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

/// Up to eight 4-bit weights in a word; those that are missing are zero weights.
fn pack(weights: &[i8]) -> u32 {
    (0..NIBBLES).fold(0, |word, index| {
        let weight = weights.get(index).copied().unwrap_or(0);
        word | ((i32::from(weight) + 8) as u32) << Encoding::nibble(index)
    })
}

/// The transpose of a row-major matrix of `rows` rows.
pub(super) fn transposed(values: &[i8], rows: usize) -> Vec<i8> {
    let columns = values.len() / rows;
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
        .collect()
}
