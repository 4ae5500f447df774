//! One long stream of tokens in lanes and chunks.

use super::*;
use spinet_trainer::batch::Lanes;

const CELLS: [CellKind; 4] = [
    CellKind::SimpleRnn,
    CellKind::Gru,
    CellKind::Lstm,
    CellKind::FastGrnn,
];

fn language(cell: CellKind) -> Network {
    sine_network(NetworkConfig {
        cell,
        task: Task::NextToken,
        layers: 2,
        ..NetworkConfig::simple_rnn(InputKind::Embedding { dim: 3 }, 7, 4)
    })
}

fn stream(length: usize) -> Vec<u16> {
    (0..length as u32).map(|n| (n * n / 3 % 7) as u16).collect()
}

fn mean_loss(network: &Network, tokens: &[u16], lanes: &Lanes, threads: usize) -> f64 {
    let mut workers = Workers::new(network.config(), threads).unwrap();
    let mut sum = Outcome::default();
    for chunk in 0..lanes.chunks() {
        sum.add(&workers.evaluate_chunk(network, tokens, lanes, chunk));
    }
    assert_eq!(sum.scored, tokens.len() - 1);
    sum.loss()
}

/// However it is cut, a stream has the loss the oracle gives for it as one sequence.
#[test]
fn chunks_give_the_loss_of_the_whole() {
    let tokens = stream(101);
    for cell in CELLS {
        let network = language(cell);
        let weights = oracle::Weights::of(network.parameters());
        let whole = [Example::of_tokens(&tokens, 0)];
        let exact = oracle::loss(network.config(), &weights, &whole);
        for truncation in [1, 7, 33, 100, 1000] {
            let lanes = Lanes::training(tokens.len(), 1, truncation);
            let loss = mean_loss(&network, &tokens, &lanes, 2);
            assert!((loss - exact).abs() < 1e-6 * exact, "{loss} {exact}");
        }
    }
}

/// Lanes that overlap give the loss of the single stream.
#[test]
fn lanes_give_the_loss_of_the_whole() {
    let tokens = stream(10_001);
    for cell in CELLS {
        let network = language(cell);
        let single = Lanes::training(tokens.len(), 1, 500);
        let exact = mean_loss(&network, &tokens, &single, 1);
        let lanes = Lanes::evaluation(tokens.len(), 64);
        assert!(lanes.count() > 1);
        for threads in [1, 3] {
            let loss = mean_loss(&network, &tokens, &lanes, threads);
            assert!((loss - exact).abs() < 1e-4, "{loss} {exact}");
        }
    }
}

/// A chunk's gradient is that of its lanes as sequences of their own, if the states before it
/// are zero; the next chunk's differs from that, for its states are carried on.
#[test]
fn the_first_chunk_learns_as_sequences_do() {
    let tokens = stream(61);
    for cell in CELLS {
        let network = language(cell);
        let lanes = Lanes::training(tokens.len(), 3, 10);
        let mut workers = Workers::new(network.config(), 2).unwrap();
        let of_chunk = |workers: &Workers| -> Vec<f32> {
            let count = network.parameters().iter().count();
            let dense = |place| workers.gradients().to_dense(place);
            (0..count)
                .flat_map(|place| dense(place).into_iter())
                .collect()
        };
        for (chunk, alike) in [(0, true), (1, false)] {
            let outcome = workers.train_chunk(&network, &tokens, &lanes, chunk, TRAINING);
            let start = chunk * 10;
            let part = |lane: usize| &tokens[lane * 20 + start..=lane * 20 + start + 10];
            let examples = [0, 1, 2].map(|lane| Example::of_tokens(part(lane), 0));
            let (expected, gradients) = gradients(&network, &examples, &RAGGED, 1);
            assert_eq!((outcome.scored, outcome.tokens), (30, 30));
            let difference = (outcome.loss() - expected.loss()).abs();
            assert_eq!(difference < 1e-6, alike, "{difference}");
            if alike {
                assert_close(&of_chunk(&workers), &gradients.concat(), 1e-5, "gradient");
            }
        }
    }
}

#[test]
fn a_thread_count_repeats_to_the_bit() {
    let tokens = stream(500);
    let network = sine_network(NetworkConfig {
        hidden_dropout: 0.2,
        embedding_dropout: 0.2,
        word_dropout: 0.1,
        ..language(CellKind::Lstm).config().clone()
    });
    let lanes = Lanes::training(tokens.len(), 5, 30);
    let run = |threads: usize| {
        let mut workers = Workers::new(network.config(), threads).unwrap();
        let chunks = 0..lanes.chunks();
        let outcomes: Vec<Outcome> = chunks
            .map(|chunk| workers.train_chunk(&network, &tokens, &lanes, chunk, TRAINING))
            .collect();
        (outcomes, workers.gradients().to_dense(2))
    };
    let (one, gradient) = run(1);
    for threads in [1, 2, 3] {
        let (outcomes, found) = run(threads);
        assert_eq!((outcomes.clone(), found.clone()), run(threads));
        for (a, b) in outcomes.iter().zip(&one) {
            assert!((a.loss() - b.loss()).abs() < 1e-5);
        }
        let (found, gradient) = (found.as_slice().unwrap(), gradient.as_slice().unwrap());
        assert_close(found, gradient, 1e-4, "gradient");
    }
}
