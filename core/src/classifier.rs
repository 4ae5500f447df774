//! Text in, verdict out: a tokenizer, a vocabulary, a network and its state, joined.

use crate::{
    Artifact, ArtifactError, Network, State,
    artifact::Labels,
    probability::classify,
    shape::Buffers,
    text::{Tokenizer, Vocabulary, WordHash, special},
};

/// Reads a text of any length, in chunks of any size, in constant memory.
pub struct Classifier<'a, B: Buffers> {
    labels: Labels<'a>,
    vocabulary: Vocabulary<'a>,
    network: Network<'a>,
    starts: bool,
    tokenizer: Tokenizer,
    state: State<B>,
    tokens: u32,
    unknown: u32,
}

/// What a classifier makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'v> {
    /// The index of the most probable class.
    pub class: usize,
    /// Its name.
    pub label: &'v str,
    /// Its probability in Q0.15.
    pub probability: u16,
    /// The logits `(outputs,)`, Q16.15.
    pub logits: &'v [i32],
    /// Words read.
    pub tokens: u32,
    /// Of these, words that the vocabulary does not have.
    pub unknown: u32,
}

impl<'a, B: Buffers> Classifier<'a, B> {
    /// A classifier that has read nothing.
    ///
    /// # Errors
    /// [`ArtifactError::Shape`] if `B` is not the shape of this artifact.
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        let dimensions = artifact.network.dimensions();
        let mut classifier = Self {
            labels: artifact.labels,
            vocabulary: artifact.vocabulary,
            network: artifact.network,
            starts: artifact.manifest.start,
            tokenizer: Tokenizer::new(),
            state: State::new(dimensions).ok_or(ArtifactError::Shape(dimensions))?,
            tokens: 0,
            unknown: 0,
        };
        classifier.reset();
        Ok(classifier)
    }

    /// Forgets the text so far.
    pub fn reset(&mut self) {
        self.tokenizer = Tokenizer::new();
        self.state.reset();
        (self.tokens, self.unknown) = (0, 0);
        if self.starts {
            self.network.step(&mut self.state, special::START);
        }
    }

    /// Reads on. A word that ends with the chunk goes on in the next one.
    #[inline]
    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if let Some(word) = self.tokenizer.push(byte) {
                self.read(word);
            }
        }
    }

    /// Ends the text, and with it its last word.
    pub fn finish(&mut self) -> Verdict<'_> {
        if let Some(word) = self.tokenizer.finish() {
            self.read(word);
        }
        self.verdict()
    }

    /// The verdict on the words so far; a word that has not ended yet does not count.
    pub fn verdict(&mut self) -> Verdict<'_> {
        let logits = self.network.logits(&mut self.state);
        let (class, probability) = classify(logits);
        Verdict {
            class,
            label: self.labels.get(class),
            probability,
            logits,
            tokens: self.tokens,
            unknown: self.unknown,
        }
    }

    fn read(&mut self, word: WordHash) {
        self.tokens = self.tokens.saturating_add(1);
        let token = self.vocabulary.token(word).unwrap_or_else(|| {
            self.unknown = self.unknown.saturating_add(1);
            special::UNKNOWN
        });
        self.network.step(&mut self.state, token);
    }
}
