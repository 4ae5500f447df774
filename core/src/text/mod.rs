//! From bytes to tokens: the same code on the device and in training.
//!
//! - Words: a [`Tokenizer`] hashes them as their bytes arrive, so that a word of any length takes
//!   no memory; a [`Vocabulary`] turns the hash into a token.
//! - Events: the first time that one of the chosen [`Ngrams`] of words ends in a text, the token of
//!   that n-gram comes in, and nothing at the words in between.
//! - Characters and bytes: a [`Decoder`] finds them, [`Symbols`] numbers them.

mod case;
mod case_table;
mod ngrams;
mod perfect_hash;
mod symbols;
mod tokenizer;
mod vocabulary;

pub use ngrams::{History, Keys, MAX_ORDER, Ngrams, NgramsSpec};
pub use perfect_hash::{PerfectHash, PerfectHashSpec};
pub use symbols::{Decoder, Symbol, Symbols, SymbolsSpec, Unit};
pub use tokenizer::{Marks, Tokenizer, WordHash, Words};
pub use vocabulary::{Vocabulary, VocabularySpec};

/// Tokens of a [`Vocabulary`] or of [`Ngrams`] that are neither, with the numbers that Keras's IMDB data gives them.
pub mod special {
    use crate::Token;

    /// Fills a window in front of a sequence that is shorter.
    pub const PAD: Token = 0;
    /// Begins a sequence, where the artifact says so.
    pub const START: Token = 1;
    /// A word that the vocabulary does not have.
    pub const UNKNOWN: Token = 2;
    /// The first word of the vocabulary.
    pub const FIRST_WORD: Token = 3;
    /// The largest number of words or n-grams: the others of all tokens.
    pub const MOST_WORDS: Token = Token::MAX - FIRST_WORD;
}
