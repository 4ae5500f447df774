//! What a model reads, written: the tables of its front, and the names of its classes.

use super::{FrontSource, QuantizeError, writer::DataWriter};
use crate::{perfect_hash::OwnedPerfectHash, vocabulary::OwnedVocabulary};
use spinet_core::{
    artifact::FrontSpec,
    series::SeriesSpec,
    text::{NgramsSpec, PerfectHashSpec, SymbolsSpec, VocabularySpec},
};

/// Appends the tables of a front to `data`.
pub(super) fn write(front: &FrontSource<'_>, data: &mut DataWriter) -> FrontSpec {
    match *front {
        FrontSource::Words {
            vocabulary,
            start,
            marks,
        } => FrontSpec::Words {
            vocabulary: write_vocabulary(vocabulary, data),
            start,
            marks,
        },
        FrontSource::Ngrams(ngrams) => FrontSpec::Ngrams(NgramsSpec {
            hash: perfect_hash(&ngrams.hash, data),
            order: ngrams.order,
            marks: ngrams.marks,
        }),
        FrontSource::Symbols(symbols) => FrontSpec::Symbols(SymbolsSpec {
            unit: symbols.unit,
            count: symbols.codes.len() as u16,
            codes: data.push(&symbols.codes),
        }),
        FrontSource::Series { offsets, scales } => FrontSpec::Series(SeriesSpec {
            features: offsets.len() as u16,
            offsets: data.push(offsets),
            scales: data.push(scales),
        }),
    }
}

fn write_vocabulary(vocabulary: &OwnedVocabulary, data: &mut DataWriter) -> VocabularySpec {
    match vocabulary {
        OwnedVocabulary::Hashed { buckets } => VocabularySpec::Hashed { buckets: *buckets },
        OwnedVocabulary::PerfectHash(hash) => VocabularySpec::PerfectHash(perfect_hash(hash, data)),
    }
}

fn perfect_hash(hash: &OwnedPerfectHash, data: &mut DataWriter) -> PerfectHashSpec {
    PerfectHashSpec {
        words: hash.words,
        seed: hash.seed,
        fingerprint_bits: hash.fingerprint_bits,
        pilots: data.push(&hash.pilots),
        fingerprints: data.push(&hash.fingerprints),
    }
}

/// The names of the classes, a line each.
pub(super) fn joined(labels: &[String]) -> Result<String, QuantizeError> {
    match labels.iter().find(|label| label.contains('\n')) {
        Some(label) => Err(QuantizeError::Label(label.clone())),
        None => Ok(labels.join("\n")),
    }
}
