//! Building the perfect hash of a set of keys: of words, or of n-grams.
//!
//! How a key is looked up is `spinet_core::text::PerfectHash`'s; here the displacements are found
//! that give each its slot (Belazzougui, Botelho and Dietzfelbinger, "Hash, displace, and
//! compress", ESA 2009).

use spinet_core::{
    Token,
    text::{PerfectHash, WordHash, special},
};

/// Seeds tried before a set of keys is given up; the first almost always succeeds.
const SEEDS: u32 = 16;

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

/// A pilot per bucket that gives each hash a slot of its own, `None` if it takes too long.
///
/// The largest buckets choose first. One that finds no pilot with free slots alone takes those of
/// others, which choose again (Groot Koerkamp, "PtrHash", SEA 2025).
fn displace(hashes: &[u32], words: Token) -> Option<Vec<u16>> {
    let mut buckets = vec![Vec::new(); PerfectHash::buckets(words).into()];
    for &hash in hashes {
        buckets[usize::from(PerfectHash::bucket(hash, words))].push(hash);
    }
    let mut waiting: Vec<usize> = (0..buckets.len()).rev().collect();
    waiting.sort_by_key(|&bucket| buckets[bucket].len());
    let mut slots = Slots {
        buckets: &buckets,
        owners: vec![None; words.into()],
    };
    let mut pilots = vec![0; buckets.len()];
    let mut taken = 0;
    while let Some(bucket) = waiting.pop() {
        pilots[bucket] = match (0..=u16::MAX).find(|&pilot| slots.are_free(bucket, pilot)) {
            Some(pilot) => pilot,
            None if taken == buckets.len() => return None,
            None => {
                taken += 1;
                let pilot = slots.cheapest(bucket, taken)?;
                waiting.extend(slots.vacate(bucket, pilot));
                pilot
            }
        };
        slots.take(bucket, pilots[bucket]);
    }
    Some(pilots)
}

/// Who has which slot.
struct Slots<'b> {
    /// The hashes of each bucket.
    buckets: &'b [Vec<u32>],
    /// The bucket that has a slot.
    owners: Vec<Option<usize>>,
}

impl Slots<'_> {
    /// The slots of a bucket under a pilot.
    fn of(&self, bucket: usize, pilot: u16) -> impl Iterator<Item = usize> {
        let words = self.owners.len() as Token;
        let hashes = self.buckets[bucket].iter();
        hashes.map(move |&hash| PerfectHash::place(hash, pilot, words).into())
    }

    /// Whether a pilot gives every hash of a bucket another slot.
    fn are_distinct(&self, bucket: usize, pilot: u16) -> bool {
        self.of(bucket, pilot).enumerate().all(|(index, slot)| {
            self.of(bucket, pilot)
                .take(index)
                .all(|other| other != slot)
        })
    }

    fn are_free(&self, bucket: usize, pilot: u16) -> bool {
        let free = |slot: usize| self.owners[slot].is_none();
        self.of(bucket, pilot).all(free) && self.are_distinct(bucket, pilot)
    }

    /// The pilot that takes the slots of the fewest and smallest buckets: the first of several,
    /// searched from another place at each `turn`, so that two do not take them for ever.
    fn cheapest(&self, bucket: usize, turn: usize) -> Option<u16> {
        let start = (turn as u32).wrapping_mul(0x9E37_79B9) >> 16;
        let cost = |pilot: u16| -> usize {
            let owners = self.of(bucket, pilot).filter_map(|slot| self.owners[slot]);
            owners.map(|owner| self.buckets[owner].len().pow(2)).sum()
        };
        (0..=u16::MAX)
            .map(|pilot| pilot.wrapping_add(start as u16))
            .filter(|&pilot| self.are_distinct(bucket, pilot))
            .min_by_key(|&pilot| cost(pilot))
    }

    /// Takes all slots from those who have one that a bucket has under a pilot; who they are.
    fn vacate(&mut self, bucket: usize, pilot: u16) -> Vec<usize> {
        let mut owners: Vec<usize> = self
            .of(bucket, pilot)
            .filter_map(|slot| self.owners[slot])
            .collect();
        owners.sort_unstable();
        owners.dedup();
        for owner in &mut self.owners {
            if owner.is_some_and(|owner| owners.contains(&owner)) {
                *owner = None;
            }
        }
        owners
    }

    fn take(&mut self, bucket: usize, pilot: u16) {
        let slots: Vec<usize> = self.of(bucket, pilot).collect();
        for slot in slots {
            self.owners[slot] = Some(bucket);
        }
    }
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
        // At 45,000 as many slots are reached by one hash in 65,536 as by two.
        for count in [
            1,
            2,
            7,
            1_000,
            9_997,
            45_000,
            u32::from(special::MOST_WORDS),
        ] {
            let keys = keys(0..count);
            let hash = OwnedPerfectHash::new(&keys, 8).unwrap();
            assert!(hash.seed < 2, "{count}: {}", hash.seed);
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
