//! Artifacts from models, straight from the core's own manifest: without the trainer.

use crate::model::{Input, Matrix, Model, Rows, Vocabulary};
use spinet_core::{
    artifact::{HEADER_BYTES, Manifest, Training, data_offset, seal},
    cell::{CellSpec, SimpleRnnSpec},
    data::Blob,
    dense::DenseSpec,
    input::InputSpec,
    matrix::{Encoding, MatrixSpec},
    rows::RowsSpec,
    text::VocabularySpec,
};
use std::ops::{Deref, DerefMut};

/// Bytes at an address divisible by 4.
#[derive(Debug, Clone)]
pub struct Aligned {
    words: Vec<u32>,
    length: usize,
}

impl From<&[u8]> for Aligned {
    fn from(bytes: &[u8]) -> Self {
        let mut aligned = Self {
            words: vec![0; bytes.len().div_ceil(4)],
            length: bytes.len(),
        };
        aligned.copy_from_slice(bytes);
        aligned
    }
}

impl Deref for Aligned {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.length]
    }
}

impl Model {
    /// The model as an artifact.
    pub fn artifact(&self) -> Aligned {
        self.artifact_with(|_, _| {})
    }

    /// The model as an artifact whose manifest and data `edit` has changed before it is sealed.
    pub fn artifact_with(&self, edit: impl FnOnce(&mut Manifest<'_>, &mut Vec<u8>)) -> Aligned {
        let labels = self.labels.join("\n");
        let mut data = Vec::new();
        let mut manifest = self.manifest(&labels, &mut data);
        edit(&mut manifest, &mut data);
        let manifest = postcard::to_allocvec(&manifest).expect("a manifest can be written");
        sealed(&manifest, &data)
    }

    fn manifest<'l>(&self, labels: &'l str, data: &mut Vec<u8>) -> Manifest<'l> {
        let (input, input_weights) = write_input(&self.input, data);
        Manifest {
            labels,
            vocabulary: write_vocabulary(&self.vocabulary, data),
            start: self.start,
            window: self.window,
            input,
            cell: CellSpec::SimpleRnn(SimpleRnnSpec {
                hidden_size: self.hidden_size,
                input_weights,
                recurrent_weights: write_matrix(&self.recurrent, data),
                rows: write_rows(&self.cell_rows, data),
            }),
            readout: self.readout,
            head: DenseSpec {
                weights: write_matrix(&self.head, data),
                rows: write_rows(&self.head_rows, data),
            },
            training: Training {
                network: [7; 8],
                data: [7; 8],
                seed: 1,
                validation_permille: 100,
                test_permille: 0,
            },
        }
    }
}

/// An artifact of these parts, whatever they are, with a valid header.
pub fn sealed(manifest: &[u8], data: &[u8]) -> Aligned {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes.extend_from_slice(manifest);
    bytes.resize(data_offset(manifest.len()), 0);
    bytes.extend_from_slice(data);
    let mut artifact = Aligned::from(&bytes[..]);
    let manifest_bytes = manifest.len().try_into().expect("a manifest is short");
    seal(&mut artifact, manifest_bytes).expect("there is room for the header");
    artifact
}

/// Appends a tensor at the next multiple of 4.
fn write_blob(bytes: &[u8], data: &mut Vec<u8>) -> Blob {
    data.resize(data.len().next_multiple_of(4), 0);
    let blob = Blob {
        offset: data.len().try_into().expect("the data is small"),
        length: bytes.len().try_into().expect("the tensor is small"),
    };
    data.extend_from_slice(bytes);
    blob
}

fn write_matrix(matrix: &Matrix, data: &mut Vec<u8>) -> MatrixSpec {
    MatrixSpec {
        encoding: Encoding::Int8,
        shift: matrix.shift,
        weights: write_blob(bytemuck::cast_slice(&matrix.weights), data),
    }
}

fn write_rows(rows: &Rows, data: &mut Vec<u8>) -> RowsSpec {
    RowsSpec {
        multipliers: write_blob(bytemuck::cast_slice(&rows.multipliers), data),
        biases: write_blob(bytemuck::cast_slice(&rows.biases), data),
    }
}

fn write_input(input: &Input, data: &mut Vec<u8>) -> (InputSpec, Option<MatrixSpec>) {
    match input {
        Input::OneHot(table) => {
            let table = write_matrix(table, data);
            (InputSpec::OneHot { table }, None)
        }
        Input::Embedding {
            input_size,
            table,
            weights,
        } => {
            let spec = InputSpec::Embedding {
                input_size: *input_size,
                table: MatrixSpec {
                    encoding: Encoding::Int8,
                    shift: 0,
                    weights: write_blob(bytemuck::cast_slice(table), data),
                },
            };
            (spec, Some(write_matrix(weights, data)))
        }
    }
}

fn write_vocabulary(vocabulary: &Vocabulary, data: &mut Vec<u8>) -> VocabularySpec {
    match vocabulary {
        Vocabulary::Hashed { buckets } => VocabularySpec::Hashed { buckets: *buckets },
        Vocabulary::PerfectHash {
            words,
            seed,
            fingerprint_bits,
            pilots,
            fingerprints,
        } => VocabularySpec::PerfectHash {
            words: *words,
            seed: *seed,
            fingerprint_bits: *fingerprint_bits,
            pilots: write_blob(bytemuck::cast_slice(pilots), data),
            fingerprints: write_blob(fingerprints, data),
        },
    }
}
