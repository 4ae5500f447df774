//! What a series looks and sounds like: files and lines of text for people.
//!
//! Owns the forms of the output only; what is shown, and where a continuation starts, is the
//! caller's to say. Files are written whole or not at all.

mod art;
mod picture;
mod traces;
mod wav;

pub use art::line;
pub use picture::{Bitmap, Pair, grid, write_grid};
pub use traces::{Traces, draw, write_traces};
pub use wav::write_wav;

use crate::durable::WriteError;

/// Output that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// There is nothing to show.
    #[error("there is nothing to show")]
    Empty,
    /// Two things shown together differ in size.
    #[error("{what} is {found} long; {expected} expected")]
    Length {
        /// Which of them.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A continuation that starts beyond the end.
    #[error("the continuation starts at {primed}, but there are {length} only")]
    Primed {
        /// Where it starts: rows or samples.
        primed: usize,
        /// How many there are.
        length: usize,
    },
    /// The picture, the drawing or the sound cannot be encoded.
    #[error("the output cannot be encoded: {0}")]
    Encode(String),
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Turns what a library says into an error of this module.
fn encoding(error: impl std::fmt::Display) -> RenderError {
    RenderError::Encode(error.to_string())
}

/// Refuses lengths that differ.
fn same(what: &'static str, found: usize, expected: usize) -> Result<(), RenderError> {
    match found == expected {
        true => Ok(()),
        false => Err(RenderError::Length {
            what,
            found,
            expected,
        }),
    }
}
