//! Models with wide weights, of words and of n-grams, with layers and without.

use super::{Dense, Front, Input, Matrix, Model, Purpose, Vocabulary, front, strategy::models_for};
use proptest::{collection::vec, prelude::*};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use spinet_core::{
    Token,
    matrix::Encoding,
    text::{Marks, PerfectHash},
};

/// What each token adds to the logits.
#[derive(Debug, Clone)]
pub struct Wide {
    /// A place in the codebook for each token and output, 0 to 15.
    pub codes: Vec<u8>,
    /// The values, Q16.15.
    pub codebook: [i32; 16],
}

impl Wide {
    /// Two codes to a byte, the first in the lower half; the last byte is filled up with 0.
    pub fn packed(&self) -> Vec<u8> {
        let second = |pair: &[u8]| pair.get(1).map_or(0, |code| code * 16);
        let pairs = self.codes.chunks(2);
        pairs.map(|pair| pair[0] + second(pair)).collect()
    }
}

impl Model {
    /// Number of logits.
    pub fn outputs(&self) -> usize {
        self.head.rows.biases.len()
    }

    /// The same model with the wide weights alone: its head keeps its biases.
    pub fn without_layers(mut self) -> Self {
        self.layers.clear();
        self.input = Input::None;
        self.head = Dense {
            weights: Matrix::filled(Encoding::Int8, 0, 0, 0),
            rows: self.head.rows,
        };
        self
    }

    /// The same model with wide weights up to 4 in magnitude, others for every seed.
    pub fn with_wide(mut self, seed: u64) -> Self {
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let count = self.tokens() * self.outputs();
        self.wide = Some(Wide {
            codes: (0..count).map(|_| rng.random_range(0..16)).collect(),
            codebook: std::array::from_fn(|_| rng.random_range(-131_072..=131_072)),
        });
        self
    }

    /// The same model reading n-grams of up to `order` words in the place of its words. One n-gram
    /// in four is known, as if by chance.
    pub fn with_ngrams(mut self, order: u8, marks: Marks, seed: u64) -> Self {
        const BITS: u8 = 2;
        let words = self.tokens() as Token - 3;
        let mut rng = Pcg64Mcg::seed_from_u64(seed);
        let bytes = PerfectHash::fingerprint_bytes(words, BITS);
        let hash = Vocabulary::PerfectHash {
            words,
            seed: rng.random(),
            fingerprint_bits: BITS,
            pilots: (0..PerfectHash::buckets(words))
                .map(|_| rng.random())
                .collect(),
            fingerprints: (0..bytes).map(|_| rng.random()).collect(),
        };
        self.front = Front::Ngrams { hash, order, marks };
        self
    }
}

/// Any model with wide weights, all of their values possible.
pub fn wide_models() -> impl Strategy<Value = Model> {
    let read = |(words, labels)| Purpose::ReadText { words, labels };
    models_for((1u16..=40, 2usize..=5).prop_map(read)).prop_flat_map(|model| {
        let value = prop_oneof![
            8 => -100_000i32..100_000,
            1 => any::<i32>(),
            1 => prop_oneof![Just(i32::MIN), Just(i32::MAX)],
        ];
        let codes = vec(0u8..16, model.tokens() * model.outputs());
        let wide = (codes, prop::array::uniform16(value))
            .prop_map(|(codes, codebook)| Wide { codes, codebook });
        let ngrams = front::ngrams(model.tokens() as Token - 3);
        (Just(model), wide, prop::option::of(ngrams), any::<bool>()).prop_map(
            |(model, wide, ngrams, linear)| {
                let mut model = model.with_window(0);
                model.wide = Some(wide);
                if let Some(ngrams) = ngrams {
                    model.front = ngrams;
                }
                match linear {
                    true => model.without_layers(),
                    false => model,
                }
            },
        )
    })
}
