//! The network that computes as the device does against the core that reads its artifact.

use crate::batch::{Batch, BatchMode, Cut, Example};
use crate::inference::{Heap, Model};
use crate::network::model::Masked;
use crate::network::workspace::Workspace;
use crate::network::{CellKind, InputKind, Network, NetworkConfig, Pass, Task};
use crate::quantize::{Calibration, FrontSource, Precision, Quantizer, Source};
use crate::symbols::OwnedSymbols;
use spinet_core::{State, Token, artifact::Training, matrix::Encoding, text::Unit};

const VOCABULARY: usize = 11;
const STEPS: usize = 50;

fn network(cell: CellKind, input: InputKind, ranks: (usize, usize), bias: f32) -> Network {
    let config = NetworkConfig {
        cell,
        layers: 2,
        task: Task::NextToken,
        input_rank: ranks.0,
        recurrent_rank: ranks.1,
        ..NetworkConfig::simple_rnn(input, VOCABULARY, 8)
    };
    let mut network = Network::new(config, 3).unwrap();
    for name in ["layer0.bias", "layer1.bias", "head.bias"] {
        let mut values = network.parameters_mut().get_mut(name).unwrap();
        for (k, value) in values.iter_mut().enumerate() {
            *value += bias * libm::sinf(1.0 + k as f32);
        }
    }
    network
}

fn tokens(seed: usize) -> Vec<Token> {
    let token = |k: usize| (seed + k * k * 7 + k / 3) % VOCABULARY;
    (0..STEPS).map(|k| token(k) as Token).collect()
}

/// The states of both layers after every step, and the logits, in units of 2^-15.
struct Told {
    states: Vec<f64>,
    logits: Vec<f64>,
}

fn core(model: &Model, tokens: &[Token]) -> Told {
    let network = model.artifact().network;
    let mut state = State::<Heap>::new(&network).unwrap();
    let (mut states, mut logits) = (Vec::new(), Vec::new());
    for &token in tokens {
        network.step(&mut state, token);
        states.extend(state.hidden().iter().copied().map(f64::from));
        logits.extend(network.logits(&mut state).iter().copied().map(f64::from));
    }
    Told { states, logits }
}

fn twin(network: &Network, tokens: &[Token], shifts: &[u8]) -> Told {
    let mode = BatchMode::Ragged {
        max_len: STEPS + 1,
        cut: Cut::Last,
    };
    let (mut batch, mut space) = (Batch::default(), Workspace::default());
    // What follows the last token is not read, only foretold.
    let tokens = [tokens, &[0]].concat();
    let examples = [Example::of_tokens(&tokens, 0)];
    batch.assemble(&examples, &[0], &mode, Pass::Evaluation, true);
    space.prepare(network.config(), &batch, None);
    network.forward(&batch, &mut space, Masked::default());
    let units = |value: f32, shift: u8| f64::from(value) * 32_768.0 / f64::from(1u32 << shift);
    let mut states = Vec::new();
    for step in 0..batch.steps() {
        for (layer, &shift) in space.layers.iter().zip(shifts) {
            // The first row is the state before the first step.
            let row = layer.states.slice(step + 1..step + 2);
            states.extend(row.iter().map(|&h| units(h, shift)));
        }
    }
    let logits = space.logits.slice(0..batch.steps()).iter();
    Told {
        states,
        logits: logits.map(|&y| units(y, 0)).collect(),
    }
}

/// The worst distance, and the share of the numbers that are not the same.
fn apart(a: &[f64], b: &[f64]) -> (f64, f64) {
    assert_eq!(a.len(), b.len());
    let distances = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    let worst = distances.clone().fold(0.0, f64::max);
    let other = distances.filter(|&distance| distance > 0.0).count();
    (worst, other as f64 / a.len() as f64)
}

fn told(network: &Network, encoding: Encoding) -> (Told, Told) {
    let symbols = OwnedSymbols {
        unit: Unit::Byte,
        codes: (0..VOCABULARY as u32 - 1).collect(),
    };
    let source = Source {
        config: network.config(),
        parameters: network.parameters(),
        precision: Precision::all(encoding),
        front: FrontSource::Symbols(&symbols),
        wide: None,
        labels: &[],
        window: 0,
        training: Training {
            data: [0; 8],
            network: [0; 8],
            seed: 0,
            validation_permille: 0,
            test_permille: 0,
        },
    };
    let calibration = Calibration::Tokens((1..5).map(tokens).collect());
    let quantizer = Quantizer::calibrate(&source, &calibration).unwrap();
    let artifact = quantizer.quantize(&source).unwrap().artifact;
    let plan = quantizer.plan(source.config, source.parameters).unwrap();
    let mut rounded = network.clone();
    plan.round(source.parameters, rounded.parameters_mut())
        .unwrap();
    let shifts = plan.state_shifts();
    rounded.compute_as_device(&shifts);
    let model = Model::from_bytes(&artifact).unwrap();
    (
        core(&model, &tokens(9)),
        twin(&rounded, &tokens(9), &shifts),
    )
}

const CELLS: [CellKind; 4] = [
    CellKind::SimpleRnn,
    CellKind::Gru,
    CellKind::Lstm,
    CellKind::FastGrnn,
];

/// Sums in f32 and sums of integers fall on different sides of a half once in a long while, by a
/// unit of 2^-15, which may come back through the recurrent kernel; nothing else differs.
#[test]
fn the_forward_pass_is_the_devices() {
    for bias in [0.0, 0.3] {
        for cell in CELLS {
            for input in [InputKind::OneHot, InputKind::Embedding { dim: 5 }] {
                for encoding in [Encoding::Int8, Encoding::Int4] {
                    let (core, twin) = told(&network(cell, input, (0, 0), bias), encoding);
                    let states = apart(&core.states, &twin.states);
                    let logits = apart(&core.logits, &twin.logits);
                    let what = format!("{cell:?}, {input:?}, {encoding:?}, biases of {bias}");
                    assert!(states.0 <= 3.0, "states: {states:?}, {what}");
                    assert!(states.1 < 0.3, "states: {states:?}, {what}");
                    assert!(logits.0 <= 3.0, "logits: {logits:?}, {what}");
                }
            }
        }
    }
}

/// What is between the halves of a low-rank kernel is rounded on the device only.
#[test]
fn kernels_of_low_rank_are_near() {
    for ranks in [(2, 0), (0, 2), (3, 4)] {
        for encoding in [Encoding::Int8, Encoding::Int4] {
            let input = InputKind::Embedding { dim: 5 };
            let (core, twin) = told(&network(CellKind::FastGrnn, input, ranks, 0.3), encoding);
            let states = apart(&core.states, &twin.states);
            assert!(
                states.0 <= 8.0,
                "states: {states:?}, {ranks:?}, {encoding:?}"
            );
        }
    }
}
