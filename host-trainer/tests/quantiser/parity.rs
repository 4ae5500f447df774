//! The core reads an artifact; the oracle runs the network whose weights were rounded to what the
//! artifact holds, and the network as it was.

use super::*;
use oracle::{Trace, Weights};
use spinet_core::State;
use spinet_trainer::{
    batch::Sequence,
    inference::{Heap, Model},
    quantize::Quantized,
};

const ONE: f64 = 32_768.0;
const STEPS: usize = 50;

/// The states of all layers after every step, and the logits: of a generator after every step,
/// of a classifier at the end.
struct Told {
    hidden: Vec<Vec<f64>>,
    logits: Vec<Vec<f64>>,
}

fn real(values: &[impl Copy + Into<f64>]) -> Vec<f64> {
    values.iter().map(|&value| value.into() / ONE).collect()
}

fn core_tells(artifact: &[u8], read: &Read) -> Told {
    let model = Model::from_bytes(artifact).unwrap();
    let network = model.artifact().network;
    let mut state = State::<Heap>::new(&network).unwrap();
    let mut told = Told {
        hidden: Vec::new(),
        logits: Vec::new(),
    };
    let mut tell = |state: &mut State<Heap>| {
        told.hidden.push(real(state.hidden()));
        told.logits.push(real(network.logits(state)));
    };
    match read {
        Read::Tokens(tokens) => tokens.iter().for_each(|&token| {
            network.step(&mut state, token);
            tell(&mut state);
        }),
        Read::Vectors(values) => values.chunks(3).for_each(|x| {
            network.step_vector(&mut state, x);
            tell(&mut state);
        }),
    }
    told
}

/// The oracle's numbers in the same order.
fn oracle_tells(network: &Network, read: &Read, shifts: &[u8]) -> Told {
    let weights = Weights::of(network.parameters());
    let values: Vec<f32>;
    let sequence = match read {
        Read::Tokens(tokens) => Sequence::Tokens(tokens),
        Read::Vectors(vectors) => {
            values = vectors.iter().map(|&x| f32::from(x) / 32_768.0).collect();
            Sequence::Vectors {
                values: &values,
                features: 3,
            }
        }
    };
    let trace = Trace::of(network.config(), &weights, sequence);
    let steps = 0..trace.states[0].len();
    let hidden = steps.map(|step| {
        let layers = trace.states.iter().zip(shifts);
        let states = layers.flat_map(|(states, &shift)| {
            let power = f64::from(1u32 << shift);
            states[step].iter().map(move |h| h / power)
        });
        states.collect()
    });
    Told {
        hidden: hidden.collect(),
        logits: trace.outputs(network.config(), &weights),
    }
}

/// The largest distance between numbers, in units of 2^-15.
fn distance(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    // Of a classifier only the last logits are known to the oracle.
    let a = &a[a.len() - b.len()..];
    let pairs = a.iter().flatten().zip(b.iter().flatten());
    pairs.fold(0.0, |most, (a, b)| (a - b).abs().max(most)) * ONE
}

/// Root of the mean square of the differences, as a share of that of `b`.
fn relative(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    let a = &a[a.len() - b.len()..];
    let squares = |f: fn(f64, f64) -> f64| -> f64 {
        let pairs = a.iter().flatten().zip(b.iter().flatten());
        pairs.map(|(&a, &b)| f(a, b).powi(2)).sum()
    };
    (squares(|a, b| a - b) / squares(|_, b| b)).sqrt()
}

/// Quantises, and gives the core's numbers, those of the rounded network and of the real one.
fn three(config: NetworkConfig, precision: Precision, seed: u64) -> [Told; 3] {
    let network = network(config, seed);
    let quantizer = calibrated(&network, precision);
    let surroundings = Surroundings::of(network.config());
    let Quantized { artifact, .. } =
        (quantizer.quantize(&surroundings.source(&network, precision))).unwrap();
    let plan = quantizer
        .plan(network.config(), network.parameters())
        .unwrap();
    let mut rounded = network.clone();
    plan.round(network.parameters(), rounded.parameters_mut())
        .unwrap();
    let read = sequence(network.config().input, seed as u32, STEPS);
    let shifts = plan.state_shifts();
    [
        core_tells(&artifact, &read),
        oracle_tells(&rounded, &read, &shifts),
        oracle_tells(&network, &read, &shifts),
    ]
}

/// How far the core may be from the rounded network: states and logits, in units of 2^-15. A unit
/// and a half is the tables' own error; the rest is what weights of fresh networks make of it over
/// the steps.
const UNITS: (f64, f64) = (10.0, 12.0);
/// How far it may be from the real network, as a share of the logits.
fn share(encoding: Encoding) -> f64 {
    match encoding {
        Encoding::Int8 | Encoding::Int8Quads => 0.06,
        Encoding::Int4 | Encoding::Int4Quads => 0.8,
    }
}

fn assert_near(config: NetworkConfig, encoding: Encoding) {
    let what = format!("{encoding:?}, {config:?}");
    let [core, rounded, real] = three(config, Precision::all(encoding), 7);
    let states = distance(&core.hidden, &rounded.hidden);
    let logits = distance(&core.logits, &rounded.logits);
    let relative = relative(&core.logits, &real.logits);
    assert!(states <= UNITS.0, "states are {states} units apart: {what}");
    assert!(logits <= UNITS.1, "logits are {logits} units apart: {what}");
    assert!(relative <= share(encoding), "{relative}: {what}");
    // The rounding must have been there to be told apart from the real weights.
    assert!(distance(&rounded.hidden, &real.hidden) > states, "{what}");
}

#[test]
fn the_core_computes_what_the_rounded_network_does() {
    for cell in CELLS {
        for encoding in ENCODINGS {
            for input in INPUTS {
                for layers in 1..=2 {
                    let config = generator(cell, input, layers);
                    assert_near(config.clone(), encoding);
                    for readout in [Readout::Last, Readout::Mean, Readout::Max] {
                        assert_near(classifier(config.clone(), readout), encoding);
                    }
                }
            }
        }
    }
}

#[test]
fn kernels_of_low_rank_too() {
    for encoding in ENCODINGS {
        for (input_rank, recurrent_rank) in [(2, 0), (0, 2), (3, 4)] {
            for input in INPUTS {
                if input == InputKind::OneHot && input_rank > 0 {
                    continue;
                }
                for layers in 1..=2 {
                    let config = NetworkConfig {
                        input_rank,
                        recurrent_rank,
                        ..generator(CellKind::FastGrnn, input, layers)
                    };
                    assert_near(config, encoding);
                }
            }
        }
    }
}

/// The encoding of each of the four kinds of tensors is its own.
#[test]
fn encodings_are_chosen_tensor_by_tensor() {
    let config = generator(CellKind::Gru, InputKind::Embedding { dim: 5 }, 2);
    let network = network(config, 3);
    for choice in 0..16 {
        let of = |bit: u32| ENCODINGS[choice >> bit & 1];
        let precision = Precision {
            table: of(0),
            input: of(1),
            recurrent: of(2),
            head: of(3),
        };
        let surroundings = Surroundings::of(network.config());
        let source = surroundings.source(&network, precision);
        let quantized = calibrated(&network, precision).quantize(&source).unwrap();
        assert_eq!(quantized.report.len(), 6);
        for tensor in &quantized.report {
            let expected = match tensor.tensor.rsplit('.').next().unwrap() {
                "embedding" => precision.table,
                "input_kernel" => precision.input,
                "recurrent_kernel" => precision.recurrent,
                _ => precision.head,
            };
            assert_eq!(tensor.encoding, expected, "{}", tensor.tensor);
            // Half a step between two integers, unless a weight was clipped, to 0.3 at least.
            let share = match expected {
                Encoding::Int8 | Encoding::Int8Quads => 0.05,
                Encoding::Int4 | Encoding::Int4Quads => 0.7,
            };
            assert!(
                tensor.worst_error < share * tensor.largest && tensor.worst_error > 0.0,
                "{tensor:?}"
            );
        }
        let [core, rounded, _] = three(network.config().clone(), precision, 3);
        let states = distance(&core.hidden, &rounded.hidden);
        assert!(states <= UNITS.0, "{states} units, {precision:?}");
    }
}

/// A generator of vectors whose weights are 5 or -5.
fn large(cell: CellKind) -> Network {
    let mut network = network(generator(cell, INPUTS[2], 1), 5);
    for name in ["layer0.input_kernel", "layer0.recurrent_kernel"] {
        let mut kernel = network.parameters_mut().get_mut(name).unwrap();
        let signs = noise(9, kernel.len());
        for (weight, sign) in kernel.iter_mut().zip(signs) {
            *weight = if sign > 0.0 { 5.0 } else { -5.0 };
        }
    }
    network
}

fn four_bits(network: &Network) -> Quantized {
    let precision = Precision::all(Encoding::Int4);
    let surroundings = Surroundings::of(network.config());
    let source = surroundings.source(network, precision);
    calibrated(network, precision).quantize(&source).unwrap()
}

/// 4-bit weights up to 5 have a step of 5 / 7, which is beyond a multiplier: sums are shifted.
#[test]
fn large_four_bit_weights_are_shifted() {
    for cell in CELLS {
        for tensor in four_bits(&large(cell)).report.iter().take(2) {
            assert!(tensor.worst_error < 1e-6, "{tensor:?}");
        }
    }
}

/// Where sums are shifted, a bias of almost 2^15 still decides the scale of its own.
#[test]
fn a_large_bias_fits_a_shifted_sum() {
    let mut network = large(CellKind::SimpleRnn);
    network.parameters_mut().get_mut("layer0.bias").unwrap()[[0, 2]] = 30_000.0;
    let model = Model::from_bytes(&four_bits(&network).artifact).unwrap();
    let mut state = State::<Heap>::new(&model.artifact().network).unwrap();
    model.artifact().network.step_vector(&mut state, &[0; 3]);
    assert_eq!(state.hidden()[2], i16::MAX);
}
