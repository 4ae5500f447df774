//! What the device does with a line: one service for each kind of model, chosen by the artifact.

#[cfg_attr(service = "classify_text", path = "classify_text.rs")]
#[cfg_attr(service = "classify_series", path = "classify_series.rs")]
#[cfg_attr(service = "generate_text", path = "generate_text.rs")]
#[cfg_attr(service = "generate_series", path = "generate_series.rs")]
mod kind;

pub use kind::Service;

use crate::timer::Stopwatch;
use crate::uart::{Port, Uart};
use spinet_core::ArtifactError;
use spinet_firmware::{board, model::Model, protocol::answer::Cost};

/// A model that reads a line byte by byte and answers it.
pub trait Serve: Sized {
    /// The kind, as the greeting spells it.
    const KIND: &'static str;
    /// Numbers in a vector, if the model reads those.
    const FEATURES: Option<usize>;

    /// The service at the beginning of a line.
    ///
    /// # Errors
    /// None with the model that this service was chosen for.
    fn new(model: Model) -> Result<Self, ArtifactError>;

    /// Takes in the byte of the line that stands at `at`.
    fn take(&mut self, byte: u8, at: u32, stopwatch: &mut Stopwatch);

    /// Ends the line of `length` bytes, answers it, and makes ready for the next one.
    fn answer(&mut self, length: u32, stopwatch: &mut Stopwatch, uart: &mut Uart);
}

/// What an answer cost.
fn cost(stopwatch: &Stopwatch, uart: &mut Uart) -> Cost {
    Cost {
        overrun: uart.overrun(),
        ticks: stopwatch.ticks(),
        tick_hz: board::CLOCK_HZ,
    }
}
