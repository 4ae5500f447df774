//! A text is a stream: how it is cut makes no difference, and neither does its length.

use proptest::{collection::vec, prelude::*};
use rand::RngExt;
use rand_pcg::Pcg64;
use spinet_core::{Artifact, Classifier, Readout, State, Verdict, text::WordHash};
use spinet_tests::{
    artifact::Aligned,
    cases,
    model::{Matrix, Model, models, wandering},
    oracle::Oracle,
};
use spinet_trainer::inference::Heap;
use std::collections::HashSet;

/// A verdict that borrows nothing.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    class: usize,
    label: String,
    probability: u16,
    logits: Vec<i32>,
    tokens: u32,
    unknown: u32,
}

impl From<Verdict<'_>> for Outcome {
    fn from(verdict: Verdict<'_>) -> Self {
        Self {
            class: verdict.class,
            label: verdict.label.to_owned(),
            probability: verdict.probability,
            logits: verdict.logits.to_vec(),
            tokens: verdict.tokens,
            unknown: verdict.unknown,
        }
    }
}

fn classifier(bytes: &Aligned) -> Classifier<'_, Heap> {
    Classifier::new(&Artifact::parse(bytes).expect("valid")).expect("the heap has any shape")
}

/// What a new classifier makes of the whole text at once.
fn at_once(bytes: &Aligned, text: &[u8]) -> Outcome {
    let mut classifier = classifier(bytes);
    classifier.feed(text);
    classifier.finish().into()
}

/// Bytes of which many are letters and spaces, and some anything at all.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        6 => b'a'..=b'e',
        3 => prop_oneof![Just(b' '), Just(b'\n'), Just(b'.')],
        2 => prop_oneof![Just(0xC3), Just(0xE2), Just(0x89), Just(0x80)],
        1 => any::<u8>(),
    ];
    vec(byte, 0..200)
}

/// The pieces of `text` between the places in `cuts`, some of them empty.
fn chunks<'t>(text: &'t [u8], cuts: &[prop::sample::Index]) -> Vec<&'t [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    cuts.windows(2)
        .map(|ends| &text[ends[0]..ends[1]])
        .collect()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn any_chunking_gives_the_same_verdict(
        model in models(),
        text in texts(),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes = model.artifact();
        let mut whole = classifier(&bytes);
        let mut byte_by_byte = classifier(&bytes);
        let mut cut = classifier(&bytes);
        whole.feed(&text);
        text.iter().for_each(|&byte| byte_by_byte.feed(&[byte]));
        chunks(&text, &cuts).into_iter().for_each(|chunk| cut.feed(chunk));
        let expected = Outcome::from(whole.verdict());
        prop_assert_eq!(&Outcome::from(byte_by_byte.verdict()), &expected);
        prop_assert_eq!(&Outcome::from(cut.verdict()), &expected);
        let expected = Outcome::from(whole.finish());
        prop_assert_eq!(&Outcome::from(byte_by_byte.finish()), &expected);
        prop_assert_eq!(&Outcome::from(cut.finish()), &expected);
    }

    #[test]
    fn to_ask_on_the_way_changes_nothing(
        model in models(),
        text in texts(),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let bytes = model.artifact();
        let mut asked = classifier(&bytes);
        for chunk in chunks(&text, &cuts) {
            asked.feed(chunk);
            let once = Outcome::from(asked.verdict());
            prop_assert_eq!(Outcome::from(asked.verdict()), once);
        }
        prop_assert_eq!(Outcome::from(asked.finish()), at_once(&bytes, &text));
    }

    #[test]
    fn a_word_that_has_not_ended_does_not_count(model in models(), text in texts(), word in "[a-z']{1,9}") {
        let bytes = model.artifact();
        let mut classifier = classifier(&bytes);
        classifier.feed(&text);
        classifier.feed(b" ");
        let before = Outcome::from(classifier.verdict());
        classifier.feed(word.as_bytes());
        prop_assert_eq!(&Outcome::from(classifier.verdict()), &before);
        prop_assert_eq!(Outcome::from(classifier.finish()).tokens, before.tokens + 1);
    }

    #[test]
    fn a_reset_forgets_everything(model in models(), first in texts(), second in texts(), finished: bool) {
        let bytes = model.artifact();
        let mut classifier = classifier(&bytes);
        let fresh = Outcome::from(classifier.verdict());
        classifier.feed(&first);
        if finished {
            classifier.finish();
        }
        classifier.reset();
        prop_assert_eq!(Outcome::from(classifier.verdict()), fresh);
        classifier.feed(&second);
        prop_assert_eq!(Outcome::from(classifier.finish()), at_once(&bytes, &second));
    }

    /// From bytes to the verdict, through the oracle's network.
    #[test]
    fn a_text_gives_the_oracles_logits(model in models(), words in vec("[a-z']{1,5}", 0..30)) {
        let bytes = model.artifact();
        let vocabulary = Artifact::parse(&bytes).expect("valid").vocabulary;
        let mut oracle = Oracle::new(&model);
        if model.start {
            oracle.step(1);
        }
        let mut unknown = 0;
        for word in &words {
            let token = vocabulary.token(WordHash::of(word.as_bytes()));
            unknown += u32::from(token.is_none());
            oracle.step(token.unwrap_or(2));
        }
        let outcome = at_once(&bytes, words.join(" ").as_bytes());
        prop_assert_eq!(&outcome.logits, &oracle.logits());
        prop_assert_eq!((outcome.tokens, outcome.unknown), (words.len() as u32, unknown));
        prop_assert_eq!(&outcome.label, &model.labels[outcome.class]);
    }
}

/// `model` with a head of weights 64 and multipliers 2^26, so that a logit is a unit's read-out:
/// `64 * 2^26 / 2^32 = 1`.
fn transparent(mut model: Model, readout: Readout) -> Model {
    let units = usize::from(model.hidden_size);
    model.labels = (0..units).map(|unit| format!("unit {unit}")).collect();
    model.readout = readout;
    let identity = |index| if index % (units + 1) == 0 { 64 } else { 0 };
    model.head = Matrix {
        weights: (0..units * units).map(identity).collect(),
        shift: 0,
    };
    model.head_rows.multipliers = vec![1 << 26; units];
    model.head_rows.biases = vec![0; units];
    model
}

/// A million tokens through buffers whose lengths were fixed before the first of them: the state
/// and the read-out of all the states are still the oracle's to the last bit.
#[test]
fn a_million_tokens_do_not_drift() {
    for (model, readout) in wandering().into_iter().zip([Readout::Mean, Readout::Max]) {
        let model = transparent(model, readout);
        let bytes = model.artifact();
        let network = Artifact::parse(&bytes).expect("valid").network;
        let mut state = State::<Heap>::new(network.dimensions()).expect("the heap has any shape");
        let mut oracle = Oracle::new(&model);
        let mut random = Pcg64::new(1, 2);
        let mut early = HashSet::new();
        for step in 1..=1_000_000 {
            let token = random.random_range(0..model.tokens() as u16);
            network.step(&mut state, token);
            oracle.step(token);
            assert_eq!(state.hidden(), oracle.hidden());
            if step <= 1_000 {
                early.insert(oracle.hidden());
            }
            if step % 100_000 == 0 {
                let pooled: Vec<i32> = oracle.pooled().into_iter().map(i32::from).collect();
                assert_eq!(network.logits(&mut state), pooled);
            }
        }
        assert!(early.len() > 900, "{} states only", early.len());
    }
}

/// The step counter stops at 2^32 - 1, seven weeks into a stream of 1,000 tokens a second. From
/// there on the mean must not count what the counter does not.
#[test]
fn a_full_step_counter_does_not_turn_the_mean_over() {
    let hidden = [i16::MAX, -i16::MAX];
    let steps = u32::MAX;
    let mut pool = hidden.map(|h| i64::from(h) * i64::from(steps));
    let mut pooled = [0; 2];
    for _ in 0..200_000 {
        Readout::Mean.update(&mut pool, &hidden, steps);
    }
    Readout::Mean.read(&pool, &hidden, steps, &mut pooled);
    assert_eq!(pooled, hidden);
}
