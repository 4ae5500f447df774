//! The networks whose training is measured.

use crate::network::{CellKind, InputKind, NetworkConfig, Task};

/// A network and the batches it is trained in.
pub(super) struct Job {
    pub name: &'static str,
    pub network: NetworkConfig,
    /// Sequences of a batch.
    pub sequences: usize,
    /// Tokens of a sequence, none of them padding.
    pub steps: usize,
}

const WORDS: usize = 10_000;
const SYMBOLS: usize = 65;
const EMBEDDING: InputKind = InputKind::Embedding { dim: 32 };

/// A classifier with one output that reads the last state.
fn classifier(cell: CellKind, input: InputKind, units: usize) -> NetworkConfig {
    NetworkConfig {
        cell,
        ..NetworkConfig::simple_rnn(input, WORDS, units)
    }
}

/// All of them, in the order in which they are measured.
pub(super) fn all() -> [Job; 5] {
    use InputKind::OneHot;
    let language = NetworkConfig {
        cell: CellKind::Lstm,
        task: Task::NextToken,
        ..NetworkConfig::simple_rnn(OneHot, SYMBOLS, 128)
    };
    let job = |name, network, sequences, steps| Job {
        name,
        network,
        sequences,
        steps,
    };
    [
        job(
            "simple-rnn-100",
            classifier(CellKind::SimpleRnn, EMBEDDING, 100),
            32,
            50,
        ),
        job(
            "one-hot-rnn-100",
            classifier(CellKind::SimpleRnn, OneHot, 100),
            32,
            50,
        ),
        job("gru-64", classifier(CellKind::Gru, EMBEDDING, 64), 64, 400),
        job(
            "lstm-64",
            classifier(CellKind::Lstm, EMBEDDING, 64),
            64,
            400,
        ),
        job("char-lstm-128", language, 50, 100),
    ]
}
