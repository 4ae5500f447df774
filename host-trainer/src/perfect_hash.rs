//! Building the perfect hash of a set of keys: of words, or of n-grams.
//!
//! How a key is looked up is `spinet_core::text::PerfectHash`'s; here the displacements are found
//! that give each its slot (Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and
//! compress", ESA 2009).

use spinet_core::{
    Token,
    text::{PerfectHash, WordHash, special},
};

/// Seeds tried before a set of keys is given up; one in a few succeeds.
const SEEDS: u32 = 256;

/// Why there is no perfect hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PerfectHashError {
    /// More keys than tokens have numbers, or none.
    #[error("{0} words or n-grams, a model holds 1 to {max}", max = special::MOST_WORDS)]
    Count(usize),
    /// A key that is there twice.
    #[error("two words or n-grams have the hash {0:#010x}")]
    Repeated(u32),
    /// No seed worked.
    #[error("no perfect hash of {keys} words or n-grams was found with {SEEDS} seeds")]
    NoSeed {
        /// Number of keys.
        keys: usize,
    },
}

/// A perfect hash with its tables on the heap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedPerfectHash {
    /// Number of keys.
    pub words: Token,
    /// The seed that worked.
    pub seed: u32,
    /// Bits of a fingerprint.
    pub fingerprint_bits: u8,
    /// A displacement per bucket.
    pub pilots: Vec<u16>,
    /// Packed fingerprints.
    pub fingerprints: Vec<u8>,
}

impl OwnedPerfectHash {
    /// A perfect hash of distinct keys, at most 65,532, with fingerprints of 1 to 16 bits.
    ///
    /// # Errors
    /// A [`PerfectHashError`] if there are too many, a key is repeated, or no seed works.
    pub fn new(keys: &[WordHash], fingerprint_bits: u8) -> Result<Self, PerfectHashError> {
        let count = Token::try_from(keys.len())
            .ok()
            .filter(|count| (1..=special::MOST_WORDS).contains(count))
            .ok_or(PerfectHashError::Count(keys.len()))?;
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(PerfectHashError::Repeated(pair[0].0));
        }
        (0..SEEDS)
            .find_map(|seed| {
                let hashes: Vec<u32> = keys
                    .iter()
                    .map(|&key| PerfectHash::seeded(seed, key))
                    .collect();
                let pilots = displace(&hashes, count)?;
                let fingerprints = pack_fingerprints(&hashes, &pilots, count, fingerprint_bits);
                Some(Self {
                    words: count,
                    seed,
                    fingerprint_bits,
                    pilots,
                    fingerprints,
                })
            })
            .ok_or(PerfectHashError::NoSeed { keys: keys.len() })
    }

    /// The same tables as the device sees them.
    pub fn view(&self) -> PerfectHash<'_> {
        PerfectHash {
            words: self.words,
            seed: self.seed,
            fingerprint_bits: self.fingerprint_bits.into(),
            pilots: &self.pilots,
            fingerprints: &self.fingerprints,
        }
    }
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
        pilots[bucket] =
            (0..=u16::MAX).find(|&pilot| settle(&buckets[bucket], pilot, words, &mut taken))?;
    }
    Some(pilots)
}

/// Takes the slots of a bucket under a pilot, if all of them are free and distinct.
fn settle(bucket: &[u32], pilot: u16, words: Token, taken: &mut [bool]) -> bool {
    let slot = |&hash: &u32| usize::from(PerfectHash::place(hash, pilot, words));
    let settled = bucket
        .iter()
        .take_while(|hash| !std::mem::replace(&mut taken[slot(hash)], true))
        .count();
    if settled < bucket.len() {
        // The one that found its slot taken took nothing.
        (bucket[..settled].iter()).for_each(|hash| taken[slot(hash)] = false);
    }
    settled == bucket.len()
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

    fn keys(range: std::ops::Range<u32>) -> Vec<WordHash> {
        range
            .map(|n| WordHash::of(format!("word{n}").as_bytes()))
            .collect()
    }

    #[test]
    fn every_key_gets_a_slot_of_its_own() {
        for count in [1, 2, 7, 1_000, 9_997, u32::from(special::MOST_WORDS)] {
            let keys = keys(0..count);
            let hash = OwnedPerfectHash::new(&keys, 8).unwrap();
            let slots: HashSet<_> = keys
                .iter()
                .map(|&key| hash.view().slot(key).unwrap())
                .collect();
            assert_eq!(slots.len(), count as usize);
            assert!(slots.iter().all(|&slot| u32::from(slot) < count));
        }
    }

    #[test]
    fn other_keys_pass_as_often_as_their_fingerprints_collide() {
        let hash = OwnedPerfectHash::new(&keys(0..5_000), 8).unwrap();
        let strangers = keys(100_000..200_000);
        let passed = strangers
            .iter()
            .filter(|&&key| hash.view().slot(key).is_some())
            .count();
        // 100,000 / 256 = 391, standard deviation 20.
        assert!((311..=471).contains(&passed), "{passed}");
    }

    #[test]
    fn keys_that_cannot_be_told_apart_or_counted_are_refused() {
        let twice = [keys(0..9), keys(4..5)].concat();
        let repeated = PerfectHashError::Repeated(twice[4].0);
        assert_eq!(OwnedPerfectHash::new(&twice, 8), Err(repeated));
        for count in [0, 65_533, 70_000] {
            let refused = OwnedPerfectHash::new(&keys(0..count), 8);
            assert_eq!(refused, Err(PerfectHashError::Count(count as usize)));
        }
    }
}
