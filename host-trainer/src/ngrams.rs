//! The n-grams that a model knows: their tables, and the events that they make of a text.
//!
//! What an n-gram is, its key and its lookup are `spinet_core::text`'s. Which ones are worth a
//! token is decided elsewhere, on the counts of their [`keys`].

use crate::{perfect_hash::OwnedPerfectHash, vocabulary::VocabularyError, vocabulary::words};
use rayon::prelude::*;
use spinet_core::{
    Token,
    text::{History, MAX_ORDER, Marks, Ngrams, WordHash},
};

/// N-grams with their tables on the heap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedNgrams {
    /// The keys.
    pub hash: OwnedPerfectHash,
    /// The words of the longest n-gram, 1 to 4.
    pub order: u8,
    /// What becomes of punctuation marks.
    pub marks: Marks,
}

impl OwnedNgrams {
    /// The n-grams with these distinct keys, of at most `order` words.
    ///
    /// # Errors
    /// [`VocabularyError::Order`] if it is not 1 to 4, [`VocabularyError::PerfectHash`] if there
    /// are no keys or more than 65,532, one is repeated, or no tables are found.
    pub fn new(
        keys: &[WordHash],
        order: u8,
        fingerprint_bits: u8,
        marks: Marks,
    ) -> Result<Self, VocabularyError> {
        if !(1..=MAX_ORDER).contains(&order) {
            return Err(VocabularyError::Order(order));
        }
        Ok(Self {
            hash: OwnedPerfectHash::new(keys, fingerprint_bits)?,
            order,
            marks,
        })
    }

    /// The same n-grams as the device sees them.
    pub fn view(&self) -> Ngrams<'_> {
        Ngrams {
            hash: self.hash.view(),
            order: self.order,
            marks: self.marks,
        }
    }
}

/// The keys of all n-grams of at most `order` words of a text, in its order and as often as they
/// are in it: at each word that of the word itself, then those of the longer ones that it ends.
///
/// A text's n-grams as a set are the features of Wang and Manning ("Baselines and bigrams: simple,
/// good sentiment and topic classification", ACL 2012). That they are told apart by a hash alone,
/// of 32 bits here and checked by a fingerprint on the device, rests on the perfect hash of
/// Belazzougui, Botelho and Dietzfelbinger ("Hash, displace, and compress", ESA 2009).
pub fn keys(text: &[u8], order: u8, marks: Marks, mut each: impl FnMut(WordHash)) {
    let mut history = History::default();
    for word in words(text, marks) {
        history.push(word, order).for_each(&mut each);
    }
}

/// The keys of a text's n-grams, each once, ascending.
pub fn distinct_keys(text: &str, order: u8, marks: Marks) -> Vec<u32> {
    let mut found = Vec::new();
    keys(text.as_bytes(), order, marks, |key| found.push(key.0));
    found.sort_unstable();
    found.dedup();
    found
}

/// The events of a text as a device has them: the token of each n-gram where the text has it
/// first, and those of strangers with the fingerprint of one.
pub fn encode(ngrams: Ngrams<'_>, text: &str) -> Vec<Token> {
    let mut history = History::default();
    let mut seen = vec![0; ngrams.seen_length().into()];
    let mut events = Vec::new();
    for word in words(text.as_bytes(), ngrams.marks) {
        ngrams.read(word, &mut history, &mut seen, |token| events.push(token));
    }
    events
}

/// The events of every text, on all cores.
pub fn encode_all<T: AsRef<str> + Sync>(ngrams: Ngrams<'_>, texts: &[T]) -> Vec<Vec<Token>> {
    texts
        .par_iter()
        .map(|text| encode(ngrams, text.as_ref()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{HashMap, HashSet};

    const TEXT: &str = "Not a good film, not a GOOD film at all. Not good; good it is not";

    /// The n-grams of a text as strings, each where the text has it first.
    fn oracle(text: &str, order: usize, marks: bool) -> Vec<String> {
        let separated: String = text
            .to_lowercase()
            .chars()
            .map(|c| match c {
                '.' | ',' | ';' if marks => format!(" {c} "),
                '.' | ',' | ';' => " ".into(),
                c => c.into(),
            })
            .collect();
        let words: Vec<&str> = separated.split_whitespace().collect();
        let mut seen = HashSet::new();
        (1..=words.len())
            .flat_map(|end| (1..=order.min(end)).map(move |n| end - n..end))
            .map(|range| words[range].join(" "))
            .filter(|ngram| seen.insert(ngram.clone()))
            .collect()
    }

    fn key(ngram: &str) -> WordHash {
        let mut last = None;
        keys(ngram.as_bytes(), MAX_ORDER, Marks::Kept, |key| {
            last = Some(key);
        });
        last.unwrap()
    }

    #[test]
    fn events_are_the_chosen_n_grams_at_their_first_occurrence() {
        for order in 1..=MAX_ORDER {
            for marks in [false, true] {
                let all = oracle(TEXT, order.into(), marks);
                // Every other one is known.
                let chosen: Vec<&String> = all.iter().step_by(2).collect();
                let keys: Vec<WordHash> = chosen.iter().map(|ngram| key(ngram)).collect();
                let ngrams = OwnedNgrams::new(&keys, order, 16, Marks::kept(marks)).unwrap();
                let names: HashMap<Token, &String> = (keys.iter().zip(&chosen))
                    .map(|(&key, &ngram)| (ngrams.view().token(key).unwrap(), ngram))
                    .collect();
                assert_eq!(names.len(), chosen.len());
                let events = encode(ngrams.view(), TEXT);
                let found: Vec<&String> = events.iter().map(|token| names[token]).collect();
                assert_eq!(found, chosen, "{order} {marks}");
            }
        }
    }

    #[test]
    fn keys_are_counted_as_often_as_they_occur() {
        let mut counts: HashMap<WordHash, u32> = HashMap::new();
        keys(TEXT.as_bytes(), 3, Marks::Dropped, |key| {
            *counts.entry(key).or_default() += 1;
        });
        // 16 words, 15 pairs, 14 triples.
        assert_eq!(counts.values().sum::<u32>(), 16 + 15 + 14);
        let count = |ngram: &str| counts[&key(ngram)];
        assert_eq!(
            ["good", "not a", "a good film", "is not"].map(count),
            [4, 2, 2, 1]
        );
        assert!(!counts.contains_key(&key("not a good film")));
    }

    #[test]
    fn an_order_out_of_range_is_refused() {
        for order in [0, MAX_ORDER + 1] {
            let refused = OwnedNgrams::new(&[WordHash(1)], order, 8, Marks::Kept);
            assert_eq!(refused, Err(VocabularyError::Order(order)));
        }
    }

    #[test]
    fn texts_are_encoded_alike_one_by_one_and_at_once() {
        let ngrams = OwnedNgrams::new(&[key("good film"), key("not")], 2, 12, Marks::Kept).unwrap();
        let texts = [TEXT, "", "good film", "Not!"];
        let alone: Vec<_> = texts.map(|text| encode(ngrams.view(), text)).into();
        assert_eq!(encode_all(ngrams.view(), &texts), alone);
        assert_eq!(alone.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0, 1, 1]);
    }
}
