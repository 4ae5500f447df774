//! What a network is, apart from its weights.

use serde::{Deserialize, Serialize};
use spinet_core::Readout;
pub use spinet_core::cell::{CellKind, MAX_LAYERS};

/// Most token ids: they have 16 bits.
const MAX_VOCABULARY: usize = 1 << 16;

/// In what arithmetic the element-wise part of a cell is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Arithmetic {
    /// In f32.
    #[default]
    Float,
    /// With the device's functions on numbers rounded as on the device; gradients pass straight
    /// through. For training that knows how it will be quantised.
    Device {
        /// States are kept divided by two to this power, in cells whose states may leave [-1, 1].
        state_shift: u8,
    },
}

/// What a network is trained to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// The class of a sequence, from its condensed states.
    Classify {
        /// How the states over time are condensed.
        readout: Readout,
        /// 1: sigmoid and binary cross-entropy; from 2 on: softmax and categorical cross-entropy.
        outputs: usize,
    },
    /// The next token, after every token: softmax over the vocabulary, categorical cross-entropy.
    NextToken,
    /// The next vector, after every vector: mean squared error over features and steps.
    NextVector,
}

/// How a token or vector enters the first layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InputKind {
    /// As a one-hot vector: a row of the input kernel is looked up.
    OneHot,
    /// As a learned vector.
    Embedding {
        /// Length of the vector.
        dim: usize,
    },
    /// A vector of measurements, as it is.
    Dense {
        /// Its length.
        features: usize,
    },
}

/// Shape and regularisation of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkConfig {
    /// The recurrent cell of every layer.
    pub cell: CellKind,
    /// How tokens enter the first layer.
    pub input: InputKind,
    /// Token ids run from 0 to `vocabulary_size - 1`; at most 65,536, and 0 if the input is
    /// vectors.
    pub vocabulary_size: usize,
    /// Units of each layer.
    pub hidden_size: usize,
    /// Recurrent layers, 1 to [`MAX_LAYERS`].
    pub layers: usize,
    /// What the network is trained to tell.
    pub task: Task,
    /// Rank of the input kernels of [`CellKind::FastGrnn`]; 0 for full ones.
    pub input_rank: usize,
    /// Rank of its recurrent kernels; 0 for full ones.
    pub recurrent_rank: usize,
    /// Share of the embedding's components dropped in training.
    pub embedding_dropout: f32,
    /// Share of the components the head reads that are dropped in training.
    pub hidden_dropout: f32,
    /// Share of the tokens replaced by [`unknown_id`](Self::unknown_id) in training.
    pub word_dropout: f32,
    /// Standard deviation of the Gaussian noise added to input vectors in training.
    pub input_noise: f32,
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
            task: Task::Classify {
                readout: Readout::Last,
                outputs: 1,
            },
            input_rank: 0,
            recurrent_rank: 0,
            embedding_dropout: 0.0,
            hidden_dropout: 0.0,
            word_dropout: 0.0,
            input_noise: 0.0,
            unknown_id: 0,
        }
    }

    /// Number of classes the head tells apart; that of the vocabulary for the next token, 0 for
    /// the next vector.
    pub fn classes(&self) -> usize {
        match self.task {
            Task::Classify { outputs, .. } => outputs.max(2),
            Task::NextToken => self.vocabulary_size,
            Task::NextVector => 0,
        }
    }

    /// Length of the vector that the head gives.
    pub fn outputs(&self) -> usize {
        match self.task {
            Task::Classify { outputs, .. } => outputs,
            Task::NextToken => self.vocabulary_size,
            Task::NextVector => self.features(),
        }
    }

    /// How states over time are condensed before the head; a head that speaks at every step
    /// reads the last state.
    pub fn readout(&self) -> Readout {
        match self.task {
            Task::Classify { readout, .. } => readout,
            Task::NextToken | Task::NextVector => Readout::Last,
        }
    }

    /// Whether the head speaks after every step.
    pub(crate) fn every_step(&self) -> bool {
        !matches!(self.task, Task::Classify { .. })
    }

    /// Length of an input vector; 0 if the input is tokens.
    pub fn features(&self) -> usize {
        match self.input {
            InputKind::Dense { features } => features,
            InputKind::OneHot | InputKind::Embedding { .. } => 0,
        }
    }

    /// Length of the vector that enters the first layer's input kernel.
    pub fn input_size(&self) -> usize {
        match self.input {
            InputKind::OneHot => self.vocabulary_size,
            InputKind::Embedding { dim } => dim,
            InputKind::Dense { features } => features,
        }
    }

    /// Says what is wrong with the configuration, if anything.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_input()?;
        if !(1..=MAX_LAYERS).contains(&self.layers) {
            return Err(ConfigError::Layers(self.layers));
        }
        let at_least_one = [
            ("hidden_size", self.hidden_size),
            ("outputs", self.outputs()),
        ];
        if let Some((name, _)) = at_least_one.into_iter().find(|&(_, value)| value == 0) {
            return Err(ConfigError::Zero { name });
        }
        self.validate_ranks()?;
        self.validate_dropout()
    }

    fn validate_input(&self) -> Result<(), ConfigError> {
        let vocabulary = self.vocabulary_size;
        let (name, size) = match self.input {
            InputKind::OneHot => ("vocabulary_size", vocabulary),
            InputKind::Embedding { dim } => ("embedding dimension", dim),
            InputKind::Dense { features } => ("features", features),
        };
        if size == 0 {
            return Err(ConfigError::Zero { name });
        }
        if let InputKind::Dense { .. } = self.input {
            return match self.task {
                _ if vocabulary != 0 => Err(ConfigError::VectorVocabulary(vocabulary)),
                Task::NextToken => Err(ConfigError::NoTokens),
                _ => Ok(()),
            };
        }
        if self.task == Task::NextVector {
            return Err(ConfigError::NoVectors);
        }
        let name = "vocabulary_size";
        match vocabulary {
            0 => return Err(ConfigError::Zero { name }),
            1..=MAX_VOCABULARY => {}
            _ => return Err(ConfigError::Vocabulary(vocabulary)),
        }
        let id = self.unknown_id;
        if usize::from(id) >= vocabulary {
            return Err(ConfigError::UnknownId { id, vocabulary });
        }
        Ok(())
    }

    fn validate_ranks(&self) -> Result<(), ConfigError> {
        let ranks = [
            ("input_rank", self.input_rank),
            ("recurrent_rank", self.recurrent_rank),
        ];
        for (name, rank) in ranks {
            if rank > 0 && self.cell != CellKind::FastGrnn {
                return Err(ConfigError::RankOfCell { name });
            }
            if rank > self.hidden_size {
                let hidden = self.hidden_size;
                return Err(ConfigError::Rank { name, rank, hidden });
            }
        }
        if self.input_rank > 0 && self.input == InputKind::OneHot {
            return Err(ConfigError::RankOfOneHot);
        }
        Ok(())
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
        if !matches!(self.input, InputKind::Embedding { .. }) && self.embedding_dropout > 0.0 {
            return Err(ConfigError::NoEmbedding);
        }
        let vectors = matches!(self.input, InputKind::Dense { .. });
        if vectors && self.word_dropout > 0.0 {
            return Err(ConfigError::NoWords);
        }
        if !(self.input_noise >= 0.0 && self.input_noise.is_finite()) {
            return Err(ConfigError::Noise(self.input_noise));
        }
        if !vectors && self.input_noise > 0.0 {
            return Err(ConfigError::NoiseOnTokens);
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
    #[error("embedding_dropout needs an embedding, which the input does not have")]
    NoEmbedding,
    /// Word dropout without words.
    #[error("word_dropout needs tokens, but the input is vectors")]
    NoWords,
    /// The next token of vectors.
    #[error("the next token cannot be told from vectors")]
    NoTokens,
    /// The next vector of tokens.
    #[error("the next vector cannot be told from tokens")]
    NoVectors,
    /// Vectors with a vocabulary.
    #[error("vocabulary_size is {0}, but vectors have no vocabulary; it must be 0")]
    VectorVocabulary(usize),
    /// Noise that is no standard deviation.
    #[error("input_noise is {0}; it must be finite and at least 0")]
    Noise(f32),
    /// Noise on tokens.
    #[error("input_noise needs vectors, but the input is tokens")]
    NoiseOnTokens,
    /// A rank where all kernels are full.
    #[error("{name} is only possible with FastGRNN")]
    RankOfCell {
        /// The field.
        name: &'static str,
    },
    /// A rank above full.
    #[error("{name} is {rank}, which saves nothing with {hidden} units; 0 means full rank")]
    Rank {
        /// The field.
        name: &'static str,
        /// Its value.
        rank: usize,
        /// Units of a layer.
        hidden: usize,
    },
    /// A low-rank kernel of one-hot vectors.
    #[error("input_rank with one-hot input is an embedding of that dimension; ask for one")]
    RankOfOneHot,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_networks_are_named() {
        let tokens = NetworkConfig::simple_rnn(InputKind::OneHot, 7, 4);
        let vectors = NetworkConfig::simple_rnn(InputKind::Dense { features: 3 }, 0, 4);
        assert_eq!((tokens.validate(), vectors.validate()), (Ok(()), Ok(())));
        let mut cases = [(); 6].map(|()| tokens.clone());
        cases[0].task = Task::NextVector;
        cases[1].recurrent_rank = 2;
        (cases[2].cell, cases[2].input_rank) = (CellKind::FastGrnn, 2);
        (cases[3].cell, cases[3].recurrent_rank) = (CellKind::FastGrnn, 5);
        cases[4].input_noise = 0.1;
        cases[5].embedding_dropout = 0.1;
        let found = cases.map(|config| config.validate().unwrap_err());
        let (rank, hidden) = (5, 4);
        let name = "recurrent_rank";
        let expected = [
            ConfigError::NoVectors,
            ConfigError::RankOfCell { name },
            ConfigError::RankOfOneHot,
            ConfigError::Rank { name, rank, hidden },
            ConfigError::NoiseOnTokens,
            ConfigError::NoEmbedding,
        ];
        assert_eq!(found, expected);
        let mut cases = [(); 3].map(|()| vectors.clone());
        cases[0].task = Task::NextToken;
        cases[1].word_dropout = 0.1;
        cases[2].vocabulary_size = 3;
        let found = cases.map(|config| config.validate().unwrap_err());
        let expected = [
            ConfigError::NoTokens,
            ConfigError::NoWords,
            ConfigError::VectorVocabulary(3),
        ];
        assert_eq!(found, expected);
    }
}
