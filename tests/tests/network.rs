//! The core's network equals the oracle's, bit for bit.

use proptest::prelude::*;
use spinet_core::{Artifact, State, cell::CellKind, kernel, matrix::Encoding};
use spinet_tests::{
    cases,
    compare::{compare, step},
    model::{
        ENCODINGS, Input, Layer, Model, Plan, Purpose, model, models,
        samples::{extreme, series_writer},
    },
    oracle::Oracle,
    sequence::{Element, with_sequence},
};
use spinet_trainer::inference::Heap;
use std::num::NonZeroUsize;

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn every_element_of_a_short_sequence((model, sequence) in with_sequence(models(), 0..=12)) {
        compare::<Heap>(&model, &sequence)?;
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn every_element_of_a_long_sequence((model, sequence) in with_sequence(models(), 200..=300)) {
        compare::<Heap>(&model, &sequence)?;
    }

    #[test]
    fn a_reset_is_a_new_beginning((model, sequence) in with_sequence(models(), 0..=30)) {
        let bytes = model.artifact();
        let network = Artifact::parse(&bytes).expect("valid").network;
        let mut state = State::<Heap>::new(&network).expect("the heap has room");
        let read = |state: &mut State<Heap>| {
            sequence.iter().for_each(|element| step(&network, state, element));
            network.logits(state).to_vec()
        };
        let once = read(&mut state);
        state.reset();
        prop_assert_eq!(network.logits(&mut state), &Oracle::new(&model).logits()[..]);
        state.reset();
        prop_assert_eq!(once, read(&mut state));
    }
}

/// Every cell with every encoding and input, alone and between others.
#[test]
fn every_cell_encoding_input_and_depth() {
    let (read, write) = (
        Purpose::ReadText {
            words: 9,
            labels: 3,
        },
        Purpose::WriteText { symbols: 9 },
    );
    let vectors = Purpose::ReadSeries {
        features: 5,
        labels: 2,
    };
    let numbers = Purpose::WriteSeries { features: 9 };
    let inputs = [(read, 0), (write, 0), (read, 9), (vectors, 0), (numbers, 0)];
    for &kind in CellKind::ALL {
        for encoding in ENCODINGS {
            for (purpose, embedding) in inputs {
                for depth in 1..=4 {
                    try_stack(purpose, embedding, kind, encoding, depth);
                }
            }
        }
    }
}

/// `depth` layers of the cell, widths around a block of units, both ways of a product.
fn try_stack(purpose: Purpose, embedding: u16, kind: CellKind, encoding: Encoding, depth: usize) {
    for low_rank in [Some(false), Some(true)] {
        if low_rank == Some(true) && kind != CellKind::FastGrnn {
            continue;
        }
        let plan = Plan {
            purpose,
            embedding,
            layers: [9, 16, 3, 8].map(|units| (kind, units))[..depth].to_vec(),
            encoding: Some(encoding),
            low_rank,
        };
        let mut runner = proptest::test_runner::TestRunner::new(cases(4));
        runner
            .run(&with_sequence(model(plan), 5), |(model, sequence)| {
                compare::<Heap>(&model, &sequence)
            })
            .unwrap_or_else(|error| panic!("{depth} {kind} {encoding:?} {purpose:?}: {error}"));
    }
}

proptest! {
    #![proptest_config(cases(20))]

    #[test]
    fn wide_layers((model, sequence) in with_sequence(wide(), 0..=4)) {
        compare::<Heap>(&model, &sequence)?;
    }
}

fn wide() -> impl Strategy<Value = Model> {
    let purpose = Purpose::ReadText {
        words: 5,
        labels: 3,
    };
    prop::sample::select(CellKind::ALL).prop_flat_map(move |kind| {
        model(Plan {
            purpose,
            embedding: 56,
            layers: vec![(kind, 120), (kind, 77)],
            encoding: None,
            low_rank: None,
        })
    })
}

/// With positive weights the states saturate and stay there: sums at their bound. With negative
/// ones they alternate, or are at the bound in every second sum.
#[test]
fn the_largest_sums_fit() {
    let words: Vec<Element> = [3, 3, 0, 9, 3, 1].map(Element::Token).into();
    for &kind in CellKind::ALL {
        for encoding in ENCODINGS {
            for (hidden, input) in [(512, 0), (1, 500), (250, 250), (500, 1), (1, 1), (1, 0)] {
                for sign in [1, -1] {
                    let model = extreme(kind, encoding, hidden, input, sign);
                    compare::<Heap>(&model, &words).expect("equal to the oracle");
                }
            }
        }
    }
}

/// The largest shift of every matrix, and what is left of an accumulator as a bias.
#[test]
fn the_largest_shifts_fit() {
    let words: Vec<Element> = [3, 0, 9, 3].map(Element::Token).into();
    for (embedding, columns, shift) in [(0, 1, 8), (1, 1, 8), (0, 3, 7), (4, 4, 6)] {
        for sign in [1, -1] {
            let mut model = extreme(
                CellKind::SimpleRnn,
                Encoding::Int8,
                columns,
                embedding,
                sign,
            );
            if let Input::OneHot(table) = &mut model.input {
                table.shift = shift;
            }
            let layer = &mut model.layers[0];
            for product in layer.input.iter_mut().chain([&mut layer.recurrent]) {
                product.last_mut().shift = shift;
            }
            let room = model.room(0) * i32::from(sign);
            model.layers[0].rows.biases.fill(room);
            compare::<Heap>(&model, &words).expect("equal to the oracle");
        }
    }
}

#[test]
fn saturated_states_reach_the_largest_sum_exactly() {
    let model = extreme(CellKind::SimpleRnn, Encoding::Int8, 512, 0, 1);
    let mut oracle = Oracle::new(&model);
    (0..2).for_each(|_| oracle.step(3));
    assert_eq!(oracle.hidden(), [32_767; 512]);
    // The next sum is the bias, the look-up and 512 products, all of them at their largest.
    let sum = i64::from(model.room(0)) + (127 << 15) + 512 * 127 * 32_767;
    assert_eq!(sum, i64::from(i32::MAX));
}

/// An LSTM whose forget gate is open and whose cell gate is at its end: `c_t` grows by almost one
/// a step until what the forget gate loses is as much, and stays below 2^15.
#[test]
fn an_lstms_memory_at_its_bound() {
    for sign in [1, -1] {
        let mut model = extreme(CellKind::Lstm, Encoding::Int8, 3, 2, 1);
        let (matrices, room) = (&mut model.layers[0], i32::MAX / 2);
        for product in matrices.input.iter_mut().chain([&mut matrices.recurrent]) {
            product.last_mut().weights.fill(0);
        }
        let biases = &mut matrices.rows.biases;
        for gates in biases.chunks_mut(4) {
            gates.copy_from_slice(&[room, room, room * sign, room]);
        }
        let bytes = model.artifact();
        let network = Artifact::parse(&bytes).expect("valid").network;
        let mut state = State::<Heap>::new(&network).expect("the heap has room");
        let mut oracle = Oracle::new(&model);
        for _ in 0..400_000 {
            network.step(&mut state, 3);
            oracle.step(3);
            assert_eq!(state.memory(), oracle.memory());
        }
        let reached = state.memory()[0].abs();
        assert!((1 << 29..=1 << 30).contains(&reached), "{reached}");
        assert_eq!(state.hidden(), oracle.hidden());
    }
}

/// Of a SimpleRNN whose sums are `x_0 + x_1` and whose scale is a half.
#[test]
fn a_vector_may_hold_what_a_state_cannot() {
    let mut model = series_writer();
    let layer = Layer::filled(CellKind::SimpleRnn, Encoding::Int8, 4, Some(2), 1);
    model.layers = vec![layer];
    let bytes = model.artifact();
    let network = Artifact::parse(&bytes).expect("valid").network;
    let hidden = |x: &[i16]| {
        let mut state = State::<Heap>::new(&network).expect("the heap has room");
        network.step_vector(&mut state, x);
        state.hidden().to_vec()
    };
    assert_eq!(hidden(&[i16::MIN, 0]), hidden(&[-32_767, 0]));
    assert_ne!(hidden(&[-32_765, 0]), hidden(&[-32_767, 0]));
    // What is missing is what it was: nothing, at first.
    assert_eq!(hidden(&[700]), hidden(&[700, 0]));
    assert_eq!(hidden(&[700, -9, 1, 2]), hidden(&[700, -9]));
}

#[test]
fn a_reset_forgets_the_last_vector() {
    let model = series_writer();
    let bytes = model.artifact();
    let network = Artifact::parse(&bytes).expect("valid").network;
    let mut state = State::<Heap>::new(&network).expect("the heap has room");
    network.step_vector(&mut state, &[30_000, -30_000]);
    state.reset();
    network.step_vector(&mut state, &[]);
    let mut oracle = Oracle::new(&model);
    oracle.step_vector(&[0, 0]);
    assert_eq!(network.logits(&mut state), oracle.logits());
}

/// The tests above mean something only if the core would panic where a sum overflows.
#[test]
#[should_panic(expected = "overflow")]
fn the_core_is_built_with_overflow_checks() {
    let columns = NonZeroUsize::new(600).expect("not zero");
    let words = [0x7FFF_7FFF; 1_200];
    kernel::quads::accumulate_i8(&words, columns, &[i16::MAX; 600], 0, &mut [0]);
}
