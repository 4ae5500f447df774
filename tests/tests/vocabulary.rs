//! Where a word is found, by the formulas in the documentation of the vocabulary.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    Artifact,
    artifact::Front as CoreFront,
    text::{Vocabulary as CoreVocabulary, WordHash},
};
use spinet_tests::{
    cases,
    lookup::token,
    model::{Front, Model, Purpose, models_for},
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
