//! The wide path: what tokens add to the logits by themselves, and which artifacts may have it.

use proptest::prelude::*;
use spinet_core::{
    Artifact, ArtifactError, Classifier, Readout, Shape, Token, artifact::Task, cell::CellKind,
    input::InputSpec, matrix::Encoding, shape::cells, text::Marks,
};
use spinet_tests::{
    cases,
    compare::compare,
    model::{
        Plan, Purpose, lively,
        samples::{embedding, linear, ngram_reader, one_hot, series_reader, text_writer},
        wide_models,
    },
    refusal::{Edit, append, error, out_of_range, refusal},
    sequence::{Element, with_sequence},
};
use spinet_trainer::inference::Heap;

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn every_element_of_a_sequence((model, sequence) in with_sequence(wide_models(), 0..=30)) {
        compare::<Heap>(&model, &sequence)?;
    }
}

/// A model of three classes and its sums at both ends.
#[test]
fn sums_stay_at_the_ends_of_their_range() {
    let mut model = linear();
    let wide = model.wide.as_mut().expect("it has wide weights");
    wide.codebook = [0; 16];
    (wide.codebook[1], wide.codebook[2], wide.codebook[3]) = (i32::MAX, i32::MIN, 9);
    let outputs = 3;
    wide.codes = [[1, 2, 3], [1, 2, 1], [2, 1, 3]].concat().repeat(3);
    assert_eq!(wide.codes.len(), model.tokens() * outputs);
    let tokens = [0, 0, 1, 2, 2, 8, 3, 3, 3, Token::MAX];
    compare::<Heap>(&model, &tokens.map(Element::Token)).expect("equal to the oracle");
}

#[test]
fn an_array_holds_exactly_its_sums_and_its_set() {
    let tokens = [3, 8, 0, 5, 3, 2, 7, Token::MAX].map(Element::Token);
    let gru = ngram_reader();
    type Gru = Shape<3, 4, 4, 0, 0, 3, 0, { cells(&[CellKind::Gru]) }, 3, 1>;
    compare::<Gru>(&gru.clone().with_readout(Readout::Last), &tokens).expect("equal");
    compare::<Shape<0, 0, 0, 0, 0, 3, 0, 0, 3, 1>>(&linear(), &tokens).expect("equal");
    let bytes = linear().artifact();
    let artifact = Artifact::parse(&bytes).expect("valid");
    let dimensions = artifact.network.dimensions();
    assert_eq!(dimensions.state_bytes(), 4 * 3 + 4 * 3 + 4);
    assert_eq!(
        dimensions.to_string(),
        "Shape<0, 0, 0, 0, 0, 3, 0, 15, 3, 1>"
    );
    let shape = Some(ArtifactError::Shape(dimensions));
    macro_rules! opened {
        ($wide:literal, $seen:literal) => {
            Classifier::<Shape<0, 1, 1, 0, 0, 3, 0, 0, $wide, $seen>>::new(&artifact).err()
        };
    }
    assert_eq!(opened!(3, 1), shape);
    type Right = Shape<0, 0, 0, 0, 0, 3, 0, 0, 3, 1>;
    assert_eq!(Classifier::<Right>::new(&artifact).err(), None);
    type NoSet = Shape<0, 0, 0, 0, 0, 3, 0, 0, 3, 0>;
    assert_eq!(Classifier::<NoSet>::new(&artifact).err(), shape);
    type LongSet = Shape<0, 0, 0, 0, 0, 3, 0, 0, 3, 2>;
    assert_eq!(Classifier::<LongSet>::new(&artifact).err(), shape);
    type NoSums = Shape<0, 1, 1, 0, 0, 3, 0, 0, 0, 1>;
    assert_eq!(Classifier::<NoSums>::new(&artifact).err(), shape);
}

/// Arrays and the heap read the same of the same text.
#[test]
fn a_text_is_read_alike_from_arrays_and_from_the_heap() {
    let plan = Plan {
        purpose: Purpose::ReadText {
            words: 60,
            labels: 2,
        },
        embedding: 6,
        layers: vec![(CellKind::Gru, 5)],
        encoding: Some(Encoding::Int8),
        low_rank: None,
    };
    // Read-outs go by the seed: the mean.
    let model = lively(&plan, 0).with_wide(7);
    let model = model.with_ngrams(3, Marks::Kept, 7);
    type Arrays = Shape<6, 5, 5, 0, 5, 1, 0, { cells(&[CellKind::Gru]) }, 1, 2>;
    type Linear = Shape<0, 0, 0, 0, 0, 1, 0, 0, 1, 2>;
    let linear = model.clone().with_readout(Readout::Last).without_layers();
    let text = b"A film, not a good film: a very good, a (very) good film! ".repeat(3);
    macro_rules! read {
        ($model:expr, $buffers:ty) => {{
            let bytes = $model.artifact();
            let artifact = Artifact::parse(&bytes).expect("valid");
            let mut classifier = Classifier::<$buffers>::new(&artifact).expect("its shape");
            let mut read = |text: &[u8]| {
                classifier.reset();
                classifier.feed(text);
                let verdict = classifier.finish();
                (verdict.logits.to_vec(), verdict.tokens, verdict.unknown)
            };
            [read(&text), read(b"good"), read(&text)]
        }};
    }
    let [first, other, again] = read!(model, Arrays);
    assert_eq!(first, again);
    assert!(first.0 != other.0 && first.2 > 0 && first.2 < first.1);
    assert_eq!([first, other, again], read!(model, Heap));
    assert_eq!(read!(linear, Linear), read!(linear, Heap));
}

#[test]
fn tokens_add_to_the_logits_of_a_text_that_is_read_without_a_window() {
    let wide: Edit = |m, data| {
        let spec = ngram_reader_spec(data);
        m.wide = Some(spec);
    };
    out_of_range("wide", &text_writer(), &[wide]);
    out_of_range("wide", &series_reader(), &[wide]);
    let window: Edit = |m, _| match &mut m.task {
        Task::Classify { window, .. } => *window = 1,
        Task::Generate => panic!("the example classifies"),
    };
    out_of_range("window", &ngram_reader(), &[window]);
    out_of_range("window", &linear(), &[window]);
    // N-grams alone may have one.
    let alone = ngram_reader().artifact_with(|m, data| {
        window(m, data);
        m.wide = None;
    });
    assert!(Artifact::parse(&alone).is_ok());
    out_of_range("task", &ngram_reader(), &[|m, _| m.task = Task::Generate]);
    // Words may have wide weights, too.
    for model in [one_hot(), embedding()] {
        assert!(Artifact::parse(&model.with_wide(3).artifact()).is_ok());
    }
}

/// Weights as those of the example: 9 tokens and 3 outputs.
fn ngram_reader_spec(data: &mut Vec<u8>) -> spinet_core::wide::WideSpec {
    spinet_core::wide::WideSpec {
        codes: append(data, &[0; 14]),
        codebook: append(data, &[0; 64]),
    }
}

#[test]
fn without_layers_there_are_wide_weights_and_nothing_else() {
    out_of_range("layers", &linear(), &[|m, _| m.wide = None]);
    let edits: [Edit; 3] = [
        |m, _| m.input = InputSpec::Vector { input_size: 0 },
        |m, _| {
            let table = m.head.weights;
            m.input = InputSpec::OneHot { table };
        },
        |m, _| {
            let (input_size, table) = (0, m.head.weights);
            m.input = InputSpec::Embedding { input_size, table };
        },
    ];
    out_of_range("input", &linear(), &edits);
    // A head that sees something, or has a shift.
    let sees: Edit = |m, data| m.head.weights.weights = append(data, &[0; 3]);
    assert_eq!(error(&linear(), sees), ArtifactError::Tensor("head"));
    out_of_range("head", &linear(), &[|m, _| m.head.weights.shift = 1]);
    // A layer behind nothing.
    out_of_range(
        "input",
        &ngram_reader(),
        &[|m, _| m.input = InputSpec::None],
    );
    out_of_range(
        "input",
        &series_reader(),
        &[|m, _| m.input = InputSpec::None],
    );
    // A hole.
    let hole: Edit = |m, _| {
        m.layers.swap(0, 1);
        m.input = InputSpec::None;
    };
    let found = error(&ngram_reader(), hole);
    assert_eq!(found, ArtifactError::OutOfRange("layers"));
}

#[test]
fn wide_weights_are_as_many_as_tokens_and_outputs() {
    let lengths: [Edit; 4] = [
        |m, _| m.wide.as_mut().expect("there").codes.length -= 1,
        |m, _| m.wide.as_mut().expect("there").codes.length += 1,
        |m, _| m.wide.as_mut().expect("there").codebook.length -= 4,
        |m, data| {
            let codebook = append(data, &[0; 68]);
            m.wide.as_mut().expect("there").codebook = codebook;
        },
    ];
    for edit in lengths {
        for model in [ngram_reader(), linear()] {
            assert_eq!(error(&model, edit), ArtifactError::Tensor("wide weights"));
        }
    }
    // 27 codes: the last half of a byte is of none.
    let pad = |value: u8| {
        linear().artifact_with(|m, data| {
            let codes = m.wide.as_ref().expect("there").codes;
            data[(codes.offset + codes.length) as usize - 1] |= value << 4;
        })
    };
    assert!(Artifact::parse(&pad(0)).is_ok());
    for value in [1, 8, 15] {
        let found = refusal(&pad(value));
        assert_eq!(found, ArtifactError::OutOfRange("wide weights"));
    }
}
