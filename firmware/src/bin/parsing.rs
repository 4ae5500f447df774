//! The inference path alone, of a model that is checked where it lies when the program starts: as
//! `inference`, with everything that an artifact asks for before. The model is not known to the
//! compiler.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use spinet_core::{Artifact, ArtifactError};
use spinet_firmware::{arch, model, trial};

#[arch::entry]
fn main() -> ! {
    _ = black_box(run(black_box(model::BYTES)));
    loop {
        arch::wait();
    }
}

/// Checks the artifact and runs its model.
fn run(bytes: &'static [u8]) -> Result<(), ArtifactError> {
    trial::run(model::Parsed::new(&Artifact::parse(bytes)?)?)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        arch::breakpoint();
    }
}
