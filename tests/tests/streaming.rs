//! A text is a stream: how it is cut makes no difference, and neither does its length.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    Artifact, Classifier, Readout, SeriesClassifier, Verdict, artifact::Front as CoreFront,
    text::WordHash,
};
use spinet_tests::{
    artifact::Aligned,
    cases,
    model::{Front, Model, Purpose, models_for},
    oracle::Oracle,
    sequence::{Element, with_sequence},
};
use spinet_trainer::inference::Heap;

/// Models that read words.
fn readers() -> impl Strategy<Value = Model> {
    let read = |(words, labels)| Purpose::ReadText { words, labels };
    models_for((1u16..=40, 2usize..=5).prop_map(read))
}

/// Models that read vectors.
fn series_readers() -> impl Strategy<Value = Model> {
    let read = |(features, labels)| Purpose::ReadSeries { features, labels };
    models_for((1u16..=9, 2usize..=5).prop_map(read))
}

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
        model in readers(),
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
        model in readers(),
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
    fn a_word_that_has_not_ended_does_not_count(model in readers(), text in texts(), word in "[a-z']{1,9}") {
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
    fn a_reset_forgets_everything(model in readers(), first in texts(), second in texts(), finished: bool) {
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
    fn a_text_gives_the_oracles_logits(model in readers(), words in vec("[a-z']{1,5}", 0..30)) {
        let bytes = model.artifact();
        let CoreFront::Words(vocabulary) = Artifact::parse(&bytes).expect("valid").front else {
            panic!("the model reads words");
        };
        let mut oracle = Oracle::new(&model);
        if matches!(model.front, Front::Words { start: true, .. }) {
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
        prop_assert_eq!(&outcome.label, &model.labels()[outcome.class]);
    }

    /// From vectors to the verdict, asked for at any time.
    #[test]
    fn vectors_give_the_oracles_logits((model, sequence) in with_sequence(series_readers(), 0..30)) {
        let bytes = model.artifact();
        let artifact = Artifact::parse(&bytes).expect("valid");
        let mut classifier = SeriesClassifier::<Heap>::new(&artifact).expect("the heap has any shape");
        let fresh = Outcome::from(classifier.verdict());
        let mut oracle = Oracle::new(&model);
        for (index, element) in sequence.iter().enumerate() {
            let Element::Vector(x) = element else { panic!("the model reads vectors") };
            classifier.feed(x);
            oracle.step_vector(x);
            let outcome = Outcome::from(classifier.verdict());
            prop_assert_eq!(&outcome.logits, &oracle.logits());
            prop_assert_eq!((outcome.tokens, outcome.unknown), (index as u32 + 1, 0));
            prop_assert_eq!(&outcome.label, &model.labels()[outcome.class]);
        }
        classifier.reset();
        prop_assert_eq!(Outcome::from(classifier.verdict()), fresh);
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
    Readout::Mean.read(&pool, steps, &mut pooled);
    assert_eq!(pooled, hidden);
}
