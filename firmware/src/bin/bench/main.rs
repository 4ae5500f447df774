//! What one step of each cell costs on a board, and what its parts cost alone: a line each at the
//! UART, for `spinet bench device`.
//!
//! The weights are random and lie where a model's would, in flash; all cells share them. Nothing
//! of the program's model is used.
#![no_std]
#![no_main]

mod parts;
#[path = "../../register.rs"]
mod register;
mod stack;
#[path = "../../timer/mod.rs"]
mod timer;
// Nothing is read from it.
#[allow(dead_code)]
#[path = "../../uart/mod.rs"]
mod uart;
mod weights;

use core::fmt::Write;
use core::panic::PanicInfo;

use parts::{Costs, Trial};
use spinet_core::{cell::CellKind, matrix::Encoding};
use spinet_firmware::{arch, board};
use timer::Stopwatch;
use uart::{Port, Uart};

/// Widths of the input and of the state.
const SHAPES: [(u16, u16); 4] = [(32, 64), (32, 100), (64, 128), (100, 100)];

#[arch::entry]
fn main() -> ! {
    let mut uart = Uart::new();
    let mut stopwatch = Stopwatch::new();
    calibrate(&mut stopwatch, &mut uart);
    for &cell in CellKind::ALL {
        for (input, hidden) in SHAPES {
            for encoding in [Encoding::Int8Quads, Encoding::Int4Quads] {
                let trial = Trial {
                    cell,
                    input,
                    hidden,
                    encoding,
                };
                report(&trial, &mut stopwatch, &mut uart);
            }
        }
    }
    stop(false)
}

/// Times a loop whose instructions are known, from which the host sees that the timer counts what
/// the board's file says.
#[inline(never)]
fn calibrate(stopwatch: &mut Stopwatch, uart: &mut Uart) {
    const TURNS: u32 = 50_000;
    stopwatch.reset();
    // Two instructions a turn, and one turn more.
    stopwatch.time(|| arch::spin(TURNS));
    let ticks = stopwatch.ticks();
    // Writing to the UART cannot fail.
    let _ = writeln!(uart, "loop={} ticks={ticks}", 2 * TURNS);
}

/// Measures a trial and prints its line.
#[inline(never)]
fn report(trial: &Trial, stopwatch: &mut Stopwatch, uart: &mut Uart) {
    let Trial {
        cell,
        input,
        hidden,
        encoding,
    } = trial;
    let weights = match encoding {
        Encoding::Int8 | Encoding::Int8Quads => "int8",
        Encoding::Int4 | Encoding::Int4Quads => "int4",
    };
    let tick_hz = board::CLOCK_HZ;
    // Writing to the UART cannot fail.
    let _ = match trial.run(stopwatch) {
        Ok(Costs {
            macs,
            step,
            product,
            activation,
            stack_bytes,
        }) => writeln!(
            uart,
            "cell={cell} input={input} hidden={hidden} weights={weights} macs={macs} step={step} product={product} activation={activation} stack_bytes={stack_bytes} tick_hz={tick_hz}"
        ),
        Err(_) => writeln!(uart, "error={cell}"),
    };
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    stop(true)
}

/// A fault ends the program too: without this, the emulator would wait for ever.
fn fault(_: u32) -> ! {
    stop(true)
}

spinet_firmware::on_fault!(fault);

#[cfg(feature = "semihosting")]
fn stop(failed: bool) -> ! {
    semihosting::process::exit(failed.into())
}

/// Without an emulator or debugger: parks the core.
#[cfg(not(feature = "semihosting"))]
fn stop(_: bool) -> ! {
    loop {
        arch::wait();
    }
}
