//! From a word's hash to its token.
//!
//! [`Vocabulary::PerfectHash`] gives each of `n` chosen words a slot of its own: a minimal
//! perfect hash by displacement (Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and
//! compress", ESA 2009) of 3.2 bits a word, and a fingerprint that tells other words apart but
//! for one in 2^bits. [`Vocabulary::Hashed`] has no table at all; words share buckets. The words
//! themselves are stored in neither.

use super::{WordHash, special, tokenizer::mix};
use crate::{
    Token,
    data::{Blob, Data},
    error::ArtifactError,
};
use serde::{Deserialize, Serialize};

/// Where a vocabulary lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VocabularySpec {
    /// See [`Vocabulary::PerfectHash`].
    PerfectHash {
        /// Number of words.
        words: Token,
        /// Chosen so that every word finds a slot.
        seed: u32,
        /// Bits of a fingerprint, 1 ..= 16.
        fingerprint_bits: u8,
        /// A displacement per bucket, `u16`.
        pilots: Blob,
        /// The fingerprints, packed from the lowest bit up.
        fingerprints: Blob,
    },
    /// See [`Vocabulary::Hashed`].
    Hashed {
        /// Number of buckets.
        buckets: Token,
    },
}

impl VocabularySpec {
    /// Borrows the vocabulary.
    ///
    /// # Errors
    /// If a table is not there, too short or long, or if there are no words or too many.
    pub fn resolve<'a>(&self, data: Data<'a>) -> Result<Vocabulary<'a>, ArtifactError> {
        const TENSOR: &str = "vocabulary";
        let vocabulary = match *self {
            Self::Hashed { buckets } => Vocabulary::Hashed { buckets },
            Self::PerfectHash {
                words,
                seed,
                fingerprint_bits,
                pilots,
                fingerprints,
            } => {
                if !(1..=16).contains(&fingerprint_bits) {
                    return Err(ArtifactError::OutOfRange(TENSOR));
                }
                let packed = PerfectHash::fingerprint_bytes(words, fingerprint_bits);
                let buckets = PerfectHash::buckets(words);
                Vocabulary::PerfectHash(PerfectHash {
                    words,
                    seed,
                    fingerprint_bits: fingerprint_bits.into(),
                    pilots: data.slice::<u16>(pilots, buckets.into(), TENSOR)?,
                    fingerprints: data.slice::<u8>(fingerprints, packed, TENSOR)?,
                })
            }
        };
        let words = vocabulary.words();
        if words == 0 || words > Token::MAX - special::FIRST_WORD {
            return Err(ArtifactError::OutOfRange(TENSOR));
        }
        Ok(vocabulary)
    }
}

/// A set of words with their tokens.
#[derive(Debug, Clone, Copy)]
pub enum Vocabulary<'a> {
    /// Chosen words, each with a slot of its own; every other word is unknown.
    PerfectHash(PerfectHash<'a>),
    /// The hashing trick (Weinberger et al., ICML 2009): any word falls into one of the buckets,
    /// none is unknown.
    Hashed {
        /// Number of buckets.
        buckets: Token,
    },
}

impl Vocabulary<'_> {
    /// Number of words or buckets.
    pub fn words(&self) -> Token {
        match self {
            Self::PerfectHash(hash) => hash.words,
            Self::Hashed { buckets } => *buckets,
        }
    }

    /// Number of tokens: words and [special ones](special).
    pub fn tokens(&self) -> usize {
        usize::from(special::FIRST_WORD) + usize::from(self.words())
    }

    /// The token of a word, `None` if it is unknown.
    #[inline]
    pub fn token(&self, word: WordHash) -> Option<Token> {
        let slot = match self {
            Self::PerfectHash(hash) => hash.slot(word)?,
            Self::Hashed { buckets } => reduce(mix(word.0), *buckets),
        };
        Some(special::FIRST_WORD.saturating_add(slot))
    }
}

/// A minimal perfect hash with fingerprints.
///
/// With `h = mix(hash ^ seed)`, where `mix` is the finaliser of MurmurHash3, a word's bucket is
/// `(h >> 16) * buckets >> 16`, its slot `(mix(h ^ pilot * 0x9E3779B9) >> 16) * words >> 16` and
/// its fingerprint the low bits of `mix(h + 0x9E3779B9)`: 32-bit products alone.
#[derive(Debug, Clone, Copy)]
pub struct PerfectHash<'a> {
    /// Number of words, and of slots.
    pub words: Token,
    /// Stirred into every hash.
    pub seed: u32,
    /// Bits of a fingerprint, 1 ..= 16.
    pub fingerprint_bits: u32,
    /// A displacement per bucket.
    pub pilots: &'a [u16],
    /// The words' fingerprints by slot, packed from the lowest bit up.
    pub fingerprints: &'a [u8],
}

/// 2^32 divided by the golden ratio: consecutive multiples are far apart (Knuth, TAOCP 3, 6.4).
const GOLDEN: u32 = 0x9E37_79B9;

impl PerfectHash<'_> {
    /// The number of buckets for `words` words: five words in each on average.
    pub const fn buckets(words: Token) -> Token {
        words.div_ceil(5)
    }

    /// Bytes of the packed fingerprints.
    pub const fn fingerprint_bytes(words: Token, bits: u8) -> usize {
        (words as usize * bits as usize).div_ceil(8)
    }

    /// The seeded hash from which the three below are drawn.
    #[inline]
    pub const fn seeded(seed: u32, word: WordHash) -> u32 {
        mix(word.0 ^ seed)
    }

    /// The bucket of a seeded hash.
    #[inline]
    pub const fn bucket(seeded: u32, words: Token) -> Token {
        reduce(seeded, Self::buckets(words))
    }

    /// The slot of a seeded hash under its bucket's pilot.
    #[inline]
    pub const fn place(seeded: u32, pilot: u16, words: Token) -> Token {
        reduce(mix(seeded ^ (pilot as u32).wrapping_mul(GOLDEN)), words)
    }

    /// The fingerprint of a seeded hash.
    #[inline]
    pub const fn fingerprint(seeded: u32, bits: u32) -> u32 {
        mix(seeded.wrapping_add(GOLDEN)) & low_bits(bits)
    }

    /// The slot of a word, `None` if its fingerprint is not the one kept there.
    #[inline]
    fn slot(&self, word: WordHash) -> Option<Token> {
        let seeded = Self::seeded(self.seed, word);
        let bucket = Self::bucket(seeded, self.words);
        let pilot = *self.pilots.get(usize::from(bucket))?;
        let slot = Self::place(seeded, pilot, self.words);
        let kept = unpack(self.fingerprints, slot, self.fingerprint_bits);
        (kept == Self::fingerprint(seeded, self.fingerprint_bits)).then_some(slot)
    }
}

/// A hash reduced to `0 .. n` by its upper 16 bits: `(h >> 16) * n >> 16`, a 32-bit product.
#[inline]
const fn reduce(hash: u32, n: Token) -> Token {
    (((hash >> 16) * n as u32) >> 16) as Token
}

#[inline]
const fn low_bits(bits: u32) -> u32 {
    !(u32::MAX << (bits % 32))
}

/// The `index`th value of `bits` bits (at most 16) in a packed array.
#[inline]
fn unpack(packed: &[u8], index: Token, bits: u32) -> u32 {
    let position = u32::from(index) * bits;
    let first = (position / 8) as usize;
    let byte = |offset: usize| u32::from(packed.get(first + offset).copied().unwrap_or(0));
    let word = byte(0) | byte(1) << 8 | byte(2) << 16;
    word >> (position % 8) & low_bits(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpack_reads_any_width_at_any_place() {
        let packed = [0xB1, 0x5C, 0xE7, 0x03];
        let bits = u32::from_le_bytes(packed);
        for width in 1..=16 {
            for index in 0..(32 / width) as Token {
                let expected = (u64::from(bits) >> (u32::from(index) * width)) as u32;
                assert_eq!(unpack(&packed, index, width), expected & low_bits(width));
            }
        }
    }

    #[test]
    fn reduce_stays_below_n() {
        for n in [1, 2, 9_996, Token::MAX] {
            assert_eq!(reduce(0, n), 0);
            assert_eq!(reduce(u32::MAX, n), n - 1);
        }
    }
}
