//! Which words a model knows, chosen from training text, and the tables that find them.
//!
//! What a word is, how it is hashed and how it is looked up is `spinet_core::text`'s; here the
//! words are counted and the most frequent kept (as Keras's `num_words` does).

use crate::perfect_hash::{OwnedPerfectHash, PerfectHashError};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinet_core::{
    Token,
    text::{MAX_ORDER, Marks, Tokenizer, Vocabulary, WordHash, Words, special},
};
use std::collections::HashMap;

/// How words find their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum VocabularyKind {
    /// The most frequent words, each with a row of its own; all others are unknown.
    PerfectHash,
    /// Every word falls into one of the buckets.
    Hashed,
}

/// Why a vocabulary could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyError {
    /// There is not a single word in the text.
    #[error("the training text has no words")]
    Empty,
    /// More words than tokens have numbers.
    #[error("num-words is {0}, a model holds at most {max}", max = special::MOST_WORDS)]
    TooMany(usize),
    /// N-grams of no words, or of too many.
    #[error("the n-grams are of up to {0} words, a model reads those of 1 to {MAX_ORDER}")]
    Order(u8),
    /// The words or n-grams have no perfect hash.
    #[error(transparent)]
    PerfectHash(#[from] PerfectHashError),
}

/// The words of a text, in its order.
pub fn words(text: &[u8], marks: Marks) -> impl Iterator<Item = WordHash> {
    let mut tokenizer = Tokenizer::new(marks);
    let mut bytes = text.iter();
    let mut pending = Words::default();
    let mut ended = false;
    std::iter::from_fn(move || {
        loop {
            if let Some(word) = pending.next() {
                return Some(word);
            }
            match bytes.next() {
                Some(&byte) => pending = tokenizer.push(byte),
                None => break,
            }
        }
        (!std::mem::replace(&mut ended, true))
            .then(|| tokenizer.finish())
            .flatten()
    })
}

/// The distinct words of `texts`, most frequent first; of equally frequent ones the one that
/// was seen first (Keras's order).
pub fn by_frequency<'t>(texts: impl Iterator<Item = &'t str>, marks: Marks) -> Vec<WordHash> {
    let mut counts: HashMap<WordHash, (u64, usize)> = HashMap::new();
    for text in texts {
        for word in words(text.as_bytes(), marks) {
            let seen = counts.len();
            counts.entry(word).or_insert((0, seen)).0 += 1;
        }
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_unstable_by_key(|&(_, (count, seen))| (std::cmp::Reverse(count), seen));
    ranked.into_iter().map(|(word, _)| word).collect()
}

/// A vocabulary with its tables on the heap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnedVocabulary {
    /// See [`Vocabulary::PerfectHash`].
    PerfectHash(OwnedPerfectHash),
    /// See [`Vocabulary::Hashed`].
    Hashed {
        /// Number of buckets.
        buckets: Token,
    },
}

impl OwnedVocabulary {
    /// The vocabulary of a training text.
    ///
    /// `num_words` counts tokens as Keras does, special ones included.
    ///
    /// # Errors
    /// A [`VocabularyError`] if there is nothing to choose from or the tables cannot be built.
    pub fn choose<'t>(
        texts: impl Iterator<Item = &'t str>,
        kind: VocabularyKind,
        num_words: usize,
        fingerprint_bits: u8,
        marks: Marks,
    ) -> Result<Self, VocabularyError> {
        let most = usize::from(special::MOST_WORDS);
        let limit = num_words.saturating_sub(special::FIRST_WORD.into()).max(1);
        if limit > most {
            return Err(VocabularyError::TooMany(num_words));
        }
        let mut ranked = by_frequency(texts, marks);
        if ranked.is_empty() {
            return Err(VocabularyError::Empty);
        }
        match kind {
            VocabularyKind::Hashed => Ok(Self::Hashed {
                buckets: limit as Token,
            }),
            VocabularyKind::PerfectHash => {
                ranked.truncate(limit);
                let hash = OwnedPerfectHash::new(&ranked, fingerprint_bits)?;
                Ok(Self::PerfectHash(hash))
            }
        }
    }

    /// The same vocabulary as the device sees it.
    pub fn view(&self) -> Vocabulary<'_> {
        match self {
            Self::Hashed { buckets } => Vocabulary::Hashed { buckets: *buckets },
            Self::PerfectHash(hash) => Vocabulary::PerfectHash(hash.view()),
        }
    }
}

/// The tokens of a text, behind the start token if `start`.
pub fn encode(vocabulary: Vocabulary<'_>, text: &str, start: bool, marks: Marks) -> Vec<Token> {
    let tokens = words(text.as_bytes(), marks)
        .map(|word| vocabulary.token(word).unwrap_or(special::UNKNOWN));
    start
        .then_some(special::START)
        .into_iter()
        .chain(tokens)
        .collect()
}

/// The tokens of every text, on all cores.
pub fn encode_all<T: AsRef<str> + Sync>(
    vocabulary: Vocabulary<'_>,
    texts: &[T],
    start: bool,
    marks: Marks,
) -> Vec<Vec<Token>> {
    texts
        .par_iter()
        .map(|text| encode(vocabulary, text.as_ref(), start, marks))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn words_are_kept_by_frequency_and_then_by_first_sight() {
        let texts = ["b a b", "c a d b"];
        let expected = ["b", "a", "c", "d"].map(|w| WordHash::of(w.as_bytes()));
        assert_eq!(by_frequency(texts.into_iter(), Marks::Dropped), expected);
    }

    #[test]
    fn encode_marks_start_and_unknown_words() {
        let choose = |num_words| {
            let texts = ["good good film", "film good"];
            OwnedVocabulary::choose(
                texts.into_iter(),
                VocabularyKind::PerfectHash,
                num_words,
                16,
                Marks::Dropped,
            )
        };
        let two = choose(5).unwrap();
        let encoded = encode(two.view(), "A good film!", true, Marks::Dropped);
        assert_eq!(encoded[..2], [special::START, special::UNKNOWN]);
        assert!(
            encoded[2..]
                .iter()
                .all(|&token| token >= special::FIRST_WORD)
        );
        assert_eq!(choose(100_000), Err(VocabularyError::TooMany(100_000)));
        let nothing = OwnedVocabulary::choose(
            ["--"].into_iter(),
            VocabularyKind::Hashed,
            9,
            8,
            Marks::Dropped,
        );
        assert_eq!(nothing, Err(VocabularyError::Empty));
    }

    #[test]
    fn marks_are_words_where_they_are_kept() {
        let hashes = |words: &[&str]| -> Vec<WordHash> {
            let hash = |word: &&str| WordHash::of(word.as_bytes());
            words.iter().map(hash).collect()
        };
        let text = b"Good, (really)";
        let dropped: Vec<_> = words(text, Marks::Dropped).collect();
        assert_eq!(dropped, hashes(&["good", "really"]));
        let kept: Vec<_> = words(text, Marks::Kept).collect();
        assert_eq!(kept, hashes(&["good", ",", "(", "really", ")"]));
    }
}
