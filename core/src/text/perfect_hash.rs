//! Chosen keys, each with a slot of its own, found again by a few products.
//!
//! A minimal perfect hash by displacement (Belazzougui, Botelho and Dietzfelbinger, "Hash,
//! displace, and compress", ESA 2009) of 3.2 bits a key, and a fingerprint that tells other keys
//! apart but for one in 2^bits. The keys themselves are not stored. What a key stands for, a word
//! or several, is a matter of the tables that are built on it.

use super::{WordHash, special, tokenizer::mix};
use crate::{
    Token,
    data::{Blob, Data},
    emit::parts,
    error::ArtifactError,
};
use serde::{Deserialize, Serialize};

/// Where a perfect hash lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PerfectHashSpec {
    /// Number of keys.
    pub words: Token,
    /// Chosen so that every key finds a slot.
    pub seed: u32,
    /// Bits of a fingerprint, 1 ..= 16.
    pub fingerprint_bits: u8,
    /// A displacement per bucket, `u16`.
    pub pilots: Blob,
    /// The fingerprints, packed from the lowest bit up.
    pub fingerprints: Blob,
}

impl PerfectHashSpec {
    /// Borrows the tables, called `tensor` in errors.
    ///
    /// # Errors
    /// If a table is not there, too short or long, or if there are no keys or too many.
    // One copy for words and n-grams: the artifact is checked once.
    #[inline(never)]
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tensor: &'static str,
    ) -> Result<PerfectHash<'a>, ArtifactError> {
        let (words, bits) = (self.words, self.fingerprint_bits);
        if !(1..=16).contains(&bits) || words == 0 || words > special::MOST_WORDS {
            return Err(ArtifactError::OutOfRange(tensor));
        }
        let packed = PerfectHash::fingerprint_bytes(words, bits);
        let buckets = PerfectHash::buckets(words);
        Ok(PerfectHash {
            words,
            seed: self.seed,
            fingerprint_bits: bits.into(),
            pilots: data.slice::<u16>(self.pilots, buckets.into(), tensor)?,
            fingerprints: data.slice::<u8>(self.fingerprints, packed, tensor)?,
        })
    }
}

/// A minimal perfect hash with fingerprints.
///
/// With `h = mix(key ^ seed)`, where `mix` is the finaliser of MurmurHash3, a key's bucket is
/// `(h >> 16) * buckets >> 16`, its slot `(mix(h ^ pilot * 0x9E3779B9) >> 16) * words >> 16` and
/// its fingerprint the low bits of `mix(h + 0x9E3779B9)`: 32-bit products alone.
#[derive(Debug, Clone, Copy)]
pub struct PerfectHash<'a> {
    /// Number of keys, and of slots.
    pub words: Token,
    /// Stirred into every hash.
    pub seed: u32,
    /// Bits of a fingerprint, 1 ..= 16.
    pub fingerprint_bits: u32,
    /// A displacement per bucket.
    pub pilots: &'a [u16],
    /// The keys' fingerprints by slot, packed from the lowest bit up.
    pub fingerprints: &'a [u8],
}

parts!(
    "text",
    PerfectHash {
        words: Token,
        seed: u32,
        fingerprint_bits: u32,
        pilots: &'a [u16],
        fingerprints: &'a [u8],
    }
);

/// 2^32 divided by the golden ratio: consecutive multiples are far apart (Knuth, TAOCP 3, 6.4).
const GOLDEN: u32 = 0x9E37_79B9;

impl PerfectHash<'_> {
    /// The number of buckets for `words` keys: five keys in each on average.
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

    /// The slot of a key, `None` if its fingerprint is not the one kept there.
    #[inline]
    pub fn slot(&self, word: WordHash) -> Option<Token> {
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
pub(super) const fn reduce(hash: u32, n: Token) -> Token {
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
