//! What the host answers, in the form in which a device does.

use spinet_core::{Verdict, generator::Unknown, probability::decimals, sampling::Sampler};
use spinet_trainer::{
    device::{DeviceVerdict, GenerateRequest},
    inference::Model,
};

/// A text that was written, how many symbols it has, and whether it ended before its length.
pub type Text = (Vec<u8>, u32, bool);

/// The verdicts on `texts`.
pub fn read_texts(model: &Model, texts: &[Vec<u8>]) -> Vec<DeviceVerdict> {
    let mut classifier = model.classifier().expect("a classifier of text");
    let answers = texts.iter().map(|text| {
        classifier.reset();
        classifier.feed(text);
        verdict(classifier.finish())
    });
    answers.collect()
}

/// The verdict on each of `series`, sequences of vectors.
pub fn read_series(model: &Model, series: &[Vec<Vec<i16>>]) -> Vec<DeviceVerdict> {
    let mut classifier = model.series_classifier().expect("a classifier of series");
    let answers = series.iter().map(|vectors| {
        classifier.reset();
        vectors.iter().for_each(|x| classifier.feed(x));
        verdict(classifier.verdict())
    });
    answers.collect()
}

/// The text that `request` asks for.
pub fn write_text(model: &Model, request: &GenerateRequest) -> Text {
    let mut generator = model.generator().expect("a writer of text");
    let known = (generator.prime(&request.prompt, Unknown::Refuse))
        .and_then(|()| generator.end_prompt(Unknown::Refuse));
    known.expect("a prompt of known symbols");
    let mut sampler = Sampler::new(request.sampling);
    let (mut text, mut count) = (Vec::new(), 0);
    while count < request.length {
        let Some(symbol) = generator.next_symbol(&mut sampler) else {
            return (text, count, true);
        };
        let (bytes, length) = symbol.bytes();
        text.extend(&bytes[..length]);
        count += 1;
        if request.end == Some(symbol.code) {
            return (text, count, true);
        }
    }
    (text, count, false)
}

/// The `length` vectors of `features` numbers that follow on `prompt`.
pub fn write_series(
    model: &Model,
    prompt: &[Vec<i16>],
    features: usize,
    length: u32,
) -> Vec<Vec<i16>> {
    let mut generator = model.series_generator().expect("a writer of series");
    prompt.iter().for_each(|x| generator.feed(x));
    let vectors = (0..length).map(|_| {
        let mut x = vec![0; features];
        generator.next_vector(&mut x);
        x
    });
    vectors.collect()
}

fn verdict(verdict: Verdict<'_>) -> DeviceVerdict {
    DeviceVerdict {
        label: verdict.label.to_owned(),
        probability: f64::from(decimals(verdict.probability)) / 1e5,
        tokens: verdict.tokens,
        unknown: verdict.unknown,
        logits: verdict.logits.to_vec(),
        instructions: 0,
    }
}
