//! Wide weights beside a network: its logits, and what the tokens add.

use super::{
    CELLS, ENCODINGS, INPUTS, Surroundings, VOCABULARY, calibration, classifier, generator, network,
};
use spinet_core::{
    Readout,
    text::{Marks, WordHash},
};
use spinet_trainer::{
    inference::Model,
    ngrams::{OwnedNgrams, encode},
    quantize::{FrontSource, Precision, QuantizeError, Source, WideSource, quantize},
};

const OUTPUTS: usize = 3;
const TEXT: &str = "so bad, so good: not so bad";

fn ngrams() -> OwnedNgrams {
    let words = ["so", "bad", "good", "not", ",", "a", "b", "c", "d"];
    let keys = words.map(|word| WordHash::of(word.as_bytes()));
    assert_eq!(keys.len(), VOCABULARY - 3);
    OwnedNgrams::new(&keys, 1, 16, Marks::Kept).unwrap()
}

fn logits(source: &Source<'_>) -> Vec<i32> {
    let quantized = quantize(source, &calibration(source.config.input)).unwrap();
    let model = Model::from_bytes(&quantized.artifact).unwrap();
    let mut classifier = model.classifier().unwrap();
    classifier.feed(TEXT.as_bytes());
    classifier.finish().logits.to_vec()
}

#[test]
fn tokens_add_their_weights_to_the_networks_logits() {
    let ngrams = ngrams();
    let events = encode(ngrams.view(), TEXT);
    // Nine words and marks: one is not known, and three are repeated.
    assert_eq!(events.len(), 5);
    let codes: Vec<u8> = (0..VOCABULARY * OUTPUTS)
        .map(|n| (n * 5 % 16) as u8)
        .collect();
    let codebook = std::array::from_fn(|code| (code as i32 - 6) * 10_000);
    for (cell, input) in CELLS
        .into_iter()
        .zip([INPUTS[0], INPUTS[1]].into_iter().cycle())
    {
        for encoding in ENCODINGS {
            let config = classifier(generator(cell, input, 1), Readout::Mean);
            let network = network(config, 5);
            let surroundings = Surroundings::of(network.config());
            let deep = Source {
                front: FrontSource::Ngrams(&ngrams),
                ..surroundings.source(&network, Precision::all(encoding))
            };
            let codes = &codes;
            let wide = Some(WideSource { codes, codebook });
            let both = logits(&Source { wide, ..deep });
            for (output, (both, deep)) in both.into_iter().zip(logits(&deep)).enumerate() {
                let weights = events.iter().map(|&token| {
                    codebook[usize::from(codes[usize::from(token) * OUTPUTS + output])]
                });
                let added: i32 = weights.sum();
                assert_eq!(both, deep + added, "{cell} {input:?} {encoding:?}");
            }
        }
    }
}

#[test]
fn wide_weights_of_another_shape_are_refused() {
    let network = network(
        classifier(generator(CELLS[0], INPUTS[0], 1), Readout::Last),
        5,
    );
    let surroundings = Surroundings::of(network.config());
    let source = surroundings.source(&network, Precision::all(ENCODINGS[0]));
    let refused = |codes: &[u8]| {
        let codebook = [0; 16];
        let wide = Some(WideSource { codes, codebook });
        let calibration = calibration(network.config().input);
        quantize(&Source { wide, ..source }, &calibration)
            .err()
            .unwrap()
    };
    let mut codes = vec![0; VOCABULARY * OUTPUTS - 1];
    assert!(matches!(
        refused(&codes),
        QuantizeError::WideCodes {
            expected: 36,
            found: 35
        }
    ));
    codes.push(16);
    assert!(matches!(refused(&codes), QuantizeError::WideCode(16)));
}
