//! The inference path alone: parse, read, answer, and nothing that could hide a panic.
//!
//! No logs, no UART, no formatting, so that this image contains code for panicking only if the
//! path itself does. Whoever doubts it looks for `panic` among the symbols of the release
//! image; the handler below keeps them there for as long as something calls it. Neither the
//! model nor the line is known to the compiler, and the results are used.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use cortex_m_rt::entry;
use spinet_core::{Artifact, ArtifactError};
use spinet_firmware::model;

/// Any line: its length and its bytes are hidden from the compiler.
static LINE: &[u8] = b"length=9 temperature=0.9 prompt=A text that ends without a full stop";

#[entry]
fn main() -> ! {
    let _ = black_box(infer(black_box(model::BYTES), black_box(LINE)));
    loop {
        cortex_m::asm::wfi();
    }
}

/// Reads `line` in two chunks, so that a word may go on in the second.
#[cfg(service = "classify_text")]
fn infer(bytes: &'static [u8], line: &[u8]) -> Result<u16, ArtifactError> {
    let artifact = Artifact::parse(bytes)?;
    let mut classifier = spinet_core::Classifier::<model::Shape>::new(&artifact)?;
    classifier.reset();
    classifier.feed(line);
    classifier.feed(line);
    let verdict = black_box(classifier.finish());
    Ok(verdict.probability)
}

/// Reads the vectors of `line` as far as there are any.
#[cfg(service = "classify_series")]
fn infer(bytes: &'static [u8], line: &[u8]) -> Result<u16, ArtifactError> {
    use spinet_firmware::protocol::vectors::Vectors;
    let artifact = Artifact::parse(bytes)?;
    let mut classifier = spinet_core::SeriesClassifier::<model::Shape>::new(&artifact)?;
    let mut vectors = Vectors::<{ model::FEATURES }>::new();
    classifier.reset();
    for &byte in line {
        if let Ok(Some(x)) = vectors.push(byte) {
            classifier.feed(x);
        }
    }
    if let Ok(Some(x)) = vectors.finish() {
        classifier.feed(x);
    }
    let verdict = black_box(classifier.verdict());
    Ok(verdict.probability)
}

/// Does what `line` asks for.
#[cfg(service = "generate_text")]
fn infer(bytes: &'static [u8], line: &[u8]) -> Result<u32, ArtifactError> {
    use spinet_core::sampling::Sampler;
    use spinet_firmware::protocol::{escape::Unescape, pairs, pairs::Pairs, request::TextRequest};
    let artifact = Artifact::parse(bytes)?;
    let mut generator = spinet_core::Generator::<model::Shape>::new(&artifact)?;
    let (mut pairs, mut escape) = (Pairs::new(), Unescape::default());
    let mut request = TextRequest::default();
    for (at, &byte) in (0..).zip(line) {
        match pairs.push(byte, at) {
            Ok(pairs::Event::Pair(pair)) => _ = black_box(request.set(&pair)),
            Ok(pairs::Event::Prompt(byte)) => {
                if let Ok(Some(byte)) = escape.push(byte) {
                    _ = black_box(generator.prime(&[byte], request.unknown));
                }
            }
            Ok(pairs::Event::Nothing) | Err(_) => {}
        }
    }
    _ = black_box((pairs.finish(), escape.finish()));
    _ = black_box(generator.end_prompt(request.unknown));
    let mut sampler = Sampler::new(request.sampling);
    for _ in 0..request.length {
        let symbol = generator.next_symbol(&mut sampler);
        _ = black_box(symbol.map(|symbol| symbol.bytes()));
    }
    generator.reset();
    Ok(request.length)
}

/// Does what `line` asks for.
#[cfg(service = "generate_series")]
fn infer(bytes: &'static [u8], line: &[u8]) -> Result<u32, ArtifactError> {
    use spinet_firmware::protocol::{
        pairs, pairs::Pairs, request::SeriesRequest, vectors::Vectors,
    };
    let artifact = Artifact::parse(bytes)?;
    let mut generator = spinet_core::SeriesGenerator::<model::Shape>::new(&artifact)?;
    let mut vectors = Vectors::<{ model::FEATURES }>::new();
    let (mut pairs, mut request) = (Pairs::new(), SeriesRequest::default());
    for (at, &byte) in (0..).zip(line) {
        match pairs.push(byte, at) {
            Ok(pairs::Event::Pair(pair)) => _ = black_box(request.set(&pair)),
            Ok(pairs::Event::Prompt(byte)) => {
                if let Ok(Some(x)) = vectors.push(byte) {
                    generator.feed(x);
                }
            }
            Ok(pairs::Event::Nothing) | Err(_) => {}
        }
    }
    _ = black_box(pairs.finish());
    let mut x = [0; model::FEATURES];
    for _ in 0..request.length {
        generator.next_vector(&mut x);
        _ = black_box(x);
    }
    generator.reset();
    Ok(request.length)
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {
        cortex_m::asm::bkpt();
    }
}
