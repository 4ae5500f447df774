//! A text in, a verdict out.

use super::{Serve, cost};
use crate::timer::Stopwatch;
use crate::uart::Uart;
use core::fmt::Write;
use spinet_core::{ArtifactError, Classifier};
use spinet_firmware::{
    model::{Model, Shape},
    protocol::answer::Classified,
};

/// The classifier, in the middle of a text.
pub struct Service {
    classifier: Classifier<'static, Shape, Model>,
}

impl Serve for Service {
    const KIND: &'static str = "classify-text";
    const FEATURES: Option<usize> = None;

    fn new(model: Model) -> Result<Self, ArtifactError> {
        let classifier = Classifier::of(model)?;
        Ok(Self { classifier })
    }

    fn take(&mut self, byte: u8, _at: u32, stopwatch: &mut Stopwatch) {
        stopwatch.time(|| self.classifier.feed(&[byte]));
    }

    fn answer(&mut self, _length: u32, stopwatch: &mut Stopwatch, uart: &mut Uart) {
        let verdict = stopwatch.time(|| self.classifier.finish());
        let cost = cost(stopwatch, uart);
        // The port's `write_str` cannot fail.
        let _ = writeln!(uart, "{}", Classified { verdict, cost });
        self.classifier.reset();
    }
}
