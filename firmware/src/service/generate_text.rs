//! The beginning of a text in, its continuation out.

use super::{Serve, cost};
use crate::timer::Stopwatch;
use crate::uart::{Port, Uart};
use core::fmt::Write;
use spinet_core::{ArtifactError, Generator, sampling::Sampler, text::Symbol};
use spinet_firmware::model::{Model, Shape};
use spinet_firmware::protocol::{
    DLE, EOT, Error, Fault, STX,
    answer::{Generated, Refused},
    escape::Unescape,
    pairs::{Event, Pairs},
    request::TextRequest,
};

/// The generator, in the middle of a line.
pub struct Service {
    generator: Generator<'static, Shape, Model>,
    line: Line,
}

/// What has been read of a line.
#[derive(Default)]
struct Line {
    pairs: Pairs,
    request: TextRequest,
    escape: Unescape,
    /// Bytes of the prompt, without its escapes.
    prompt: u32,
    fault: Option<Fault>,
}

impl Serve for Service {
    const KIND: &'static str = "generate-text";
    const FEATURES: Option<usize> = None;

    fn new(model: Model) -> Result<Self, ArtifactError> {
        Ok(Self {
            generator: Generator::of(model)?,
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
                let (generated, ended) = self.write(stopwatch, uart);
                let cost = cost(stopwatch, uart);
                let answer = Generated {
                    generated,
                    ended,
                    cost,
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
        let Self { generator, line } = self;
        let byte = match line.pairs.push(byte, at)? {
            Event::Nothing => None,
            Event::Pair(pair) => {
                line.request.set(&pair)?;
                None
            }
            Event::Prompt(byte) => line.escape.push(byte).map_err(|error| error.at(at))?,
        };
        if let Some(byte) = byte {
            let unknown = line.request.unknown;
            let primed = stopwatch.time(|| generator.prime(&[byte], unknown));
            primed.map_err(|symbol| stranger(symbol, line.prompt))?;
            line.prompt = line.prompt.saturating_add(1);
        }
        Ok(())
    }

    /// Reads the end of a line of `length` bytes.
    fn end(&mut self, length: u32, stopwatch: &mut Stopwatch) -> Result<(), Fault> {
        let Self { generator, line } = self;
        if let Event::Pair(pair) = line.pairs.finish()? {
            line.request.set(&pair)?;
        }
        line.escape.finish().map_err(|error| error.at(length))?;
        let ended = stopwatch.time(|| generator.end_prompt(line.request.unknown));
        ended.map_err(|symbol| stranger(symbol, line.prompt))
    }

    /// Writes the text; how many symbols that were, and whether it ended.
    fn write(&mut self, stopwatch: &mut Stopwatch, uart: &mut Uart) -> (u32, bool) {
        let request = self.line.request;
        let mut sampler = Sampler::new(request.sampling);
        let (mut generated, mut ended) = (0, false);
        uart.write(STX);
        while generated < request.length && !ended {
            match stopwatch.time(|| self.generator.next_symbol(&mut sampler)) {
                Some(symbol) => {
                    send(symbol, uart);
                    generated += 1;
                    ended = request.end == Some(symbol.code);
                }
                None => ended = true,
            }
        }
        uart.write(EOT);
        (generated, ended)
    }
}

fn stranger(symbol: Symbol, at: u32) -> Fault {
    Error::UnknownSymbol { code: symbol.code }.at(at)
}

fn send(symbol: Symbol, uart: &mut Uart) {
    let (bytes, length) = symbol.bytes();
    for &byte in bytes.iter().take(length) {
        if matches!(byte, EOT | DLE) {
            uart.write(DLE);
        }
        uart.write(byte);
    }
}
