//! Streaming recurrent networks in fixed-point arithmetic, for microcontrollers.
//!
//! `no_std`, no heap, integers only, no panics: what a Cortex-M or a RISC-V core computes with this crate a
//! workstation computes with it too, bit for bit.
//!
//! The data flows one way, and the modules follow it:
//!
//! ```text
//! words    bytes -> text::Tokenizer -> text::Vocabulary -+
//!                                   or text::Ngrams      |
//! symbols  bytes -> text::Decoder -> text::Symbols ------+-> input::InputLayer -> cell::Cell
//! vectors  f32   -> series::Series ----------------------+                         (1 to 4)
//!                                                                                      |
//!     Verdict <- probability <-+                                                       |
//!     Symbol  <- sampling    <-+- logits <- head (dense::Dense) <- readout <-----------+
//!     vector                 <-+     + <--- wide::Wide <- tokens of words or n-grams
//! ```
//!
//! - [`Artifact`] checks a model file and borrows its weights where they lie (in flash);
//!   [`emit`] does so in a build script, for programs with a model compiled in.
//! - [`Network`] is those weights with their equations; [`State`] is everything that changes.
//! - [`Classifier`] joins a tokenizer, a network and a state: text in, [`Verdict`] out;
//!   [`Generator`] writes text. [`SeriesClassifier`] and [`SeriesGenerator`] do the same with
//!   vectors of numbers.
//! - [`Ensemble`](model::Ensemble) is two networks that read the same text, each through a front end
//!   of its own; a classifier adds their logits.
//! - [`Shape`] names the sizes of a model as const generics, so that every buffer is an array.
//!
//! ```
//! use spinet_core::{Artifact, Classifier, Shape};
//!
//! /// As `spinet inspect` prints it.
//! type Sentiment = Shape<16, 32, 32, 0, 32, 1, 0>;
//!
//! fn judge(flash: &'static [u8], review: &str) -> Result<bool, spinet_core::ArtifactError> {
//!     let artifact = Artifact::parse(flash)?;
//!     let mut classifier = Classifier::<Sentiment>::new(&artifact)?;
//!     classifier.feed(review.as_bytes());
//!     Ok(classifier.finish().label == "positive")
//! }
//! # let _ = judge;
//! ```
#![no_std]

#[cfg(target_endian = "big")]
compile_error!("artifacts are little-endian and their weights are borrowed in place");

#[cfg(test)]
extern crate std;

pub mod activation;
pub mod artifact;
pub mod cell;
pub mod classifier;
pub mod data;
pub mod dense;
pub mod emit;
pub mod error;
pub mod fixed;
pub mod generator;
pub mod input;
pub mod kernel;
pub mod matrix;
pub mod model;
pub mod network;
pub mod probability;
pub mod readout;
pub mod rows;
pub mod sampling;
pub mod series;
pub mod shape;
pub mod table;
pub mod text;
pub mod wide;

pub use artifact::Artifact;
pub use classifier::{Classifier, SeriesClassifier, Verdict};
pub use error::ArtifactError;
pub use generator::{Generator, SeriesGenerator};
pub use model::{Checked, Model};
pub use network::{Network, State};
pub use readout::Readout;
pub use shape::{Buffers, Shape};

/// A row of the input table: a word of the vocabulary, one of the [special
/// tokens](text::special), or a symbol.
pub type Token = u16;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
