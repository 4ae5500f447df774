//! A model in plain integers, before it is written to an artifact, and random valid ones.
//!
//! [`crate::artifact`] writes a model as the core's format wants it; [`crate::oracle`] computes
//! with it as it stands here.

pub mod cell;
pub mod front;
pub mod lively;
pub mod matrix;
pub mod samples;
pub mod strategy;
mod weights;
pub mod wide;

pub use cell::{Cell, Layer, Mix, Product};
pub use front::{Front, Vocabulary};
pub use lively::lively;
pub use matrix::{Dense, Matrix, Rows};
pub use strategy::{Plan, model, models, models_for};
pub use weights::ENCODINGS;
pub use wide::{Wide, wide_models};

use spinet_core::Readout;

/// A network with what it reads and what it is for.
#[derive(Debug, Clone)]
pub struct Model {
    /// What comes in.
    pub front: Front,
    /// What comes out.
    pub task: Task,
    /// From a token or a vector to the first cell's input.
    pub input: Input,
    /// Up to 4 recurrent layers, from the input to the head; without any, there are wide weights.
    pub layers: Vec<Layer>,
    /// From the read-out to the logits.
    pub head: Dense,
    /// From the tokens to the logits, past the layers.
    pub wide: Option<Wide>,
}

/// What a model is for.
#[derive(Debug, Clone)]
pub enum Task {
    /// A verdict.
    Classify {
        /// The names of the classes.
        labels: Vec<String>,
        /// From the hidden states to the head.
        readout: Readout,
        /// How many tokens the model looks back; 0 for all of them.
        window: u16,
    },
    /// The next element.
    Generate,
}

/// The input side.
#[derive(Debug, Clone)]
pub enum Input {
    /// `W_xh` transposed, `(tokens, rows of the first cell)`.
    OneHot(Matrix),
    /// The embedding `(tokens, input_size)`, in Q0.7 (8 bits) or Q0.3 (4 bits).
    Embedding(Matrix),
    /// Vectors as they come.
    Vector,
    /// Nothing: there are no layers.
    None,
}

/// The four things that a model can be made for, and the sizes that follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A verdict on words.
    ReadText {
        /// Words of the vocabulary.
        words: u16,
        /// Classes.
        labels: usize,
    },
    /// The next symbol.
    WriteText {
        /// Symbols that it knows.
        symbols: u16,
    },
    /// A verdict on vectors.
    ReadSeries {
        /// Width of a vector.
        features: u16,
        /// Classes.
        labels: usize,
    },
    /// The next vector.
    WriteSeries {
        /// Width of a vector.
        features: u16,
    },
}

impl Purpose {
    /// Number of logits: one for two classes.
    pub fn outputs(self) -> usize {
        match self {
            Self::ReadText { labels: 2, .. } | Self::ReadSeries { labels: 2, .. } => 1,
            Self::ReadText { labels, .. } | Self::ReadSeries { labels, .. } => labels,
            Self::WriteText { symbols } => usize::from(symbols) + 1,
            Self::WriteSeries { features } => features.into(),
        }
    }

    /// Rows of a table of tokens: words and three special ones, or symbols and the boundary.
    pub fn tokens(self) -> usize {
        match self {
            Self::ReadText { words, .. } => usize::from(words) + 3,
            Self::WriteText { symbols } => usize::from(symbols) + 1,
            Self::ReadSeries { .. } | Self::WriteSeries { .. } => 0,
        }
    }
}

impl Model {
    /// What the model was made for.
    pub fn purpose(&self) -> Purpose {
        match (&self.front, &self.task) {
            (Front::Words { vocabulary, .. }, _) => Purpose::ReadText {
                words: vocabulary.words(),
                labels: self.labels().len(),
            },
            (Front::Ngrams { hash, .. }, _) => Purpose::ReadText {
                words: hash.words(),
                labels: self.labels().len(),
            },
            (Front::Symbols { codes, .. }, _) => Purpose::WriteText {
                symbols: codes.len().try_into().expect("few symbols"),
            },
            (Front::Series { offsets, .. }, Task::Classify { labels, .. }) => Purpose::ReadSeries {
                features: offsets.len().try_into().expect("few features"),
                labels: labels.len(),
            },
            (Front::Series { offsets, .. }, Task::Generate) => Purpose::WriteSeries {
                features: offsets.len().try_into().expect("few features"),
            },
        }
    }

    /// Rows of the input table.
    pub fn tokens(&self) -> usize {
        self.purpose().tokens()
    }

    /// The names of the classes.
    pub fn labels(&self) -> &[String] {
        match &self.task {
            Task::Classify { labels, .. } => labels,
            Task::Generate => &[],
        }
    }

    /// What the head sees.
    pub fn readout(&self) -> Readout {
        match self.task {
            Task::Classify { readout, .. } => readout,
            Task::Generate => Readout::Last,
        }
    }

    /// How many tokens the model looks back; 0 for all of them.
    pub fn window(&self) -> u16 {
        match self.task {
            Task::Classify { window, .. } => window,
            Task::Generate => 0,
        }
    }

    /// The same model with another window; only one that reads words has any.
    pub fn with_window(mut self, length: u16) -> Self {
        if let Task::Classify { window, .. } = &mut self.task {
            *window = length;
        }
        self
    }

    /// The same model with another read-out; only one that classifies has any.
    pub fn with_readout(mut self, other: Readout) -> Self {
        if let Task::Classify { readout, .. } = &mut self.task {
            *readout = other;
        }
        self
    }

    /// The largest bias with which no sum of a layer overflows.
    pub fn room(&self, layer: usize) -> i32 {
        let table = match (&self.input, layer) {
            (Input::OneHot(table), 0) => table.look_up_bound(),
            _ => 0,
        };
        matrix::room(table + self.layers[layer].bound())
    }

    /// The width of the last layer.
    pub fn top(&self) -> u16 {
        self.layers.last().map_or(0, |layer| layer.hidden_size)
    }
}
