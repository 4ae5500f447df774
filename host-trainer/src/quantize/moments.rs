//! How large the inputs of the weights are, on training data.

use crate::{
    inference::{Heap, Model},
    network::{InputKind, NetworkConfig},
};
use spinet_core::{Network, State, Token, fixed::STATE_FRACTION};

/// Sequences that the core reads to learn which inputs are large.
#[derive(Debug, Clone)]
pub enum Calibration {
    /// Sequences of tokens.
    Tokens(Vec<Vec<Token>>),
    /// Sequences of vectors in Q0.15, `(time, features)`, row by row.
    Vectors {
        /// Numbers in a vector.
        features: usize,
        /// The sequences.
        sequences: Vec<Vec<i16>>,
    },
}

/// Mean squares of what the weights are multiplied with.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    /// Of a one-hot input: how often each token occurs, `(tokens,)`.
    pub tokens: Vec<f64>,
    pub layers: Vec<LayerMoments>,
}

/// Of one layer, in the device's units.
#[derive(Debug, Clone)]
pub(super) struct LayerMoments {
    /// Of its input vector; an embedding's components are taken to be equal.
    pub input: Vec<f64>,
    /// Of its hidden state, `(hidden_size,)`.
    pub hidden: Vec<f64>,
    /// States are kept divided by two to this power, where the cell lets them be.
    pub state_shift: u8,
}

/// Every token counts as if it had been seen this often: rare ones must not vanish.
const PRIOR: f64 = 0.5;
/// What is taken for a mean square before there is an artifact.
const ASSUMED: f64 = 0.25;
/// What is taken for a state's shift before there is an artifact: room up to 8.
const ASSUMED_SHIFT: u8 = 3;
/// How much further than on the calibration sequences a state may go before it saturates.
const STATE_MARGIN: f64 = 1.15;

impl Moments {
    /// Before there is an artifact: token frequencies from the sequences, a quarter for all else.
    pub fn assumed(config: &NetworkConfig, calibration: &Calibration) -> Self {
        let mut tokens = vec![PRIOR; config.vocabulary_size];
        if let Calibration::Tokens(sequences) = calibration {
            for &token in sequences.iter().flatten() {
                if let Some(count) = tokens.get_mut(usize::from(token)) {
                    *count += 1.0;
                }
            }
        }
        let total: f64 = tokens.iter().sum();
        tokens.iter_mut().for_each(|count| *count /= total);
        let layers = (0..config.layers).map(|layer| LayerMoments {
            input: match (layer, config.input) {
                (0, InputKind::OneHot) => Vec::new(),
                (0, _) => vec![ASSUMED; config.input_size()],
                _ => vec![ASSUMED; config.hidden_size],
            },
            hidden: vec![ASSUMED; config.hidden_size],
            state_shift: ASSUMED_SHIFT,
        });
        Self {
            tokens,
            layers: layers.collect(),
        }
    }

    /// With the states that a first artifact reaches on the sequences.
    pub fn measured(mut self, model: &Model, calibration: &Calibration) -> Self {
        let Some(sums) = Sums::of(model, calibration) else {
            return self;
        };
        let mut start = 0;
        for layer in 0..self.layers.len() {
            let units = self.layers[layer].hidden.len();
            let states = start..start + units;
            let mean = |sum: &f64| sum / sums.states as f64 + 1e-4;
            let hidden: Vec<f64> = sums.squares[states.clone()].iter().map(mean).collect();
            let largest = sums.largest[states].iter().copied().max().unwrap_or(0);
            let this = &mut self.layers[layer];
            this.state_shift = shift_for(largest, this.state_shift);
            this.hidden.clone_from(&hidden);
            if let Some(above) = self.layers.get_mut(layer + 1) {
                above.input = hidden;
            }
            start += units;
        }
        if let (Calibration::Vectors { .. }, Some(first)) = (calibration, self.layers.first_mut()) {
            first.input = sums.inputs;
        }
        self
    }

    /// Of what the head sees, in equal parts.
    pub fn top(&self, units: usize) -> Vec<f64> {
        vec![1.0; units]
    }
}

/// The smallest shift with room for a state that reached `largest` in Q0.15 under `shift`.
fn shift_for(largest: u16, shift: u8) -> u8 {
    let one = f64::from(1u32 << STATE_FRACTION);
    let reached = f64::from(largest) / one * f64::from(1u32 << shift) * STATE_MARGIN;
    let most = spinet_core::cell::fast_grnn::MAX_STATE_SHIFT;
    (0..most)
        .find(|&shift| reached <= f64::from(1u32 << shift))
        .unwrap_or(most)
}

/// What the core's states were.
struct Sums {
    /// Number of states.
    states: u64,
    /// Sums of squares, all layers one after the other.
    squares: Vec<f64>,
    /// The largest magnitudes, Q0.15.
    largest: Vec<u16>,
    /// Mean squares of the vectors that came in.
    inputs: Vec<f64>,
}

impl Sums {
    fn of(model: &Model, calibration: &Calibration) -> Option<Self> {
        let network = model.artifact().network;
        let mut state = State::<Heap>::new(&network).ok()?;
        let width = usize::from(network.dimensions().hidden);
        let mut sums = Self {
            states: 0,
            squares: vec![0.0; width],
            largest: vec![0; width],
            inputs: Vec::new(),
        };
        match calibration {
            Calibration::Tokens(sequences) => {
                for sequence in sequences {
                    state.reset();
                    sums.read_tokens(&network, &mut state, sequence);
                }
            }
            Calibration::Vectors {
                features,
                sequences,
            } => {
                sums.inputs = vec![0.0; *features];
                for sequence in sequences {
                    state.reset();
                    sums.read_vectors(&network, &mut state, sequence);
                }
                let states = sums.states.max(1) as f64;
                (sums.inputs.iter_mut()).for_each(|sum| *sum = *sum / states + 1e-4);
            }
        }
        (sums.states > 0).then_some(sums)
    }

    /// With a window, only what is made of it at the end counts.
    fn read_tokens(&mut self, network: &Network<'_>, state: &mut State<Heap>, tokens: &[Token]) {
        let window = network.dimensions().window > 0;
        for &token in tokens {
            network.step(state, token);
            if !window {
                self.add(state.hidden());
            }
        }
        if window {
            network.logits(state);
            self.add(state.hidden());
        }
    }

    fn read_vectors(&mut self, network: &Network<'_>, state: &mut State<Heap>, vectors: &[i16]) {
        for x in vectors.chunks_exact(self.inputs.len()) {
            network.step_vector(state, x);
            self.add(state.hidden());
            add_squares(&mut self.inputs, x);
        }
    }

    fn add(&mut self, hidden: &[i16]) {
        self.states += 1;
        add_squares(&mut self.squares, hidden);
        for (largest, h) in self.largest.iter_mut().zip(hidden) {
            *largest = h.unsigned_abs().max(*largest);
        }
    }
}

fn add_squares(sums: &mut [f64], values: &[i16]) {
    for (sum, &value) in sums.iter_mut().zip(values) {
        *sum += (f64::from(value) / f64::from(1u32 << STATE_FRACTION)).powi(2);
    }
}
