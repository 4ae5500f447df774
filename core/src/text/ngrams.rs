//! From words to events: the n-grams that a model knows, at their first occurrence in a text.
//!
//! A word ends up to `order` n-grams: itself, itself with the word before it, and so on. Each has
//! a key, made from the words' hashes, and the chosen ones are found in a [`PerfectHash`] whose
//! fingerprint tells the others apart. An n-gram that a text has twice is an event once: what
//! comes in is the set of them, in the order in which they were completed. The order at one word
//! is from the shortest to the longest.
//!
//! ```text
//! key_1 = w_t
//! key_k = mix(key_{k-1}) + w_{t-k+1}     mod 2^32, as long as the text has that many words
//! ```
//!
//! Which n-grams a model knows is the trainer's choice; that a set of them says more of a text
//! than its words alone, Wang and Manning show ("Baselines and bigrams", ACL 2012).

use super::{
    Marks, WordHash,
    perfect_hash::{PerfectHash, PerfectHashSpec},
    special,
    tokenizer::mix,
};
use crate::{Token, data::Data, emit::parts, error::ArtifactError};
use serde::{Deserialize, Serialize};

/// The longest n-gram, in words.
pub const MAX_ORDER: u8 = 4;
/// The words before the last of an n-gram.
const BEFORE: usize = MAX_ORDER as usize - 1;

/// Where n-grams lie in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NgramsSpec {
    /// The keys.
    pub hash: PerfectHashSpec,
    /// The words of the longest n-gram, 1 ..= [`MAX_ORDER`].
    pub order: u8,
    /// What becomes of punctuation marks.
    pub marks: Marks,
}

impl NgramsSpec {
    /// Borrows the n-grams.
    ///
    /// # Errors
    /// As [`PerfectHashSpec::resolve`], or if the order is out of range.
    pub fn resolve<'a>(&self, data: Data<'a>) -> Result<Ngrams<'a>, ArtifactError> {
        const TENSOR: &str = "n-grams";
        if !(1..=MAX_ORDER).contains(&self.order) {
            return Err(ArtifactError::OutOfRange(TENSOR));
        }
        Ok(Ngrams {
            hash: self.hash.resolve(data, TENSOR)?,
            order: self.order,
            marks: self.marks,
        })
    }
}

/// Chosen n-grams of words.
#[derive(Debug, Clone, Copy)]
pub struct Ngrams<'a> {
    /// The keys.
    pub hash: PerfectHash<'a>,
    /// The words of the longest n-gram, 1 ..= [`MAX_ORDER`].
    pub order: u8,
    /// What becomes of punctuation marks.
    pub marks: Marks,
}

parts!("text", Ngrams { hash: PerfectHash<'a>, order: u8, marks: Marks });

impl Ngrams<'_> {
    /// Number of tokens: n-grams and [special ones](special).
    pub fn tokens(&self) -> usize {
        usize::from(special::FIRST_WORD) + usize::from(self.hash.words)
    }

    /// The length in `u32`s of the set of n-grams that a text has had: a bit for each.
    pub fn seen_length(&self) -> u16 {
        self.hash.words.div_ceil(32)
    }

    /// The token of an n-gram, `None` if it is not among the chosen.
    #[inline]
    pub fn token(&self, key: WordHash) -> Option<Token> {
        let slot = self.hash.slot(key)?;
        Some(special::FIRST_WORD.saturating_add(slot))
    }

    /// Reads a word and passes its events on, the shortest n-gram first; whether any n-gram ends
    /// here that is known, be it an event or one that the text has had.
    ///
    /// `seen (seen_length,)` is the set of those, empty where a text begins.
    #[inline]
    pub fn read(
        &self,
        word: WordHash,
        history: &mut History,
        seen: &mut [u32],
        mut event: impl FnMut(Token),
    ) -> bool {
        let mut known = false;
        for key in history.push(word, self.order) {
            if let Some(slot) = self.hash.slot(key) {
                known = true;
                if insert(seen, slot) {
                    event(special::FIRST_WORD.saturating_add(slot));
                }
            }
        }
        known
    }
}

/// Adds a slot to a set; whether it is new there.
#[inline]
fn insert(set: &mut [u32], slot: Token) -> bool {
    let bit = 1 << (slot % 32);
    match set.get_mut(usize::from(slot / 32)) {
        Some(word) if *word & bit == 0 => {
            *word |= bit;
            true
        }
        _ => false,
    }
}

/// The last words of a text.
#[derive(Debug, Clone, Copy, Default)]
pub struct History {
    /// The latest first.
    words: [WordHash; BEFORE],
    count: u8,
}

impl History {
    /// The keys of the n-grams of at most `order` words that `word` ends, the shortest first.
    #[inline]
    pub fn push(&mut self, word: WordHash, order: u8) -> Keys {
        let keys = Keys {
            next: Some(word),
            before: self.words,
            read: 0,
            count: self.count.min(order.saturating_sub(1)),
        };
        let [first, second, _] = self.words;
        self.words = [word, first, second];
        self.count = (self.count + 1).min(BEFORE as u8);
        keys
    }
}

/// The keys of the n-grams that a word ends, the shortest first.
#[derive(Debug, Clone)]
pub struct Keys {
    next: Option<WordHash>,
    before: [WordHash; BEFORE],
    read: u8,
    count: u8,
}

impl Iterator for Keys {
    type Item = WordHash;

    #[inline]
    fn next(&mut self) -> Option<WordHash> {
        let key = self.next?;
        self.next = match self.before.get(usize::from(self.read)) {
            Some(before) if self.read < self.count => {
                self.read += 1;
                Some(WordHash(mix(key.0).wrapping_add(before.0)))
            }
            _ => None,
        };
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// The keys of a text's n-grams, from the definition.
    fn keys(words: &[u32], order: usize) -> Vec<u32> {
        let mut keys = Vec::new();
        for end in 1..=words.len() {
            for length in 1..=order.min(end) {
                let backwards = words[end - length..end].iter().rev();
                let key = backwards.copied().reduce(|key, w| mix(key).wrapping_add(w));
                keys.extend(key);
            }
        }
        keys
    }

    #[test]
    fn a_word_ends_the_n_grams_of_the_definition() {
        let words = [7, 7, 0, u32::MAX, 0x811C_9DC5, 7, 7];
        for order in 1..=MAX_ORDER {
            let mut history = History::default();
            let found: Vec<u32> = words
                .iter()
                .flat_map(|&word| history.push(WordHash(word), order))
                .map(|key| key.0)
                .collect();
            assert_eq!(found, keys(&words, order.into()), "{order}");
        }
    }

    #[test]
    fn a_set_has_a_slot_once_and_none_beyond_its_end() {
        let mut set = [0; 2];
        for slot in [0, 31, 32, 63] {
            assert!(insert(&mut set, slot) && !insert(&mut set, slot), "{slot}");
        }
        assert_eq!(set, [0x8000_0001; 2]);
        assert!(!insert(&mut set, 64));
    }
}
