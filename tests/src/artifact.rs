//! Artifacts from models, straight from the core's own manifest: without the trainer.

use crate::{
    model::{Cell, Dense, Front, Input, Layer, Matrix, Model, Product, Rows, Task, Vocabulary},
    refusal::append,
};
use spinet_core::{
    artifact::{self, FrontSpec, HEADER_BYTES, Manifest, Together, Training, data_offset, seal},
    cell::{CellSpec, FastGrnnSpec, GruSpec, LowRankSpec, LstmSpec, ProductSpec, SimpleRnnSpec},
    dense::DenseSpec,
    input::InputSpec,
    matrix::{Encoding, MatrixSpec},
    rows::RowsSpec,
    series::SeriesSpec,
    text::{NgramsSpec, PerfectHashSpec, SymbolsSpec, VocabularySpec},
    wide::WideSpec,
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
        let labels = self.labels().join("\n");
        let mut data = Vec::new();
        let mut manifest = self.manifest(&labels, &mut data);
        edit(&mut manifest, &mut data);
        let manifest = postcard::to_allocvec(&manifest).expect("a manifest can be written");
        sealed(&manifest, &data)
    }

    /// This model and `second` as an ensemble.
    pub fn together_with(&self, second: &Model, weights: [u16; 2]) -> Aligned {
        self.together(second, weights, |_, _| {})
    }

    /// The same, whose parts between the manifests and behind them `edit` has changed before it is
    /// sealed: the data's place may be moved, and bytes added to the manifests.
    pub fn together(
        &self,
        second: &Model,
        weights: [u16; 2],
        edit: impl FnOnce(&mut Together, &mut Vec<u8>),
    ) -> Aligned {
        let labels = [self, second].map(|model| model.labels().join("\n"));
        let (mut data, mut more) = (Vec::new(), Vec::new());
        let first = self.manifest(&labels[0], &mut data);
        let other = second.manifest(&labels[1], &mut more);
        data.resize(data.len().next_multiple_of(4), 0);
        let mut together = Together {
            weights,
            data: data.len().try_into().expect("the data is small"),
        };
        let written = |manifest: &Manifest<'_>| {
            postcard::to_allocvec(manifest).expect("a manifest can be written")
        };
        let mut behind = written(&other);
        edit(&mut together, &mut behind);
        let together = postcard::to_allocvec(&together).expect("so can what is between two");
        data.extend(more);
        sealed(&[written(&first), together, behind].concat(), &data)
    }

    fn manifest<'l>(&self, labels: &'l str, data: &mut Vec<u8>) -> Manifest<'l> {
        let mut layers = [None; 4];
        for (place, layer) in layers.iter_mut().zip(&self.layers) {
            *place = Some(write_layer(layer, data));
        }
        Manifest {
            front: write_front(&self.front, data),
            task: match self.task {
                Task::Classify {
                    readout, window, ..
                } => artifact::Task::Classify {
                    labels,
                    readout,
                    window,
                },
                Task::Generate => artifact::Task::Generate,
            },
            input: self.write_input(data),
            layers,
            head: write_dense(&self.head, data),
            wide: self.wide.as_ref().map(|wide| WideSpec {
                codes: append(data, &wide.packed()),
                codebook: append(data, bytemuck::cast_slice(&wide.codebook)),
            }),
            training: Training {
                network: [7; 8],
                data: [7; 8],
                seed: 1,
                validation_permille: 100,
                test_permille: 0,
            },
        }
    }

    fn write_input(&self, data: &mut Vec<u8>) -> InputSpec {
        match (&self.input, &self.front) {
            (Input::OneHot(table), _) => InputSpec::OneHot {
                table: write_table(table, data),
            },
            (Input::Embedding(table), _) => InputSpec::Embedding {
                input_size: table.columns,
                table: write_table(table, data),
            },
            (Input::Vector, Front::Series { offsets, .. }) => InputSpec::Vector {
                input_size: offsets.len().try_into().expect("few features"),
            },
            (Input::Vector, _) => panic!("vectors are of a series"),
            (Input::None, _) => InputSpec::None,
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

/// A table: row by row.
fn write_table(table: &Matrix, data: &mut Vec<u8>) -> MatrixSpec {
    write_weights(table, table.encoding.in_rows(), data)
}

/// A matrix: in quads.
fn write_matrix(matrix: &Matrix, data: &mut Vec<u8>) -> MatrixSpec {
    write_weights(matrix, matrix.encoding.in_quads(), data)
}

fn write_weights(matrix: &Matrix, encoding: Encoding, data: &mut Vec<u8>) -> MatrixSpec {
    let bytes = stored(&matrix.weights, matrix.columns.into(), encoding);
    MatrixSpec {
        encoding,
        shift: matrix.shift,
        weights: append(data, &bytes),
    }
}

/// The bytes of weights that are given row by row.
pub fn stored(weights: &[i8], columns: usize, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Int8 => bytemuck::cast_slice(weights).to_vec(),
        Encoding::Int4 => weights.chunks(columns).flat_map(pack).collect(),
        Encoding::Int8Quads | Encoding::Int4Quads => quads(weights, columns, encoding),
    }
}

/// Weights in quads: each is set at its place among zero weights.
fn quads(weights: &[i8], columns: usize, encoding: Encoding) -> Vec<u8> {
    if weights.is_empty() {
        return Vec::new();
    }
    let (rows, width) = (weights.len().div_ceil(columns), columns.next_multiple_of(4));
    let wide = encoding == Encoding::Int8Quads;
    let bytes = rows.div_ceil(4) * width * if wide { 4 } else { 2 };
    let zero: &[u8] = if wide { &[0x80, 0] } else { &[0x88, 0x08] };
    let mut stored: Vec<u8> = zero.iter().copied().cycle().take(bytes).collect();
    for (index, &weight) in weights.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let (quad, row) = (row / 4, row % 4);
        // Eight bytes hold two columns of 8 bits, rows 0 and 1 before rows 2 and 3; two bytes one of 4.
        match wide {
            true => {
                let pair = 4 * width * quad + 8 * (column / 2);
                let byte = pair + 4 * (row / 2) + 2 * (column % 2) + row % 2;
                stored[byte] = weight as u8 ^ if row % 2 == 0 { 0x80 } else { 0 };
            }
            false => {
                let byte = 2 * width * quad + 2 * column + row / 2;
                let nibble = (weight as u8 & 0xF) ^ if row < 3 { 8 } else { 0 };
                let shift = 4 * (row % 2);
                stored[byte] = stored[byte] & !(0xF << shift) | nibble << shift;
            }
        }
    }
    stored
}

/// A row of 4-bit weights: eight in a little-endian word, each as `w + 8`, weight `2k` in the
/// bits from `4k` on and weight `2k + 1` in those from `16 + 4k` on, filled up with zero weights.
pub fn pack(row: &[i8]) -> Vec<u8> {
    let word = |eight: &[i8]| {
        let weight = |index: usize| eight.get(index).map_or(8, |&w| (i32::from(w) + 8) as u32);
        let pairs = (0..4).map(|k| weight(2 * k) << (4 * k) | weight(2 * k + 1) << (16 + 4 * k));
        pairs.fold(0u32, |word, pair| word | pair)
    };
    row.chunks(8)
        .flat_map(|eight| word(eight).to_le_bytes())
        .collect()
}

fn write_rows(rows: &Rows, data: &mut Vec<u8>) -> RowsSpec {
    RowsSpec {
        multipliers: append(data, bytemuck::cast_slice(&rows.multipliers)),
        biases: append(data, bytemuck::cast_slice(&rows.biases)),
    }
}

fn write_dense(dense: &Dense, data: &mut Vec<u8>) -> DenseSpec {
    DenseSpec {
        weights: write_matrix(&dense.weights, data),
        rows: write_rows(&dense.rows, data),
    }
}

fn write_product(product: &Product, data: &mut Vec<u8>) -> ProductSpec {
    match product {
        Product::Full(matrix) => ProductSpec::Full(write_matrix(matrix, data)),
        Product::LowRank { down, up } => ProductSpec::LowRank(LowRankSpec {
            rank: up.columns,
            down: write_dense(down, data),
            up: write_matrix(up, data),
        }),
    }
}

fn write_layer(layer: &Layer, data: &mut Vec<u8>) -> CellSpec {
    let hidden_size = layer.hidden_size;
    let input = layer.input.as_ref();
    let rows = write_rows(&layer.rows, data);
    if let Cell::FastGrnn(mix) = &layer.cell {
        return CellSpec::FastGrnn(FastGrnnSpec {
            hidden_size,
            input_weights: input.map(|input| write_product(input, data)),
            recurrent_weights: write_product(&layer.recurrent, data),
            rows,
            biases: append(data, bytemuck::cast_slice(&mix.biases)),
            zeta: mix.zeta,
            nu: mix.nu,
            state_shift: mix.state_shift,
        });
    }
    let input_weights = input.map(|input| write_matrix(input.last(), data));
    let recurrent_weights = write_matrix(layer.recurrent.last(), data);
    match layer.cell {
        Cell::SimpleRnn | Cell::FastGrnn(_) => CellSpec::SimpleRnn(SimpleRnnSpec {
            hidden_size,
            input_weights,
            recurrent_weights,
            rows,
        }),
        Cell::Gru => CellSpec::Gru(GruSpec {
            hidden_size,
            input_weights,
            recurrent_weights,
            rows,
        }),
        Cell::Lstm => CellSpec::Lstm(LstmSpec {
            hidden_size,
            input_weights,
            recurrent_weights,
            rows,
        }),
    }
}

fn write_front(front: &Front, data: &mut Vec<u8>) -> FrontSpec {
    match front {
        Front::Words {
            vocabulary,
            start,
            marks,
        } => FrontSpec::Words {
            vocabulary: write_vocabulary(vocabulary, data),
            start: *start,
            marks: *marks,
        },
        Front::Ngrams { hash, order, marks } => FrontSpec::Ngrams(NgramsSpec {
            hash: match write_vocabulary(hash, data) {
                VocabularySpec::PerfectHash(hash) => hash,
                VocabularySpec::Hashed { .. } => panic!("n-grams have a perfect hash"),
            },
            order: *order,
            marks: *marks,
        }),
        Front::Symbols { unit, codes } => FrontSpec::Symbols(SymbolsSpec {
            unit: *unit,
            count: codes.len().try_into().expect("few symbols"),
            codes: append(data, bytemuck::cast_slice(codes)),
        }),
        Front::Series { offsets, scales } => FrontSpec::Series(SeriesSpec {
            features: offsets.len().try_into().expect("few features"),
            offsets: append(data, bytemuck::cast_slice(offsets)),
            scales: append(data, bytemuck::cast_slice(scales)),
        }),
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
        } => VocabularySpec::PerfectHash(PerfectHashSpec {
            words: *words,
            seed: *seed,
            fingerprint_bits: *fingerprint_bits,
            pilots: append(data, bytemuck::cast_slice(pilots)),
            fingerprints: append(data, fingerprints),
        }),
    }
}
