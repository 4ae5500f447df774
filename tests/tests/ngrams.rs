//! N-grams against their definition, on whole texts and strings.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    Artifact, Token,
    text::{Marks, WordHash},
};
use spinet_tests::{
    cases,
    lookup::{murmur_finaliser, token},
    model::{Front, wide_models},
    oracle::Oracle,
};
use spinet_trainer::{
    inference::Model,
    ngrams::{OwnedNgrams, encode, keys},
};
use std::collections::HashSet;

/// The n-grams of up to `order` words in the order in which a text completes them.
fn ngrams<'t>(words: &[&'t str], order: usize) -> Vec<Vec<&'t str>> {
    (1..=words.len())
        .flat_map(|end| (1..=order.min(end)).map(move |length| end - length..end))
        .map(|range| words[range].to_vec())
        .collect()
}

/// `key_1 = w_t`, `key_k = mix(key_{k-1}) + w_{t-k+1}`, the last word first.
fn key(ngram: &[&str]) -> u32 {
    let hashes = ngram.iter().map(|word| WordHash::of(word.as_bytes()).0);
    let backwards = hashes.rev();
    let key = backwards.reduce(|key, word| murmur_finaliser(key).wrapping_add(word));
    key.expect("an n-gram has words")
}

/// Texts of few words, so that n-grams repeat; some words are marks.
fn texts() -> impl Strategy<Value = Vec<&'static str>> {
    let word = prop::sample::select(vec!["a", "not", "good", "bad", "film", "é", ".", "-"]);
    vec(word, 0..40)
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn events_are_the_n_grams_that_are_known_where_a_text_has_them_first(
        words in texts(),
        order in 1u8..=4,
        known in vec(any::<bool>(), 8),
    ) {
        let all = ngrams(&words, order.into());
        // An n-gram is known or not by its key.
        let is_known = |ngram: &[&str]| known[key(ngram) as usize % 8];
        let chosen: HashSet<_> = all.iter().filter(|ngram| is_known(ngram)).collect();
        prop_assume!(!chosen.is_empty());
        let chosen_keys: Vec<_> = chosen.iter().map(|ngram| WordHash(key(ngram))).collect();
        let owned = OwnedNgrams::new(&chosen_keys, order, 16, Marks::Kept).expect("a perfect hash");
        let mut seen = HashSet::new();
        let mut strangers = 0;
        let expected: Vec<Token> = (all.iter())
            .filter_map(|ngram| {
                let token = owned.view().token(WordHash(key(ngram)));
                assert!(token.is_some() || !chosen.contains(ngram));
                strangers += usize::from(token.is_some() && !chosen.contains(ngram));
                token
            })
            .filter(|&token| seen.insert(token))
            .collect();
        prop_assert_eq!(encode(owned.view(), &words.join(" ")), expected);
        // One in 65,536 passes.
        prop_assert!(strangers <= 1, "{}", strangers);
        prop_assert!(seen.len() >= chosen.len());
    }

    #[test]
    fn keys_are_those_of_every_n_gram(words in texts(), order in 1u8..=4) {
        let mut found = Vec::new();
        keys(words.join(" ").as_bytes(), order, Marks::Kept, |key| found.push(key.0));
        let expected: Vec<u32> = ngrams(&words, order.into()).iter().map(|n| key(n)).collect();
        prop_assert_eq!(found, expected);
    }

    /// From bytes to the verdict, through the oracle's network.
    #[test]
    fn a_text_gives_the_oracles_logits(model in wide_models(), texts in vec(texts(), 1..4)) {
        let Front::Ngrams { hash, order, marks } = &model.front else {
            return Ok(());
        };
        let opened = Model::from_bytes(&model.artifact()).expect("valid");
        let mut classifier = opened.classifier().expect("it reads text");
        for words in texts {
            classifier.reset();
            classifier.feed(words.join(" ").as_bytes());
            let verdict = classifier.finish();
            let words: Vec<&str> = (words.into_iter())
                .filter(|word| *marks == Marks::Kept || !".-".contains(word))
                .collect();
            let (mut oracle, mut seen, mut unknown) = (Oracle::new(&model), HashSet::new(), 0);
            for end in 1..=words.len() {
                let ends_here = (1..=end.min(usize::from(*order)))
                    .filter_map(|length| token(hash, key(&words[end - length..end])))
                    .collect::<Vec<_>>();
                unknown += u32::from(ends_here.is_empty());
                for event in ends_here {
                    if seen.insert(event) {
                        oracle.step(event);
                    }
                }
            }
            prop_assert_eq!(verdict.logits, &oracle.logits()[..]);
            prop_assert_eq!((verdict.tokens, verdict.unknown), (words.len() as u32, unknown));
        }
    }
}

#[test]
fn a_model_of_n_grams_says_how_long_its_set_is() {
    for (count, length) in [(1, 1), (32, 1), (33, 2), (300, 10)] {
        let keys: Vec<_> = (0..count).map(WordHash).collect();
        let owned = OwnedNgrams::new(&keys, 2, 8, Marks::Dropped).expect("a perfect hash");
        assert_eq!(owned.view().seen_length(), length);
    }
    let bytes = spinet_tests::model::samples::ngram_reader().artifact();
    let dimensions = Artifact::parse(&bytes).expect("valid").network.dimensions();
    assert_eq!((dimensions.wide, dimensions.seen), (3, 1));
}
