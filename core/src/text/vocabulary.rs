//! From a word's hash to its token.
//!
//! [`Vocabulary::PerfectHash`] gives each of `n` chosen words a slot of its own.
//! [`Vocabulary::Hashed`] has no table at all; words share buckets. The words themselves are
//! stored in neither.

use super::{
    WordHash,
    perfect_hash::{PerfectHash, PerfectHashSpec, reduce},
    special,
    tokenizer::mix,
};
use crate::{Token, data::Data, error::ArtifactError};
use serde::{Deserialize, Serialize};

/// Where a vocabulary lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum VocabularySpec {
    /// See [`Vocabulary::PerfectHash`].
    PerfectHash(PerfectHashSpec),
    /// See [`Vocabulary::Hashed`].
    Hashed {
        /// Number of buckets.
        buckets: Token,
    },
}

impl VocabularySpec {
    /// Borrows the vocabulary.
    ///
    /// # Errors
    /// If a table is not there, too short or long, or if there are no words or too many.
    pub fn resolve<'a>(&self, data: Data<'a>) -> Result<Vocabulary<'a>, ArtifactError> {
        const TENSOR: &str = "vocabulary";
        match *self {
            Self::PerfectHash(hash) => Ok(Vocabulary::PerfectHash(hash.resolve(data, TENSOR)?)),
            Self::Hashed { buckets } if (1..=special::MOST_WORDS).contains(&buckets) => {
                Ok(Vocabulary::Hashed { buckets })
            }
            Self::Hashed { .. } => Err(ArtifactError::OutOfRange(TENSOR)),
        }
    }
}

/// A set of words with their tokens.
#[derive(Debug, Clone, Copy)]
pub enum Vocabulary<'a> {
    /// Chosen words, each with a slot of its own; every other word is unknown.
    PerfectHash(PerfectHash<'a>),
    /// The hashing trick (Weinberger et al., ICML 2009): any word falls into one of the buckets,
    /// none is unknown.
    Hashed {
        /// Number of buckets.
        buckets: Token,
    },
}

impl Vocabulary<'_> {
    /// Number of words or buckets.
    pub fn words(&self) -> Token {
        match self {
            Self::PerfectHash(hash) => hash.words,
            Self::Hashed { buckets } => *buckets,
        }
    }

    /// Number of tokens: words and [special ones](special).
    pub fn tokens(&self) -> usize {
        usize::from(special::FIRST_WORD) + usize::from(self.words())
    }

    /// The token of a word, `None` if it is unknown.
    #[inline]
    pub fn token(&self, word: WordHash) -> Option<Token> {
        let slot = match self {
            Self::PerfectHash(hash) => hash.slot(word)?,
            Self::Hashed { buckets } => reduce(mix(word.0), *buckets),
        };
        Some(special::FIRST_WORD.saturating_add(slot))
    }
}
