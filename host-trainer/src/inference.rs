//! A model file on the host, and what the core computes with it.
//!
//! Everything is `spinet_core`'s; the host only brings memory: an aligned copy of the file and
//! buffers whose lengths are known when a model is opened, not when this program is compiled.

use spinet_core::{
    Artifact, ArtifactError, Buffers, Classifier, Generator, SeriesClassifier, SeriesGenerator,
    Token,
    classifier::Reader,
    model::Ensemble,
    shape::{Buffer, Ring},
};
use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
};

/// Why a model file could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not a model, or a damaged one.
    #[error("{path}: {source}")]
    Artifact {
        /// The file.
        path: PathBuf,
        /// What the core said.
        source: ArtifactError,
    },
}

/// The bytes of an artifact, aligned as it demands, and known to be a valid one.
pub struct Model {
    words: Vec<u64>,
    length: usize,
}

impl Model {
    /// Reads and checks a model file.
    ///
    /// # Errors
    /// A [`ModelError`] with the file's path.
    pub fn open(path: &Path) -> Result<Self, ModelError> {
        let bytes = std::fs::read(path).map_err(|source| ModelError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes).map_err(|source| ModelError::Artifact {
            path: path.to_owned(),
            source,
        })
    }

    /// Checks the bytes of an artifact and keeps an aligned copy.
    ///
    /// # Errors
    /// The core's [`ArtifactError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ArtifactError> {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        bytemuck::cast_slice_mut::<u64, u8>(&mut words)[..bytes.len()].copy_from_slice(bytes);
        let model = Self {
            words,
            length: bytes.len(),
        };
        Artifact::parse(model.bytes())?;
        Ok(model)
    }

    /// The file's bytes.
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.length]
    }

    /// The model; of an ensemble, the first network with its companion.
    pub fn artifact(&self) -> Artifact<'_> {
        Artifact::parse(self.bytes()).expect("checked when the model was opened")
    }

    /// The second network of an ensemble.
    pub fn second(&self) -> Option<Artifact<'_>> {
        let companion = self.artifact().companion?;
        Some(
            companion
                .artifact()
                .expect("checked when the model was opened"),
        )
    }

    /// A classifier of text with its buffers on the heap, of one network or of an ensemble.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model is for another task; so with the three below.
    pub fn classifier(&self) -> Result<TextClassifier<'_>, ArtifactError> {
        Classifier::of(Ensemble::new(&self.artifact())?)
    }

    /// A classifier of vectors.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model is for another task.
    pub fn series_classifier(&self) -> Result<SeriesClassifier<'_, Heap>, ArtifactError> {
        SeriesClassifier::new(&self.artifact())
    }

    /// A writer of text.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model is for another task.
    pub fn generator(&self) -> Result<Generator<'_, Heap>, ArtifactError> {
        Generator::new(&self.artifact())
    }

    /// A writer of vectors.
    ///
    /// # Errors
    /// [`ArtifactError::Task`] if the model is for another task.
    pub fn series_generator(&self) -> Result<SeriesGenerator<'_, Heap>, ArtifactError> {
        SeriesGenerator::new(&self.artifact())
    }
}

/// A classifier of text with its buffers on the heap.
pub type TextClassifier<'a> = Classifier<'a, Heap, Ensemble<'a>>;

/// Buffers on the heap, of any length.
pub struct Heap;

impl Buffers for Heap {
    type Input = HeapBuffer<i16>;
    type Hidden = HeapBuffer<i16>;
    type Next = HeapBuffer<i16>;
    type Memory = HeapBuffer<i32>;
    type Pool = HeapBuffer<i64>;
    type Logits = HeapBuffer<i32>;
    type Window = HeapRing;
    type Wide = HeapBuffer<i32>;
    type Seen = HeapBuffer<u32>;
    type Second = Option<Reader<Self>>;
}

/// A buffer on the heap.
pub struct HeapBuffer<T>(Vec<T>);

impl<T: Clone + Default> Buffer<T> for HeapBuffer<T> {
    fn zeroed(length: usize) -> Option<Self> {
        Some(Self(vec![T::default(); length]))
    }
}

impl<T> AsRef<[T]> for HeapBuffer<T> {
    fn as_ref(&self) -> &[T] {
        &self.0
    }
}

impl<T> AsMut<[T]> for HeapBuffer<T> {
    fn as_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

/// The last tokens of a sequence, on the heap.
pub struct HeapRing {
    tokens: VecDeque<Token>,
    length: usize,
}

impl Ring for HeapRing {
    fn empty(length: usize) -> Option<Self> {
        let tokens = VecDeque::with_capacity(length);
        Some(Self { tokens, length })
    }

    fn push(&mut self, token: Token) {
        if self.tokens.len() == self.length {
            self.tokens.pop_front();
        }
        if self.length > 0 {
            self.tokens.push_back(token);
        }
    }

    fn clear(&mut self) {
        self.tokens.clear();
    }

    fn count(&self) -> usize {
        self.tokens.len()
    }

    fn get(&self, index: usize) -> Option<Token> {
        self.tokens.get(index).copied()
    }
}
