//! Sequences that the model writes itself: text, symbol by symbol, or vectors.
//!
//! Both are streams: what comes in is taken in as it comes, and what is written is handed out one
//! element at a time, each fed back before the next is asked for. Nothing is kept of either but
//! the network's state.

use crate::{
    Artifact, ArtifactError, Checked, Model, State,
    artifact::{Front, Task},
    sampling::{Sampler, Sampling},
    series::Series,
    shape::Buffers,
    text::{Decoder, Symbol, Symbols},
};
use core::marker::PhantomData;

/// Writes text.
pub struct Generator<'a, B: Buffers, M: Model<'a> = Checked<'a>> {
    model: M,
    decoder: Decoder,
    state: State<B>,
    lifetime: PhantomData<&'a ()>,
}

/// What to do with a symbol that the model does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Leave it out.
    Skip,
    /// Stop reading there.
    Refuse,
}

impl<'a, B: Buffers> Generator<'a, B> {
    /// A generator at the beginning of a text.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model does not write text, [`ArtifactError::Shape`] if `B`
    /// is not its shape.
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        Self::of(Checked::new(artifact)?)
    }
}

impl<'a, B: Buffers, M: Model<'a>> Generator<'a, B, M> {
    /// A generator at the beginning of a text, of a model that was [compiled in](crate::emit) or loaded.
    ///
    /// # Errors
    /// As [`new`](Generator::new).
    #[inline]
    pub fn of(model: M) -> Result<Self, ArtifactError> {
        let checked = model.checked();
        let (Front::Symbols(symbols), Task::Generate) = (checked.front, checked.task) else {
            return Err(ArtifactError::Task);
        };
        let mut generator = Self {
            decoder: Decoder::new(symbols.unit),
            state: State::new(&checked.network)?,
            model,
            lifetime: PhantomData,
        };
        generator.reset();
        Ok(generator)
    }

    /// Back to the beginning of a text.
    pub fn reset(&mut self) {
        self.state.reset();
        let checked = self.model.checked();
        let symbols = checked.symbols();
        self.decoder = Decoder::new(symbols.unit);
        checked.network.step(&mut self.state, symbols.boundary());
    }

    /// The symbols that the model knows.
    pub fn symbols(&self) -> Symbols<'a> {
        self.model.checked().symbols()
    }

    /// Reads the beginning of the text. A character that ends with the bytes goes on in the next.
    ///
    /// # Errors
    /// The first symbol that the model does not know, where those are to be refused; what came
    /// before it has been read.
    #[inline]
    pub fn prime(&mut self, bytes: &[u8], unknown: Unknown) -> Result<(), Symbol> {
        for &byte in bytes {
            let mut first = None;
            let Self {
                model,
                decoder,
                state,
                ..
            } = self;
            decoder.push(byte, |symbol| {
                read(model.checked(), state, symbol, unknown, &mut first);
            });
            if let Some(symbol) = first {
                return Err(symbol);
            }
        }
        Ok(())
    }

    /// Ends the prompt, and with it a character that was broken off.
    ///
    /// # Errors
    /// As [`prime`](Self::prime).
    pub fn end_prompt(&mut self, unknown: Unknown) -> Result<(), Symbol> {
        let mut first = None;
        let Self {
            model,
            decoder,
            state,
            ..
        } = self;
        decoder.finish(|symbol| read(model.checked(), state, symbol, unknown, &mut first));
        first.map_or(Ok(()), Err)
    }

    /// Draws the next symbol and takes it in; `None` where the text ends, after which it may
    /// begin again.
    #[inline]
    pub fn next_symbol(&mut self, sampler: &mut Sampler) -> Option<Symbol> {
        let checked = self.model.checked();
        checked.network.logits(&mut self.state);
        let token = sampler.draw(self.state.logits_mut()) as crate::Token;
        checked.network.step(&mut self.state, token);
        checked.symbols().symbol(token)
    }

    /// The logits `(symbols + 1,)` of the next symbol, the boundary's last, Q16.15.
    pub fn logits(&mut self) -> &[i32] {
        self.model.checked().network.logits(&mut self.state)
    }

    /// The text from here on, symbol by symbol, to its end.
    pub fn generate(&mut self, sampling: Sampling) -> impl Iterator<Item = Symbol> {
        let mut sampler = Sampler::new(sampling);
        core::iter::from_fn(move || self.next_symbol(&mut sampler))
    }
}

/// Takes in a symbol that is known; of others, `first` keeps the first that is to be refused.
#[inline]
fn read<B: Buffers>(
    checked: &Checked<'_>,
    state: &mut State<B>,
    symbol: Symbol,
    unknown: Unknown,
    first: &mut Option<Symbol>,
) {
    match (checked.symbols().token(symbol), unknown) {
        _ if first.is_some() => {}
        (Some(token), _) => checked.network.step(state, token),
        (None, Unknown::Skip) => {}
        (None, Unknown::Refuse) => *first = Some(symbol),
    }
}

/// Continues sequences of vectors.
pub struct SeriesGenerator<'a, B: Buffers, M: Model<'a> = Checked<'a>> {
    model: M,
    state: State<B>,
    lifetime: PhantomData<&'a ()>,
}

impl<'a, B: Buffers> SeriesGenerator<'a, B> {
    /// A generator at the beginning of a sequence.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model does not write vectors, [`ArtifactError::Shape`] if
    /// `B` is not its shape.
    pub fn new(artifact: &Artifact<'a>) -> Result<Self, ArtifactError> {
        Self::of(Checked::new(artifact)?)
    }
}

impl<'a, B: Buffers, M: Model<'a>> SeriesGenerator<'a, B, M> {
    /// A generator at the beginning of a sequence, of a model that was [compiled in](crate::emit) or
    /// loaded.
    ///
    /// # Errors
    /// As [`new`](SeriesGenerator::new).
    #[inline]
    pub fn of(model: M) -> Result<Self, ArtifactError> {
        let checked = model.checked();
        let (Front::Series(_), Task::Generate) = (checked.front, checked.task) else {
            return Err(ArtifactError::Task);
        };
        Ok(Self {
            state: State::new(&checked.network)?,
            model,
            lifetime: PhantomData,
        })
    }

    /// Back to the beginning of a sequence.
    pub fn reset(&mut self) {
        self.state.reset();
    }

    /// How values become components of vectors.
    pub fn series(&self) -> Series<'a> {
        self.model.checked().series()
    }

    /// Takes in a vector `(features,)`, Q0.15; see [`Series::quantize`].
    #[inline]
    pub fn feed(&mut self, x: &[i16]) {
        let network = self.model.checked().network();
        network.step_vector(&mut self.state, x);
    }

    /// The next vector `(features,)`, with 15 fraction bits, not saturated.
    pub fn prediction(&mut self) -> &[i32] {
        self.model.checked().network.logits(&mut self.state)
    }

    /// Writes the next vector `(features,)` to `x`, Q0.15, and takes it in.
    #[inline]
    pub fn next_vector(&mut self, x: &mut [i16]) {
        let network = self.model.checked().network();
        let predicted = network.logits(&mut self.state);
        for (x, &value) in x.iter_mut().zip(predicted) {
            *x = crate::fixed::saturate(value);
        }
        network.step_prediction(&mut self.state);
    }
}
