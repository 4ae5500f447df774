//! Quantisation-aware training: what it reports is what the artifact is worth, it is better than
//! rounding afterwards, and its gradients are those of the real numbers.

use super::*;
use indicatif::ProgressBar;
use spinet_trainer::{
    batch::{BatchConfig, BatchMode, Cut, Example},
    evaluation::{Score, evaluate_series, evaluate_symbols, evaluate_vectors},
    inference::Model,
    network::{Pass, Workers},
    pipeline::Prepared,
    training::{
        History, TrainingConfig, evaluate_language, fit_language, fit_language_rounded, fit_rounded,
    },
};

const RAGGED: BatchMode = BatchMode::Ragged {
    max_len: 100,
    cut: Cut::Last,
};

fn config(epochs: usize, learning_rate: f32) -> TrainingConfig {
    TrainingConfig {
        epochs,
        learning_rate,
        batch: BatchConfig {
            size: 8,
            mode: RAGGED,
        },
        truncation: 20,
        ..TrainingConfig::default()
    }
}

/// A text in which a symbol follows from the two before it, most of the time; the boundary first.
fn stream(seed: u32, length: usize) -> Vec<Token> {
    let (symbols, mut tokens) = (VOCABULARY as u16 - 1, vec![VOCABULARY as u16 - 1]);
    for x in noise(seed, length) {
        let from = |back: usize| (tokens.len().checked_sub(back)).map_or(0, |at| tokens[at]);
        let next = match x {
            0.7.. => (x * 1_000.0) as u16,
            _ => from(1) * 2 + from(2) + 1,
        };
        tokens.push(next % symbols);
    }
    tokens
}

/// The same as text.
fn text(tokens: &[Token]) -> Vec<u8> {
    let symbols = tokens.iter().skip(1);
    symbols.map(|&token| b'a' + token as u8).collect()
}

/// The scales for a network's weights, calibrated on sequences of its kind.
fn plan(network: &Network, precision: Precision) -> Plan {
    let quantizer = calibrated(network, precision);
    let plan = quantizer.plan(network.config(), network.parameters());
    plan.unwrap()
}

fn model(network: &Network, plan: &Plan, precision: Precision) -> Model {
    let surroundings = Surroundings::of(network.config());
    let source = surroundings.source(network, precision);
    Model::from_bytes(&plan.quantize(&source).unwrap().artifact).unwrap()
}

fn assert_reported(history: &History, score: Score, what: &str) {
    let reported = history.best().unwrap().validation.unwrap();
    assert!(
        (reported.loss - score.loss).abs() < 1e-3,
        "reported {}, evaluated {}: {what}",
        reported.loss,
        score.loss
    );
}

#[test]
fn a_language_models_reported_loss_is_the_artifacts() {
    let (training, validation) = (stream(1, 2_000), stream(2, 600));
    for cell in CELLS {
        for encoding in ENCODINGS {
            let precision = Precision::all(encoding);
            let input = InputKind::Embedding { dim: 5 };
            let mut network = network(generator(cell, input, 2), 1);
            let plan = plan(&network, precision);
            let history = fit_language_rounded(
                &mut network,
                &training,
                &validation,
                &config(2, 0.01),
                &plan,
                &mut |_| (),
            );
            let model = model(&network, &plan, precision);
            let bar = ProgressBar::hidden();
            let score = evaluate_symbols(&model, &text(&validation), &bar).unwrap();
            assert_eq!(score.examples, 600);
            assert_reported(&history.unwrap(), score, &format!("{cell:?}, {encoding:?}"));
        }
    }
}

/// Sequences of vectors, of 10 to 19 steps, whose class is the sign of their sum.
fn prepared(seed: u32, count: u32) -> Vec<Prepared> {
    let sequences = (0..count).map(|n| {
        let Read::Vectors(vectors) = sequence(INPUTS[2], seed + n, 10 + n as usize % 10) else {
            unreachable!("the input is vectors");
        };
        let sum: i32 = vectors.iter().map(|&x| i32::from(x)).sum();
        Prepared {
            values: vectors.iter().map(|&x| f32::from(x) / 32_768.0).collect(),
            vectors,
            label: usize::from(sum > 0),
        }
    });
    sequences.collect()
}

fn examples(prepared: &[Prepared], given: usize) -> Vec<Example<'_>> {
    let examples = prepared.iter().map(|one| Example {
        given,
        ..Example::of_vectors(&one.values, 3, one.label as u16)
    });
    examples.collect()
}

#[test]
fn the_reported_loss_of_series_is_the_artifacts() {
    let (training, validation) = (prepared(1, 40), prepared(1_000, 30));
    let given = 4;
    let (learnt, judged) = (examples(&training, given), examples(&validation, given));
    for cell in CELLS {
        for encoding in ENCODINGS {
            let precision = Precision::all(encoding);
            let generator = generator(cell, INPUTS[2], 1);
            for shape in [classifier(generator.clone(), Readout::Mean), generator] {
                let mut network = network(shape.clone(), 1);
                let plan = plan(&network, precision);
                let history = fit_rounded(
                    &mut network,
                    &learnt,
                    &judged,
                    &config(2, 0.01),
                    &plan,
                    &mut |_| (),
                );
                let (model, bar) = (model(&network, &plan, precision), ProgressBar::hidden());
                let score = match shape.task {
                    Task::NextVector => evaluate_vectors(&model, &validation, given, &bar),
                    _ => evaluate_series(&model, &validation, &bar),
                };
                let what = format!("{cell:?}, {encoding:?}, {:?}", shape.task);
                assert_reported(&history.unwrap(), score.unwrap(), &what);
            }
        }
    }
}

/// Four bits cost a language model something; training with them gives some of it back.
#[test]
fn four_bits_are_learned_to_live_with() {
    let (training, validation) = (stream(1, 6_000), stream(2, 1_000));
    let precision = Precision::all(Encoding::Int4);
    for cell in [CellKind::Gru, CellKind::FastGrnn] {
        let shape = NetworkConfig {
            hidden_size: 20,
            ..generator(cell, InputKind::Embedding { dim: 6 }, 1)
        };
        let mut network = Network::new(shape.clone(), 1).unwrap();
        let long = config(25, 0.01);
        fit_language(&mut network, &training, &validation, &long, &mut |_| ()).unwrap();
        let quantizer = calibrated_on(&network, precision, &training);
        let plan = quantizer.plan(&shape, network.parameters()).unwrap();
        let loss = |network: &Network| {
            let model = model(network, &plan, precision);
            let bar = ProgressBar::hidden();
            let score = evaluate_symbols(&model, &text(&validation), &bar);
            score.unwrap().loss
        };
        let float = evaluate_language(&network, &validation, 100, 1).unwrap();
        let afterwards = loss(&network);
        let short = config(20, 0.003);
        fit_language_rounded(
            &mut network,
            &training,
            &validation,
            &short,
            &plan,
            &mut |_| (),
        )
        .unwrap();
        let aware = loss(&network);
        let cost = afterwards - float.loss();
        assert!(cost > 0.02, "{cell:?}: four bits cost {cost}");
        assert!(
            aware < afterwards - 0.2 * cost,
            "{cell:?}: {} in float, {afterwards} rounded afterwards, {aware} aware",
            float.loss()
        );
    }
}

fn calibrated_on(network: &Network, precision: Precision, tokens: &[Token]) -> Quantizer {
    let surroundings = Surroundings::of(network.config());
    let pieces = tokens.chunks(100).take(20).map(<[Token]>::to_vec).collect();
    let source = surroundings.source(network, precision);
    Quantizer::calibrate(&source, &Calibration::Tokens(pieces)).unwrap()
}

/// All gradients of one batch, tensor by tensor.
fn gradients(network: &Network, examples: &[Example]) -> Vec<Vec<f32>> {
    let mut workers = Workers::new(network.config(), 1).unwrap();
    let indices: Vec<u32> = (0..examples.len() as u32).collect();
    workers.train(
        network,
        examples,
        &indices,
        &RAGGED,
        Pass::Training { seed: 0 },
    );
    let places = 0..network.parameters().iter().count();
    let dense = |place| workers.gradients().to_dense(place);
    places
        .map(|place| dense(place).into_raw_vec_and_offset().0)
        .collect()
}

/// Where weights are what a device holds already, rounding moves states by units of 2^-15 only:
/// the gradients that pass straight through are then those of the real network.
#[test]
fn gradients_pass_straight_through() {
    let sequences: Vec<Vec<Token>> = (0..4).map(|seed| stream(seed, 20)).collect();
    let examples: Vec<Example> = (sequences.iter())
        .map(|tokens| Example::of_tokens(tokens, 0))
        .collect();
    for cell in CELLS {
        for input in [INPUTS[0], INPUTS[1]] {
            let network = network(generator(cell, input, 2), 4);
            let precision = Precision::all(Encoding::Int8);
            let plan = calibrated(&network, precision)
                .plan(network.config(), network.parameters())
                .unwrap();
            let mut float = network.clone();
            plan.round(network.parameters(), float.parameters_mut())
                .unwrap();
            let mut device = float.clone();
            device.compute_as_device(&plan.state_shifts());
            let pairs = gradients(&float, &examples)
                .into_iter()
                .zip(gradients(&device, &examples));
            for ((a, b), tensor) in pairs.zip(network.parameters().iter()) {
                let largest = a.iter().fold(0.0f32, |most, x| most.max(x.abs()));
                let worst = (a.iter().zip(&b)).fold(0.0f32, |most, (a, b)| most.max((a - b).abs()));
                let what = format!("{} of {cell:?}, {input:?}", tensor.name);
                assert!(worst <= 2e-3 * largest, "{what}: {worst} of {largest}");
                assert!(largest > 0.0 && worst > 0.0, "{what}");
            }
        }
    }
}
