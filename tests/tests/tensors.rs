//! Where a tensor may lie and what its numbers may be, and the error for everything else.

use spinet_core::{
    Artifact, ArtifactError,
    artifact::{FrontSpec, Manifest},
    cell::{CellKind, CellSpec, ProductSpec},
    data::Blob,
    dense::DenseSpec,
    input::InputSpec,
    matrix::{Encoding, MatrixSpec},
    rows::RowsSpec,
    text::{PerfectHashSpec, VocabularySpec},
};
use spinet_tests::model::{
    Input, Layer, Matrix, Model, Product,
    samples::{embedding, examples, extreme, one_hot, series_reader, text_writer},
};

fn parsed(bytes: &[u8]) -> Result<(), ArtifactError> {
    Artifact::parse(bytes).map(|_| ())
}

/// What the numbers of a tensor are.
enum Numbers<'m> {
    Table(&'m mut MatrixSpec),
    Matrix(&'m mut MatrixSpec),
    Multipliers(&'m mut Blob),
    Biases(&'m mut Blob),
    /// Whatever the core's tables of a front hold, and a FastGRNN's late biases.
    Other(&'m mut Blob),
}

impl Numbers<'_> {
    fn blob(&mut self) -> &mut Blob {
        match self {
            Self::Table(matrix) | Self::Matrix(matrix) => &mut matrix.weights,
            Self::Multipliers(blob) | Self::Biases(blob) | Self::Other(blob) => blob,
        }
    }
}

type Tensor<'m> = (&'static str, Numbers<'m>);

/// Every tensor of a manifest with its name.
fn tensors<'m>(manifest: &'m mut Manifest<'_>) -> Vec<Tensor<'m>> {
    let mut tensors = front(&mut manifest.front);
    match &mut manifest.input {
        InputSpec::OneHot { table } | InputSpec::Embedding { table, .. } => {
            tensors.push(("input table", Numbers::Table(table)));
        }
        InputSpec::Vector { .. } | InputSpec::None => {}
    }
    manifest
        .layers
        .iter_mut()
        .flatten()
        .for_each(|layer| tensors.extend(cell(layer)));
    tensors.extend(dense("head", &mut manifest.head));
    if let Some(wide) = &mut manifest.wide {
        let blobs = [&mut wide.codes, &mut wide.codebook];
        tensors.extend(blobs.map(|blob| ("wide weights", Numbers::Other(blob))));
    }
    tensors
}

fn front(front: &mut FrontSpec) -> Vec<Tensor<'_>> {
    let (name, blobs) = match front {
        FrontSpec::Words {
            vocabulary:
                VocabularySpec::PerfectHash(PerfectHashSpec {
                    pilots,
                    fingerprints,
                    ..
                }),
            ..
        } => ("vocabulary", vec![pilots, fingerprints]),
        FrontSpec::Words { .. } => ("vocabulary", vec![]),
        FrontSpec::Ngrams(ngrams) => (
            "n-grams",
            vec![&mut ngrams.hash.pilots, &mut ngrams.hash.fingerprints],
        ),
        FrontSpec::Symbols(symbols) => ("symbols", vec![&mut symbols.codes]),
        FrontSpec::Series(series) => ("series", vec![&mut series.offsets, &mut series.scales]),
    };
    let other = blobs.into_iter().map(|blob| (name, Numbers::Other(blob)));
    other.collect()
}

fn cell(spec: &mut CellSpec) -> Vec<Tensor<'_>> {
    const INPUT: &str = "input weights";
    const RECURRENT: &str = "recurrent weights";
    let (input, recurrent, rows) = match spec {
        CellSpec::FastGrnn(spec) => {
            let mut tensors = Vec::new();
            if let Some(input) = &mut spec.input_weights {
                tensors.extend(product(INPUT, input));
            }
            tensors.extend(product(RECURRENT, &mut spec.recurrent_weights));
            tensors.extend(self::rows("cell rows", &mut spec.rows));
            tensors.push(("biases", Numbers::Other(&mut spec.biases)));
            return tensors;
        }
        CellSpec::SimpleRnn(spec) => (
            &mut spec.input_weights,
            &mut spec.recurrent_weights,
            &mut spec.rows,
        ),
        CellSpec::Gru(spec) => (
            &mut spec.input_weights,
            &mut spec.recurrent_weights,
            &mut spec.rows,
        ),
        CellSpec::Lstm(spec) => (
            &mut spec.input_weights,
            &mut spec.recurrent_weights,
            &mut spec.rows,
        ),
    };
    let mut tensors: Vec<Tensor<'_>> = Vec::new();
    tensors.extend(input.as_mut().map(|input| (INPUT, Numbers::Matrix(input))));
    tensors.push((RECURRENT, Numbers::Matrix(recurrent)));
    tensors.extend(self::rows("cell rows", rows));
    tensors
}

fn product<'m>(name: &'static str, product: &'m mut ProductSpec) -> Vec<Tensor<'m>> {
    match product {
        ProductSpec::Full(matrix) => vec![(name, Numbers::Matrix(matrix))],
        ProductSpec::LowRank(product) => {
            let mut tensors = dense(name, &mut product.down);
            tensors.push((name, Numbers::Matrix(&mut product.up)));
            tensors
        }
    }
}

fn dense<'m>(name: &'static str, dense: &'m mut DenseSpec) -> Vec<Tensor<'m>> {
    let mut tensors = vec![(name, Numbers::Matrix(&mut dense.weights))];
    tensors.extend(rows(name, &mut dense.rows));
    tensors
}

fn rows<'m>(name: &'static str, rows: &'m mut RowsSpec) -> [Tensor<'m>; 2] {
    [
        (name, Numbers::Multipliers(&mut rows.multipliers)),
        (name, Numbers::Biases(&mut rows.biases)),
    ]
}

/// Asserts, for every tensor of every example, that what `damage` makes of it is refused with
/// the error that `damage` names; `None` leaves the tensor alone. Counts the damages.
fn every_tensor(
    damage: impl Fn(&mut Numbers<'_>, &mut Vec<u8>) -> Option<fn(&'static str) -> ArtifactError>,
) -> usize {
    let mut count = 0;
    for model in examples() {
        let mut number = 0;
        model.artifact_with(|manifest, _| number = tensors(manifest).len());
        assert!(number >= 8);
        for index in 0..number {
            let mut expected = None;
            let bytes = model.artifact_with(|manifest, data| {
                let (name, numbers) = &mut tensors(manifest)[index];
                expected = damage(numbers, data).map(|error| error(name));
            });
            if let Some(expected) = expected {
                assert_eq!(parsed(&bytes), Err(expected), "tensor {index}");
                count += 1;
            }
        }
    }
    count
}

#[test]
fn every_tensor_lies_within_the_data_at_its_length() {
    let damages: [fn(&mut Blob, u32); 10] = [
        |blob, _| blob.offset += 1,
        |blob, _| blob.offset += 2,
        |blob, _| blob.length += 1,
        |blob, _| blob.length += 4,
        |blob, _| blob.length -= 1,
        |blob, _| blob.length = 0,
        |blob, _| blob.length = u32::MAX,
        |blob, _| blob.offset = u32::MAX - 3,
        |blob, end| blob.offset = end.next_multiple_of(4),
        // The last byte is outside.
        |blob, end| blob.offset = (end - blob.length).next_multiple_of(4) + 4,
    ];
    for damage in damages {
        let count = every_tensor(|numbers, data| {
            damage(numbers.blob(), data.len() as u32);
            Some(ArtifactError::Tensor)
        });
        assert!(count > 50, "{count}");
    }
}

/// Overwrites the start of a tensor.
fn write(blob: Blob, data: &mut [u8], bytes: &[u8]) {
    let start = blob.offset as usize;
    data[start..start + bytes.len()].copy_from_slice(bytes);
}

#[test]
fn weights_are_symmetric() {
    let count = every_tensor(|numbers, data| match numbers {
        Numbers::Table(matrix) | Numbers::Matrix(matrix) => {
            // -128, or a nibble that would be -8: in the last byte.
            let end = (matrix.weights.offset + matrix.weights.length) as usize;
            data[end - 1] = match matrix.encoding {
                Encoding::Int8 | Encoding::Int8Quads => 0x80,
                Encoding::Int4 => 0x0F,
                Encoding::Int4Quads => 0x80,
            };
            Some(ArtifactError::OutOfRange)
        }
        _ => None,
    });
    assert!(count >= 15, "{count}");
}

#[test]
fn matrices_lie_in_quads_and_tables_row_by_row() {
    let count = every_tensor(|numbers, _| match numbers {
        Numbers::Table(matrix) => {
            matrix.encoding = matrix.encoding.in_quads();
            Some(ArtifactError::OutOfRange)
        }
        Numbers::Matrix(matrix) => {
            matrix.encoding = matrix.encoding.in_rows();
            Some(ArtifactError::OutOfRange)
        }
        _ => None,
    });
    assert!(count >= 15, "{count}");
}

#[test]
fn a_nibble_of_zero_is_found_at_every_place() {
    let model = text_writer();
    let mut length = 0;
    model.artifact_with(|m, _| length = m.head.weights.weights.length as usize);
    for place in 0..2 * length {
        let bytes = model.artifact_with(|m, data| {
            let at = m.head.weights.weights.offset as usize + place / 2;
            // What stands for -8: without an offset, in the last of a quad's rows, it is 8.
            let (least, shift) = (if place % 4 == 3 { 8 } else { 0 }, 4 * (place % 2));
            data[at] = data[at] & !(0xF << shift) | least << shift;
        });
        assert_eq!(parsed(&bytes), Err(ArtifactError::OutOfRange("head")));
    }
}

#[test]
fn shifts_are_at_most_8() {
    for shift in [9, 31, 255] {
        let count = every_tensor(|numbers, _| match numbers {
            Numbers::Table(matrix) | Numbers::Matrix(matrix) => {
                matrix.shift = shift;
                Some(ArtifactError::OutOfRange)
            }
            _ => None,
        });
        assert!(count >= 15, "{count}");
    }
    // An embedding has none.
    let bytes = embedding().artifact_with(|m, _| {
        if let InputSpec::Embedding { table, .. } = &mut m.input {
            table.shift = 1;
        }
    });
    assert_eq!(
        parsed(&bytes),
        Err(ArtifactError::OutOfRange("input table"))
    );
    let bytes = embedding().artifact_with(|m, _| {
        if let InputSpec::Embedding { input_size, .. } = &mut m.input {
            *input_size = 0;
        }
    });
    assert_eq!(
        parsed(&bytes),
        Err(ArtifactError::OutOfRange("input table"))
    );
}

#[test]
fn multipliers_are_positive() {
    for bytes in [[0; 4], [0xFF; 4], [0, 0, 0, 0x80]] {
        let count = every_tensor(|numbers, data| match numbers {
            Numbers::Multipliers(blob) => {
                write(**blob, data, &bytes);
                Some(ArtifactError::OutOfRange)
            }
            _ => None,
        });
        assert!(count >= 11, "{count}");
    }
}

#[test]
fn no_bias_is_the_lowest_number() {
    let count = every_tensor(|numbers, data| match numbers {
        Numbers::Biases(blob) => {
            write(**blob, data, &i32::MIN.to_le_bytes());
            Some(ArtifactError::Overflow)
        }
        _ => None,
    });
    assert!(count >= 11, "{count}");
}

/// The result of parsing the model once all biases called `name` are `bias`; the `skip`th of
/// several such tensors.
fn with_bias(model: &Model, name: &str, skip: usize, bias: i64) -> Result<(), ArtifactError> {
    let bias = i32::try_from(bias).expect("a bias has 32 bits");
    let bytes = model.artifact_with(|m, data| {
        let mut biases = tensors(m).into_iter().filter_map(|tensor| match tensor {
            (found, Numbers::Biases(blob)) if found == name => Some(*blob),
            _ => None,
        });
        let blob = biases.nth(skip).expect("such a tensor");
        write(blob, data, &bias.to_le_bytes());
    });
    parsed(&bytes)
}

#[test]
fn a_bias_may_reach_the_bound_of_the_sums_and_no_further() {
    for model in examples() {
        let layers = (0..model.layers.len()).map(|layer| ("cell rows", layer, model.room(layer)));
        let mut rooms: Vec<_> = layers.chain([("head", 0, model.head.room())]).collect();
        let products = [
            ("input weights", model.layers[0].input.as_ref()),
            ("recurrent weights", Some(&model.layers[0].recurrent)),
        ];
        for (name, product) in products {
            if let Some(Product::LowRank { down, .. }) = product {
                rooms.push((name, 0, down.room()));
            }
        }
        for (name, index, room) in rooms {
            let room = i64::from(room);
            let overflow = Err(ArtifactError::Overflow(name));
            for sign in [1, -1] {
                assert_eq!(with_bias(&model, name, index, sign * room), Ok(()));
                assert_eq!(with_bias(&model, name, index, sign * (room + 1)), overflow);
            }
        }
    }
}

#[test]
fn late_biases_are_at_most_2_to_the_30() {
    for (bias, sound) in [
        (1 << 30, true),
        (-(1 << 30), true),
        ((1 << 30) + 1, false),
        (-(1 << 30) - 1, false),
        (i32::MIN, false),
        (i32::MAX, false),
    ] {
        for last in [false, true] {
            let bytes = series_reader().artifact_with(|m, data| {
                if let Some(CellSpec::FastGrnn(spec)) = m.layers[0] {
                    let (Blob { offset, length }, from) = (spec.biases, u32::from(last));
                    let blob = Blob {
                        offset: offset + from * (length - 4),
                        length: 4,
                    };
                    write(blob, data, &bias.to_le_bytes());
                }
            });
            let expected = match sound {
                true => Ok(()),
                false => Err(ArtifactError::OutOfRange("biases")),
            };
            assert_eq!(parsed(&bytes), expected, "{bias}");
        }
    }
}

/// A SimpleRNN behind a table or an embedding, all of its weights zero, with a shift.
fn wide(encoding: Encoding, hidden: u16, embedding: u16, shift: u8) -> Model {
    let kind = CellKind::SimpleRnn;
    let mut model = extreme(kind, encoding, 1, embedding.min(1), 1);
    let source = (embedding > 0).then_some(embedding);
    let mut layer = Layer::filled(kind, encoding, hidden, source, 0);
    layer.recurrent.last_mut().shift = shift;
    model.layers = vec![layer];
    let columns = if embedding > 0 { embedding } else { hidden };
    let table = Matrix::filled(encoding, 4, columns, 0);
    model.input = match embedding {
        0 => Input::OneHot(table),
        _ => Input::Embedding(table),
    };
    model.head.weights = Matrix::filled(encoding, 1, hidden, 0);
    model.head.rows.biases.fill(0);
    model
}

/// `127 (32768 + 32767 * 257 * 2) < 2^31 < 127 (32768 + 32767 * 258 * 2)`, a look-up and a
/// product, and so on.
#[test]
fn wide_matrices_are_refused_where_their_sums_could_overflow() {
    use Encoding::{Int4, Int8};
    let overflow = Err(ArtifactError::Overflow("cell rows"));
    let too_wide = |name| Err(ArtifactError::OutOfRange(name));
    for (encoding, hidden, embedding, shift, expected) in [
        (Int8, 512, 0, 0, Ok(())),
        (Int8, 513, 0, 0, too_wide("recurrent weights")),
        (Int8, 257, 0, 1, Ok(())),
        (Int8, 258, 0, 1, overflow),
        (Int8, 2, 0, 8, Ok(())),
        (Int8, 3, 0, 8, overflow),
        (Int8, 4, 512, 0, Ok(())),
        (Int8, 4, 513, 0, too_wide("input weights")),
        (Int8, 5, 512, 0, overflow),
        (Int4, 512, 0, 4, Ok(())),
        (Int4, 512, 0, 5, overflow),
        (Int4, 513, 0, 0, too_wide("recurrent weights")),
        (Int4, 512, 512, 0, Ok(())),
        (Int4, 36, 1, 8, Ok(())),
        (Int4, 37, 1, 8, overflow),
    ] {
        let found = parsed(&wide(encoding, hidden, embedding, shift).artifact());
        assert_eq!(
            found, expected,
            "{encoding:?} {hidden} {embedding} << {shift}"
        );
    }
}

#[test]
fn a_head_is_refused_where_its_sums_could_overflow() {
    let bytes = one_hot().artifact_with(|m, data| {
        m.head.weights.shift = 8;
        write(m.head.rows.biases, data, &[0; 4 * 3]);
    });
    assert_eq!(parsed(&bytes), Err(ArtifactError::Overflow("head")));
}
