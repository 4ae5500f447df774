//! Vectors in, a verdict out.

use super::{Serve, cost};
use crate::timer::Stopwatch;
use crate::uart::{Port, Uart};
use core::fmt::Write;
use spinet_core::{ArtifactError, SeriesClassifier};
use spinet_firmware::model::{FEATURES, Model, Shape};
use spinet_firmware::protocol::{
    Error, Fault,
    answer::{Classified, Refused},
    vectors::Vectors,
};

/// The classifier, in the middle of a line of vectors.
pub struct Service {
    classifier: SeriesClassifier<'static, Shape, Model>,
    vectors: Vectors<FEATURES>,
    fault: Option<Fault>,
}

impl Serve for Service {
    const KIND: &'static str = "classify-series";
    const FEATURES: Option<usize> = Some(FEATURES);

    fn new(model: Model) -> Result<Self, ArtifactError> {
        Ok(Self {
            classifier: SeriesClassifier::of(model)?,
            vectors: Vectors::new(),
            fault: None,
        })
    }

    fn take(&mut self, byte: u8, at: u32, stopwatch: &mut Stopwatch) {
        if self.fault.is_none() {
            let vector = self.vectors.push(byte);
            let read = feed(&mut self.classifier, vector, stopwatch);
            self.fault = read.err().map(|error| error.at(at));
        }
    }

    fn answer(&mut self, length: u32, stopwatch: &mut Stopwatch, uart: &mut Uart) {
        if self.fault.is_none() {
            let vector = self.vectors.finish();
            let read = feed(&mut self.classifier, vector, stopwatch);
            self.fault = read.err().map(|error| error.at(length));
        }
        // The port's `write_str` cannot fail.
        let _ = match self.fault.take() {
            Some(fault) => {
                let overrun = uart.overrun();
                writeln!(uart, "{}", Refused { fault, overrun })
            }
            None => {
                let verdict = stopwatch.time(|| self.classifier.verdict());
                let cost = cost(stopwatch, uart);
                writeln!(uart, "{}", Classified { verdict, cost })
            }
        };
        self.vectors = Vectors::new();
        self.classifier.reset();
    }
}

/// Takes in a vector, if there is one.
fn feed(
    classifier: &mut SeriesClassifier<'static, Shape, Model>,
    vector: Result<Option<&[i16; FEATURES]>, Error>,
    stopwatch: &mut Stopwatch,
) -> Result<(), Error> {
    if let Some(x) = vector? {
        stopwatch.time(|| classifier.feed(x));
    }
    Ok(())
}
