//! States in arrays hold what states on the heap hold: every cell, stacks, windows, and however
//! long the sequence is. Nothing here can grow: the lengths are those of the types.

use proptest::prelude::*;
use spinet_core::{
    Artifact, ArtifactError, Buffers, Classifier, Readout, Shape, State, Token, cell::CellKind,
    matrix::Encoding, shape::cells,
};
use spinet_tests::{
    cases,
    compare::compare,
    model::{Model, Plan, Purpose, model, samples::one_hot, samples::wandering},
    oracle::Oracle,
    sequence::with_sequence,
};
use std::collections::HashSet;

const READ: Purpose = Purpose::ReadText {
    words: 20,
    labels: 4,
};

fn stack(
    purpose: Purpose,
    embedding: u16,
    layers: &[(CellKind, u16)],
) -> impl Strategy<Value = Model> {
    model(Plan {
        purpose,
        embedding,
        layers: layers.to_vec(),
        encoding: None,
        low_rank: Some(false),
    })
    .prop_map(|model| model.with_readout(Readout::Last).with_window(0))
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_simple_rnn((model, words) in with_sequence(stack(READ, 3, &[(CellKind::SimpleRnn, 7)]), 0..=20)) {
        compare::<Shape<3, 7, 7, 0, 0, 4, 0>>(&model, &words)?;
    }

    #[test]
    fn a_gru((model, words) in with_sequence(stack(READ, 0, &[(CellKind::Gru, 9)]), 0..=20)) {
        compare::<Shape<0, 9, 9, 0, 0, 4, 0>>(&model, &words)?;
    }

    #[test]
    fn an_lstm((model, words) in with_sequence(stack(READ, 3, &[(CellKind::Lstm, 9)]), 0..=20)) {
        compare::<Shape<3, 9, 9, 9, 0, 4, 0>>(&model, &words)?;
    }

    #[test]
    fn a_fast_grnn((model, words) in with_sequence(stack(READ, 3, &[(CellKind::FastGrnn, 9)]), 0..=20)) {
        compare::<Shape<3, 9, 9, 0, 0, 4, 0>>(&model, &words)?;
    }

    #[test]
    fn a_stack_that_pools(
        (model, words) in with_sequence(
            stack(READ, 2, &[(CellKind::Lstm, 5), (CellKind::Gru, 11), (CellKind::Lstm, 3), (CellKind::SimpleRnn, 4)]),
            0..=20,
        ),
        readout in prop_oneof![Just(Readout::Mean), Just(Readout::Max)],
    ) {
        compare::<Shape<2, 23, 11, 8, 4, 4, 0>>(&model.with_readout(readout), &words)?;
    }

    #[test]
    fn a_window((model, words) in with_sequence(stack(READ, 0, &[(CellKind::Gru, 5), (CellKind::Lstm, 6)]), 0..=20)) {
        compare::<Shape<0, 11, 6, 6, 0, 4, 6>>(&model.with_window(6), &words)?;
    }

    #[test]
    fn a_writer_of_symbols(
        (model, symbols) in with_sequence(
            stack(Purpose::WriteText { symbols: 12 }, 0, &[(CellKind::Lstm, 5), (CellKind::Gru, 6)]),
            0..=20,
        ),
    ) {
        compare::<Shape<0, 11, 6, 5, 0, 13, 0>>(&model, &symbols)?;
    }

    #[test]
    fn a_writer_of_vectors(
        (model, vectors) in with_sequence(
            stack(Purpose::WriteSeries { features: 3 }, 0, &[(CellKind::FastGrnn, 5)]),
            0..=20,
        ),
    ) {
        compare::<Shape<3, 5, 5, 0, 0, 3, 0>>(&model, &vectors)?;
    }
}

#[test]
fn no_window_is_a_shape_of_its_own() {
    for (window, fits) in [(0, true), (1, false)] {
        let bytes = one_hot()
            .with_readout(Readout::Last)
            .with_window(window)
            .artifact();
        let artifact = Artifact::parse(&bytes).expect("valid");
        let expected = Err(ArtifactError::Shape(artifact.network.dimensions()));
        let opened = Classifier::<Shape<0, 4, 4, 0, 0, 3, 0>>::new(&artifact).map(|_| ());
        assert_eq!(opened, if fits { Ok(()) } else { expected });
    }
}

#[test]
fn a_cell_that_a_shape_does_without_is_named() {
    type Other = Shape<0, 4, 4, 0, 0, 3, 0, { cells(&[CellKind::Gru, CellKind::FastGrnn]) }>;
    let bytes = one_hot().with_readout(Readout::Last).artifact();
    let artifact = Artifact::parse(&bytes).expect("valid");
    let refused = Classifier::<Other>::new(&artifact).map(|_| ());
    assert_eq!(refused, Err(ArtifactError::Cell(CellKind::SimpleRnn)));
    // A state of another network of these sizes: what cannot be computed changes nothing.
    let gru = wandering(CellKind::Gru, Encoding::Int8, Readout::Mean).artifact();
    let simple = wandering(CellKind::SimpleRnn, Encoding::Int8, Readout::Mean).artifact();
    type Gru = Shape<3, 4, 4, 0, 4, 4, 0, { cells(&[CellKind::Gru]) }>;
    let network = Artifact::parse(&gru).expect("valid").network;
    let mut state = State::<Gru>::new(&network).expect("its own cell");
    Artifact::parse(&simple)
        .expect("valid")
        .network
        .step(&mut state, 3);
    assert_eq!(state.hidden(), [0; 4]);
    network.step(&mut state, 3);
    assert_ne!(state.hidden(), [0; 4]);
}

/// A million tokens through buffers whose lengths were fixed before the first of them: the states
/// after each are the oracle's to the last bit, and every so often the read-out of all so far.
fn a_million_tokens<B: Buffers>(kind: CellKind, encoding: Encoding, readout: Readout) {
    let model = wandering(kind, encoding, readout);
    let bytes = model.artifact();
    let network = Artifact::parse(&bytes).expect("valid").network;
    let mut state = State::<B>::new(&network).expect("its own shape");
    let mut oracle = Oracle::new(&model);
    // A full period of a linear congruential generator modulo 2^20 (Hull and Dobell, 1962).
    let mut random = 0u32;
    let mut early = HashSet::new();
    for step in 1..=1_000_000 {
        random = (random * 1_021 + 12_345) % (1 << 20);
        let token = (random >> 16) as Token % model.tokens() as Token;
        network.step(&mut state, token);
        oracle.step(token);
        assert_eq!(state.hidden(), oracle.hidden(), "{kind} after {step}");
        assert_eq!(state.memory(), oracle.memory(), "{kind} after {step}");
        if step <= 1_000 {
            early.insert(oracle.hidden());
        }
        if step % 100_000 == 0 {
            let pooled: Vec<i32> = oracle.pooled().into_iter().map(i32::from).collect();
            assert_eq!(network.logits(&mut state), pooled);
        }
    }
    assert!(early.len() > 900, "{kind}: {} states only", early.len());
}

#[test]
fn a_simple_rnn_does_not_drift() {
    type Cell = Shape<3, 4, 4, 0, 4, 4, 0, { cells(&[CellKind::SimpleRnn]) }>;
    a_million_tokens::<Cell>(CellKind::SimpleRnn, Encoding::Int8, Readout::Mean);
    a_million_tokens::<Cell>(CellKind::SimpleRnn, Encoding::Int4, Readout::Max);
}

#[test]
fn a_gru_does_not_drift() {
    type Cell = Shape<3, 4, 4, 0, 4, 4, 0, { cells(&[CellKind::Gru]) }>;
    a_million_tokens::<Cell>(CellKind::Gru, Encoding::Int8, Readout::Max);
    a_million_tokens::<Cell>(CellKind::Gru, Encoding::Int4, Readout::Mean);
}

#[test]
fn an_lstm_does_not_drift() {
    type Cell = Shape<3, 4, 4, 4, 4, 4, 0, { cells(&[CellKind::Lstm]) }>;
    a_million_tokens::<Cell>(CellKind::Lstm, Encoding::Int8, Readout::Mean);
    a_million_tokens::<Cell>(CellKind::Lstm, Encoding::Int4, Readout::Max);
}

#[test]
fn a_fast_grnn_does_not_drift() {
    type Cell = Shape<5, 4, 4, 0, 4, 4, 0, { cells(&[CellKind::FastGrnn]) }>;
    a_million_tokens::<Cell>(CellKind::FastGrnn, Encoding::Int8, Readout::Max);
    a_million_tokens::<Cell>(CellKind::FastGrnn, Encoding::Int4, Readout::Mean);
}
