//! The inference path of a program, whatever its model is for: a line in, an answer out, and nothing
//! that could hide a panic. What images are made of to measure it.

use core::hint::black_box;

use spinet_core::{ArtifactError, Model};

use crate::model::Shape;
#[cfg(service = "classify_text")]
pub use spinet_core::Classifier as Machine;
#[cfg(service = "generate_text")]
pub use spinet_core::Generator as Machine;
#[cfg(service = "classify_series")]
pub use spinet_core::SeriesClassifier as Machine;
#[cfg(service = "generate_series")]
pub use spinet_core::SeriesGenerator as Machine;

/// Any line: its length and its bytes are hidden from the compiler.
static LINE: &[u8] = b"length=9 temperature=0.9 prompt=A text that ends without a full stop";

/// Runs `model` on a line that the compiler does not know, and uses the result.
///
/// # Errors
/// Those of the model's front end and network.
#[inline]
pub fn run<M: Model<'static>>(model: M) -> Result<(), ArtifactError> {
    let mut machine = Machine::<Shape, M>::of(model)?;
    infer(&mut machine, black_box(LINE));
    Ok(())
}

/// Reads `line` in two chunks, so that a word may go on in the second.
#[cfg(service = "classify_text")]
fn infer<M: Model<'static>>(classifier: &mut Machine<'static, Shape, M>, line: &[u8]) {
    classifier.reset();
    classifier.feed(line);
    classifier.feed(line);
    _ = black_box(classifier.finish().probability);
}

/// Reads the vectors of `line` as far as there are any.
#[cfg(service = "classify_series")]
fn infer<M: Model<'static>>(classifier: &mut Machine<'static, Shape, M>, line: &[u8]) {
    use crate::{model, protocol::vectors::Vectors};
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
    _ = black_box(classifier.verdict().probability);
}

/// Does what `line` asks for.
#[cfg(service = "generate_text")]
fn infer<M: Model<'static>>(generator: &mut Machine<'static, Shape, M>, line: &[u8]) {
    use crate::protocol::{escape::Unescape, pairs, pairs::Pairs, request::TextRequest};
    use spinet_core::sampling::Sampler;
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
}

/// Does what `line` asks for.
#[cfg(service = "generate_series")]
fn infer<M: Model<'static>>(generator: &mut Machine<'static, Shape, M>, line: &[u8]) {
    use crate::{
        model,
        protocol::{pairs, pairs::Pairs, request::SeriesRequest, vectors::Vectors},
    };
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
}
