//! What the core makes of quantised networks, against the f64 oracle of the float ones; what
//! cannot be quantised; and training that rounds as the device does.

mod awareness;
#[path = "../backpropagation/oracle.rs"]
// Its losses are the gradients' affair.
#[allow(dead_code)]
mod oracle;
mod parity;
mod refusals;
mod wide;

use spinet_core::{
    Readout, Token,
    artifact::Training,
    matrix::Encoding,
    text::{Marks, Unit},
};
use spinet_trainer::{
    network::{CellKind, InputKind, Network, NetworkConfig, Task},
    quantize::{Calibration, FrontSource, Plan, Precision, Quantizer, Source},
    symbols::OwnedSymbols,
    vocabulary::OwnedVocabulary,
};

const CELLS: [CellKind; 4] = [
    CellKind::SimpleRnn,
    CellKind::Gru,
    CellKind::Lstm,
    CellKind::FastGrnn,
];
const INPUTS: [InputKind; 3] = [
    InputKind::OneHot,
    InputKind::Embedding { dim: 5 },
    InputKind::Dense { features: 3 },
];
const ENCODINGS: [Encoding; 2] = [Encoding::Int8, Encoding::Int4];
const VOCABULARY: usize = 12;
const HIDDEN: usize = 9;
const TRAINING: Training = Training {
    data: [0; 8],
    network: [0; 8],
    seed: 1,
    validation_permille: 100,
    test_permille: 100,
};

/// Numbers that look random, in [-1, 1).
fn noise(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    let mut draw = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| draw()).collect()
}

/// A sequence in the numbers that the core reads.
#[derive(Clone)]
enum Read {
    Tokens(Vec<Token>),
    Vectors(Vec<i16>),
}

fn sequence(input: InputKind, seed: u32, steps: usize) -> Read {
    match input {
        InputKind::Dense { features } => {
            let values = noise(seed, steps * features).into_iter();
            Read::Vectors(values.map(|x| (x * 32_000.0) as i16).collect())
        }
        _ => {
            let values = noise(seed, steps).into_iter();
            let token = |x: f32| ((x + 1.0) / 2.0 * VOCABULARY as f32) as Token;
            Read::Tokens(values.map(token).collect())
        }
    }
}

/// A network that generates, from nowhere in particular.
fn generator(cell: CellKind, input: InputKind, layers: usize) -> NetworkConfig {
    let (vocabulary, task) = match input {
        InputKind::Dense { .. } => (0, Task::NextVector),
        _ => (VOCABULARY, Task::NextToken),
    };
    NetworkConfig {
        cell,
        layers,
        task,
        ..NetworkConfig::simple_rnn(input, vocabulary, HIDDEN)
    }
}

fn classifier(config: NetworkConfig, readout: Readout) -> NetworkConfig {
    let outputs = 3;
    let task = Task::Classify { readout, outputs };
    NetworkConfig { task, ..config }
}

/// Fresh weights, with biases that are not zero and other mixtures than at first.
fn network(config: NetworkConfig, seed: u64) -> Network {
    let mut network = Network::new(config, seed).unwrap();
    let names: Vec<String> = (network.parameters().iter())
        .map(|tensor| tensor.name.clone())
        .collect();
    for (n, name) in names.iter().enumerate() {
        let mut values = network.parameters_mut().get_mut(name).unwrap();
        if name.ends_with("bias") || name.ends_with("mixture") {
            let shifts = noise(n as u32, values.len());
            for (value, shift) in values.iter_mut().zip(shifts) {
                *value += 0.3 * shift;
            }
        }
    }
    network
}

/// What surrounds a network in an artifact.
struct Surroundings {
    symbols: OwnedSymbols,
    vocabulary: OwnedVocabulary,
    labels: Vec<String>,
    ones: Vec<f32>,
    zeros: Vec<f32>,
}

impl Surroundings {
    fn of(config: &NetworkConfig) -> Self {
        let labels: &[&str] = match config.task {
            Task::Classify { .. } => &["a", "b", "c"],
            _ => &[],
        };
        Self {
            symbols: OwnedSymbols {
                unit: Unit::Character,
                codes: (97..97 + VOCABULARY as u32 - 1).collect(),
            },
            vocabulary: OwnedVocabulary::Hashed {
                buckets: VOCABULARY as u16 - 3,
            },
            labels: labels.iter().map(|&label| label.to_owned()).collect(),
            ones: vec![1.0; config.features()],
            zeros: vec![0.0; config.features()],
        }
    }

    fn source<'s>(&'s self, network: &'s Network, precision: Precision) -> Source<'s> {
        let config = network.config();
        Source {
            config,
            parameters: network.parameters(),
            precision,
            front: match (config.input, config.task) {
                (InputKind::Dense { .. }, _) => FrontSource::Series {
                    offsets: &self.zeros,
                    scales: &self.ones,
                },
                (_, Task::Classify { .. }) => FrontSource::Words {
                    marks: Marks::Dropped,
                    vocabulary: &self.vocabulary,
                    start: false,
                },
                _ => FrontSource::Symbols(&self.symbols),
            },
            wide: None,
            labels: &self.labels,
            window: 0,
            training: TRAINING,
        }
    }
}

fn calibration(input: InputKind) -> Calibration {
    let sequences = (100..108).map(|seed| sequence(input, seed, 40));
    match input {
        InputKind::Dense { features } => Calibration::Vectors {
            features,
            sequences: sequences
                .filter_map(|read| match read {
                    Read::Vectors(values) => Some(values),
                    Read::Tokens(_) => None,
                })
                .collect(),
        },
        _ => Calibration::Tokens(
            sequences
                .filter_map(|read| match read {
                    Read::Tokens(tokens) => Some(tokens),
                    Read::Vectors(_) => None,
                })
                .collect(),
        ),
    }
}

fn calibrated(network: &Network, precision: Precision) -> Quantizer {
    let surroundings = Surroundings::of(network.config());
    let source = surroundings.source(network, precision);
    Quantizer::calibrate(&source, &calibration(network.config().input)).unwrap()
}
