//! Every parameter of every kind of network: central differences of the oracle, whose own error
//! is about 1e-9, against back-propagation in f32.

use super::*;

const STEP: f64 = 1e-5;
/// Of a tensor's largest gradient.
const TOLERANCE: f32 = 5e-6;
/// Beside that, for gradients so small that f32's rounding of larger terms shows: three tensors of
/// the 1,320 here, whose largest gradients are 1e-5 to 3e-4, need it.
const ROUNDING: f32 = 2e-9;
const CELLS: [CellKind; 4] = [
    CellKind::SimpleRnn,
    CellKind::Gru,
    CellKind::Lstm,
    CellKind::FastGrnn,
];

fn assert_differences(config: NetworkConfig, examples: &[Example]) {
    let network = sine_network(config);
    let config = network.config();
    let (outcome, found) = gradients(&network, examples, &RAGGED, 1);
    let mut weights = oracle::Weights::of(network.parameters());
    let exact = oracle::loss(config, &weights, examples);
    assert!(
        (outcome.loss() - exact).abs() < 1e-6 * exact,
        "{} instead of {exact}: {config:?}",
        outcome.loss()
    );
    for (n, tensor) in network.parameters().iter().enumerate() {
        let (rows, columns) = tensor.values.dim();
        let difference = |(row, column)| {
            let original = *weights.at(n, row, column);
            *weights.at(n, row, column) = original + STEP;
            let above = oracle::loss(config, &weights, examples);
            *weights.at(n, row, column) = original - STEP;
            let below = oracle::loss(config, &weights, examples);
            *weights.at(n, row, column) = original;
            ((above - below) / (2.0 * STEP)) as f32
        };
        let places = (0..rows * columns).map(|k| (k / columns, k % columns));
        let expected: Vec<f32> = places.map(difference).collect();
        let what = format!("{} of {config:?}", tensor.name);
        let largest = expected.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        let tolerance = TOLERANCE + ROUNDING / largest.max(f32::MIN_POSITIVE);
        assert_close(&found[n], &expected, tolerance, &what);
    }
}

/// Vectors of three numbers, 5, 2, none, 4 and 1 of them.
fn vectors() -> Vec<Vec<f32>> {
    let value = |n: usize, k: usize| libm::sin(2.0 + 3.0 * n as f64 + 1.7 * k as f64) as f32;
    let lengths = [5, 2, 0, 4, 1].into_iter().enumerate();
    lengths
        .map(|(n, length)| (0..3 * length).map(|k| value(n, k)).collect())
        .collect()
}

fn of_vectors(vectors: &[Vec<f32>], classes: usize) -> Vec<Example<'_>> {
    let labels = (1u16..).map(|k| k % classes.max(1) as u16);
    let labelled = vectors.iter().zip(labels);
    labelled
        .map(|(values, label)| Example::of_vectors(values, 3, label))
        .collect()
}

fn dense(task: Task, cell: CellKind, layers: usize) -> NetworkConfig {
    NetworkConfig {
        cell,
        task,
        layers,
        ..NetworkConfig::simple_rnn(InputKind::Dense { features: 3 }, 0, 4)
    }
}

#[test]
fn classifiers_of_tokens() {
    for cell in CELLS {
        for input in [InputKind::OneHot, InputKind::Embedding { dim: 3 }] {
            for readout in [Readout::Last, Readout::Mean, Readout::Max] {
                for (outputs, layers) in [(1, 1), (3, 2), (2, 3)] {
                    let config = NetworkConfig {
                        cell,
                        ..classifier(input, readout, outputs, layers)
                    };
                    let examples = examples(config.classes());
                    assert_differences(config, &examples);
                }
            }
        }
    }
}

#[test]
fn next_tokens() {
    for cell in CELLS {
        for input in [InputKind::OneHot, InputKind::Embedding { dim: 3 }] {
            for layers in 1..=3 {
                let config = NetworkConfig {
                    cell,
                    task: Task::NextToken,
                    layers,
                    ..NetworkConfig::simple_rnn(input, 7, 4)
                };
                assert_differences(config, &examples(7));
            }
        }
    }
}

#[test]
fn classifiers_of_vectors() {
    let vectors = vectors();
    for cell in CELLS {
        for readout in [Readout::Last, Readout::Mean, Readout::Max] {
            for (outputs, layers) in [(1, 1), (3, 2)] {
                let config = dense(Task::Classify { readout, outputs }, cell, layers);
                let examples = of_vectors(&vectors, config.classes());
                assert_differences(config, &examples);
            }
        }
    }
}

#[test]
fn next_vectors() {
    let vectors = vectors();
    for cell in CELLS {
        for layers in 1..=3 {
            let config = dense(Task::NextVector, cell, layers);
            assert_differences(config, &of_vectors(&vectors, 0));
        }
    }
}

#[test]
fn kernels_of_low_rank() {
    let vectors = vectors();
    for (input_rank, recurrent_rank) in [(2, 0), (0, 2), (1, 3)] {
        for layers in 1..=2 {
            let low = |config| NetworkConfig {
                cell: CellKind::FastGrnn,
                input_rank,
                recurrent_rank,
                ..config
            };
            let of_vectors = of_vectors(&vectors, 0);
            let dense = dense(Task::NextVector, CellKind::FastGrnn, layers);
            assert_differences(low(dense), &of_vectors);
            let input = InputKind::Embedding { dim: 3 };
            let embedded = classifier(input, Readout::Mean, 2, layers);
            assert_differences(low(embedded), &examples(2));
        }
    }
}
