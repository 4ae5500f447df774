//! Models as source: what is compiled in is what an artifact would be parsed to.

use spinet_core::{
    Artifact, ArtifactError, Classifier, Generator, Model, emit::Source, model::Ensemble,
    sampling::Sampling, text::Symbol,
};
use spinet_tests::{artifact::Aligned, device::builtin_texts, model::samples::one_hot};

mod imdb {
    include!(concat!(env!("OUT_DIR"), "/imdb.rs"));
}

mod imdb_16k {
    include!(concat!(env!("OUT_DIR"), "/imdb-16k.rs"));
}

mod imdb_200k {
    include!(concat!(env!("OUT_DIR"), "/imdb-200k.rs"));
}

mod shakespeare {
    include!(concat!(env!("OUT_DIR"), "/shakespeare.rs"));
}

/// Every number and every tensor of a compiled model and of its bytes.
fn described(model: impl Model<'static>, bytes: &'static [u8]) -> [String; 2] {
    let artifact = Artifact::parse(bytes).expect("it was checked");
    let parsed = Ensemble::new(&artifact).expect("it was parsed");
    [
        format!("{:?} {:?}", model.checked(), model.second()),
        format!("{:?} {:?}", parsed.checked(), parsed.second()),
    ]
}

#[test]
fn every_part_is_the_parsed_artifacts() {
    for [compiled, parsed] in [
        described(imdb::Model, imdb::BYTES),
        described(imdb_16k::Model, imdb_16k::BYTES),
        described(imdb_200k::Model, imdb_200k::BYTES),
        described(shakespeare::Model, shakespeare::BYTES),
    ] {
        assert!(compiled.len() > 1_000 && compiled == parsed);
    }
}

#[test]
fn shapes_fit_their_models() {
    assert!(Classifier::<imdb_16k::Shape, _>::of(imdb_16k::Model).is_ok());
    assert!(Classifier::<imdb_200k::Shape, _>::of(imdb_200k::Model).is_ok());
    let another = Classifier::<imdb::Shape, _>::of(imdb_16k::Model).err();
    let dimensions = imdb_16k::Model.checked().network().dimensions();
    assert_eq!(another, Some(ArtifactError::Shape(dimensions)));
    let second = imdb_200k::Model.second().expect("an ensemble").checked();
    assert_ne!(second.network().dimensions(), dimensions);
    let task = Generator::<imdb::Shape, _>::of(imdb::Model).err();
    assert_eq!(task, Some(ArtifactError::Task));
}

#[test]
fn the_bytes_are_the_files() {
    let file = include_bytes!("../../firmware/models/imdb-16k.spinet");
    assert_eq!(imdb_16k::BYTES, file);
}

#[test]
fn verdicts_are_the_parsed_artifacts() {
    macro_rules! compare {
        ($model:ident) => {
            let artifact = Artifact::parse($model::BYTES).unwrap();
            let parsed = Ensemble::new(&artifact).unwrap();
            let mut parsed = Classifier::<$model::Shape, _>::of(parsed).unwrap();
            let mut compiled = Classifier::<$model::Shape, _>::of($model::Model).unwrap();
            for text in builtin_texts(20) {
                compiled.feed(&text);
                parsed.feed(&text);
                assert_eq!(compiled.finish(), parsed.finish());
                compiled.reset();
                parsed.reset();
            }
        };
    }
    compare!(imdb);
    compare!(imdb_200k);
}

#[test]
fn texts_are_the_parsed_artifacts() {
    let artifact = Artifact::parse(shakespeare::BYTES).unwrap();
    let mut compiled = Generator::<shakespeare::Shape, _>::of(shakespeare::Model).unwrap();
    let mut parsed = Generator::<shakespeare::Shape>::new(&artifact).unwrap();
    let written: Vec<Symbol> = compiled.generate(Sampling::default()).take(100).collect();
    assert!(written.len() == 100 && parsed.generate(Sampling::default()).take(100).eq(written));
}

#[test]
fn a_damaged_artifact_is_not_written() {
    let mut bytes: Aligned = one_hot().artifact();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let error = Source::new(&bytes, "\"model.words\"").err();
    assert_eq!(error, Some(ArtifactError::Crc));
}
