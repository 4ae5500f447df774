//! From a hash to a token once more, from the documented formula, with 64-bit products.

use crate::model::Vocabulary;
use spinet_core::Token;

/// The token of a word, or of an n-gram by its key.
pub fn token(vocabulary: &Vocabulary, word: u32) -> Option<Token> {
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
pub fn murmur_finaliser(h: u32) -> u32 {
    let product = |h: u32, factor: u64| (u64::from(h) * factor % (1 << 32)) as u32;
    let h = product(h ^ (h >> 16), 0x85EB_CA6B);
    let h = product(h ^ (h >> 13), 0xC2B2_AE35);
    h ^ (h >> 16)
}
