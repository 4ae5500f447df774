//! What a network reads: tokens or vectors.

use std::ops::Range;

/// A sequence of tokens or of vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sequence<'a> {
    /// Token ids; may be empty.
    Tokens(&'a [u16]),
    /// Vectors of `features` numbers, one behind the other.
    Vectors {
        /// All numbers, `[steps, features]`.
        values: &'a [f32],
        /// Length of a vector.
        features: usize,
    },
}

impl Sequence<'_> {
    /// Number of tokens, or of whole vectors.
    pub fn len(&self) -> usize {
        match self {
            Self::Tokens(tokens) => tokens.len(),
            Self::Vectors { values, features } => values.len() / features.max(&1),
        }
    }

    /// Whether there is neither token nor vector.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of the sequence; the range must lie within.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        match self {
            Self::Tokens(tokens) => Self::Tokens(&tokens[range]),
            Self::Vectors { values, features } => Self::Vectors {
                values: &values[range.start * features..range.end * features],
                features,
            },
        }
    }
}

/// A sequence and its class.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Example<'a> {
    /// What the network reads.
    pub sequence: Sequence<'a>,
    /// Class, from 0; of no meaning to a network that does not classify.
    pub label: u16,
    /// What is to be learnt of the classes instead of `label` alone: the probability of class 1
    /// for a network of one output, otherwise that of every class.
    pub target: Option<&'a [f32]>,
    /// What else is known of the sequence: added to the network's logits `(outputs,)`.
    pub offset: Option<&'a [f32]>,
    /// So many tokens or vectors at the beginning are given: of what comes next, none of them is
    /// scored.
    pub given: usize,
}

impl Example<'_> {
    /// How many predictions are not scored of a part of the sequence from step `start` on, whose
    /// first one is that of step `start + 1`.
    pub(crate) fn unscored(&self, start: usize) -> usize {
        self.given.saturating_sub(start + 1)
    }
}

impl<'a> Example<'a> {
    /// Tokens and their class.
    pub fn of_tokens(tokens: &'a [u16], label: u16) -> Self {
        Self {
            sequence: Sequence::Tokens(tokens),
            label,
            target: None,
            offset: None,
            given: 0,
        }
    }

    /// Vectors of `features` numbers, one behind the other, and their class.
    pub fn of_vectors(values: &'a [f32], features: usize, label: u16) -> Self {
        Self {
            sequence: Sequence::Vectors { values, features },
            label,
            target: None,
            offset: None,
            given: 0,
        }
    }
}
