//! The bytes of an artifact: tensors appended one after the other, the manifest in front.

use bytemuck::NoUninit;
use spinet_core::{
    artifact::{HEADER_BYTES, Manifest, data_offset, seal},
    data::Blob,
    matrix::{Encoding, MatrixSpec, NIBBLES, QUAD},
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

    /// Appends a matrix of `columns` columns, whose rows are given one after the other, as its
    /// encoding asks.
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
            Encoding::Int8Quads => self.push(&quads(integers, columns, pair_of_bytes)),
            Encoding::Int4Quads => self.push(&quads(integers, columns, pair_of_nibbles)),
        };
        MatrixSpec {
            encoding,
            shift,
            weights,
        }
    }

    /// The file: header, manifest, data. `None` if it would exceed 4 GiB.
    pub fn finish(self, manifest: &Manifest<'_>) -> Option<Vec<u8>> {
        sealed(&postcard::to_stdvec(manifest).ok()?, &self.bytes)
    }
}

/// A file of these manifests and these data. `None` if it would exceed 4 GiB.
pub fn sealed(manifests: &[u8], data: &[u8]) -> Option<Vec<u8>> {
    u32::try_from(data.len()).ok()?;
    let mut file = vec![0; HEADER_BYTES];
    file.extend_from_slice(manifests);
    file.resize(data_offset(manifests.len()), 0);
    file.extend_from_slice(data);
    seal(&mut file, manifests.len().try_into().ok()?)?;
    Some(file)
}

/// Up to eight 4-bit weights in a word; those that are missing are zero weights.
fn pack(weights: &[i8]) -> u32 {
    (0..NIBBLES).fold(0, |word, index| {
        let weight = weights.get(index).copied().unwrap_or(0);
        word | ((i32::from(weight) + 8) as u32) << Encoding::nibble(index)
    })
}

/// The words of all quads: those that `pair` makes of two columns of four rows, pair by pair.
/// Missing rows and columns are zero weights.
fn quads<const N: usize>(
    integers: &[i8],
    columns: usize,
    pair: fn([[i8; QUAD]; 2]) -> [u32; N],
) -> Vec<u32> {
    let rows: Vec<&[i8]> = integers.chunks(columns).collect();
    let weight = |quad: &[&[i8]], row: usize, column: usize| {
        let row = quad.get(row).and_then(|row| row.get(column));
        row.copied().unwrap_or(0)
    };
    let mut words = Vec::new();
    for quad in rows.chunks(QUAD) {
        for column in (0..columns.next_multiple_of(QUAD)).step_by(2) {
            let two = [column, column + 1];
            words.extend(pair(
                two.map(|column| [0, 1, 2, 3].map(|row| weight(quad, row, column))),
            ));
        }
    }
    words
}

/// Two columns of a quad as [`Encoding::Int8Quads`] has them.
fn pair_of_bytes(columns: [[i8; QUAD]; 2]) -> [u32; 2] {
    [0, 2].map(|row| {
        let half = |column: [i8; QUAD]| {
            let lower = (i32::from(column[row]) + 128) as u32;
            lower | u32::from(column[row + 1] as u8) << 8
        };
        half(columns[0]) | half(columns[1]) << 16
    })
}

/// Two columns of a quad as [`Encoding::Int4Quads`] has them.
fn pair_of_nibbles(columns: [[i8; QUAD]; 2]) -> [u32; 1] {
    let half = |[a, b, c, d]: [i8; QUAD]| {
        let lower = [a, b, c].map(|weight| (i32::from(weight) + 8) as u32);
        lower[0] | lower[1] << 4 | lower[2] << 8 | (d as u32 & 0xF) << 12
    };
    [half(columns[0]) | half(columns[1]) << 16]
}

/// The transpose of a row-major matrix of `rows` rows.
pub(super) fn transposed(values: &[i8], rows: usize) -> Vec<i8> {
    let columns = values.len() / rows;
    (0..columns)
        .flat_map(|column| (0..rows).map(move |row| values[row * columns + column]))
        .collect()
}
