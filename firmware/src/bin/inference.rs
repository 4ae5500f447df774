//! The inference path alone, with its model compiled in: read, answer, and nothing that could hide a
//! panic.
//!
//! No logs, no UART, no formatting, so that this image contains code for panicking only if the
//! path itself does. Whoever doubts it looks for `panic` among the symbols of the release
//! image; the handler below keeps them there for as long as something calls it. The line is not
//! known to the compiler, and the results are used.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use spinet_firmware::{arch, model, trial};

#[arch::entry]
fn main() -> ! {
    _ = black_box(trial::run(model::Model));
    loop {
        arch::wait();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        arch::breakpoint();
    }
}
