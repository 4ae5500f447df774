//! The beginning of a sequence of vectors in, its continuation out.

use super::{Serve, cost};
use crate::timer::Stopwatch;
use crate::uart::{Port, Uart};
use core::fmt::Write;
use spinet_core::{ArtifactError, SeriesGenerator};
use spinet_firmware::model::{FEATURES, Model, Shape};
use spinet_firmware::protocol::{
    Fault,
    answer::{Generated, Refused, Written},
    pairs::{Event, Pairs},
    request::SeriesRequest,
    vectors::Vectors,
};

/// The generator, in the middle of a line.
pub struct Service {
    generator: SeriesGenerator<'static, Shape, Model>,
    /// The vector that is being written.
    x: [i16; FEATURES],
    line: Line,
}

/// What has been read of a line.
#[derive(Default)]
struct Line {
    pairs: Pairs,
    request: SeriesRequest,
    prompt: Vectors<FEATURES>,
    fault: Option<Fault>,
}

impl Serve for Service {
    const KIND: &'static str = "generate-series";
    const FEATURES: Option<usize> = Some(FEATURES);

    fn new(model: Model) -> Result<Self, ArtifactError> {
        Ok(Self {
            generator: SeriesGenerator::of(model)?,
            x: [0; FEATURES],
            line: Line::default(),
        })
    }

    fn take(&mut self, byte: u8, at: u32, stopwatch: &mut Stopwatch) {
        if self.line.fault.is_none() {
            self.line.fault = self.read(byte, at, stopwatch).err();
        }
    }

    fn answer(&mut self, length: u32, stopwatch: &mut Stopwatch, uart: &mut Uart) {
        if self.line.fault.is_none() {
            self.line.fault = self.end(length, stopwatch).err();
        }
        // The port's `write_str` cannot fail.
        let _ = match self.line.fault {
            Some(fault) => {
                let overrun = uart.overrun();
                writeln!(uart, "{}", Refused { fault, overrun })
            }
            None => {
                self.write(stopwatch, uart);
                let answer = Generated {
                    generated: self.line.request.length,
                    ended: false,
                    cost: cost(stopwatch, uart),
                };
                writeln!(uart, "{answer}")
            }
        };
        self.line = Line::default();
        self.generator.reset();
    }
}

impl Service {
    /// Reads the byte at `at`.
    fn read(&mut self, byte: u8, at: u32, stopwatch: &mut Stopwatch) -> Result<(), Fault> {
        let Self {
            generator, line, ..
        } = self;
        match line.pairs.push(byte, at)? {
            Event::Nothing => {}
            Event::Pair(pair) => line.request.set(&pair)?,
            Event::Prompt(byte) => {
                let vector = line.prompt.push(byte).map_err(|error| error.at(at))?;
                if let Some(x) = vector {
                    stopwatch.time(|| generator.feed(x));
                }
            }
        }
        Ok(())
    }

    /// Reads the end of a line of `length` bytes.
    fn end(&mut self, length: u32, stopwatch: &mut Stopwatch) -> Result<(), Fault> {
        let Self {
            generator, line, ..
        } = self;
        if let Event::Pair(pair) = line.pairs.finish()? {
            line.request.set(&pair)?;
        }
        let vector = line.prompt.finish().map_err(|error| error.at(length))?;
        if let Some(x) = vector {
            stopwatch.time(|| generator.feed(x));
        }
        Ok(())
    }

    /// Writes the vectors.
    fn write(&mut self, stopwatch: &mut Stopwatch, uart: &mut Uart) {
        let SeriesRequest { length, art } = self.line.request;
        let Self { generator, x, .. } = self;
        for _ in 0..length {
            stopwatch.time(|| generator.next_vector(x));
            // The port's `write_str` cannot fail.
            let _ = writeln!(uart, "{}", Written { x, art });
        }
    }
}
