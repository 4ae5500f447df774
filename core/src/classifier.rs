//! A sequence in, a verdict out: a front end, a network and its state, joined.

use crate::{
    Artifact, ArtifactError, Checked, Model, State,
    artifact::{Front, Labels, Task},
    fixed::weighted_sum,
    model::Second,
    probability::classify,
    series::Series,
    shape::{Buffer, Buffers},
    text::{History, Tokenizer, WordHash, special},
};
use core::marker::PhantomData;

/// Reads a text of any length, in chunks of any size, in constant memory.
pub struct Classifier<'a, B: Buffers, M: Model<'a> = Checked<'a>> {
    model: M,
    reader: Reader<B>,
    second: B::Second,
    lifetime: PhantomData<&'a ()>,
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
    /// `B` is not its shape, [`ArtifactError::Ensemble`] if it is an ensemble, which
    /// [`of`](Classifier::of) makes a classifier [of](crate::model::Ensemble).
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        Self::of(Checked::new(artifact)?)
    }
}

impl<'a, B: Buffers, M: Model<'a>> Classifier<'a, B, M> {
    /// A classifier that has read nothing, of a model that was [compiled in](crate::emit) or loaded.
    ///
    /// # Errors
    /// As [`new`](Classifier::new).
    #[inline]
    pub fn of(model: M) -> Result<Self, ArtifactError> {
        let mut classifier = Self {
            reader: Reader::new(model.checked())?,
            second: B::Second::new(model.second())?,
            model,
            lifetime: PhantomData,
        };
        classifier.reset();
        Ok(classifier)
    }

    /// Forgets the text so far.
    pub fn reset(&mut self) {
        self.reader.reset(&First(&self.model));
        self.second.reset(&self.model);
    }

    /// Reads on. A word that ends with the chunk goes on in the next one.
    #[inline]
    pub fn feed(&mut self, bytes: &[u8]) {
        self.reader.feed(&First(&self.model), bytes);
        self.second.feed(&self.model, bytes);
    }

    /// Ends the text, and with it its last word.
    pub fn finish(&mut self) -> Verdict<'_> {
        self.reader.finish(&First(&self.model));
        self.second.finish(&self.model);
        self.verdict()
    }

    /// The verdict on the words so far; a word that has not ended yet does not count. Of an
    /// ensemble, it tells the words that the first network has read.
    pub fn verdict(&mut self) -> Verdict<'_> {
        let checked = self.model.checked();
        let reader = &mut self.reader;
        checked.network.logits(&mut reader.state);
        let logits = reader.state.logits_mut();
        self.second.join(&self.model, logits);
        verdict(checked.labels(), logits, reader.tokens, reader.unknown)
    }
}

/// One of a model's networks.
///
/// Readers ask for it where they use it: of a model that was compiled in, the compiler sees which
/// constant it is there, whatever it has not inlined.
trait Part<'a> {
    /// The network, if the model has it.
    fn checked(&self) -> Option<&Checked<'a>>;
}

/// The first network of a model.
struct First<'m, M>(&'m M);

impl<'a, M: Model<'a>> Part<'a> for First<'_, M> {
    #[inline]
    fn checked(&self) -> Option<&Checked<'a>> {
        Some(self.0.checked())
    }
}

/// The second network of an ensemble.
struct Other<'m, M>(&'m M);

impl<'a, M: Model<'a>> Part<'a> for Other<'_, M> {
    #[inline]
    fn checked(&self) -> Option<&Checked<'a>> {
        self.0.second().map(Second::checked)
    }
}

/// A network in the middle of a text: everything that changes.
pub struct Reader<B: Buffers> {
    tokenizer: Tokenizer,
    history: History,
    state: State<B>,
    /// The n-grams that the text has had.
    seen: B::Seen,
    tokens: u32,
    unknown: u32,
}

impl<B: Buffers> Reader<B> {
    fn new(checked: &Checked<'_>) -> Result<Self, ArtifactError> {
        let (Front::Words(_) | Front::Ngrams(_), Task::Classify { .. }) =
            (checked.front, checked.task)
        else {
            return Err(ArtifactError::Task);
        };
        let dimensions = checked.network.dimensions();
        let seen = B::Seen::zeroed(dimensions.seen.into());
        Ok(Self {
            tokenizer: Tokenizer::new(checked.marks),
            history: History::default(),
            state: State::new(&checked.network)?,
            seen: seen.ok_or(ArtifactError::Shape(dimensions))?,
            tokens: 0,
            unknown: 0,
        })
    }

    fn reset<'a>(&mut self, part: &impl Part<'a>) {
        // Ended wherever it was.
        let _ = self.tokenizer.finish();
        self.state.reset();
        self.seen.as_mut().fill(0);
        (self.tokens, self.unknown) = (0, 0);
        self.history = History::default();
        if let Some(checked) = part.checked()
            && checked.start
        {
            checked.network.step(&mut self.state, special::START);
        }
    }

    #[inline]
    fn feed<'a>(&mut self, part: &impl Part<'a>, bytes: &[u8]) {
        for &byte in bytes {
            for word in self.tokenizer.push(byte) {
                self.read(part, word);
            }
        }
    }

    fn finish<'a>(&mut self, part: &impl Part<'a>) {
        if let Some(word) = self.tokenizer.finish() {
            self.read(part, word);
        }
    }

    fn read<'a>(&mut self, part: &impl Part<'a>, word: WordHash) {
        self.tokens = self.tokens.saturating_add(1);
        let Some(Checked { front, network, .. }) = part.checked() else {
            return;
        };
        let state = &mut self.state;
        let known = match front {
            Front::Words(vocabulary) => {
                let token = vocabulary.token(word);
                network.step(state, token.unwrap_or(special::UNKNOWN));
                token.is_some()
            }
            Front::Ngrams(ngrams) if B::NGRAMS => {
                let (history, seen) = (&mut self.history, self.seen.as_mut());
                ngrams.read(word, history, seen, |token| network.step(state, token))
            }
            // Without a set of n-grams there was no such classifier, and of the others there is none.
            Front::Ngrams(_) | Front::Symbols(_) | Front::Series(_) => false,
        };
        self.unknown = self.unknown.saturating_add(u32::from(!known));
    }
}

/// What a classifier has of the other network of an ensemble: nothing (`()`), a [`Reader`], or
/// either, as the model has it (`Option<Reader>`).
pub trait SecondReader: Sized {
    /// What reads the second network of a model.
    ///
    /// # Errors
    /// [`ArtifactError::Ensemble`] if there is none and should be, or the reverse;
    /// [`ArtifactError::Task`] and [`ArtifactError::Shape`] as of the first.
    fn new(second: Option<&Second<'_>>) -> Result<Self, ArtifactError>;
    /// Forgets the text so far.
    fn reset<'a>(&mut self, model: &impl Model<'a>);
    /// Reads on.
    fn feed<'a>(&mut self, model: &impl Model<'a>, bytes: &[u8]);
    /// Ends the text.
    fn finish<'a>(&mut self, model: &impl Model<'a>);
    /// The first network's logits, Q16.15, become the ensemble's.
    fn join<'a>(&mut self, model: &impl Model<'a>, logits: &mut [i32]);
}

impl SecondReader for () {
    #[inline]
    fn new(second: Option<&Second<'_>>) -> Result<Self, ArtifactError> {
        match second {
            None => Ok(()),
            Some(_) => Err(ArtifactError::Ensemble),
        }
    }

    fn reset<'a>(&mut self, _: &impl Model<'a>) {}

    fn feed<'a>(&mut self, _: &impl Model<'a>, _: &[u8]) {}

    fn finish<'a>(&mut self, _: &impl Model<'a>) {}

    fn join<'a>(&mut self, _: &impl Model<'a>, _: &mut [i32]) {}
}

impl<B: Buffers> SecondReader for Reader<B> {
    fn new(second: Option<&Second<'_>>) -> Result<Self, ArtifactError> {
        let second = second.ok_or(ArtifactError::Ensemble)?;
        Self::new(&second.checked)
    }

    fn reset<'a>(&mut self, model: &impl Model<'a>) {
        self.reset(&Other(model));
    }

    #[inline]
    fn feed<'a>(&mut self, model: &impl Model<'a>, bytes: &[u8]) {
        self.feed(&Other(model), bytes);
    }

    fn finish<'a>(&mut self, model: &impl Model<'a>) {
        self.finish(&Other(model));
    }

    fn join<'a>(&mut self, model: &impl Model<'a>, logits: &mut [i32]) {
        let Some(Second { checked, weights }) = model.second() else {
            return;
        };
        let others = checked.network.logits(&mut self.state);
        for (logit, &other) in logits.iter_mut().zip(others) {
            *logit = weighted_sum([*logit, other], *weights);
        }
    }
}

impl<B: Buffers> SecondReader for Option<Reader<B>> {
    fn new(second: Option<&Second<'_>>) -> Result<Self, ArtifactError> {
        second
            .map(|second| Reader::new(&second.checked))
            .transpose()
    }

    fn reset<'a>(&mut self, model: &impl Model<'a>) {
        if let Some(reader) = self {
            SecondReader::reset(reader, model);
        }
    }

    fn feed<'a>(&mut self, model: &impl Model<'a>, bytes: &[u8]) {
        if let Some(reader) = self {
            SecondReader::feed(reader, model, bytes);
        }
    }

    fn finish<'a>(&mut self, model: &impl Model<'a>) {
        if let Some(reader) = self {
            SecondReader::finish(reader, model);
        }
    }

    fn join<'a>(&mut self, model: &impl Model<'a>, logits: &mut [i32]) {
        if let Some(reader) = self {
            reader.join(model, logits);
        }
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
pub struct SeriesClassifier<'a, B: Buffers, M: Model<'a> = Checked<'a>> {
    model: M,
    state: State<B>,
    vectors: u32,
    lifetime: PhantomData<&'a ()>,
}

impl<'a, B: Buffers> SeriesClassifier<'a, B> {
    /// A classifier that has read nothing.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model does not classify vectors, [`ArtifactError::Shape`]
    /// if `B` is not its shape.
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        Self::of(Checked::new(artifact)?)
    }
}

impl<'a, B: Buffers, M: Model<'a>> SeriesClassifier<'a, B, M> {
    /// A classifier that has read nothing, of a model that was [compiled in](crate::emit) or loaded.
    ///
    /// # Errors
    /// As [`new`](SeriesClassifier::new).
    #[inline]
    pub fn of(model: M) -> Result<Self, ArtifactError> {
        let checked = model.checked();
        let (Front::Series(_), Task::Classify { .. }) = (checked.front, checked.task) else {
            return Err(ArtifactError::Task);
        };
        Ok(Self {
            state: State::new(&checked.network)?,
            vectors: 0,
            model,
            lifetime: PhantomData,
        })
    }

    /// Forgets the sequence so far.
    pub fn reset(&mut self) {
        self.state.reset();
        self.vectors = 0;
    }

    /// How values become components of vectors.
    pub fn series(&self) -> Series<'a> {
        self.model.checked().series()
    }

    /// Takes in a vector `(features,)`, Q0.15; see [`Series::quantize`].
    #[inline]
    pub fn feed(&mut self, x: &[i16]) {
        self.vectors = self.vectors.saturating_add(1);
        let network = self.model.checked().network();
        network.step_vector(&mut self.state, x);
    }

    /// The verdict on the vectors so far.
    pub fn verdict(&mut self) -> Verdict<'_> {
        let checked = self.model.checked();
        let logits = checked.network.logits(&mut self.state);
        verdict(checked.labels(), logits, self.vectors, 0)
    }
}
