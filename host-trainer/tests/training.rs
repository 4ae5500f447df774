//! The training loop: it learns, repeats itself, keeps the best epoch and stops when it should.

use spinet_core::Readout;
use spinet_trainer::batch::{BatchConfig, BatchMode, Cut, Example};
use spinet_trainer::network::{CellKind, InputKind, Network, NetworkConfig, Task};
use spinet_trainer::optimizer::{AdamConfig, Schedule};
use spinet_trainer::training::{
    Checkpoint, History, Selection, TrainingConfig, TrainingError, evaluate, evaluate_language,
    fit, fit_language, predict,
};

const RAGGED: BatchMode = BatchMode::Ragged {
    max_len: 100,
    cut: Cut::Last,
};

/// Forty sequences of 0 to 12 tokens below 20; what class they have depends on their first token,
/// which the network must carry to the end.
fn corpus(classes: u16) -> Vec<(Vec<u16>, u16)> {
    let mut state = 1u32;
    let mut draw = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % below
    };
    let mut sequence = |n: u32| -> Vec<u16> { (0..n % 13).map(|_| draw(20) as u16).collect() };
    let sequences = (0..40).map(&mut sequence);
    sequences
        .map(|tokens| (tokens.first().copied().unwrap_or(0) % classes, tokens))
        .map(|(label, tokens)| (tokens, label))
        .collect()
}

fn examples(corpus: &[(Vec<u16>, u16)]) -> Vec<Example<'_>> {
    corpus
        .iter()
        .map(|(tokens, label)| Example::of_tokens(tokens, *label))
        .collect()
}

fn config(epochs: usize) -> TrainingConfig {
    TrainingConfig {
        epochs,
        learning_rate: 0.01,
        batch: BatchConfig {
            size: 8,
            mode: RAGGED,
        },
        ..TrainingConfig::default()
    }
}

fn silent(
    network: &mut Network,
    training: &[Example],
    validation: &[Example],
    config: &TrainingConfig,
) -> Result<History, TrainingError> {
    fit(network, training, validation, config, &mut |_| ())
}

#[test]
fn memorises_a_small_corpus() {
    let networks = [
        (InputKind::OneHot, 1, Readout::Last, 1, RAGGED),
        (InputKind::Embedding { dim: 8 }, 3, Readout::Max, 2, RAGGED),
        (
            InputKind::OneHot,
            1,
            Readout::Mean,
            1,
            BatchMode::Windowed {
                length: 12,
                pad_id: 0,
            },
        ),
    ];
    for (input, outputs, readout, layers, mode) in networks {
        let shape = NetworkConfig::simple_rnn(input, 20, 24);
        let mut network = Network::new(
            NetworkConfig {
                task: Task::Classify { readout, outputs },
                layers,
                ..shape
            },
            1,
        )
        .unwrap();
        let corpus = corpus(network.config().classes() as u16);
        let examples = examples(&corpus);
        let mut config = config(300);
        config.adam.clip_norm = Some(1.0);
        config.schedule = Schedule::Cosine {
            warm_up: 0.05,
            floor: 0.0,
        };
        config.batch.mode = mode;
        let history = silent(&mut network, &examples, &[], &config).unwrap();
        let first = history.epochs[0].training.loss;
        let outcome = evaluate(&network, &examples, &config.batch, 2).unwrap();
        assert!(
            first > 0.4 && outcome.loss() < 0.05,
            "{first} to {}",
            outcome.loss()
        );
        assert_eq!(outcome.accuracy(), 1.0);
        let classes = predict(&network, &examples, &config.batch, 2).unwrap();
        for (example, p) in examples.iter().zip(classes.rows()) {
            assert!(p[usize::from(example.label)] > 0.5);
            assert!((p.sum() - 1.0).abs() < 1e-5);
        }
    }
}

fn regularised() -> NetworkConfig {
    NetworkConfig {
        embedding_dropout: 0.2,
        hidden_dropout: 0.2,
        word_dropout: 0.1,
        ..NetworkConfig::simple_rnn(InputKind::Embedding { dim: 6 }, 20, 10)
    }
}

fn train_with(threads: usize, seed: u64) -> (Network, History) {
    let corpus = corpus(2);
    let examples = examples(&corpus);
    let mode = BatchMode::Ragged {
        max_len: 8,
        cut: Cut::RandomWindow,
    };
    let batch = BatchConfig { size: 7, mode };
    let config = TrainingConfig {
        batch,
        threads,
        seed,
        ..config(3)
    };
    let mut network = Network::new(regularised(), 4).unwrap();
    let history = silent(&mut network, &examples[..30], &examples[30..], &config).unwrap();
    (network, history)
}

#[test]
fn a_seed_repeats_to_the_bit_and_threads_agree() {
    let losses = |history: &History| -> Vec<f64> {
        history
            .epochs
            .iter()
            .flat_map(|e| [e.training.loss, e.score().loss])
            .collect()
    };
    let (one, history) = train_with(1, 6);
    for threads in [1, 2] {
        let runs = [train_with(threads, 6), train_with(threads, 6)];
        assert_eq!(runs[0].0.parameters(), runs[1].0.parameters());
        assert_eq!(losses(&runs[0].1), losses(&runs[1].1));
        for (a, b) in losses(&runs[0].1).iter().zip(losses(&history)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
    assert_ne!(train_with(1, 7).0.parameters(), one.parameters());
}

/// The records, the checkpoint and the network agree on which epoch was best.
#[test]
fn the_best_epoch_is_kept_and_patience_ends_the_training() {
    let corpus = corpus(2);
    let examples = examples(&corpus);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("best.ckpt");
    for selection in [Selection::Loss, Selection::Accuracy] {
        let config = TrainingConfig {
            patience: Some(3),
            selection,
            learning_rate: 0.03,
            checkpoint: Some(path.clone()),
            ..config(200)
        };
        let mut network =
            Network::new(NetworkConfig::simple_rnn(InputKind::OneHot, 20, 16), 2).unwrap();
        let (training, validation) = examples.split_at(25);
        let mut seen = 0;
        let mut count = |record: &spinet_trainer::training::EpochRecord| {
            seen += 1;
            assert_eq!(record.epoch, seen);
        };
        let history = fit(&mut network, training, validation, &config, &mut count).unwrap();
        let best = history.best().unwrap();
        assert!(history.stopped_early);
        assert_eq!(history.epochs.len(), seen);
        assert_eq!(seen, best.epoch + 3);
        for other in &history.epochs {
            assert!(!other.score().beats(&best.score(), selection));
        }
        let checkpoint = Checkpoint::read(&path).unwrap();
        assert_eq!(
            (checkpoint.epoch, checkpoint.score),
            (best.epoch, best.score())
        );
        assert_eq!(checkpoint.network.parameters(), network.parameters());
        let outcome = evaluate(&network, validation, &config.batch, 1).unwrap();
        assert_eq!(outcome.loss(), best.score().loss);
    }
}

#[test]
fn a_diverging_training_stops_and_leaves_the_best_weights() {
    let corpus = corpus(2);
    let examples = examples(&corpus);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("best.ckpt");
    let mut network =
        Network::new(NetworkConfig::simple_rnn(InputKind::OneHot, 20, 16), 2).unwrap();
    let steady = TrainingConfig {
        checkpoint: Some(path.clone()),
        ..config(2)
    };
    silent(&mut network, &examples, &[], &steady).unwrap();
    let before = network.parameters().clone();
    // A rate of 1e4 moves the head by about 1e4 in the first step already.
    let wild = TrainingConfig {
        learning_rate: 1e4,
        ..steady
    };
    let error = silent(&mut network, &examples, &[], &wild).unwrap_err();
    assert!(
        matches!(
            error,
            TrainingError::Exploded {
                epoch: 1,
                step: 2,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .starts_with("epoch 1, step 2: the loss exploded to ")
    );
    assert_eq!(network.parameters(), &before);
    assert_eq!(
        Checkpoint::read(&path).unwrap().network.parameters(),
        &before
    );

    network.parameters_mut().get_mut("head.bias").unwrap()[[0, 0]] = f32::NAN;
    let error = silent(&mut network, &examples, &[], &config(1)).unwrap_err();
    let text = "epoch 1, step 1: the loss is not finite; try a lower learning rate or clip_norm";
    assert_eq!(error.to_string(), text);
}

#[test]
fn impossible_configurations_are_refused_before_anything_is_computed() {
    let corpus = corpus(2);
    let examples = examples(&corpus);
    let mut network = Network::new(NetworkConfig::simple_rnn(InputKind::OneHot, 20, 4), 2).unwrap();
    let mut refused = |training: &[Example], config: TrainingConfig| {
        silent(&mut network, training, &[], &config)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(refused(&[], config(1)), "there are no training examples");
    let rate = TrainingConfig {
        learning_rate: f32::NAN,
        ..config(1)
    };
    assert_eq!(
        refused(&examples, rate),
        "training: learning_rate = NaN is out of range"
    );
    let adam = AdamConfig {
        beta1: 1.0,
        ..AdamConfig::default()
    };
    let adam = TrainingConfig { adam, ..config(1) };
    assert_eq!(
        refused(&examples, adam),
        "training: beta1 = 1 is out of range"
    );
    let outside = [Example::of_tokens(&[1, 20], 0)];
    let text = "example 0, token 1: id 20 is not below the vocabulary's 20";
    assert_eq!(refused(&outside, config(1)), text);
}

/// A language of period 5 is learned; the record's validation is what evaluation finds.
#[test]
fn a_stream_is_learned_and_scored_as_recorded() {
    let tokens: Vec<u16> = (0..3000usize).map(|n| [0, 1, 2, 1, 3][n % 5]).collect();
    let (training, validation) = tokens.split_at(2000);
    for cell in [
        CellKind::SimpleRnn,
        CellKind::Gru,
        CellKind::Lstm,
        CellKind::FastGrnn,
    ] {
        let shape = NetworkConfig::simple_rnn(InputKind::OneHot, 4, 12);
        let task = Task::NextToken;
        let mut network = Network::new(
            NetworkConfig {
                cell,
                task,
                ..shape
            },
            1,
        )
        .unwrap();
        let mut config = config(30);
        config.truncation = 20;
        config.adam.clip_norm = Some(5.0);
        let history = fit_language(&mut network, training, validation, &config, &mut |_| ());
        let best = history.unwrap().best().unwrap().score();
        let outcome = evaluate_language(&network, validation, 20, 1).unwrap();
        assert_eq!((outcome.loss(), outcome.scored), (best.loss, 999));
        assert!(best.loss < 0.1, "{cell:?}: {}", best.loss);
    }
}

/// A sine wave is told from the steps before it, noise in training or not.
#[test]
fn the_next_vector_is_learned() {
    let wave: Vec<f32> = (0..60).map(|n| libm::sinf(0.4 * n as f32)).collect();
    let examples = [Example::of_vectors(&wave, 1, 0)];
    for input_noise in [0.0, 0.02] {
        let shape = NetworkConfig {
            cell: CellKind::Gru,
            task: Task::NextVector,
            input_noise,
            ..NetworkConfig::simple_rnn(InputKind::Dense { features: 1 }, 0, 12)
        };
        let mut network = Network::new(shape, 1).unwrap();
        silent(&mut network, &examples, &[], &config(300)).unwrap();
        let outcome = evaluate(&network, &examples, &config(1).batch, 1).unwrap();
        assert_eq!(outcome.scored, 59);
        assert!(outcome.loss() < 0.01, "{}", outcome.loss());
    }
}
