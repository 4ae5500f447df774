//! What a manifest may say, and the error for each thing that it may not.
//!
//! Every artifact here has a valid checksum: these are the faults of whoever wrote it. What a
//! model reads is the subject of `fronts.rs`, the tensors' places and values of `tensors.rs`.

use spinet_core::{
    Artifact, ArtifactError, Classifier, Readout, Shape,
    artifact::{FrontSpec, Manifest, Task, data_offset},
    cell::{CellSpec, FastGrnnSpec, ProductSpec},
    input::InputSpec,
    shape::Dimensions,
    text::{Marks, VocabularySpec},
};
use spinet_tests::{
    artifact::sealed,
    model::samples::{embedding, examples, one_hot, series_reader, series_writer, text_writer},
    refusal::{Edit, append, error, out_of_range, refusal},
};

fn window<'m>(manifest: &'m mut Manifest<'_>) -> &'m mut u16 {
    match &mut manifest.task {
        Task::Classify { window, .. } => window,
        Task::Generate => panic!("the example classifies"),
    }
}

const TWO_CLASSES: Task<'_> = Task::Classify {
    labels: "no\nyes",
    readout: Readout::Last,
    window: 0,
};

fn label<'m>(manifest: &mut Manifest<'m>, names: &'m str) {
    match &mut manifest.task {
        Task::Classify { labels, .. } => *labels = names,
        Task::Generate => panic!("the example classifies"),
    }
}

#[test]
fn labels_are_two_or_more_and_countable() {
    let many: &'static str = "\n".repeat(65_535).leak();
    for model in [one_hot(), series_reader()] {
        out_of_range(
            "labels",
            &model,
            &[|m, _| label(m, "one"), |m, _| label(m, "")],
        );
        let bytes = model.artifact_with(|m, _| label(m, many));
        assert_eq!(refusal(&bytes), ArtifactError::OutOfRange("labels"));
        // Another number of them needs another head.
        let four = error(&model, |m, _| label(m, "a\nb\nc\nd"));
        assert_eq!(four, ArtifactError::Tensor("head"));
    }
}

#[test]
fn labels_are_utf8() {
    let mut manifest = Vec::new();
    let bytes = one_hot().artifact_with(|m, _| {
        label(m, "find me\nb\nc");
        manifest = postcard::to_allocvec(m).expect("valid");
    });
    let place = manifest.windows(7).position(|part| part == b"find me");
    let data = bytes[data_offset(manifest.len())..].to_vec();
    assert!(Artifact::parse(&sealed(&manifest, &data)).is_ok());
    manifest[place.expect("the labels are there")] = 0xFF;
    assert_eq!(refusal(&sealed(&manifest, &data)), ArtifactError::Manifest);
}

#[test]
fn text_is_read_by_words_and_written_by_symbols() {
    out_of_range("task", &one_hot(), &[|m, _| m.task = Task::Generate]);
    out_of_range("task", &text_writer(), &[|m, _| m.task = TWO_CLASSES]);
    // A series may do both; what changes is the head.
    let head = ArtifactError::Tensor("head");
    assert_eq!(
        error(&series_reader(), |m, _| m.task = Task::Generate),
        head
    );
    assert_eq!(error(&series_writer(), |m, _| m.task = TWO_CLASSES), head);
}

#[test]
fn a_series_has_no_window() {
    out_of_range(
        "window",
        &series_reader(),
        &[|m, _| *window(m) = 1, |m, _| *window(m) = u16::MAX],
    );
}

#[test]
fn vectors_come_in_where_a_series_is_read_and_nowhere_else() {
    let vector: Edit = |m, _| m.input = InputSpec::Vector { input_size: 3 };
    out_of_range("input", &one_hot(), &[vector]);
    out_of_range("input", &embedding(), &[vector]);
    out_of_range("input", &text_writer(), &[vector]);
    let edits: [Edit; 5] = [
        |m, _| {
            let table = m.head.weights;
            m.input = InputSpec::OneHot { table };
        },
        |m, _| {
            let (input_size, table) = (2, m.head.weights);
            m.input = InputSpec::Embedding { input_size, table };
        },
        // Not as many as there are features.
        |m, _| m.input = InputSpec::Vector { input_size: 0 },
        |m, _| m.input = InputSpec::Vector { input_size: 1 },
        |m, _| m.input = InputSpec::Vector { input_size: 3 },
    ];
    out_of_range("input", &series_reader(), &edits);
    out_of_range("input", &series_writer(), &edits);
}

#[test]
fn layers_have_no_hole() {
    let edits: [Edit; 4] = [
        |m, _| m.layers = [None; 4],
        |m, _| m.layers[0] = None,
        |m, _| m.layers.swap(1, 2),
        |m, _| m.layers.swap(1, 3),
    ];
    out_of_range("layers", &text_writer(), &edits);
}

#[test]
fn a_layer_has_units_and_an_input() {
    let none: Edit = |m, _| match m.layers[0].as_mut().expect("there") {
        CellSpec::SimpleRnn(spec) => spec.hidden_size = 0,
        CellSpec::Lstm(spec) => spec.hidden_size = 0,
        CellSpec::Gru(spec) => spec.hidden_size = 0,
        CellSpec::FastGrnn(spec) => spec.hidden_size = 0,
    };
    out_of_range("hidden size", &embedding(), &[none]);
    out_of_range("hidden size", &series_reader(), &[none]);
    out_of_range("hidden size", &series_writer(), &[none]);
    // A row of the table has as many columns as the cell has rows.
    out_of_range("input table", &one_hot(), &[none]);
    let missing: Edit = |m, _| match m.layers.iter_mut().flatten().last().expect("there") {
        CellSpec::SimpleRnn(spec) => spec.input_weights = None,
        CellSpec::Lstm(spec) => spec.input_weights = None,
        CellSpec::Gru(spec) => spec.input_weights = None,
        CellSpec::FastGrnn(spec) => spec.input_weights = None,
    };
    for model in [embedding(), text_writer(), series_reader(), series_writer()] {
        out_of_range("input weights", &model, &[missing]);
    }
    let superfluous: Edit = |m, _| {
        let weights = Some(m.head.weights);
        match m.layers[0].as_mut().expect("there") {
            CellSpec::SimpleRnn(spec) => spec.input_weights = weights,
            CellSpec::Gru(spec) => spec.input_weights = weights,
            _ => panic!("not among the examples"),
        }
    };
    out_of_range("input weights", &one_hot(), &[superfluous]);
    out_of_range("input weights", &text_writer(), &[superfluous]);
}

fn fast_grnn<'m>(manifest: &'m mut Manifest<'_>) -> &'m mut FastGrnnSpec {
    match &mut manifest.layers[0] {
        Some(CellSpec::FastGrnn(spec)) => spec,
        _ => panic!("the example is a FastGRNN"),
    }
}

#[test]
fn a_fast_grnns_scalars_are_shares_and_a_shift() {
    let edits: [Edit; 6] = [
        |m, _| fast_grnn(m).zeta = -1,
        |m, _| fast_grnn(m).zeta = i16::MIN,
        |m, _| fast_grnn(m).nu = -1,
        |m, _| fast_grnn(m).nu = i16::MIN,
        |m, _| fast_grnn(m).state_shift = 8,
        |m, _| fast_grnn(m).state_shift = 255,
    ];
    out_of_range("zeta, nu or state shift", &series_reader(), &edits);
    let largest = series_reader().artifact_with(|m, _| {
        let spec = fast_grnn(m);
        (spec.zeta, spec.nu, spec.state_shift) = (i16::MAX, i16::MAX, 7);
    });
    assert!(Artifact::parse(&largest).is_ok());
}

#[test]
fn a_low_rank_product_has_a_rank() {
    let none: Edit = |m, _| {
        if let ProductSpec::LowRank(product) = &mut fast_grnn(m).recurrent_weights {
            product.rank = 0;
            product.down.weights.weights.length = 0;
            product.down.rows.multipliers.length = 0;
            product.down.rows.biases.length = 0;
            product.up.weights.length = 0;
        }
    };
    out_of_range("recurrent weights", &series_reader(), &[none]);
    let wide: Edit = |m, _| {
        if let ProductSpec::LowRank(product) = &mut fast_grnn(m).recurrent_weights {
            product.rank = 60_000;
        }
    };
    let error = error(&series_reader(), wide);
    assert_eq!(error, ArtifactError::Tensor("recurrent weights"));
}

#[test]
fn a_table_adds_no_low_rank_product() {
    let low_rank = series_reader();
    let mut input = None;
    let mut bytes = Vec::new();
    low_rank.artifact_with(|m, data| {
        input = Some(*fast_grnn(m));
        bytes.clone_from(data);
    });
    let edited = one_hot().artifact_with(|m, data| {
        *data = bytes;
        let table = append(data, &[1; 9 * 4]);
        m.layers[0] = input.map(CellSpec::FastGrnn);
        m.front = FrontSpec::Words {
            vocabulary: VocabularySpec::Hashed { buckets: 6 },
            start: false,
            marks: Marks::Dropped,
        };
        if let InputSpec::OneHot { table: spec } = &mut m.input {
            spec.weights = table;
        }
    });
    assert_eq!(refusal(&edited), ArtifactError::OutOfRange("input weights"));
}

#[test]
fn a_manifest_ends_where_it_ends() {
    for model in examples() {
        let mut manifest = Vec::new();
        let bytes = model.artifact_with(|m, _| manifest = postcard::to_allocvec(m).expect("valid"));
        let data = bytes[data_offset(manifest.len())..].to_vec();
        for length in 0..manifest.len() {
            let shorter = sealed(&manifest[..length], &data);
            assert_eq!(refusal(&shorter), ArtifactError::Manifest, "{length}");
        }
        manifest.push(0);
        assert_eq!(refusal(&sealed(&manifest, &data)), ArtifactError::Manifest);
    }
}

#[test]
fn a_model_is_opened_with_its_own_shape_only() {
    let bytes = one_hot()
        .with_readout(Readout::Mean)
        .with_window(5)
        .artifact();
    let artifact = Artifact::parse(&bytes).expect("valid");
    let dimensions = Dimensions {
        input: 0,
        hidden: 4,
        widest: 4,
        memory: 0,
        pool: 4,
        outputs: 3,
        window: 5,
        wide: 0,
        seen: 0,
    };
    assert_eq!(artifact.network.dimensions(), dimensions);
    let shape = Some(ArtifactError::Shape(dimensions));
    macro_rules! opened {
        ($($length:literal),*) => { Classifier::<Shape<$($length),*>>::new(&artifact).err() };
    }
    assert_eq!(opened!(0, 4, 4, 0, 4, 3, 5), None);
    assert_eq!(opened!(1, 4, 4, 0, 4, 3, 5), shape);
    assert_eq!(opened!(0, 5, 4, 0, 4, 3, 5), shape);
    assert_eq!(opened!(0, 4, 3, 0, 3, 3, 5), shape);
    assert_eq!(opened!(0, 4, 4, 4, 4, 3, 5), shape);
    assert_eq!(opened!(0, 4, 4, 0, 0, 3, 5), shape);
    assert_eq!(opened!(0, 4, 4, 0, 4, 1, 5), shape);
    assert_eq!(opened!(0, 4, 4, 0, 4, 3, 6), shape);
    let line = ArtifactError::Shape(dimensions).to_string();
    assert!(line.contains("Shape<0, 4, 4, 0, 4, 3, 5>"), "{line}");
}

#[test]
fn a_stacks_dimensions_are_sums() {
    let bytes = text_writer().artifact();
    let writer = Artifact::parse(&bytes).expect("valid").network.dimensions();
    // A GRU of 5 and an LSTM of 3; 7 symbols and the boundary.
    assert_eq!(writer.parameters(), [0, 8, 5, 3, 0, 8, 0]);
    assert_eq!(writer.state_bytes(), 2 * 8 + 2 * 5 + 4 * 3 + 4 * 8);
    let model = series_reader().with_readout(Readout::Max);
    let bytes = model.artifact();
    let reader = Artifact::parse(&bytes).expect("valid").network.dimensions();
    // Vectors of 2 and both inner vectors of the low-rank products.
    let input = 2 + model.layers[0].ranks();
    assert_eq!(reader.parameters(), [input, 4, 4, 0, 4, 3, 0]);
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
