//! Loss and gradients of the network against a naive f64 oracle, its finite differences, and
//! PyTorch's numbers.

use spinet_core::Readout;
use spinet_trainer::batch::{BatchMode, Cut, Example};
use spinet_trainer::network::{
    InputKind, Network, NetworkConfig, Outcome, Parameters, Pass, Workers,
};

const RAGGED: BatchMode = BatchMode::Ragged {
    max_len: 100,
    cut: Cut::Last,
};
const TRAINING: Pass = Pass::Training { seed: 0 };

/// One sequence at a time, plain loops, f64: the loss as the equations say it.
mod oracle {
    use super::*;

    /// All parameters as f64 matrices, in the network's order.
    pub type Weights = Vec<Vec<Vec<f64>>>;

    pub fn weights(parameters: &Parameters) -> Weights {
        let matrix = |values: &ndarray::Array2<f32>| {
            values
                .rows()
                .into_iter()
                .map(|row| row.iter().map(|&v| f64::from(v)).collect())
                .collect()
        };
        parameters
            .iter()
            .map(|tensor| matrix(&tensor.values))
            .collect()
    }

    /// `x (n) @ w (n, m)`.
    fn product(x: &[f64], w: &[Vec<f64>]) -> Vec<f64> {
        (0..w[0].len())
            .map(|j| x.iter().zip(w).map(|(x, row)| x * row[j]).sum())
            .collect()
    }

    fn logits(config: &NetworkConfig, weights: &Weights, tokens: &[u16]) -> Vec<f64> {
        let mut tensors = weights.iter();
        let mut inputs: Vec<Vec<f64>> = match config.input {
            InputKind::Embedding { .. } => {
                let table = tensors.next().unwrap();
                tokens
                    .iter()
                    .map(|&token| table[usize::from(token)].clone())
                    .collect()
            }
            InputKind::OneHot => {
                let one_hot = |token: u16| {
                    (0..config.vocabulary_size)
                        .map(|v| f64::from(v == usize::from(token)))
                        .collect()
                };
                tokens.iter().map(|&token| one_hot(token)).collect()
            }
        };
        for _ in 0..config.layers {
            let (wx, wh, b) = (
                tensors.next().unwrap(),
                tensors.next().unwrap(),
                tensors.next().unwrap(),
            );
            let mut h = vec![0.0; config.hidden_size];
            for x in &mut inputs {
                let (from_x, from_h) = (product(x, wx), product(&h, wh));
                h = (0..h.len())
                    .map(|j| (from_x[j] + from_h[j] + b[0][j]).tanh())
                    .collect();
                *x = h.clone();
            }
        }
        let unit = |j: usize| inputs.iter().map(move |state| state[j]);
        let readout: Vec<f64> = (0..config.hidden_size)
            .map(|j| match config.readout {
                _ if inputs.is_empty() => 0.0,
                Readout::Last => unit(j).next_back().unwrap(),
                Readout::Mean => unit(j).sum::<f64>() / inputs.len() as f64,
                Readout::Max => unit(j).fold(f64::NEG_INFINITY, f64::max),
            })
            .collect();
        let (wy, by) = (tensors.next().unwrap(), tensors.next().unwrap());
        product(&readout, wy)
            .iter()
            .zip(&by[0])
            .map(|(y, b)| y + b)
            .collect()
    }

    /// Mean cross-entropy in nats.
    pub fn loss(config: &NetworkConfig, weights: &Weights, examples: &[Example]) -> f64 {
        let losses = examples.iter().map(|example| {
            let mut logits = logits(config, weights, example.tokens);
            if config.outputs == 1 {
                logits.insert(0, 0.0);
            }
            let sum: f64 = logits.iter().map(|y| y.exp()).sum();
            sum.ln() - logits[usize::from(example.label)]
        });
        losses.sum::<f64>() / examples.len() as f64
    }
}

/// A network whose `k`th weight of tensor `n` is `sin(1 + n + 0.9 k) / 2`.
fn sine_network(config: NetworkConfig) -> Network {
    let mut network = Network::new(config, 0).unwrap();
    let names: Vec<String> = network
        .parameters()
        .iter()
        .map(|t| t.name.clone())
        .collect();
    for (n, name) in names.iter().enumerate() {
        let mut values = network.parameters_mut().get_mut(name).unwrap();
        for (k, value) in values.iter_mut().enumerate() {
            *value = (0.5 * libm::sin(1.0 + n as f64 + 0.9 * k as f64)) as f32;
        }
    }
    network
}

/// Outcome and all gradients of one batch of all examples.
fn gradients(
    network: &Network,
    examples: &[Example],
    mode: &BatchMode,
    threads: usize,
) -> (Outcome, Vec<Vec<f32>>) {
    let mut workers = Workers::new(network.config(), threads).unwrap();
    let indices: Vec<u32> = (0..examples.len() as u32).collect();
    let outcome = workers.train(network, examples, &indices, mode, TRAINING);
    let dense = |place| {
        workers
            .gradients()
            .to_dense(place)
            .into_raw_vec_and_offset()
            .0
    };
    (
        outcome,
        (0..network.parameters().iter().count())
            .map(dense)
            .collect(),
    )
}

/// Fails unless `a` and `b` agree within `tolerance` of the largest number.
fn assert_close(a: &[f32], b: &[f32], tolerance: f32, what: &str) {
    assert_eq!(a.len(), b.len(), "{what}");
    let scale = a.iter().chain(b).fold(0.0f32, |most, v| most.max(v.abs()));
    for (k, (a, b)) in a.iter().zip(b).enumerate() {
        assert!(
            (a - b).abs() <= tolerance * scale,
            "{what}[{k}]: {a} and {b}, largest {scale}"
        );
    }
}

fn shape(input: InputKind, readout: Readout, outputs: usize, layers: usize) -> NetworkConfig {
    NetworkConfig {
        readout,
        outputs,
        layers,
        ..NetworkConfig::simple_rnn(input, 7, 4)
    }
}

const SEQUENCES: [&[u16]; 5] = [&[1, 4, 2, 6, 3], &[5, 2], &[], &[0, 3, 3, 1], &[6]];

fn examples(classes: usize) -> Vec<Example<'static>> {
    let labelled = SEQUENCES.iter().zip(1u16..);
    labelled
        .map(|(tokens, k)| Example {
            tokens,
            label: k % classes as u16,
        })
        .collect()
}

/// Every parameter of every kind of network: central differences of the oracle, whose own error
/// is about 1e-9, against back-propagation in f32.
#[test]
fn gradients_are_the_losss_finite_differences() {
    const STEP: f64 = 1e-5;
    for input in [InputKind::OneHot, InputKind::Embedding { dim: 3 }] {
        for readout in [Readout::Last, Readout::Mean, Readout::Max] {
            for (outputs, layers) in [(1, 1), (3, 1), (2, 3)] {
                let network = sine_network(shape(input, readout, outputs, layers));
                let config = network.config();
                let examples = examples(config.classes());
                let (outcome, found) = gradients(&network, &examples, &RAGGED, 1);
                let mut weights = oracle::weights(network.parameters());
                let exact = oracle::loss(config, &weights, &examples);
                assert!((outcome.loss() - exact).abs() < 1e-6 * exact, "{config:?}");
                for (n, tensor) in network.parameters().iter().enumerate() {
                    let (rows, columns) = tensor.values.dim();
                    let mut expected = Vec::new();
                    for (row, column) in (0..rows * columns).map(|k| (k / columns, k % columns)) {
                        let original = weights[n][row][column];
                        weights[n][row][column] = original + STEP;
                        let above = oracle::loss(config, &weights, &examples);
                        weights[n][row][column] = original - STEP;
                        let below = oracle::loss(config, &weights, &examples);
                        weights[n][row][column] = original;
                        expected.push(((above - below) / (2.0 * STEP)) as f32);
                    }
                    let what = format!("{} of {config:?}", tensor.name);
                    assert_close(&found[n], &expected, 5e-6, &what);
                }
            }
        }
    }
}

/// ```python
/// import math, torch
/// torch.set_default_dtype(torch.float64)
///
/// def weights(n, rows, columns):
///     return torch.tensor([[0.5 * math.sin(1.0 + n + 0.9 * (r * columns + c))
///                           for c in range(columns)] for r in range(rows)], requires_grad=True)
///
/// V, E, H, K = 7, 3, 4, 3
/// sequences = [[1, 4, 2, 6, 3], [5, 2], [0, 3, 3, 1]]
/// labels = torch.tensor([2, 0, 1])
/// e, wx, wh, b, wy, by = (weights(n, *s) for n, s in
///                         enumerate([(V, E), (E, H), (H, H), (1, H), (H, K), (1, K)]))
/// logits = []
/// for tokens in sequences:
///     p = dict(weight_ih_l0=wx.t(), weight_hh_l0=wh.t(), bias_ih_l0=b[0],
///              bias_hh_l0=torch.zeros(H))
///     x = torch.nn.functional.embedding(torch.tensor(tokens), e)
///     states, _ = torch.func.functional_call(torch.nn.RNN(E, H), p, (x,))
///     logits.append(states[-1] @ wy + by[0])
/// loss = torch.nn.functional.cross_entropy(torch.stack(logits), labels)
/// loss.backward()
/// print(f"{loss.item():.7f}")
/// for tensor in (e, wx, wh, b, wy, by):
///     print([float(f"{x:.6g}") for x in tensor.grad.flatten().tolist()])
/// ```
#[test]
fn embedding_and_softmax_agree_with_pytorch() {
    let network = sine_network(shape(InputKind::Embedding { dim: 3 }, Readout::Last, 3, 1));
    let examples = [
        Example {
            tokens: &[1, 4, 2, 6, 3],
            label: 2,
        },
        Example {
            tokens: &[5, 2],
            label: 0,
        },
        Example {
            tokens: &[0, 3, 3, 1],
            label: 1,
        },
    ];
    #[rustfmt::skip]
    let expected: [&[f32]; 6] = [
        &[-0.000106243, 6.70897e-05, -1.40833e-05, 0.0145814, -0.0107373, 0.00467619, 0.01624,
          -0.0144408, 0.00965988, -0.0258307, 0.0220147, -0.0136529, 0.000120609, -7.06929e-05,
          6.1799e-06, -0.000766634, 0.000149005, 0.000499392, 0.00147006, -0.000479442,
          -0.000610173],
        &[-0.0090652, 0.0192971, -0.0279033, 0.0298799, 0.0642642, -0.0326412, -0.00107286,
          0.0392296, 0.0889597, -0.0598773, 0.0265696, 0.0188911],
        &[0.00772301, -0.00882878, 0.00396555, -0.00189301, 0.00547327, -0.00807095, 0.00339803,
          -0.00286657, 0.000682903, -0.00255393, 0.00100636, -0.00173554, -0.00687606, 0.00677231,
          -0.00319971, 0.000792112],
        &[0.0485824, -0.0205341, 0.00855775, 0.0226118],
        &[0.05515, 0.00355178, -0.0587018, 0.0765442, -0.00109802, -0.0754461, 0.0463061,
          -0.00607984, -0.0402262, -0.0258742, -0.00564719, 0.0315214],
        &[-0.10435, 0.0221619, 0.0821877],
    ];
    let (outcome, found) = gradients(&network, &examples, &RAGGED, 1);
    assert!(
        (outcome.loss() - 1.1237303).abs() < 5e-7,
        "{}",
        outcome.loss()
    );
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_close(found, expected, 5e-6, &format!("tensor {n}"));
    }
}

/// The snippet above with these lines in place of those between `V` and `loss.backward()`:
/// ```python
/// V, H = 7, 4
/// sequences = [[1, 4, 2, 6, 3], [5, 2], [0, 3, 3, 1]]
/// labels = torch.tensor([1.0, 0.0, 1.0])
/// wx, wh, b, wy, by = (weights(n, *s) for n, s in
///                      enumerate([(V, H), (H, H), (1, H), (H, 1), (1, 1)]))
/// logits = []
/// for tokens in sequences:
///     p = dict(weight_ih_l0=wx.t(), weight_hh_l0=wh.t(), bias_ih_l0=b[0],
///              bias_hh_l0=torch.zeros(H))
///     x = torch.nn.functional.one_hot(torch.tensor(tokens), V).double()
///     states, _ = torch.func.functional_call(torch.nn.RNN(V, H), p, (x,))
///     logits.append(states.mean(0) @ wy[:, 0] + by[0, 0])
/// loss = torch.nn.functional.binary_cross_entropy_with_logits(torch.stack(logits), labels)
/// ```
#[test]
fn one_hot_and_sigmoid_agree_with_pytorch() {
    let network = sine_network(shape(InputKind::OneHot, Readout::Mean, 1, 1));
    let examples = [
        Example {
            tokens: &[1, 4, 2, 6, 3],
            label: 1,
        },
        Example {
            tokens: &[5, 2],
            label: 0,
        },
        Example {
            tokens: &[0, 3, 3, 1],
            label: 1,
        },
    ];
    #[rustfmt::skip]
    let expected: [&[f32]; 5] = [
        &[0.0229639, 0.0200917, 0.00421089, 0.00333385, 0.034075, 0.0246738, 0.0141816,
          -0.00756697, -0.00150319, -0.0151818, -0.00440413, 0.00656582, 0.0668295, 0.0543205,
          0.0179597, 0.00013068, 0.0205943, 0.0119976, 0.00229135, 0.00133414, -0.0340814,
          -0.027396, -0.00524722, -0.00523806, 0.0228196, 0.00773487, 0.00111178, 0.00379473],
        &[0.00815754, -0.002403, -0.00314727, 0.0072378, -0.0440178, -0.0370939, -0.0133932,
          0.00629256, -0.0602153, -0.0419726, -0.0128938, 0.000382866, -0.0330402, -0.0177163,
          -0.00388065, -0.00468921],
        &[0.131698, 0.0762406, 0.030104, 0.00235419],
        &[0.0560396, 0.124626, 0.100956, 0.0024365],
        &[-0.250551],
    ];
    let (outcome, found) = gradients(&network, &examples, &RAGGED, 1);
    assert!(
        (outcome.loss() - 0.6904074).abs() < 5e-7,
        "{}",
        outcome.loss()
    );
    for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_close(found, expected, 5e-6, &format!("tensor {n}"));
    }
}

/// A batch of ragged sequences gives the mean of what its sequences give one by one.
#[test]
fn padding_changes_nothing() {
    for readout in [Readout::Last, Readout::Mean, Readout::Max] {
        let network = sine_network(shape(InputKind::Embedding { dim: 3 }, readout, 1, 2));
        let examples = examples(2);
        let (together, batch) = gradients(&network, &examples, &RAGGED, 1);
        let mut loss = 0.0;
        let mut sum: Vec<Vec<f64>> = batch.iter().map(|tensor| vec![0.0; tensor.len()]).collect();
        for example in &examples {
            let (outcome, alone) = gradients(&network, &[*example], &RAGGED, 1);
            loss += outcome.loss();
            for (sum, term) in sum.iter_mut().flatten().zip(alone.iter().flatten()) {
                *sum += f64::from(*term) / examples.len() as f64;
            }
        }
        assert!((together.loss() * examples.len() as f64 - loss).abs() < 1e-6 * loss);
        let sum: Vec<f32> = sum.concat().iter().map(|&v| v as f32).collect();
        assert_close(&batch.concat(), &sum, 1e-6, "gradient");
    }
}

/// Pads in front are tokens like any other: the same numbers as with the pads written out.
#[test]
fn windows_pad_in_front_and_keep_the_last_tokens() {
    let network = sine_network(shape(InputKind::OneHot, Readout::Last, 1, 1));
    let windowed = BatchMode::Windowed {
        length: 4,
        pad_id: 6,
    };
    let short = [
        Example {
            tokens: &[1, 4, 2, 6, 3],
            label: 1,
        },
        Example {
            tokens: &[5, 2],
            label: 0,
        },
        Example {
            tokens: &[],
            label: 1,
        },
    ];
    let written = [
        Example {
            tokens: &[4, 2, 6, 3],
            label: 1,
        },
        Example {
            tokens: &[6, 6, 5, 2],
            label: 0,
        },
        Example {
            tokens: &[6, 6, 6, 6],
            label: 1,
        },
    ];
    let (short, short_gradients) = gradients(&network, &short, &windowed, 1);
    let (written, written_gradients) = gradients(&network, &written, &RAGGED, 1);
    assert_eq!((short.loss(), short.tokens), (written.loss(), 12));
    assert_eq!(short_gradients, written_gradients);
}

#[test]
fn a_batch_of_empty_sequences_is_scored_by_the_heads_bias() {
    for readout in [Readout::Last, Readout::Mean, Readout::Max] {
        let network = sine_network(shape(InputKind::Embedding { dim: 3 }, readout, 1, 1));
        let empty = [Example {
            tokens: &[],
            label: 1,
        }; 3];
        let (outcome, found) = gradients(&network, &empty, &RAGGED, 2);
        let bias = f64::from(network.parameters().get("head.bias").unwrap().values[[0, 0]]);
        assert!((outcome.loss() - (1.0 + (-bias).exp()).ln()).abs() < 1e-6);
        let (last, others) = found.split_last().unwrap();
        assert!(last[0] < 0.0 && others.iter().flatten().all(|&gradient| gradient == 0.0));
    }
}

/// Two workers split the batch; more workers than sequences do no harm. Dropout is the same.
#[test]
fn thread_counts_agree() {
    let mut config = shape(InputKind::Embedding { dim: 3 }, Readout::Mean, 1, 2);
    (
        config.embedding_dropout,
        config.hidden_dropout,
        config.word_dropout,
    ) = (0.3, 0.4, 0.2);
    let network = sine_network(config);
    let examples = examples(2);
    let (one, one_gradients) = gradients(&network, &examples, &RAGGED, 1);
    for threads in [2, 7] {
        let (more, more_gradients) = gradients(&network, &examples, &RAGGED, threads);
        assert!((one.loss() - more.loss()).abs() < 1e-6);
        assert_eq!((one.correct, one.tokens), (more.correct, more.tokens));
        for (a, b) in one_gradients.iter().zip(&more_gradients) {
            assert_close(a, b, 1e-5, "gradient");
        }
        let (_, again) = gradients(&network, &examples, &RAGGED, threads);
        assert_eq!(again, more_gradients);
    }
}

/// Dropped readout units pass no gradient; the kept ones are scaled by `1 / (1 - rate)`.
#[test]
fn hidden_dropout_masks_the_heads_gradient() {
    let mut config = shape(InputKind::OneHot, Readout::Last, 1, 1);
    let plain = sine_network(config.clone());
    config.hidden_dropout = 0.5;
    let dropped = sine_network(config);
    let example = [Example {
        tokens: &[1, 2, 3],
        label: 1,
    }];
    let kernel = 3;
    let mut zeros = 0;
    for seed in 0..50 {
        let ratio = |network: &Network| {
            let mut workers = Workers::new(network.config(), 1).unwrap();
            workers.train(network, &example, &[0], &RAGGED, Pass::Training { seed });
            let (kernel, bias) = (kernel, kernel + 1);
            let bias = workers.gradients().to_dense(bias)[[0, 0]];
            workers.gradients().to_dense(kernel) / bias
        };
        for (with, without) in ratio(&dropped).iter().zip(&ratio(&plain)) {
            assert!(
                *with == 0.0 || (with / without - 2.0).abs() < 1e-5,
                "{with} {without}"
            );
            zeros += usize::from(*with == 0.0);
        }
    }
    assert!(
        (70..=130).contains(&zeros),
        "{zeros} of 200 dropped at a rate of one half"
    );
}

/// With all kinds of dropout, a small move of any tensor along its gradient changes the loss by
/// the move's length times the gradient's norm: forward and backward drop the same things.
#[test]
fn dropped_components_pass_no_gradient() {
    const LENGTH: f32 = 0.02;
    let mut config = shape(InputKind::Embedding { dim: 3 }, Readout::Mean, 3, 2);
    (
        config.embedding_dropout,
        config.hidden_dropout,
        config.word_dropout,
    ) = (0.5, 0.3, 0.3);
    let network = sine_network(config);
    let examples = examples(3);
    let (_, found) = gradients(&network, &examples, &RAGGED, 1);
    for (tensor, gradient) in network.parameters().iter().zip(&found) {
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let moved = |by: f32| {
            let mut network = network.clone();
            let mut values = network.parameters_mut().get_mut(&tensor.name).unwrap();
            values
                .iter_mut()
                .zip(gradient)
                .for_each(|(value, g)| *value += by * g / norm);
            gradients(&network, &examples, &RAGGED, 1).0.loss()
        };
        let slope = (moved(LENGTH) - moved(-LENGTH)) / f64::from(2.0 * LENGTH);
        let error = slope / f64::from(norm) - 1.0;
        assert!(
            error.abs() < 2e-3,
            "{}: {slope} instead of {norm}",
            tensor.name
        );
    }
}
