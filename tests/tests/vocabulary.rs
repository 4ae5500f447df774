//! Where a word is found, by the formulas in the documentation of the vocabulary.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    Artifact, Token,
    artifact::Front as CoreFront,
    text::{Vocabulary as CoreVocabulary, WordHash},
};
use spinet_tests::{
    cases,
    model::{Front, Model, Purpose, Vocabulary, models_for},
};

fn readers() -> impl Strategy<Value = Model> {
    models_for((1u16..=40).prop_map(|words| Purpose::ReadText { words, labels: 2 }))
}

proptest! {
    #![proptest_config(cases(60))]

    #[test]
    fn a_word_is_found_where_the_formula_says(model in readers(), words in vec(any::<u32>(), 200)) {
        let bytes = model.artifact();
        let CoreFront::Words(found) = Artifact::parse(&bytes).expect("valid").front else {
            panic!("the model reads words");
        };
        let Front::Words { vocabulary, .. } = &model.front else {
            panic!("the model reads words");
        };
        for word in words {
            prop_assert_eq!(found.token(WordHash(word)), token(vocabulary, word));
        }
    }
}

/// A word's token.
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
