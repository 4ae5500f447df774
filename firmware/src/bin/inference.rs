//! The inference path alone: parse, feed, finish, and nothing that could hide a panic.
//!
//! No logs, no UART, no formatting, so that this image contains code for panicking only if the
//! path itself does. Whoever doubts it looks for `panic` among the symbols of the release
//! image; the handler below keeps them there for as long as something calls it. Neither the
//! model nor the text is known to the compiler, and the results are used.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use cortex_m_rt::entry;
use spinet_core::{Artifact, ArtifactError, Classifier};

mod model {
    //! The model, as the build script wrote it.
    include!(concat!(env!("OUT_DIR"), "/model.rs"));
}

/// Any text: its length and its bytes are hidden from the compiler.
static TEXT: &[u8] = b"A text that ends without a full stop";

#[entry]
fn main() -> ! {
    let _ = black_box(classify(black_box(model::BYTES), black_box(TEXT)));
    loop {
        cortex_m::asm::wfi();
    }
}

/// Reads `text` in two chunks, so that a word may go on in the second.
fn classify(bytes: &'static [u8], text: &[u8]) -> Result<u16, ArtifactError> {
    let artifact = Artifact::parse(bytes)?;
    let mut classifier = Classifier::<'static, model::Shape>::new(&artifact)?;
    classifier.reset();
    classifier.feed(text);
    classifier.feed(text);
    let verdict = black_box(classifier.finish());
    Ok(verdict.probability)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::bkpt();
    }
}
