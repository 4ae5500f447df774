//! Damaged bytes: truncated, prolonged, flipped, misaligned, or changed under a valid checksum.
//! What a manifest may say is the subject of `manifest.rs`.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    Artifact, ArtifactError, Classifier, Generator, SeriesClassifier, SeriesGenerator, State,
    artifact::{Front, HEADER_BYTES, MAGIC, Task, VERSION, data_offset, seal},
    generator::Unknown,
    sampling::Sampling,
};
use spinet_tests::{
    artifact::{Aligned, sealed},
    cases,
    model::{models, samples::examples, wide_models},
};
use spinet_trainer::inference::Heap;

fn manifest_bytes(artifact: &[u8]) -> u32 {
    u32::from_le_bytes(artifact[12..16].try_into().expect("four bytes"))
}

fn refusal(bytes: &[u8]) -> ArtifactError {
    Artifact::parse(bytes).expect_err("not a valid artifact")
}

#[test]
fn every_truncation_is_one_of_length() {
    for model in examples() {
        let bytes = model.artifact();
        Artifact::parse(&bytes).expect("valid");
        for length in 0..bytes.len() {
            let expected = if length < HEADER_BYTES {
                HEADER_BYTES
            } else {
                bytes.len()
            };
            let error = ArtifactError::Length {
                expected,
                found: length,
            };
            assert_eq!(refusal(&bytes[..length]), error);
        }
    }
}

#[test]
fn what_is_appended_is_one_of_length() {
    for model in examples() {
        let bytes = model.artifact();
        for count in 1..=40 {
            let longer = [&bytes[..], &vec![0; count]].concat();
            let error = ArtifactError::Length {
                expected: bytes.len(),
                found: longer.len(),
            };
            assert_eq!(refusal(&Aligned::from(&longer[..])), error);
        }
    }
}

/// What a single flipped bit at `byte` must be taken for.
fn damage(byte: usize, damaged: &[u8]) -> ArtifactError {
    let field = |at: usize| u32::from_le_bytes(damaged[at..at + 4].try_into().expect("4 bytes"));
    let asked = data_offset(field(12) as usize) + field(16) as usize;
    match byte {
        0..8 => ArtifactError::Magic,
        8..10 => ArtifactError::Version {
            found: u16::from_le_bytes([damaged[8], damaged[9]]),
            supported: VERSION,
        },
        10..12 => ArtifactError::OutOfRange("reserved field"),
        // The manifest is padded to a multiple of 16: some wrong lengths ask for as many bytes.
        12..20 if asked != damaged.len() => ArtifactError::Length {
            expected: asked,
            found: damaged.len(),
        },
        _ => ArtifactError::Crc,
    }
}

#[test]
fn every_flipped_bit_is_found_and_named() {
    for model in examples() {
        let intact = model.artifact();
        for byte in 0..intact.len() {
            for bit in 0..8 {
                let mut damaged = intact.clone();
                damaged[byte] ^= 1 << bit;
                let expected = damage(byte, &damaged);
                assert_eq!(refusal(&damaged), expected, "bit {bit} of byte {byte}");
            }
        }
    }
}

#[test]
fn a_misaligned_start_is_named() {
    let bytes = examples()[0].artifact();
    for offset in 1..=8 {
        let moved = Aligned::from(&[&vec![0; offset], &bytes[..]].concat()[..]);
        match offset % 4 {
            0 => assert!(Artifact::parse(&moved[offset..]).is_ok()),
            _ => assert_eq!(refusal(&moved[offset..]), ArtifactError::Misaligned),
        }
    }
}

#[test]
fn what_is_no_artifact_at_all_is_named() {
    assert_eq!(refusal(b"PNG"), ArtifactError::Magic);
    assert_eq!(refusal(&[0; 64]), ArtifactError::Magic);
    let garbage = [0xFF; 40];
    assert_eq!(refusal(&sealed(&garbage, &[])), ArtifactError::Manifest);
    assert_eq!(refusal(&sealed(&[], &[])), ArtifactError::Manifest);
    let (expected, found) = (HEADER_BYTES, MAGIC.len());
    assert_eq!(refusal(&MAGIC), ArtifactError::Length { expected, found });
}

/// Runs a model that may mean nothing; nothing may panic.
fn exercise(bytes: &[u8], text: &[u8]) {
    let Ok(artifact) = Artifact::parse(bytes) else {
        return;
    };
    let network = artifact.network;
    match (artifact.front, artifact.manifest.task) {
        (Front::Words(_) | Front::Ngrams(_), _) => classify(&artifact, text),
        (Front::Symbols(_), _) => write(&artifact, text),
        (Front::Series(_), Task::Classify { .. }) => classify_series(&artifact),
        (Front::Series(_), Task::Generate) => write_series(&artifact),
    }
    // Tokens of which the input table knows nothing, and vectors of any width.
    let mut state = State::<Heap>::new(&network).expect("the heap has any shape");
    for token in [0, 1, 2, 3, u16::MAX] {
        network.step(&mut state, token);
        network.step_vector(&mut state, &vec![i16::MIN; token.min(900).into()]);
        network.step_prediction(&mut state);
    }
    network.logits(&mut state);
}

fn classify(artifact: &Artifact<'_>, text: &[u8]) {
    let mut classifier = Classifier::<Heap>::new(artifact).expect("the heap has any shape");
    classifier.feed(text);
    let verdict = classifier.finish();
    let outputs = usize::from(artifact.network.dimensions().outputs);
    assert_eq!(verdict.logits.len(), outputs);
    assert!(verdict.class < outputs.max(2));
}

fn write(artifact: &Artifact<'_>, text: &[u8]) {
    let mut generator = Generator::<Heap>::new(artifact).expect("the heap has any shape");
    let _ = generator.prime(text, Unknown::Refuse);
    generator
        .prime(text, Unknown::Skip)
        .expect("nothing is refused");
    generator
        .end_prompt(Unknown::Skip)
        .expect("nothing is refused");
    let symbols = generator.generate(Sampling::default()).take(20);
    symbols.for_each(|symbol| assert!((1..=4).contains(&symbol.bytes().1)));
}

fn classify_series(artifact: &Artifact<'_>) {
    let mut classifier = SeriesClassifier::<Heap>::new(artifact).expect("the heap has any shape");
    let features = usize::from(classifier.series().features());
    let mut x = vec![0; features];
    for value in [0.0, -1e30, f32::INFINITY, f32::MIN_POSITIVE] {
        let series = classifier.series();
        series
            .quantize(&vec![value; features], &mut x)
            .expect("numbers");
        classifier.feed(&x);
    }
    assert_eq!(classifier.verdict().tokens, 4);
}

fn write_series(artifact: &Artifact<'_>) {
    let mut generator = SeriesGenerator::<Heap>::new(artifact).expect("the heap has any shape");
    let mut x = vec![0; generator.series().features().into()];
    for _ in 0..10 {
        generator.next_vector(&mut x);
        generator.feed(&x);
    }
}

proptest! {
    #![proptest_config(cases(3000))]

    /// Damage that the checksum does not show: refused with an error, or harmless.
    #[test]
    fn damage_under_a_valid_checksum_is_harmless(
        model in prop_oneof![3 => models(), 1 => wide_models()],
        changes in vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
        text in vec(any::<u8>(), 0..60),
    ) {
        let mut bytes = model.artifact();
        let manifest_bytes = manifest_bytes(&bytes);
        for (index, value, in_manifest) in changes {
            let end = if in_manifest { HEADER_BYTES + manifest_bytes as usize } else { bytes.len() };
            bytes[HEADER_BYTES + index.index(end - HEADER_BYTES)] = value;
        }
        seal(&mut bytes, manifest_bytes).expect("as long as before");
        exercise(&bytes, &text);
    }

    #[test]
    fn random_bytes_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Artifact::parse(&Aligned::from(&bytes[..])).is_err());
    }

    #[test]
    fn a_random_manifest_is_harmless(manifest in vec(any::<u8>(), 0..120), data in vec(any::<u8>(), 0..200)) {
        exercise(&sealed(&manifest, &data), b"any text");
    }
}
