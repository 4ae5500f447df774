//! States in arrays hold what states on the heap hold, with a window and without.

use proptest::{collection::vec, prelude::*};
use spinet_core::{Artifact, ArtifactError, Classifier, Shape, State, Token};
use spinet_tests::{
    cases,
    compare::compare,
    model::{Model, examples, model, wandering},
    oracle::Oracle,
};

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn arrays_without_a_window(model in model(7, 3, 20, 4), tokens in vec(0u16..30, 0..=40)) {
        compare::<Shape<3, 7, 4, 0>>(&Model { window: 0, ..model }, &tokens)?;
    }

    #[test]
    fn arrays_with_a_window(model in model(5, 0, 20, 2), tokens in vec(0u16..30, 0..=20)) {
        compare::<Shape<0, 5, 1, 6>>(&Model { window: 6, ..model }, &tokens)?;
    }
}

#[test]
fn no_window_is_a_shape_of_its_own() {
    let [model, _] = examples();
    for (window, fits) in [(0, true), (1, false)] {
        let bytes = Model {
            window,
            ..model.clone()
        }
        .artifact();
        let artifact = Artifact::parse(&bytes).expect("valid");
        let expected = Err(ArtifactError::Shape(artifact.network.dimensions()));
        let opened = Classifier::<Shape<0, 4, 3, 0>>::new(&artifact).map(|_| ());
        assert_eq!(opened, if fits { Ok(()) } else { expected });
    }
}

/// Comparing with the oracle's state after every one of a million tokens; its read-out, which
/// it computes from all of them, at the end.
#[test]
fn a_million_tokens_do_not_drift() {
    let [model, _] = wandering();
    let bytes = model.artifact();
    let network = Artifact::parse(&bytes).expect("valid").network;
    let mut state = State::<Shape<0, 4, 3, 0>>::new(network.dimensions()).expect("its own shape");
    let mut oracle = Oracle::new(&model);
    // A full period of a linear congruential generator modulo 2^20 (Hull and Dobell, 1962).
    let mut random = 0u32;
    for _ in 0..1_000_000 {
        random = (random * 1_021 + 12_345) % (1 << 20);
        let token = (random >> 16) as Token % model.tokens() as Token;
        network.step(&mut state, token);
        oracle.step(token);
        assert_eq!(state.hidden(), oracle.hidden());
    }
    assert_eq!(network.logits(&mut state), oracle.logits());
}
