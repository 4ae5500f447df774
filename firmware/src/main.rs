//! A model at a UART: lines in as they arrive, an answer to each out, as
//! [`protocol`](spinet_firmware::protocol) says.
#![no_std]
#![no_main]

mod log;
mod register;
mod service;
mod timer;
mod uart;

use core::fmt::Write;

use service::{Serve, Service};
use spinet_core::{Checked, Model, Network, cell::MAX_LAYERS, shape::Dimensions};
use spinet_firmware::arch::{entry, singleton};
use spinet_firmware::{board, model};
use timer::Stopwatch;
use uart::{Port, Uart};

#[entry]
fn main() -> ! {
    let mut uart = Uart::new();
    describe();
    let service = load();
    let stopwatch = Stopwatch::new();
    greet(&mut uart);
    Conversation {
        service,
        stopwatch,
        taken: 0,
        held_return: false,
    }
    .serve(&mut uart)
}

/// Makes the service where it stays.
///
/// Never inlined: the service on its way to its place is on the stack only until this returns (the
/// build script reserves what that takes).
#[inline(never)]
fn load() -> &'static mut Service {
    let service = match Service::new(model::Model) {
        Ok(service) => singleton!(: Service = service),
        Err(error) => log::fail(error),
    };
    match service {
        Some(service) => service,
        None => unreachable!("a model is loaded once"),
    }
}

/// Logs what is going to run.
#[inline(never)]
fn describe() {
    defmt::info!(
        "{=str}, {=str} at {=u32} Hz",
        board::NAME,
        board::CORE,
        board::CLOCK_HZ
    );
    describe_network(model::Model.checked());
    if let Some(second) = model::Model.second() {
        describe_network(second.checked());
    }
    defmt::info!(
        "{=usize} bytes of flash for the model, {=usize} of RAM for its state",
        model::BYTES.len(),
        size_of::<Service>(),
    );
}

/// Logs the sizes of a network.
#[inline(always)]
fn describe_network(model: &Checked<'_>) {
    let mut cells = [""; MAX_LAYERS];
    let mut count = 0;
    for (name, kind) in (cells.iter_mut()).zip(model.network().cells().into_iter().flatten()) {
        *name = kind.name();
        count += 1;
    }
    defmt::info!(
        "{=str}, {=[?]}, {}, readout {}",
        Service::KIND,
        cells.get(..count).unwrap_or(&cells),
        dimensions(model.network()),
        model.task().readout(),
    );
}

/// The model's dimensions, number by number: a copy of the whole would keep the constant that the
/// model is in the image.
#[inline(always)]
fn dimensions(network: &Network<'_>) -> Dimensions {
    let [input, hidden, widest, memory, pool, outputs, window] = network.dimensions().parameters();
    let Dimensions { wide, seen, .. } = network.dimensions();
    Dimensions {
        input,
        hidden,
        widest,
        memory,
        pool,
        outputs,
        window,
        wide,
        seen,
    }
}

/// Says that lines are welcome: what was sent before may be lost.
fn greet(uart: &mut Uart) {
    // The port's `write_str` cannot fail.
    let _ = write!(
        uart,
        "spinet ready board={} kind={}",
        board::NAME,
        Service::KIND
    );
    if let Some(features) = Service::FEATURES {
        let _ = write!(uart, " features={features}");
    }
    let _ = writeln!(uart);
}

/// One conversation: the service in the middle of a line.
struct Conversation {
    service: &'static mut Service,
    stopwatch: Stopwatch,
    /// Bytes of the line that the service has taken in.
    taken: u32,
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

    /// Takes in a byte of a line.
    fn take(&mut self, byte: u8) {
        if self.held_return {
            self.pass_on(b'\r');
        }
        self.held_return = byte == b'\r';
        if !self.held_return {
            self.pass_on(byte);
        }
    }

    fn pass_on(&mut self, byte: u8) {
        self.service.take(byte, self.taken, &mut self.stopwatch);
        self.taken = self.taken.saturating_add(1);
    }

    /// Ends the line, answers, and makes ready for the next one.
    fn answer(&mut self, uart: &mut Uart) {
        self.service.answer(self.taken, &mut self.stopwatch, uart);
        self.stopwatch.reset();
        self.taken = 0;
        self.held_return = false;
    }
}
