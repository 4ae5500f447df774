//! What a model reads.

use proptest::{collection::vec, prelude::*};
use spinet_core::text::{MAX_ORDER, Marks, PerfectHash, Unit};

/// What comes in.
#[derive(Debug, Clone)]
pub enum Front {
    /// Words.
    Words {
        /// From a word to a token.
        vocabulary: Vocabulary,
        /// Whether a sequence begins with the start token.
        start: bool,
        /// What becomes of punctuation marks.
        marks: Marks,
    },
    /// N-grams of words.
    Ngrams {
        /// From an n-gram's key to a token: a perfect hash.
        hash: Vocabulary,
        /// Words of the longest.
        order: u8,
        /// What becomes of punctuation marks.
        marks: Marks,
    },
    /// Characters or bytes.
    Symbols {
        /// Which of the two.
        unit: Unit,
        /// Their numbers, ascending.
        codes: Vec<u32>,
    },
    /// Vectors.
    Series {
        /// The value that becomes 0, of each feature.
        offsets: Vec<f32>,
        /// The distance from it that becomes 1.
        scales: Vec<f32>,
    },
}

/// A table of words.
#[derive(Debug, Clone)]
pub enum Vocabulary {
    /// Words share buckets.
    Hashed {
        /// Number of buckets.
        buckets: u16,
    },
    /// A perfect hash. Which words it knows is up to chance here.
    PerfectHash {
        /// Number of words.
        words: u16,
        /// Stirred into every hash.
        seed: u32,
        /// Width of a fingerprint.
        fingerprint_bits: u8,
        /// A displacement per bucket.
        pilots: Vec<u16>,
        /// Packed fingerprints.
        fingerprints: Vec<u8>,
    },
}

impl Vocabulary {
    /// Number of words or buckets.
    pub fn words(&self) -> u16 {
        match *self {
            Self::Hashed { buckets } => buckets,
            Self::PerfectHash { words, .. } => words,
        }
    }
}

/// N-grams, so many of them.
pub(super) fn ngrams(words: u16) -> impl Strategy<Value = Front> {
    (perfect_hash(words), 1..=MAX_ORDER, any::<bool>()).prop_map(|(hash, order, kept)| {
        Front::Ngrams {
            hash,
            order,
            marks: Marks::kept(kept),
        }
    })
}

/// Perfect hashes of so many keys.
fn perfect_hash(words: u16) -> impl Strategy<Value = Vocabulary> {
    (any::<u32>(), 1u8..=16).prop_flat_map(move |(seed, fingerprint_bits)| {
        let pilots = vec(any::<u16>(), usize::from(PerfectHash::buckets(words)));
        let bytes = PerfectHash::fingerprint_bytes(words, fingerprint_bits);
        (pilots, vec(any::<u8>(), bytes)).prop_map(move |(pilots, fingerprints)| {
            Vocabulary::PerfectHash {
                words,
                seed,
                fingerprint_bits,
                pilots,
                fingerprints,
            }
        })
    })
}

/// Vocabularies of so many words.
pub(super) fn words(words: u16) -> impl Strategy<Value = Front> {
    let hashed = Just(Vocabulary::Hashed { buckets: words });
    let vocabulary = prop_oneof![hashed, perfect_hash(words)];
    (vocabulary, any::<[bool; 2]>()).prop_map(|(vocabulary, [start, kept])| Front::Words {
        vocabulary,
        start,
        marks: Marks::kept(kept),
    })
}

/// So many symbols: bytes, or characters of one to four bytes.
pub(super) fn symbols(count: u16) -> impl Strategy<Value = Front> {
    let count = usize::from(count);
    let bytes = proptest::sample::subsequence((0..=255u32).collect::<Vec<_>>(), count)
        .prop_map(|codes| (Unit::Byte, codes));
    let known: Vec<u32> = (0x61..0x7B)
        .chain([0x20, 0xE9, 0x3B1, 0x416])
        .chain(0x4E00..0x4E10)
        .chain(0x1F3AC..0x1F3C0)
        .collect();
    let characters = proptest::sample::subsequence(known, count).prop_map(|mut codes| {
        codes.sort_unstable();
        (Unit::Character, codes)
    });
    prop_oneof![bytes, characters].prop_map(|(unit, codes)| Front::Symbols { unit, codes })
}

/// Calibrations of so many features.
pub(super) fn series(features: u16) -> impl Strategy<Value = Front> {
    let count = usize::from(features);
    (vec(-100f32..100.0, count), vec(0.001f32..1_000.0, count))
        .prop_map(|(offsets, scales)| Front::Series { offsets, scales })
}
