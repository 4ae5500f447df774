//! What a model may read: vocabularies, symbols, calibrations, and the error for those that it
//! may not.

use spinet_core::{
    Artifact, ArtifactError,
    artifact::{FrontSpec, Manifest},
    data::Blob,
    input::InputSpec,
    text::{Marks, NgramsSpec, PerfectHashSpec, SymbolsSpec, Unit, VocabularySpec},
};
use spinet_tests::{
    model::samples::{ngram_reader, one_hot, series_writer, text_writer},
    refusal::{Edit, append, error, out_of_range, refusal},
};

fn perfect_hash<'m>(
    manifest: &'m mut Manifest<'_>,
) -> (&'m mut u16, &'m mut u8, &'m mut Blob, &'m mut Blob) {
    match &mut manifest.front {
        FrontSpec::Words {
            vocabulary:
                VocabularySpec::PerfectHash(PerfectHashSpec {
                    words,
                    fingerprint_bits,
                    pilots,
                    fingerprints,
                    ..
                }),
            ..
        } => (words, fingerprint_bits, pilots, fingerprints),
        _ => panic!("the example has a perfect hash"),
    }
}

fn hashed(manifest: &mut Manifest<'_>, buckets: u16) {
    manifest.front = FrontSpec::Words {
        vocabulary: VocabularySpec::Hashed { buckets },
        start: true,
        marks: Marks::Dropped,
    };
}

#[test]
fn a_vocabulary_out_of_range_is_named() {
    const NAME: &str = "vocabulary";
    let edits: [Edit; 8] = [
        |m, _| *perfect_hash(m).1 = 0,
        |m, _| *perfect_hash(m).1 = 17,
        |m, _| *perfect_hash(m).1 = 255,
        |m, _| hashed(m, 0),
        |m, _| hashed(m, 65_533),
        |m, _| hashed(m, 65_535),
        |m, _| {
            let (words, _, pilots, fingerprints) = perfect_hash(m);
            (*words, pilots.length, fingerprints.length) = (0, 0, 0);
        },
        |m, data| {
            let (words, bits, pilots, fingerprints) = perfect_hash(m);
            (*words, *bits) = (65_533, 1);
            *pilots = append(data, &[0; 2 * 13_107]);
            *fingerprints = append(data, &[0; 8_192]);
        },
    ];
    out_of_range(NAME, &one_hot(), &edits);
    let edits: [Edit; 3] = [
        |m, _| *perfect_hash(m).0 = 60_000,
        |m, _| perfect_hash(m).2.length -= 2,
        |m, _| perfect_hash(m).3.length += 1,
    ];
    for edit in edits {
        assert_eq!(error(&one_hot(), edit), ArtifactError::Tensor(NAME));
    }
    // One word more than the input table has rows for.
    let more = error(&one_hot(), |m, _| hashed(m, 7));
    assert_eq!(more, ArtifactError::Tensor("input table"));
}

fn ngrams<'m>(manifest: &'m mut Manifest<'_>) -> &'m mut NgramsSpec {
    match &mut manifest.front {
        FrontSpec::Ngrams(ngrams) => ngrams,
        _ => panic!("the example reads n-grams"),
    }
}

#[test]
fn n_grams_out_of_range_are_named() {
    const NAME: &str = "n-grams";
    let edits: [Edit; 5] = [
        |m, _| ngrams(m).order = 0,
        |m, _| ngrams(m).order = 5,
        |m, _| ngrams(m).hash.fingerprint_bits = 0,
        |m, _| ngrams(m).hash.fingerprint_bits = 17,
        |m, _| {
            let hash = &mut ngrams(m).hash;
            (hash.words, hash.pilots.length, hash.fingerprints.length) = (0, 0, 0);
        },
    ];
    out_of_range(NAME, &ngram_reader(), &edits);
    let edits: [Edit; 3] = [
        |m, _| ngrams(m).hash.words = 60_000,
        |m, _| ngrams(m).hash.pilots.length -= 2,
        |m, _| ngrams(m).hash.fingerprints.length += 1,
    ];
    for edit in edits {
        assert_eq!(error(&ngram_reader(), edit), ArtifactError::Tensor(NAME));
    }
    for order in 1..=4 {
        let bytes = ngram_reader().artifact_with(|m, _| ngrams(m).order = order);
        assert!(Artifact::parse(&bytes).is_ok(), "{order}");
    }
}

/// Replaces the symbols.
fn symbols(manifest: &mut Manifest<'_>, data: &mut Vec<u8>, unit: Unit, codes: &[u32]) {
    manifest.front = FrontSpec::Symbols(SymbolsSpec {
        unit,
        count: codes.len().try_into().expect("a count"),
        codes: append(data, bytemuck::cast_slice(codes)),
    });
}

#[test]
fn symbols_are_ascending_and_exist() {
    const FIRST: [u32; 6] = [1, 2, 3, 4, 5, 6];
    let with = |unit, last: u32| {
        let codes = [&FIRST[..], &[last]].concat();
        text_writer().artifact_with(|m, d| symbols(m, d, unit, &codes))
    };
    for (unit, last) in [
        (Unit::Byte, 7),
        (Unit::Byte, 0xFF),
        (Unit::Character, 0xD7FF),
        (Unit::Character, 0xE000),
        (Unit::Character, 0x10_FFFF),
    ] {
        assert!(Artifact::parse(&with(unit, last)).is_ok(), "{last:#x}");
    }
    for (unit, last) in [
        (Unit::Byte, 6),
        (Unit::Byte, 5),
        (Unit::Byte, 0),
        (Unit::Byte, 0x100),
        (Unit::Byte, u32::MAX),
        (Unit::Character, 6),
        (Unit::Character, 0),
        (Unit::Character, 0xD800),
        (Unit::Character, 0xDFFF),
        (Unit::Character, 0x11_0000),
    ] {
        let error = refusal(&with(unit, last));
        assert_eq!(error, ArtifactError::OutOfRange("symbols"), "{last:#x}");
    }
}

#[test]
fn symbols_are_some_and_not_too_many() {
    let edits: [Edit; 2] = [
        |m, d| symbols(m, d, Unit::Byte, &[]),
        |m, d| {
            let codes: Vec<u32> = (0x1_0000..0x1_FFFF).collect();
            symbols(m, d, Unit::Character, &codes);
        },
    ];
    out_of_range("symbols", &text_writer(), &edits);
    let more = error(&text_writer(), |m, d| {
        symbols(m, d, Unit::Byte, &[0, 1, 2, 3, 4, 5, 6, 7]);
    });
    assert_eq!(more, ArtifactError::Tensor("input table"));
}

#[test]
fn a_series_is_calibrated_by_finite_numbers() {
    let with = |offset: f32, scale: f32| {
        series_writer().artifact_with(|m, data| {
            if let FrontSpec::Series(series) = &mut m.front {
                series.offsets = append(data, bytemuck::cast_slice(&[0.0, offset]));
                series.scales = append(data, bytemuck::cast_slice(&[scale, 1.0]));
            }
        })
    };
    for (offset, scale) in [
        (0.0, f32::MIN_POSITIVE),
        (-0.0, f32::MAX),
        (f32::MIN, 1.0),
        (f32::MAX, 1e-20),
    ] {
        assert!(Artifact::parse(&with(offset, scale)).is_ok());
    }
    for (offset, scale) in [
        (0.0, 0.0),
        (0.0, -0.0),
        (0.0, -1.0),
        (0.0, f32::NAN),
        (0.0, f32::INFINITY),
        (0.0, f32::MIN_POSITIVE / 2.0),
        (f32::NAN, 1.0),
        (f32::INFINITY, 1.0),
        (f32::NEG_INFINITY, 1.0),
    ] {
        let error = refusal(&with(offset, scale));
        assert_eq!(
            error,
            ArtifactError::OutOfRange("series"),
            "{offset} {scale}"
        );
    }
    let empty: Edit = |m, _| {
        m.input = InputSpec::Vector { input_size: 0 };
        if let FrontSpec::Series(series) = &mut m.front {
            (series.features, series.offsets.length, series.scales.length) = (0, 0, 0);
        }
    };
    out_of_range("series", &series_writer(), &[empty]);
}
