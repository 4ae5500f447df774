//! The core's network equals the oracle's, bit for bit.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    Artifact, Readout, State, Token, kernel,
    text::{Vocabulary as CoreVocabulary, WordHash},
};
use spinet_tests::{
    cases,
    compare::compare,
    model::{Input, Matrix, Model, Rows, Vocabulary, model, models},
    oracle::Oracle,
};
use spinet_trainer::inference::Heap;
use std::num::NonZeroUsize;

/// Tokens of the table and, now and then, any other.
fn tokens(length: impl Into<proptest::collection::SizeRange>) -> impl Strategy<Value = Vec<Token>> {
    vec(prop_oneof![9 => 0u16..43, 1 => any::<Token>()], length)
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn every_token_of_a_short_text(model in models(), tokens in tokens(0..=12)) {
        compare::<Heap>(&model, &tokens)?;
    }

    #[test]
    fn a_first_token(model in models(), token in any::<Token>()) {
        compare::<Heap>(&model, &[token])?;
    }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn every_token_of_a_long_text(model in models(), tokens in tokens(200..=400)) {
        compare::<Heap>(&model, &tokens)?;
    }

    #[test]
    fn wide_layers(model in model(200, 56, 5, 3), tokens in tokens(0..=6)) {
        compare::<Heap>(&model, &tokens)?;
    }

    #[test]
    fn a_reset_is_a_new_beginning(model in models(), tokens in tokens(0..=30)) {
        let bytes = model.artifact();
        let network = Artifact::parse(&bytes).expect("valid").network;
        let mut state = State::<Heap>::new(network.dimensions()).expect("the heap has room");
        let read = |state: &mut State<Heap>| {
            tokens.iter().for_each(|&token| network.step(state, token));
            network.logits(state).to_vec()
        };
        let once = read(&mut state);
        state.reset();
        prop_assert_eq!(network.logits(&mut state), &Oracle::new(&model).logits()[..]);
        state.reset();
        prop_assert_eq!(once, read(&mut state));
    }

    /// `bucket`, `place` and `fingerprint` as the documentation of `PerfectHash` gives them.
    #[test]
    fn a_word_is_found_where_the_formula_says(model in models(), words in vec(any::<u32>(), 200)) {
        let bytes = model.artifact();
        let vocabulary = Artifact::parse(&bytes).expect("valid").vocabulary;
        for word in words {
            prop_assert_eq!(vocabulary.token(WordHash(word)), token(&model.vocabulary, word));
        }
    }
}

/// A word's token, by the formulas in the documentation of the vocabulary.
fn token(vocabulary: &Vocabulary, word: u32) -> Option<Token> {
    let reduce = |hash: u32, n: usize| (((u64::from(hash) >> 16) * n as u64) >> 16) as usize;
    match vocabulary {
        Vocabulary::Hashed { buckets } => {
            Some(3 + reduce(murmur_finaliser(word), usize::from(*buckets)) as Token)
        }
        Vocabulary::PerfectHash {
            words,
            seed,
            fingerprint_bits,
            pilots,
            fingerprints,
        } => {
            let h = murmur_finaliser(word ^ seed);
            let pilot = u64::from(pilots[reduce(h, pilots.len())]);
            let displaced = h ^ (pilot * 0x9E37_79B9 % (1 << 32)) as u32;
            let slot = reduce(murmur_finaliser(displaced), usize::from(*words));
            let bits = usize::from(*fingerprint_bits);
            let kept = (0..bits)
                .map(|i| slot * bits + i)
                .map(|bit| fingerprints[bit / 8] >> (bit % 8) & 1);
            let wanted = murmur_finaliser(h.wrapping_add(0x9E37_79B9));
            let known = kept
                .enumerate()
                .all(|(i, bit)| u32::from(bit) == wanted >> i & 1);
            known.then_some(3 + slot as Token)
        }
    }
}

/// MurmurHash3's `fmix32`, with products in 64 bits.
fn murmur_finaliser(h: u32) -> u32 {
    let product = |h: u32, factor: u64| (u64::from(h) * factor % (1 << 32)) as u32;
    let h = product(h ^ (h >> 16), 0x85EB_CA6B);
    let h = product(h ^ (h >> 13), 0xC2B2_AE35);
    h ^ (h >> 16)
}

#[test]
fn a_token_of_the_vocabulary_is_a_row_of_the_table() {
    for words in [1, 2, 5, 6, 40, 65_532] {
        let vocabulary = CoreVocabulary::Hashed { buckets: words };
        for hash in (0..=u32::MAX).step_by(65_521) {
            let token = vocabulary.token(WordHash(hash)).expect("none is unknown");
            assert!((3..words + 3).contains(&token));
        }
    }
}

/// A model of `hidden` units whose sums are as large as they can be, all of one `sign`.
fn extreme(hidden: u16, input_size: u16, shift: u8, sign: i8) -> Model {
    let units = usize::from(hidden);
    let matrix = |count: usize, shift| Matrix {
        weights: vec![127 * sign; count],
        shift,
    };
    let rows = |count: usize| Rows {
        multipliers: vec![i32::MAX; count],
        biases: vec![0; count],
    };
    let mut model = Model {
        labels: vec!["bad".into(), "good".into()],
        vocabulary: Vocabulary::Hashed { buckets: 1 },
        start: false,
        window: 0,
        input: match usize::from(input_size) {
            0 => Input::OneHot(matrix(4 * units, shift)),
            inputs => Input::Embedding {
                input_size,
                table: vec![127; 4 * inputs],
                weights: matrix(units * inputs, shift),
            },
        },
        hidden_size: hidden,
        recurrent: matrix(units * units, shift),
        cell_rows: rows(units),
        readout: Readout::Mean,
        head: matrix(units, shift),
        head_rows: rows(1),
    };
    let (cell, head) = (model.cell_room(), model.head_room());
    model.cell_rows.biases.fill(cell * i32::from(sign));
    model.head_rows.biases.fill(head * i32::from(sign));
    model
}

/// With every weight 127 the states saturate at once and stay there: sums at their bound. With
/// every weight -127 the states alternate, and every second sum is at its bound.
#[test]
fn the_largest_sums_fit() {
    let sizes = [
        (512, 0, 0),
        (1, 511, 0),
        (256, 256, 0),
        (511, 1, 0),
        (1, 1, 8),
        (1, 0, 8),
    ];
    for (hidden, input, shift) in sizes {
        for sign in [1, -1] {
            let model = extreme(hidden, input, shift, sign);
            compare::<Heap>(&model, &[3, 3, 0, 9]).expect("equal to the oracle");
        }
    }
}

#[test]
fn saturated_states_reach_the_largest_sum_exactly() {
    let model = extreme(512, 0, 0, 1);
    let mut oracle = Oracle::new(&model);
    (0..2).for_each(|_| oracle.step(3));
    assert_eq!(oracle.hidden(), [32_767; 512]);
    // The next sum is the bias, the look-up and 512 products, all of them at their largest.
    let sum = i64::from(model.cell_room()) + (127 << 15) + 512 * 127 * 32_767;
    assert_eq!(sum, i64::from(i32::MAX));
}

/// The tests above mean something only if the core would panic where a sum overflows. Cargo's
/// test profile is the dev profile, which checks; a release build does not.
#[test]
#[should_panic(expected = "overflow")]
fn the_core_is_built_with_overflow_checks() {
    let columns = NonZeroUsize::new(600).expect("not zero");
    kernel::accumulate_i8(&[127; 600], columns, &[i16::MAX; 600], 0, &mut [0]);
}
