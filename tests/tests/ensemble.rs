//! Two networks in one artifact: their logits are added, whatever they read, and nothing passes for
//! one of them that is not.

use proptest::prelude::*;
use spinet_core::{
    Artifact, ArtifactError, Checked, Classifier, Shape,
    artifact::Together,
    cell::CellKind,
    emit::Source,
    fixed::weighted_sum,
    matrix::Encoding,
    model::Ensemble,
    shape::{Pair, cells},
    text::Marks,
};
use spinet_tests::{
    artifact::{Aligned, sealed},
    cases,
    device::{builtin_texts, hostile_texts},
    model::{
        Model, Plan, Purpose, lively, models_for,
        samples::{linear, ngram_reader, one_hot, series_reader, text_writer},
    },
    refusal::refusal,
};
use spinet_trainer::{ensemble, inference};

/// A network of so many classes that reads words, and one that reads n-grams.
fn readers(labels: usize) -> [Model; 2] {
    let reader = |layer| {
        let plan = Plan {
            purpose: Purpose::ReadText { words: 60, labels },
            embedding: 6,
            layers: vec![layer],
            encoding: Some(Encoding::Int8),
            low_rank: None,
        };
        // Read-outs go by the seed: the mean.
        lively(&plan, 0)
    };
    let ngrams = reader((CellKind::Gru, 5)).with_wide(7);
    [
        reader((CellKind::Lstm, 4)),
        ngrams.with_ngrams(3, Marks::Kept, 7),
    ]
}

type Words = Shape<6, 4, 4, 4, 4, 1, 0, { cells(&[CellKind::Lstm]) }>;
type Ngrams = Shape<6, 5, 5, 0, 5, 1, 0, { cells(&[CellKind::Gru]) }, 1, 2>;

fn host(bytes: &[u8]) -> inference::Model {
    inference::Model::from_bytes(bytes).expect("valid")
}

/// The logits, tokens and unknown ones of each text, read in pieces of `chunk` bytes.
fn read(model: &inference::Model, texts: &[Vec<u8>], chunk: usize) -> Vec<(Vec<i32>, u32, u32)> {
    let mut classifier = model.classifier().expect("the heap has any shape");
    let verdicts = texts.iter().map(|text| {
        classifier.reset();
        text.chunks(chunk).for_each(|piece| classifier.feed(piece));
        let verdict = classifier.finish();
        (verdict.logits.to_vec(), verdict.tokens, verdict.unknown)
    });
    verdicts.collect()
}

#[test]
fn logits_are_the_weighted_sum_of_both_networks() {
    let texts = [builtin_texts(30), hostile_texts()].concat();
    for labels in [2, 3] {
        let [words, ngrams] = readers(labels);
        for [first, second] in [[&words, &ngrams], [&ngrams, &words], [&words, &words]] {
            let weights = [3_000, 5_500];
            let joined = host(&first.together_with(second, weights));
            let alone = [first, second].map(|model| read(&host(&model.artifact()), &texts, 9));
            let together = read(&joined, &texts, 5);
            let mut different = 0;
            for (text, (logits, tokens, unknown)) in together.iter().enumerate() {
                let [first, second] = alone.each_ref().map(|answers| &answers[text]);
                let sum = first.0.iter().zip(&second.0);
                let sum: Vec<i32> = sum.map(|(&a, &b)| weighted_sum([a, b], weights)).collect();
                assert_eq!(logits, &sum);
                // What was read is told of the first.
                assert_eq!((tokens, unknown), (&first.1, &first.2));
                different += usize::from(first.0 != second.0);
            }
            let same = std::ptr::eq(first, second);
            assert!(same && different == 0 || different > 50, "{different}");
        }
    }
}

proptest! {
    #![proptest_config(cases(300))]

    /// Networks with a window, without layers, of any cell.
    #[test]
    fn any_two_classifiers_of_text_go_together(
        first in models_for(Just(READ)), second in models_for(Just(READ)), weights in any::<[u16; 2]>(),
        text in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let bytes = first.together_with(&second, weights);
        if first.labels() != second.labels() {
            prop_assert_eq!(refusal(&bytes), ArtifactError::OutOfRange("second network"));
            return Ok(());
        }
        let texts = [text];
        let one = |bytes: &[u8]| read(&host(bytes), &texts, 7).remove(0).0;
        let (a, b) = (one(&first.artifact()), one(&second.artifact()));
        let sum: Vec<i32> = (a.iter().zip(&b)).map(|(&a, &b)| weighted_sum([a, b], weights)).collect();
        prop_assert_eq!(one(&bytes), sum);
    }
}

const READ: Purpose = Purpose::ReadText {
    words: 9,
    labels: 3,
};

#[test]
fn arrays_read_as_the_heap_does() {
    let [words, ngrams] = readers(2);
    let bytes = words.together_with(&ngrams, [1_000, 4_096]);
    let artifact = Artifact::parse(&bytes).expect("valid");
    let model = Ensemble::new(&artifact).expect("it was parsed");
    let mut classifier = Classifier::<Pair<Words, Ngrams>, _>::of(model).expect("its shape");
    let texts = builtin_texts(20);
    for (text, (logits, ..)) in texts.iter().zip(read(&host(&bytes), &texts, 11)) {
        classifier.reset();
        classifier.feed(text);
        // In the middle of a text, too.
        let _ = classifier.verdict();
        assert_eq!(classifier.finish().logits, logits);
    }
    let single = [&words, &ngrams].map(|model| {
        let bytes = model.artifact();
        Artifact::parse(&bytes).expect("valid").state_bytes()
    });
    assert_eq!(artifact.state_bytes(), single.iter().sum::<usize>());
}

#[test]
fn one_network_is_not_taken_for_two_nor_two_for_one() {
    let [words, ngrams] = readers(2);
    let (single, double) = (words.artifact(), words.together_with(&ngrams, [1, 1]));
    let [single, double] = [&single, &double].map(|bytes| Artifact::parse(bytes).expect("valid"));
    let refused = Some(ArtifactError::Ensemble);
    assert_eq!(Classifier::<Words>::new(&double).err(), refused);
    assert_eq!(Checked::new(&double).err(), refused);
    let model = |artifact| Ensemble::new(artifact).expect("it was parsed");
    let opened = Classifier::<Words, _>::of(model(&double)).err();
    assert_eq!(opened, refused);
    let opened = Classifier::<Pair<Words, Ngrams>, _>::of(model(&single)).err();
    assert_eq!(opened, refused);
    assert!(Classifier::<Words, _>::of(model(&single)).is_ok());
    let swapped = Classifier::<Pair<Ngrams, Words>, _>::of(model(&double)).err();
    assert!(matches!(
        swapped,
        Some(ArtifactError::Shape(_) | ArtifactError::Cell(_))
    ));
    let halved = Classifier::<Pair<Words, Words>, _>::of(model(&double)).err();
    assert!(
        matches!(halved, Some(ArtifactError::Cell(CellKind::Gru))),
        "{halved:?}"
    );
}

#[test]
fn only_classifiers_of_text_with_the_same_classes_go_together() {
    let three = one_hot();
    assert_eq!(three.labels().len(), 3);
    let [two, _] = readers(2);
    let refused = ArtifactError::OutOfRange("second network");
    for other in [&two, &text_writer(), &series_reader()] {
        assert_eq!(refusal(&three.together_with(other, [1, 1])), refused);
        assert_eq!(refusal(&other.together_with(&three, [1, 1])), refused);
    }
    let writers = text_writer().together_with(&text_writer(), [1, 1]);
    assert_eq!(refusal(&writers), refused);
    assert!(Artifact::parse(&three.together_with(&linear(), [1, 1])).is_ok());
}

#[test]
fn what_is_between_the_networks_and_behind_them_is_checked() {
    let (first, second) = (one_hot(), ngram_reader());
    let edited =
        |edit: fn(&mut Together, &mut Vec<u8>)| refusal(&first.together(&second, [1, 1], edit));
    let place = ArtifactError::OutOfRange("second network");
    assert_eq!(edited(|together, _| together.data += 1), place);
    assert_eq!(edited(|together, _| together.data = u32::MAX - 3), place);
    let moved = edited(|together, _| together.data += 4);
    assert!(
        matches!(
            moved,
            ArtifactError::Tensor(_) | ArtifactError::OutOfRange(_)
        ),
        "{moved:?}"
    );
    assert_eq!(
        edited(|_, manifest| manifest.clear()),
        ArtifactError::Manifest
    );
    assert_eq!(
        edited(|_, manifest| manifest.truncate(9)),
        ArtifactError::Manifest
    );
    // A third network, and anything else.
    assert_eq!(
        edited(|_, manifest| manifest.push(0)),
        ArtifactError::Manifest
    );
    let bytes = first.together(&second, [1, 1], |_, manifest| {
        manifest.extend(manifest.clone())
    });
    assert_eq!(refusal(&bytes), ArtifactError::Manifest);
    let alone = first.artifact();
    let manifest = usize::from(alone[12]) | usize::from(alone[13]) << 8;
    let manifest = [&alone[24..24 + manifest], &[0x80]].concat();
    let data = &alone[spinet_core::artifact::data_offset(manifest.len() - 1)..];
    assert_eq!(refusal(&sealed(&manifest, data)), ArtifactError::Manifest);
}

#[test]
fn damage_under_a_valid_checksum_is_harmless() {
    let [words, ngrams] = readers(3);
    let bytes = words.together_with(&ngrams, [1_000, 2_000]);
    let length = u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes"));
    let mut valid = 0;
    for place in 24..24 + length as usize {
        for flip in [1, 0x80, 0xFF] {
            let mut bytes: Aligned = bytes.clone();
            bytes[place] ^= flip;
            spinet_core::artifact::seal(&mut bytes, length).expect("as long as before");
            if Artifact::parse(&bytes).is_ok() {
                valid += 1;
                read(&host(&bytes), &[b"a good film, not a bad one".to_vec()], 4);
            }
        }
    }
    assert!(valid > 50, "{valid}");
}

#[test]
fn the_trainer_joins_what_the_core_opens() {
    let texts = builtin_texts(300);
    let examples: Vec<_> = (texts.iter().enumerate())
        .map(|(index, text)| spinet_trainer::data::Example {
            text: String::from_utf8_lossy(text).into_owned(),
            label: index % 2,
            group: 0,
        })
        .collect();
    let [words, ngrams] = readers(2).map(|model| host(&model.artifact()));
    let bar = indicatif::ProgressBar::hidden();
    // Labels at random may leave a network with no weight at all.
    match ensemble::join([&words, &ngrams], &examples, &bar) {
        Ok(joined) => assert!(host(&joined.artifact).second().is_some()),
        Err(error) => assert!(
            matches!(error, ensemble::EnsembleError::Weight { .. }),
            "{error}"
        ),
    }
    // Labels by what both say: each weight is above 0.
    let answers = [&words, &ngrams].map(|model| read(model, &texts, 9));
    let told = examples
        .into_iter()
        .enumerate()
        .map(|(index, mut example)| {
            let [a, b] = answers.each_ref().map(|answers| answers[index].0[0]);
            let noise = if index % 5 == 0 { -1 } else { 1 };
            example.label = usize::from(noise * (i64::from(a) + i64::from(b)) > 0);
            example
        });
    let told: Vec<_> = told.collect();
    let joined = ensemble::join([&words, &ngrams], &told, &bar).expect("two weights");
    let model = host(&joined.artifact);
    let weights = model
        .artifact()
        .companion
        .expect("a second network")
        .weights;
    let (written, own) = (
        weights.map(|weight| f64::from(weight) / 4_096.0),
        joined.weights,
    );
    assert_eq!(written, own);
    let again = read(&model, &texts, 6);
    for (index, (logits, ..)) in again.iter().enumerate() {
        let [a, b] = answers.each_ref().map(|answers| answers[index].0[0]);
        assert_eq!(logits[..], [weighted_sum([a, b], weights)]);
    }
    assert!(joined.together.loss < joined.single[0].loss);
    assert!(joined.together.loss < joined.single[1].loss);
}

#[test]
fn models_that_do_not_go_together_are_not_joined() {
    use ensemble::EnsembleError::{Labels, Nested, NoExamples, Task};
    let [words, ngrams] = readers(2);
    let double = words.together_with(&ngrams, [1, 1]);
    let [words, three] = [&words, &one_hot()].map(|model| host(&model.artifact()));
    let (double, writer) = (host(&double), host(&text_writer().artifact()));
    let bar = indicatif::ProgressBar::hidden();
    let join = |first, second| ensemble::join([first, second], &[], &bar).err();
    assert!(matches!(join(&words, &double), Some(Nested("second"))));
    assert!(matches!(join(&double, &words), Some(Nested("first"))));
    assert!(matches!(join(&words, &writer), Some(Task("second"))));
    assert!(matches!(join(&words, &three), Some(Labels(..))));
    assert!(matches!(join(&words, &words), Some(NoExamples)));
}

#[test]
fn the_source_has_both_networks() {
    let [words, ngrams] = readers(2);
    let bytes = words.together_with(&ngrams, [1_000, 4_096]);
    let source = Source::new(&bytes, "\"model.words\"")
        .expect("valid")
        .to_string();
    assert!(
        source.contains("pub type Shape = ::spinet_core::shape::Pair<::spinet_core::Shape<6, 4,")
    );
    assert_eq!(
        source
            .matches("::spinet_core::model::Checked::from_parts(")
            .count(),
        2
    );
    assert!(source.contains("[1000, 4096, ]"), "{source}");
}
