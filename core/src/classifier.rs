//! A sequence in, a verdict out: a front end, a network and its state, joined.

use crate::{
    Artifact, ArtifactError, Network, State,
    artifact::{Front, FrontSpec, Labels, Task},
    probability::classify,
    series::Series,
    shape::{Buffer, Buffers},
    text::{History, Ngrams, Tokenizer, Vocabulary, WordHash, special},
};

/// Reads a text of any length, in chunks of any size, in constant memory.
pub struct Classifier<'a, B: Buffers> {
    labels: Labels<'a>,
    reader: Reader<'a>,
    network: Network<'a>,
    tokenizer: Tokenizer,
    state: State<B>,
    /// The n-grams that the text has had.
    seen: B::Seen,
    tokens: u32,
    unknown: u32,
}

/// From words to tokens.
enum Reader<'a> {
    /// One for each word, behind the start token if `start`.
    Words {
        vocabulary: Vocabulary<'a>,
        start: bool,
    },
    /// One for each n-gram that is new in the text.
    Ngrams {
        ngrams: Ngrams<'a>,
        history: History,
    },
}

/// What a classifier makes of a sequence.
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
    /// Words or vectors read.
    pub tokens: u32,
    /// Of these, words that the vocabulary does not have, or that end no n-gram of the model's.
    pub unknown: u32,
}

impl<'a, B: Buffers> Classifier<'a, B> {
    /// A classifier that has read nothing.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model does not classify text, [`ArtifactError::Shape`] if
    /// `B` is not its shape.
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        let Task::Classify { .. } = artifact.manifest.task else {
            return Err(ArtifactError::Task);
        };
        let (reader, marks) = match (&artifact.front, &artifact.manifest.front) {
            (&Front::Words(vocabulary), &FrontSpec::Words { start, marks, .. }) => {
                (Reader::Words { vocabulary, start }, marks)
            }
            (&Front::Ngrams(ngrams), _) => {
                let history = History::default();
                (Reader::Ngrams { ngrams, history }, ngrams.marks)
            }
            _ => return Err(ArtifactError::Task),
        };
        let dimensions = artifact.network.dimensions();
        let seen = B::Seen::zeroed(dimensions.seen.into());
        let mut classifier = Self {
            labels: artifact.labels,
            reader,
            network: artifact.network,
            tokenizer: Tokenizer::new(marks),
            state: State::new(&artifact.network)?,
            seen: seen.ok_or(ArtifactError::Shape(dimensions))?,
            tokens: 0,
            unknown: 0,
        };
        classifier.reset();
        Ok(classifier)
    }

    /// Forgets the text so far.
    pub fn reset(&mut self) {
        // Ended wherever it was.
        let _ = self.tokenizer.finish();
        self.state.reset();
        self.seen.as_mut().fill(0);
        (self.tokens, self.unknown) = (0, 0);
        match &mut self.reader {
            Reader::Ngrams { history, .. } => *history = History::default(),
            Reader::Words { start: true, .. } => {
                self.network.step(&mut self.state, special::START);
            }
            Reader::Words { .. } => {}
        }
    }

    /// Reads on. A word that ends with the chunk goes on in the next one.
    #[inline]
    pub fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            for word in self.tokenizer.push(byte) {
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
        verdict(self.labels, logits, self.tokens, self.unknown)
    }

    fn read(&mut self, word: WordHash) {
        self.tokens = self.tokens.saturating_add(1);
        let (network, state) = (&self.network, &mut self.state);
        let known = match &mut self.reader {
            Reader::Words { vocabulary, .. } => {
                let token = vocabulary.token(word);
                network.step(state, token.unwrap_or(special::UNKNOWN));
                token.is_some()
            }
            Reader::Ngrams { ngrams, history } if B::NGRAMS => {
                let seen = self.seen.as_mut();
                ngrams.read(word, history, seen, |token| network.step(state, token))
            }
            // Without a set of them there was no such classifier.
            Reader::Ngrams { .. } => false,
        };
        self.unknown = self.unknown.saturating_add(u32::from(!known));
    }
}

fn verdict<'v>(labels: Labels<'v>, logits: &'v [i32], tokens: u32, unknown: u32) -> Verdict<'v> {
    let (class, probability) = classify(logits);
    Verdict {
        class,
        label: labels.get(class),
        probability,
        logits,
        tokens,
        unknown,
    }
}

/// Reads a sequence of vectors of any length in constant memory.
pub struct SeriesClassifier<'a, B: Buffers> {
    labels: Labels<'a>,
    series: Series<'a>,
    network: Network<'a>,
    state: State<B>,
    vectors: u32,
}

impl<'a, B: Buffers> SeriesClassifier<'a, B> {
    /// A classifier that has read nothing.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model does not classify vectors, [`ArtifactError::Shape`]
    /// if `B` is not its shape.
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        let (Front::Series(series), Task::Classify { .. }) =
            (artifact.front, artifact.manifest.task)
        else {
            return Err(ArtifactError::Task);
        };
        Ok(Self {
            labels: artifact.labels,
            series,
            network: artifact.network,
            state: State::new(&artifact.network)?,
            vectors: 0,
        })
    }

    /// Forgets the sequence so far.
    pub fn reset(&mut self) {
        self.state.reset();
        self.vectors = 0;
    }

    /// How values become components of vectors.
    pub fn series(&self) -> Series<'a> {
        self.series
    }

    /// Takes in a vector `(features,)`, Q0.15; see [`Series::quantize`].
    #[inline]
    pub fn feed(&mut self, x: &[i16]) {
        self.vectors = self.vectors.saturating_add(1);
        self.network.step_vector(&mut self.state, x);
    }

    /// The verdict on the vectors so far.
    pub fn verdict(&mut self) -> Verdict<'_> {
        let logits = self.network.logits(&mut self.state);
        verdict(self.labels, logits, self.vectors, 0)
    }
}
