//! What a network is, apart from its weights.

use serde::{Deserialize, Serialize};
use spinet_core::Readout;

/// Most recurrent layers a network may stack.
pub const MAX_LAYERS: usize = 4;

/// The recurrent cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum CellKind {
    /// `h' = tanh(W_xh x + W_hh h + b_h)`.
    SimpleRnn,
}

/// How a token enters the first layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputKind {
    /// As a one-hot vector: a row of the input kernel is looked up.
    OneHot,
    /// As a learned vector.
    Embedding {
        /// Length of the vector.
        dim: usize,
    },
}

/// Shape and regularisation of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// The recurrent cell of every layer.
    pub cell: CellKind,
    /// How tokens enter the first layer.
    pub input: InputKind,
    /// Token ids run from 0 to `vocabulary_size - 1`; at most 65,536.
    pub vocabulary_size: usize,
    /// Units of each layer.
    pub hidden_size: usize,
    /// Recurrent layers, 1 to [`MAX_LAYERS`].
    pub layers: usize,
    /// How the states over time are condensed.
    pub readout: Readout,
    /// 1: sigmoid and binary cross-entropy; from 2 on: softmax and categorical cross-entropy.
    pub outputs: usize,
    /// Share of the embedding's components dropped in training.
    pub embedding_dropout: f32,
    /// Share of the readout's components dropped in training.
    pub hidden_dropout: f32,
    /// Share of the tokens replaced by [`unknown_id`](Self::unknown_id) in training.
    pub word_dropout: f32,
    /// The token that stands for an unknown word.
    pub unknown_id: u16,
}

impl NetworkConfig {
    /// A single `SimpleRnn` layer with a binary head, the last state read and nothing dropped.
    pub fn simple_rnn(input: InputKind, vocabulary_size: usize, hidden_size: usize) -> Self {
        Self {
            cell: CellKind::SimpleRnn,
            input,
            vocabulary_size,
            hidden_size,
            layers: 1,
            readout: Readout::Last,
            outputs: 1,
            embedding_dropout: 0.0,
            hidden_dropout: 0.0,
            word_dropout: 0.0,
            unknown_id: 0,
        }
    }

    /// Number of classes the head tells apart.
    pub fn classes(&self) -> usize {
        self.outputs.max(2)
    }

    /// Length of the vector that enters the first layer's input kernel.
    pub(crate) fn input_size(&self) -> usize {
        match self.input {
            InputKind::OneHot => self.vocabulary_size,
            InputKind::Embedding { dim } => dim,
        }
    }

    /// Says what is wrong with the configuration, if anything.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let at_least_one = [
            ("vocabulary_size", self.vocabulary_size),
            ("hidden_size", self.hidden_size),
            ("outputs", self.outputs),
            ("embedding dimension", self.input_size()),
        ];
        for (name, value) in at_least_one {
            if value == 0 {
                return Err(ConfigError::Zero { name });
            }
        }
        if self.vocabulary_size > usize::from(u16::MAX) + 1 {
            return Err(ConfigError::Vocabulary(self.vocabulary_size));
        }
        if !(1..=MAX_LAYERS).contains(&self.layers) {
            return Err(ConfigError::Layers(self.layers));
        }
        if usize::from(self.unknown_id) >= self.vocabulary_size {
            return Err(ConfigError::UnknownId {
                id: self.unknown_id,
                vocabulary: self.vocabulary_size,
            });
        }
        self.validate_dropout()
    }

    fn validate_dropout(&self) -> Result<(), ConfigError> {
        let rates = [
            ("embedding_dropout", self.embedding_dropout),
            ("hidden_dropout", self.hidden_dropout),
            ("word_dropout", self.word_dropout),
        ];
        for (name, rate) in rates {
            if !(0.0..1.0).contains(&rate) {
                return Err(ConfigError::Dropout { name, rate });
            }
        }
        if self.input == InputKind::OneHot && self.embedding_dropout > 0.0 {
            return Err(ConfigError::NoEmbedding);
        }
        Ok(())
    }
}

/// A configuration no network can have.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A size is zero.
    #[error("{name} must be at least 1")]
    Zero {
        /// The field.
        name: &'static str,
    },
    /// More token ids than 16 bits hold.
    #[error("vocabulary_size is {0}; token ids have 16 bits, so 65536 is the most")]
    Vocabulary(usize),
    /// Too few or too many layers.
    #[error("layers is {0}; 1 to {MAX_LAYERS} are possible")]
    Layers(usize),
    /// The unknown word's id lies outside the vocabulary.
    #[error("unknown_id is {id}, but the vocabulary has only {vocabulary} ids")]
    UnknownId {
        /// The id.
        id: u16,
        /// Size of the vocabulary.
        vocabulary: usize,
    },
    /// A dropout rate outside `0 <= rate < 1`.
    #[error("{name} is {rate}; it must be at least 0 and below 1")]
    Dropout {
        /// The field.
        name: &'static str,
        /// Its value.
        rate: f32,
    },
    /// Embedding dropout without an embedding.
    #[error("embedding_dropout needs an embedding; one-hot input has none")]
    NoEmbedding,
}
