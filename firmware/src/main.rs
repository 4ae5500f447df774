//! A classifier at a UART: text in as it arrives, a verdict for each line out.
//!
//! A line ends with `\n`; one `\r` right before it is dropped. A line of any length is read in
//! constant memory, because each byte goes to the classifier when it comes. First a greeting,
//! then an answer to each line, itself a line:
//!
//! ```text
//! spinet ready board=stm32f405 kind=classify
//! probability=0.93211 tokens=12 unknown=1 overrun=0 ticks=4711 tick_hz=168000000 logits=-10734 label=positive
//! ```
//!
//! `probability` is rounded to five digits, finer than its Q0.15; `logits` are raw Q16.15;
//! `ticks` were spent in the classifier, without waiting for bytes; `label` is the rest of the
//! line, spaces and all.
//!
//! `overrun` is 1 if the UART lost bytes since the last answer: the verdict is then of another
//! text than was sent, perhaps of two lines in one. It happens on a wire if words come faster
//! than they are classified, or if a line comes while the last one is being answered. The
//! board's file says the rate.
#![no_std]
#![no_main]

mod log;
mod register;
mod timer;
mod uart;

mod board {
    //! The board's constants, as the build script wrote them.
    include!(concat!(env!("OUT_DIR"), "/board.rs"));
}

mod model {
    //! The model, as the build script wrote it.
    include!(concat!(env!("OUT_DIR"), "/model.rs"));
}

use core::fmt::{self, Write};

use cortex_m_rt::entry;
use spinet_core::probability::decimals;
use spinet_core::{Artifact, Classifier, Verdict};
use timer::Stopwatch;
use uart::{Port, Uart};

/// The classifier, with arrays of exactly the model's sizes.
type Model = Classifier<'static, model::Shape>;

#[entry]
fn main() -> ! {
    let mut uart = Uart::new();
    let classifier = load();
    let stopwatch = Stopwatch::new();
    greet(&mut uart);
    Conversation {
        classifier,
        stopwatch,
        held_return: false,
    }
    .serve(&mut uart)
}

/// Checks the artifact and makes its classifier.
///
/// Never inlined: on its way to its place the classifier takes its size on the stack twice
/// (the build script reserves that), which is free again when this returns.
#[inline(never)]
fn load() -> &'static mut Model {
    let artifact = match Artifact::parse(model::BYTES) {
        Ok(artifact) => artifact,
        Err(error) => log::fail(error),
    };
    describe(&artifact);
    let classifier = match Model::new(&artifact) {
        Ok(classifier) => cortex_m::singleton!(: Model = classifier),
        Err(error) => log::fail(error),
    };
    match classifier {
        Some(classifier) => classifier,
        None => unreachable!("a model is loaded once"),
    }
}

/// Logs what is going to run.
fn describe(artifact: &Artifact<'_>) {
    defmt::info!(
        "{=str}, {=str} at {=u32} Hz",
        board::NAME,
        board::CORE,
        board::CLOCK_HZ
    );
    defmt::info!(
        "{=str}, {}, readout {}",
        artifact.manifest.cell.name(),
        artifact.network.dimensions(),
        artifact.manifest.readout,
    );
    defmt::info!(
        "{=usize} bytes of flash for the model, {=usize} of RAM for its state",
        model::BYTES.len(),
        size_of::<Model>(),
    );
}

/// Says that lines are welcome: what was sent before may be lost.
fn greet(uart: &mut Uart) {
    // The port's `write_str` cannot fail.
    let _ = writeln!(uart, "spinet ready board={} kind=classify", board::NAME);
}

/// One conversation: the classifier in the middle of a line.
struct Conversation {
    classifier: &'static mut Model,
    stopwatch: Stopwatch,
    /// A `\r` that may turn out to end its line.
    held_return: bool,
}

impl Conversation {
    /// Answers lines for ever.
    fn serve(mut self, uart: &mut Uart) -> ! {
        loop {
            match uart.read() {
                None => {}
                Some(b'\n') => self.answer(uart),
                Some(byte) => self.take(byte),
            }
        }
    }

    /// Takes in a byte of text.
    fn take(&mut self, byte: u8) {
        if self.held_return {
            self.feed(b'\r');
        }
        self.held_return = byte == b'\r';
        if !self.held_return {
            self.feed(byte);
        }
    }

    fn feed(&mut self, byte: u8) {
        self.stopwatch.time(|| self.classifier.feed(&[byte]));
    }

    /// Ends the text, answers, and makes ready for the next one.
    fn answer(&mut self, uart: &mut Uart) {
        self.held_return = false;
        let verdict = self.stopwatch.time(|| self.classifier.finish());
        let ticks = self.stopwatch.ticks();
        let overrun = uart.overrun();
        // The port's `write_str` cannot fail.
        let _ = writeln!(
            uart,
            "{}",
            Answer {
                verdict,
                ticks,
                overrun
            }
        );
        self.classifier.reset();
        self.stopwatch.reset();
    }
}

/// What the device says of a line.
struct Answer<'v> {
    verdict: Verdict<'v>,
    ticks: u64,
    overrun: bool,
}

impl fmt::Display for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verdict,
            ticks,
            overrun,
        } = self;
        // Below 1, so the integer part is 0.
        let probability = decimals(verdict.probability);
        let (tokens, unknown) = (verdict.tokens, verdict.unknown);
        write!(
            f,
            "probability=0.{probability:05} tokens={tokens} unknown={unknown} "
        )?;
        let overrun = u8::from(*overrun);
        write!(
            f,
            "overrun={overrun} ticks={ticks} tick_hz={} logits=",
            board::CLOCK_HZ
        )?;
        for (index, logit) in verdict.logits.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator}{logit}")?;
        }
        write!(f, " label={}", verdict.label)
    }
}
