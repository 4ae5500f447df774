//! What a manifest may say, and the error for each thing that it may not.
//!
//! Every artifact here has a valid checksum: these are the faults of whoever wrote it.

use spinet_core::{
    Artifact, ArtifactError, Classifier, Shape,
    artifact::{Manifest, data_offset},
    cell::{CellSpec, SimpleRnnSpec},
    data::Blob,
    input::InputSpec,
    shape::Dimensions,
    text::VocabularySpec,
};
use spinet_tests::{
    artifact::sealed,
    model::{Input, Model, examples},
};

fn refusal(bytes: &[u8]) -> ArtifactError {
    Artifact::parse(bytes).expect_err("not a valid artifact")
}

type Edit = fn(&mut Manifest<'_>, &mut Vec<u8>);

/// The error that a valid model gives once `edit` has changed it.
fn error(model: &Model, edit: Edit) -> ArtifactError {
    refusal(&model.artifact_with(edit))
}

fn one_hot<'m>(manifest: &'m mut Manifest<'_>) -> (&'m mut Blob, &'m mut u8) {
    match &mut manifest.input {
        InputSpec::OneHot { table } => (&mut table.weights, &mut table.shift),
        InputSpec::Embedding { .. } => panic!("the example is one-hot"),
    }
}

fn embedding<'m>(manifest: &'m mut Manifest<'_>) -> (&'m mut u16, &'m mut Blob) {
    match &mut manifest.input {
        InputSpec::Embedding { input_size, table } => (input_size, &mut table.weights),
        InputSpec::OneHot { .. } => panic!("the example has an embedding"),
    }
}

fn perfect_hash<'m>(
    manifest: &'m mut Manifest<'_>,
) -> (&'m mut u16, &'m mut u8, &'m mut Blob, &'m mut Blob) {
    match &mut manifest.vocabulary {
        VocabularySpec::PerfectHash {
            words,
            fingerprint_bits,
            pilots,
            fingerprints,
            ..
        } => (words, fingerprint_bits, pilots, fingerprints),
        VocabularySpec::Hashed { .. } => panic!("the example has a perfect hash"),
    }
}

fn cell<'m>(manifest: &'m mut Manifest<'_>) -> &'m mut SimpleRnnSpec {
    match &mut manifest.cell {
        CellSpec::SimpleRnn(spec) => spec,
    }
}

/// Overwrites the start of a tensor.
fn write(blob: Blob, data: &mut [u8], bytes: &[u8]) {
    let start = blob.offset as usize;
    data[start..start + bytes.len()].copy_from_slice(bytes);
}

#[test]
fn labels_are_two_or_more_and_countable() {
    use ArtifactError::OutOfRange;
    let [model, _] = examples();
    assert_eq!(error(&model, |m, _| m.labels = "one"), OutOfRange("labels"));
    assert_eq!(error(&model, |m, _| m.labels = ""), OutOfRange("labels"));
    let many: &'static str = "\n".repeat(65_535).leak();
    let bytes = model.artifact_with(|m, _| m.labels = many);
    assert_eq!(refusal(&bytes), OutOfRange("labels"));
    // Another number of them needs another head.
    let four = error(&model, |m, _| m.labels = "a\nb\nc\nd");
    assert_eq!(four, ArtifactError::Tensor("head weights"));
    // The labels come first in the manifest: their length, then their bytes.
    let mut manifest = Vec::new();
    let bytes = model.artifact_with(|m, _| manifest = postcard::to_allocvec(m).expect("valid"));
    manifest[1] = 0xFF;
    let data = &bytes[data_offset(manifest.len())..];
    assert_eq!(refusal(&sealed(&manifest, data)), ArtifactError::Manifest);
}

#[test]
fn a_vocabulary_out_of_range_is_named() {
    const NAME: &str = "vocabulary";
    let [model, _] = examples();
    let edits: [Edit; 8] = [
        |m, _| *perfect_hash(m).1 = 0,
        |m, _| *perfect_hash(m).1 = 17,
        |m, _| *perfect_hash(m).1 = 255,
        |m, _| m.vocabulary = VocabularySpec::Hashed { buckets: 0 },
        |m, _| m.vocabulary = VocabularySpec::Hashed { buckets: 65_533 },
        |m, _| m.vocabulary = VocabularySpec::Hashed { buckets: 65_535 },
        |m, _| {
            let (words, _, pilots, fingerprints) = perfect_hash(m);
            (*words, pilots.length, fingerprints.length) = (0, 0, 0);
        },
        |m, data| {
            let (words, bits, pilots, fingerprints) = perfect_hash(m);
            (*words, *bits) = (65_533, 1);
            (pilots.offset, pilots.length) = (0, 2 * 13_107);
            (fingerprints.offset, fingerprints.length) = (0, 8_192);
            data.resize(2 * 13_107, 0);
        },
    ];
    for (index, edit) in edits.into_iter().enumerate() {
        assert_eq!(
            error(&model, edit),
            ArtifactError::OutOfRange(NAME),
            "{index}"
        );
    }
    let edits: [Edit; 3] = [
        |m, _| *perfect_hash(m).0 = 60_000,
        |m, _| perfect_hash(m).2.length -= 2,
        |m, _| perfect_hash(m).3.length += 1,
    ];
    for (index, edit) in edits.into_iter().enumerate() {
        assert_eq!(error(&model, edit), ArtifactError::Tensor(NAME), "{index}");
    }
    // One word more than the input table has rows for.
    let more = error(&model, |m, _| {
        m.vocabulary = VocabularySpec::Hashed { buckets: 7 }
    });
    assert_eq!(more, ArtifactError::Tensor("input table"));
}

#[test]
fn weights_out_of_range_are_named() {
    const LOWEST: [u8; 1] = [0x80];
    let [one_hot_model, embedding_model] = examples();
    let edits: [(&Model, &str, Edit); 14] = [
        (&one_hot_model, "input table", |m, _| *one_hot(m).1 = 9),
        (&one_hot_model, "input table", |m, _| *one_hot(m).1 = 255),
        (&one_hot_model, "input table", |m, d| {
            write(*one_hot(m).0, d, &LOWEST)
        }),
        (&one_hot_model, "input table", |m, _| {
            cell(m).hidden_size = 0
        }),
        (&embedding_model, "input table", |m, d| {
            write(*embedding(m).1, d, &LOWEST)
        }),
        (&embedding_model, "input table", |m, _| *embedding(m).0 = 0),
        (&embedding_model, "recurrent weights", |m, _| {
            cell(m).hidden_size = 0
        }),
        (&one_hot_model, "recurrent weights", |m, _| {
            cell(m).recurrent_weights.shift = 9
        }),
        (&one_hot_model, "recurrent weights", |m, d| {
            write(cell(m).recurrent_weights.weights, d, &LOWEST)
        }),
        (&one_hot_model, "input weights", |m, _| {
            cell(m).input_weights = Some(m.head.weights)
        }),
        (&embedding_model, "input weights", |m, _| {
            cell(m).input_weights = None
        }),
        (&embedding_model, "input weights", |m, _| {
            cell(m).input_weights.as_mut().expect("there").shift = 9
        }),
        (&one_hot_model, "head weights", |m, _| {
            m.head.weights.shift = 9
        }),
        (&one_hot_model, "head weights", |m, d| {
            write(m.head.weights.weights, d, &LOWEST)
        }),
    ];
    for (index, (model, name, edit)) in edits.into_iter().enumerate() {
        assert_eq!(
            error(model, edit),
            ArtifactError::OutOfRange(name),
            "{index}"
        );
    }
}

#[test]
fn multipliers_are_positive() {
    for model in examples() {
        let edits: [(&str, Edit); 4] = [
            ("cell rows", |m, d| {
                write(cell(m).rows.multipliers, d, &[0; 4])
            }),
            ("cell rows", |m, d| {
                write(cell(m).rows.multipliers, d, &[0xFF; 4])
            }),
            ("head rows", |m, d| {
                write(m.head.rows.multipliers, d, &[0; 4])
            }),
            ("head rows", |m, d| {
                write(m.head.rows.multipliers, d, &[0, 0, 0, 0x80])
            }),
        ];
        for (name, edit) in edits {
            assert_eq!(error(&model, edit), ArtifactError::OutOfRange(name));
        }
    }
}

/// The result of parsing the model with one bias of the cell or of the head changed.
fn with_bias(model: &Model, bias: i64, of_head: bool) -> Result<(), ArtifactError> {
    let bytes = model.artifact_with(|m, data| {
        let blob = if of_head {
            m.head.rows.biases
        } else {
            cell(m).rows.biases
        };
        let bias = i32::try_from(bias).expect("a bias has 32 bits");
        write(blob, data, &bias.to_le_bytes());
    });
    Artifact::parse(&bytes).map(|_| ())
}

#[test]
fn a_bias_may_reach_the_bound_of_the_sums_and_no_further() {
    for model in examples() {
        let rooms = [
            (model.cell_room(), "cell rows", false),
            (model.head_room(), "head rows", true),
        ];
        for (room, name, of_head) in rooms {
            let room = i64::from(room);
            let overflow = Err(ArtifactError::Overflow(name));
            for sign in [1, -1] {
                assert_eq!(with_bias(&model, sign * room, of_head), Ok(()));
                assert_eq!(with_bias(&model, sign * (room + 1), of_head), overflow);
            }
            assert_eq!(with_bias(&model, i32::MIN.into(), of_head), overflow);
        }
    }
}

#[test]
fn wide_matrices_are_refused_where_their_sums_could_overflow() {
    // 127 * (32768 + 32767 * 515) < 2^31 < 127 * (32768 + 32767 * 516): a look-up and a product.
    let [mut model, _] = examples();
    let zeros = |count: usize| vec![0i8; count];
    for (hidden, shift, expected) in [
        (515u16, 0, Ok(())),
        (516, 0, Err(ArtifactError::Overflow("cell rows"))),
        (257, 1, Ok(())),
        (258, 1, Err(ArtifactError::Overflow("cell rows"))),
        (2, 8, Ok(())),
        (3, 8, Err(ArtifactError::Overflow("cell rows"))),
    ] {
        let units = usize::from(hidden);
        model.hidden_size = hidden;
        let Input::OneHot(table) = &mut model.input else {
            panic!("the example is one-hot");
        };
        (table.weights, table.shift) = (zeros(9 * units), 0);
        (model.recurrent.weights, model.recurrent.shift) = (zeros(units * units), shift);
        model.cell_rows.multipliers = vec![1; units];
        model.cell_rows.biases = vec![0; units];
        (model.head.weights, model.head.shift) = (zeros(3 * units), 0);
        model.head_rows.biases = vec![0; 3];
        let bytes = model.artifact();
        assert_eq!(
            Artifact::parse(&bytes).map(|_| ()),
            expected,
            "{hidden} << {shift}"
        );
    }
    // The head alone.
    let head = error(&examples()[1], |m, _| m.head.weights.shift = 8);
    assert_eq!(head, ArtifactError::Overflow("head rows"));
}

/// Every blob of a manifest with the name of its tensor.
fn blobs<'m>(manifest: &'m mut Manifest<'_>) -> Vec<(&'static str, &'m mut Blob)> {
    let mut blobs = Vec::new();
    if let VocabularySpec::PerfectHash {
        pilots,
        fingerprints,
        ..
    } = &mut manifest.vocabulary
    {
        blobs.extend([("vocabulary", pilots), ("vocabulary", fingerprints)]);
    }
    match &mut manifest.input {
        InputSpec::OneHot { table } | InputSpec::Embedding { table, .. } => {
            blobs.push(("input table", &mut table.weights));
        }
    }
    let CellSpec::SimpleRnn(cell) = &mut manifest.cell;
    blobs.push(("recurrent weights", &mut cell.recurrent_weights.weights));
    blobs.extend(
        cell.input_weights
            .as_mut()
            .map(|m| ("input weights", &mut m.weights)),
    );
    blobs.push(("cell rows", &mut cell.rows.multipliers));
    blobs.push(("cell rows", &mut cell.rows.biases));
    blobs.push(("head weights", &mut manifest.head.weights.weights));
    blobs.push(("head rows", &mut manifest.head.rows.multipliers));
    blobs.push(("head rows", &mut manifest.head.rows.biases));
    blobs
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
    for model in examples() {
        let count = if matches!(model.input, Input::OneHot(_)) {
            9
        } else {
            10
        };
        for index in 0..count {
            for (number, damage) in damages.iter().enumerate() {
                let mut name = "";
                let bytes = model.artifact_with(|manifest, data| {
                    let mut blobs = blobs(manifest);
                    assert_eq!(blobs.len(), count);
                    let blob = &mut blobs[index];
                    name = blob.0;
                    damage(blob.1, data.len() as u32);
                });
                let error = refusal(&bytes);
                assert_eq!(error, ArtifactError::Tensor(name), "damage {number}");
            }
        }
    }
}

#[test]
fn a_model_is_opened_with_its_own_shape_only() {
    let [mut model, _] = examples();
    model.window = 5;
    let bytes = model.artifact();
    let artifact = Artifact::parse(&bytes).expect("valid");
    let dimensions = Dimensions {
        input_size: 0,
        hidden_size: 4,
        outputs: 3,
        window: 5,
    };
    assert_eq!(artifact.network.dimensions(), dimensions);
    let shape = Some(ArtifactError::Shape(dimensions));
    assert_eq!(Classifier::<Shape<0, 4, 3, 5>>::new(&artifact).err(), None);
    assert_eq!(Classifier::<Shape<1, 4, 3, 5>>::new(&artifact).err(), shape);
    assert_eq!(Classifier::<Shape<0, 5, 3, 5>>::new(&artifact).err(), shape);
    assert_eq!(Classifier::<Shape<0, 4, 1, 5>>::new(&artifact).err(), shape);
    assert_eq!(Classifier::<Shape<0, 4, 3, 6>>::new(&artifact).err(), shape);
}

#[test]
fn an_error_is_one_line_that_names_the_tensor() {
    use ArtifactError::{OutOfRange, Overflow, Tensor};
    for error in [
        OutOfRange("cell rows"),
        Overflow("cell rows"),
        Tensor("cell rows"),
    ] {
        let line = error.to_string();
        assert!(
            line.starts_with("cell rows: ") && !line.contains('\n'),
            "{line}"
        );
    }
    let (expected, found) = (640, 33);
    let line = ArtifactError::Length { expected, found }.to_string();
    assert!(line.contains("640") && line.contains("33"), "{line}");
}
