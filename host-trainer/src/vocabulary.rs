//! Which words a model knows, chosen from training text, and the tables that find them.
//!
//! What a word is, how it is hashed and how it is looked up is `spinet_core::text`'s; here the
//! words are counted, the most frequent kept (as Keras's `num_words` does) and the perfect hash
//! built.

use crate::data::Example;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinet_core::{
    Token,
    text::{PerfectHash, Tokenizer, Vocabulary, WordHash, special},
};
use std::collections::HashMap;

/// Seeds tried before a set of words is given up; one in a few succeeds.
const SEEDS: u32 = 256;

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
    #[error("num-words is {0}, a model holds at most {max}", max = Token::MAX - special::FIRST_WORD)]
    TooMany(usize),
    /// No seed made a perfect hash.
    #[error("no perfect hash of {words} words was found with {SEEDS} seeds")]
    NoPerfectHash {
        /// Number of words.
        words: usize,
    },
}

/// The words of a text, in its order.
pub fn words(text: &[u8]) -> impl Iterator<Item = WordHash> {
    let mut tokenizer = Tokenizer::new();
    let mut bytes = text.iter();
    let mut ended = false;
    std::iter::from_fn(move || {
        if let Some(word) = bytes.find_map(|&byte| tokenizer.push(byte)) {
            return Some(word);
        }
        (!std::mem::replace(&mut ended, true))
            .then(|| tokenizer.finish())
            .flatten()
    })
}

/// The distinct words of `texts`, most frequent first; of equally frequent ones the one that
/// was seen first (Keras's order).
pub fn by_frequency<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<WordHash> {
    let mut counts: HashMap<WordHash, (u64, usize)> = HashMap::new();
    for text in texts {
        for word in words(text.as_bytes()) {
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
    PerfectHash {
        /// Number of words.
        words: Token,
        /// The seed that worked.
        seed: u32,
        /// Bits of a fingerprint.
        fingerprint_bits: u8,
        /// A displacement per bucket.
        pilots: Vec<u16>,
        /// Packed fingerprints.
        fingerprints: Vec<u8>,
    },
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
    ) -> Result<Self, VocabularyError> {
        let most = usize::from(Token::MAX - special::FIRST_WORD);
        let limit = num_words.saturating_sub(special::FIRST_WORD.into()).max(1);
        if limit > most {
            return Err(VocabularyError::TooMany(num_words));
        }
        let mut ranked = by_frequency(texts);
        if ranked.is_empty() {
            return Err(VocabularyError::Empty);
        }
        match kind {
            VocabularyKind::Hashed => Ok(Self::Hashed {
                buckets: limit as Token,
            }),
            VocabularyKind::PerfectHash => {
                ranked.truncate(limit);
                Self::perfect_hash(&ranked, fingerprint_bits)
            }
        }
    }

    /// A perfect hash of distinct words, at most 65,532.
    ///
    /// # Errors
    /// [`VocabularyError::NoPerfectHash`] if no seed works.
    pub fn perfect_hash(words: &[WordHash], fingerprint_bits: u8) -> Result<Self, VocabularyError> {
        let count =
            Token::try_from(words.len()).map_err(|_| VocabularyError::TooMany(words.len()))?;
        (0..SEEDS)
            .find_map(|seed| {
                let hashes: Vec<u32> = words
                    .iter()
                    .map(|&word| PerfectHash::seeded(seed, word))
                    .collect();
                let pilots = displace(&hashes, count)?;
                let fingerprints = pack_fingerprints(&hashes, &pilots, count, fingerprint_bits);
                Some(Self::PerfectHash {
                    words: count,
                    seed,
                    fingerprint_bits,
                    pilots,
                    fingerprints,
                })
            })
            .ok_or(VocabularyError::NoPerfectHash { words: words.len() })
    }

    /// The same vocabulary as the device sees it.
    pub fn view(&self) -> Vocabulary<'_> {
        match self {
            Self::Hashed { buckets } => Vocabulary::Hashed { buckets: *buckets },
            Self::PerfectHash {
                words,
                seed,
                fingerprint_bits,
                pilots,
                fingerprints,
            } => Vocabulary::PerfectHash(PerfectHash {
                words: *words,
                seed: *seed,
                fingerprint_bits: (*fingerprint_bits).into(),
                pilots,
                fingerprints,
            }),
        }
    }
}

/// The tokens of a text, behind the start token if `start`.
pub fn encode(vocabulary: Vocabulary<'_>, text: &str, start: bool) -> Vec<Token> {
    let tokens =
        words(text.as_bytes()).map(|word| vocabulary.token(word).unwrap_or(special::UNKNOWN));
    start
        .then_some(special::START)
        .into_iter()
        .chain(tokens)
        .collect()
}

/// The tokens of every example's text, on all cores.
pub fn encode_all(
    vocabulary: Vocabulary<'_>,
    examples: &[Example],
    start: bool,
) -> Vec<Vec<Token>> {
    examples
        .par_iter()
        .map(|example| encode(vocabulary, &example.text, start))
        .collect()
}

/// A pilot per bucket that gives each hash a slot of its own: the largest buckets choose first.
fn displace(hashes: &[u32], words: Token) -> Option<Vec<u16>> {
    let mut buckets = vec![Vec::new(); PerfectHash::buckets(words).into()];
    for &hash in hashes {
        buckets[usize::from(PerfectHash::bucket(hash, words))].push(hash);
    }
    let mut order: Vec<usize> = (0..buckets.len()).collect();
    order.sort_by_key(|&bucket| std::cmp::Reverse(buckets[bucket].len()));
    let mut taken = vec![false; words.into()];
    let mut pilots = vec![0; buckets.len()];
    for bucket in order {
        pilots[bucket] = (0..=u16::MAX).find(|&pilot| {
            let slots: Vec<usize> = buckets[bucket]
                .iter()
                .map(|&hash| PerfectHash::place(hash, pilot, words).into())
                .collect();
            let free = slots
                .iter()
                .enumerate()
                .all(|(i, slot)| !taken[*slot] && !slots[..i].contains(slot));
            if free {
                slots.iter().for_each(|&slot| taken[slot] = true);
            }
            free
        })?;
    }
    Some(pilots)
}

/// The fingerprints by slot, packed from the lowest bit up.
fn pack_fingerprints(hashes: &[u32], pilots: &[u16], words: Token, bits: u8) -> Vec<u8> {
    let mut packed = vec![0u8; PerfectHash::fingerprint_bytes(words, bits)];
    for &hash in hashes {
        let pilot = pilots[usize::from(PerfectHash::bucket(hash, words))];
        let slot = usize::from(PerfectHash::place(hash, pilot, words));
        let fingerprint = PerfectHash::fingerprint(hash, bits.into());
        for bit in 0..usize::from(bits) {
            let position = slot * usize::from(bits) + bit;
            packed[position / 8] |= ((fingerprint >> bit & 1) as u8) << (position % 8);
        }
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn hashes(range: std::ops::Range<u32>) -> Vec<WordHash> {
        range
            .map(|n| WordHash::of(format!("word{n}").as_bytes()))
            .collect()
    }

    #[test]
    fn every_word_gets_a_slot_of_its_own() {
        for count in [1, 2, 7, 1_000, 9_997] {
            let words = hashes(0..count);
            let vocabulary = OwnedVocabulary::perfect_hash(&words, 8).unwrap();
            let tokens: HashSet<_> = words
                .iter()
                .map(|&word| vocabulary.view().token(word).unwrap())
                .collect();
            assert_eq!(tokens.len(), count as usize);
            assert!(tokens.iter().all(|&token| {
                (special::FIRST_WORD..special::FIRST_WORD + count as Token).contains(&token)
            }));
        }
    }

    #[test]
    fn other_words_pass_as_often_as_their_fingerprints_collide() {
        let vocabulary = OwnedVocabulary::perfect_hash(&hashes(0..5_000), 8).unwrap();
        let strangers = hashes(100_000..200_000);
        let passed = strangers
            .iter()
            .filter(|&&word| vocabulary.view().token(word).is_some())
            .count();
        // 100,000 / 256 = 391, standard deviation 20.
        assert!((311..=471).contains(&passed), "{passed}");
    }

    #[test]
    fn words_are_kept_by_frequency_and_then_by_first_sight() {
        let texts = ["b a b", "c a d b"];
        let expected = ["b", "a", "c", "d"].map(|w| WordHash::of(w.as_bytes()));
        assert_eq!(by_frequency(texts.into_iter()), expected);
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
            )
        };
        let two = choose(5).unwrap();
        let encoded = encode(two.view(), "A good film!", true);
        assert_eq!(encoded[..2], [special::START, special::UNKNOWN]);
        assert!(
            encoded[2..]
                .iter()
                .all(|&token| token >= special::FIRST_WORD)
        );
        assert_eq!(choose(100_000), Err(VocabularyError::TooMany(100_000)));
        let nothing = OwnedVocabulary::choose(["--"].into_iter(), VocabularyKind::Hashed, 9, 8);
        assert_eq!(nothing, Err(VocabularyError::Empty));
    }
}
