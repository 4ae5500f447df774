//! How large the inputs of the weights are, on training data.

use crate::{
    inference::{Heap, Model},
    network::NetworkConfig,
};
use spinet_core::{State, Token, fixed::STATE_FRACTION};

/// Mean squares of what the weights are multiplied with.
#[derive(Clone)]
pub(super) struct Moments {
    /// Of a one-hot input: how often each token occurs, `(tokens,)`.
    pub tokens: Vec<f64>,
    /// Of an embedding in Q0.7, `(input_size,)`: taken to be equal.
    pub input: Vec<f64>,
    /// Of the hidden state, `(hidden_size,)`.
    pub hidden: Vec<f64>,
}

/// Every token counts as if it had been seen this often: rare ones must not vanish.
const PRIOR: f64 = 0.5;

impl Moments {
    /// Before there is an artifact: token frequencies from the sequences, a quarter for all else.
    pub fn assumed(config: &NetworkConfig, sequences: &[Vec<Token>]) -> Self {
        let mut tokens = vec![PRIOR; config.vocabulary_size];
        for &token in sequences.iter().flatten() {
            if let Some(count) = tokens.get_mut(usize::from(token)) {
                *count += 1.0;
            }
        }
        let total: f64 = tokens.iter().sum();
        tokens.iter_mut().for_each(|count| *count /= total);
        Self {
            tokens,
            input: vec![0.25; config.input_size()],
            hidden: vec![0.25; config.hidden_size],
        }
    }

    /// With the hidden states that a first artifact reaches on the sequences.
    pub fn measured(mut self, model: &Model, sequences: &[Vec<Token>]) -> Self {
        let network = model.artifact().network;
        let Some(mut state) = State::<Heap>::new(network.dimensions()) else {
            return self;
        };
        let mut sums = vec![0.0; self.hidden.len()];
        let mut states = 0u64;
        for sequence in sequences {
            state.reset();
            for &token in sequence {
                network.step(&mut state, token);
                if network.dimensions().window == 0 {
                    states += 1;
                    add_squares(&mut sums, state.hidden());
                }
            }
            if network.dimensions().window > 0 {
                network.logits(&mut state);
                states += 1;
                add_squares(&mut sums, state.hidden());
            }
        }
        if states > 0 {
            self.hidden = sums.iter().map(|sum| sum / states as f64 + 1e-4).collect();
        }
        self
    }
}

fn add_squares(sums: &mut [f64], hidden: &[i16]) {
    for (sum, &h) in sums.iter_mut().zip(hidden) {
        *sum += (f64::from(h) / f64::from(1u32 << STATE_FRACTION)).powi(2);
    }
}
