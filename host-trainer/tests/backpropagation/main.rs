//! Loss and gradients of the network against a naive f64 oracle, its finite differences, and
//! PyTorch's numbers.

mod dropout;
mod finite_differences;
mod oracle;
mod pytorch;
mod streams;

use spinet_core::Readout;
use spinet_trainer::batch::{BatchMode, Cut, Example, Sequence};
use spinet_trainer::network::{
    CellKind, InputKind, Network, NetworkConfig, Outcome, Pass, Task, Workers,
};

const RAGGED: BatchMode = BatchMode::Ragged {
    max_len: 100,
    cut: Cut::Last,
};
const TRAINING: Pass = Pass::Training { seed: 0 };

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

fn classifier(input: InputKind, readout: Readout, outputs: usize, layers: usize) -> NetworkConfig {
    NetworkConfig {
        task: Task::Classify { readout, outputs },
        layers,
        ..NetworkConfig::simple_rnn(input, 7, 4)
    }
}

const SEQUENCES: [&[u16]; 5] = [&[1, 4, 2, 6, 3], &[5, 2], &[], &[0, 3, 3, 1], &[6]];

fn examples(classes: usize) -> Vec<Example<'static>> {
    let labelled = SEQUENCES.iter().zip(1u16..);
    labelled
        .map(|(tokens, k)| Example::of_tokens(tokens, k % classes as u16))
        .collect()
}

/// A batch of ragged sequences gives the mean of what its sequences give one by one.
#[test]
fn padding_changes_nothing() {
    for readout in [Readout::Last, Readout::Mean, Readout::Max] {
        let network = sine_network(classifier(InputKind::Embedding { dim: 3 }, readout, 1, 2));
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
    let network = sine_network(classifier(InputKind::OneHot, Readout::Last, 1, 1));
    let windowed = BatchMode::Windowed {
        length: 4,
        pad_id: 6,
    };
    let short = [
        Example::of_tokens(&[1, 4, 2, 6, 3], 1),
        Example::of_tokens(&[5, 2], 0),
        Example::of_tokens(&[], 1),
    ];
    let written = [
        Example::of_tokens(&[4, 2, 6, 3], 1),
        Example::of_tokens(&[6, 6, 5, 2], 0),
        Example::of_tokens(&[6, 6, 6, 6], 1),
    ];
    let (short, short_gradients) = gradients(&network, &short, &windowed, 1);
    let (written, written_gradients) = gradients(&network, &written, &RAGGED, 1);
    assert_eq!((short.loss(), short.tokens), (written.loss(), 12));
    assert_eq!(short_gradients, written_gradients);
}

#[test]
fn a_batch_of_empty_sequences_is_scored_by_the_heads_bias() {
    for readout in [Readout::Last, Readout::Mean, Readout::Max] {
        let network = sine_network(classifier(InputKind::Embedding { dim: 3 }, readout, 1, 1));
        let empty = [Example::of_tokens(&[], 1); 3];
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
    let mut config = classifier(InputKind::Embedding { dim: 3 }, Readout::Mean, 1, 2);
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
