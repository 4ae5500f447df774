//! What the model of a recipe will take of a device, told before anything is trained.
//!
//! A classifier's artifact is built around an untrained network, with as many made-up words as
//! it can have at most: sizes do not depend on the values of weights or the spelling of words.
//! Only how many words the data have for sure is left open, and the length of a number or two in
//! the manifest.

use super::{PipelineError, material::origin, settings};
use crate::{
    data::Corpus,
    inference::Model,
    network::Network,
    ngrams::OwnedNgrams,
    perfect_hash::OwnedPerfectHash,
    quantize::{self, Calibration, FrontSource, Quantizer, Source, WideSource},
    recipe::{InputName, ReadName, Recipe},
    vocabulary::{OwnedVocabulary, VocabularyKind, words},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use spinet_core::{
    Token,
    artifact::Training,
    text::{Marks, PerfectHash, WordHash, special},
    wide::VALUES,
};
use std::collections::HashSet;

/// What of labelled texts a model's size depends on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Extent {
    /// The classes.
    pub labels: Vec<String>,
    /// Different words of the texts to learn from.
    pub words: usize,
    /// The same where punctuation marks are words.
    pub words_and_marks: usize,
    /// Whether they come with test examples of their own.
    pub own_test: bool,
}

impl Extent {
    /// Counts.
    pub fn of(corpus: &Corpus) -> Self {
        let count = |marks| {
            let distinct = |mut known: HashSet<WordHash>, text: &str| {
                known.extend(words(text.as_bytes(), marks));
                known
            };
            let texts = corpus.train.par_iter().map(|example| example.text.as_str());
            let folded = texts.fold(HashSet::new, distinct);
            let both = |one: HashSet<_>, other| one.union(&other).copied().collect();
            folded.reduce(HashSet::new, both).len()
        };
        Self {
            labels: corpus.labels.clone(),
            words: count(Marks::Dropped),
            words_and_marks: count(Marks::Kept),
            own_test: !corpus.test.is_empty(),
        }
    }

    /// Words or n-grams of a model of `recipe`, at most: those of the validation and test
    /// examples are counted too, and of n-grams there may always be enough.
    fn most_words(&self, recipe: &Recipe) -> Token {
        let asked = recipe.num_words - usize::from(special::FIRST_WORD);
        let there = match (recipe.reads, recipe.vocabulary, recipe.marks) {
            (ReadName::Ngrams, ..) | (_, VocabularyKind::Hashed, _) => asked,
            (_, VocabularyKind::PerfectHash, true) => self.words_and_marks,
            (_, VocabularyKind::PerfectHash, false) => self.words,
        };
        let most = usize::from(special::MOST_WORDS);
        asked.min(there).clamp(1, most) as Token
    }
}

/// Bytes that a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footprint {
    /// The artifact, in flash.
    pub flash: usize,
    /// The state, in RAM: `Artifact::state_bytes`, without stack or the program's own.
    pub ram: usize,
}

impl Footprint {
    /// What a model takes.
    pub fn of(model: &Model) -> Self {
        Self {
            flash: model.bytes().len(),
            ram: model.artifact().state_bytes(),
        }
    }
}

/// What a classifier of texts will take at most; or, as soon as it is plain that it does not
/// fit, what it takes at least.
///
/// # Errors
/// If the recipe is not one of a classifier of texts, or no network has its shape.
pub fn foresee(
    recipe: &Recipe,
    extent: &Extent,
    fits: impl Fn(Footprint) -> bool,
) -> Result<Footprint, PipelineError> {
    recipe.check()?;
    let words = extent.most_words(recipe);
    let flash = least(recipe, extent, words);
    let tables = Footprint { flash, ram: 0 };
    if !fits(tables) {
        return Ok(tables);
    }
    // The cells are the same however few words there are.
    let few = untrained(recipe, extent, 1)?;
    let least = Footprint {
        flash: few.flash.max(tables.flash),
        ..few
    };
    match fits(least) {
        true => untrained(recipe, extent, words),
        false => Ok(least),
    }
}

/// Bytes of the parts that grow with the words: quick to tell, and most of a large artifact.
fn least(recipe: &Recipe, extent: &Extent, words: Token) -> usize {
    let tokens = usize::from(words) + usize::from(special::FIRST_WORD);
    let hashed = recipe.reads != ReadName::Ngrams && recipe.vocabulary == VocabularyKind::Hashed;
    let pilots = usize::from(PerfectHash::buckets(words)) * size_of::<u16>();
    let hash = match hashed {
        true => 0,
        false => pilots + PerfectHash::fingerprint_bytes(words, recipe.fingerprint_bits),
    };
    let columns = match recipe.input {
        InputName::OneHot => recipe.hidden_size,
        InputName::Embedding => recipe.embedding_size,
    };
    let table = match recipe.layers {
        0 => 0,
        _ => (recipe.precision().table).bytes(tokens, columns.into()),
    };
    let wide = match recipe.wide {
        true => (tokens * settings::outputs(extent.labels.len())).div_ceil(2),
        false => 0,
    };
    hash + table + wide
}

/// Words or n-grams that nobody ever wrote.
enum Front {
    Words(OwnedVocabulary),
    Ngrams(OwnedNgrams),
}

impl Front {
    fn made_up(recipe: &Recipe, count: Token) -> Result<Self, PipelineError> {
        let bits = recipe.fingerprint_bits;
        // Different and as good as random: an odd factor is one to one in 32 bits.
        let key = |n: Token| WordHash(u32::from(n).wrapping_mul(0x9E37_79B1));
        let keys = || (0..count).map(key).collect::<Vec<_>>();
        match (recipe.reads, recipe.vocabulary) {
            (ReadName::Characters | ReadName::Bytes | ReadName::Series, _) => Err(
                PipelineError::Task("the size is told of classifiers of words or n-grams only"),
            ),
            (ReadName::Ngrams, _) => {
                let (order, marks) = (recipe.ngram_order, Marks::kept(recipe.marks));
                let ngrams = OwnedNgrams::new(&keys(), order, bits, marks)?;
                Ok(Self::Ngrams(ngrams))
            }
            (_, VocabularyKind::Hashed) => {
                Ok(Self::Words(OwnedVocabulary::Hashed { buckets: count }))
            }
            (_, VocabularyKind::PerfectHash) => {
                let hash = OwnedPerfectHash::new(&keys(), bits);
                let hash = hash.map_err(crate::vocabulary::VocabularyError::from)?;
                Ok(Self::Words(OwnedVocabulary::PerfectHash(hash)))
            }
        }
    }

    fn source(&self, recipe: &Recipe) -> FrontSource<'_> {
        match self {
            Self::Words(vocabulary) => FrontSource::Words {
                vocabulary,
                start: recipe.start,
                marks: Marks::kept(recipe.marks),
            },
            Self::Ngrams(ngrams) => FrontSource::Ngrams(ngrams),
        }
    }
}

/// What a model of so many words takes that has learnt nothing.
fn untrained(recipe: &Recipe, extent: &Extent, words: Token) -> Result<Footprint, PipelineError> {
    let front = Front::made_up(recipe, words)?;
    let (front, labels) = (front.source(recipe), &extent.labels);
    let tokens = usize::from(words) + usize::from(special::FIRST_WORD);
    let outputs = settings::outputs(labels.len());
    let codes = vec![0; tokens * outputs];
    let wide = recipe.wide.then_some(WideSource {
        codes: &codes,
        codebook: [0; VALUES],
    });
    let test = settings::test_permille(recipe, extent.own_test);
    // A hash keeps its length whatever it is.
    let training = origin(recipe, &[0; 32], test);
    let artifact = match (recipe.layers, wide) {
        (0, Some(wide)) => quantize::linear(front, labels, wide, &vec![0.0; outputs], training)?,
        _ => around_network(recipe, tokens, front, wide, labels, training)?,
    };
    Ok(Footprint::of(&Model::from_bytes(&artifact)?))
}

/// The artifact of a network with fresh weights.
fn around_network(
    recipe: &Recipe,
    tokens: usize,
    front: FrontSource<'_>,
    wide: Option<WideSource<'_>>,
    labels: &[String],
    training: Training,
) -> Result<Vec<u8>, PipelineError> {
    let task = settings::classify(recipe, labels.len());
    let config = settings::network(recipe, recipe.input_kind(), tokens, task);
    let network = Network::new(config, recipe.seed)?;
    let window = match recipe.reads {
        ReadName::Ngrams => 0,
        _ => recipe.window,
    };
    let source = Source {
        config: network.config(),
        parameters: network.parameters(),
        precision: recipe.precision(),
        front,
        wide,
        labels,
        window,
        training,
    };
    let quantizer = Quantizer::assume(&source, &Calibration::Tokens(Vec::new()));
    Ok(quantizer.quantize(&source)?.artifact)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::{Columns, Source as DataSource, load},
        pipeline::{Data, Start, train},
        recipe::WeightName,
    };
    use spinet_core::cell::CellKind;

    fn corpus() -> Corpus {
        let mut corpus = load(
            &DataSource::Builtin,
            &Columns::default(),
            &indicatif::ProgressBar::hidden(),
        )
        .unwrap();
        corpus.train.truncate(300);
        Corpus::new(corpus.labels, corpus.train, corpus.test)
    }

    fn small() -> Recipe {
        Recipe {
            epochs: 1,
            num_words: 40,
            embedding_size: 5,
            hidden_size: 6,
            calibration: 4,
            threads: 1,
            ..Recipe::default()
        }
    }

    #[test]
    fn the_trained_model_takes_what_was_foretold() {
        let extent = Extent::of(&corpus());
        let cells = CellKind::ALL.iter().map(|&cell| Recipe { cell, ..small() });
        let wide = Recipe {
            reads: ReadName::Ngrams,
            wide: true,
            ..small()
        };
        let others = [
            Recipe {
                layers: 0,
                ..wide.clone()
            },
            wide,
            Recipe {
                table_weights: WeightName::Int4,
                input: InputName::OneHot,
                ..small()
            },
            Recipe {
                vocabulary: VocabularyKind::Hashed,
                window: 9,
                layers: 2,
                ..small()
            },
        ];
        for recipe in cells.chain(others) {
            let foretold = foresee(&recipe, &extent, |_| true).unwrap();
            let data = Data::Texts(corpus());
            let trained = train(data, &recipe, Start::default(), &mut |_| {}).unwrap();
            let model = Model::from_bytes(&trained.quantized.artifact).unwrap();
            assert_eq!(foretold, Footprint::of(&model), "{recipe:?}");
            let early = foresee(&recipe, &extent, |_| false).unwrap();
            assert!(early.flash < foretold.flash && early.ram == 0, "{early:?}");
            let early = foresee(&recipe, &extent, |least| least.ram == 0).unwrap();
            assert!(early.flash < foretold.flash, "{early:?}");
            assert!((1..=foretold.ram).contains(&early.ram), "{early:?}");
        }
    }

    #[test]
    fn there_are_no_more_words_than_the_data_have() {
        let example = |text: &str, label| crate::data::Example {
            text: text.into(),
            label,
            group: 0,
        };
        let examples = vec![example("a good film!", 0), example("a bad film.", 1)];
        let labels = vec!["up".into(), "down".into()];
        let extent = Extent::of(&Corpus::new(labels, examples, Vec::new()));
        assert_eq!((extent.words, extent.words_and_marks), (4, 6));
        assert_eq!(extent.most_words(&small()), 4);
        let marks = Recipe {
            marks: true,
            ..small()
        };
        assert_eq!(extent.most_words(&marks), 6);
        let ngrams = Recipe {
            reads: ReadName::Ngrams,
            ..small()
        };
        assert_eq!(extent.most_words(&ngrams), 37);
    }

    #[test]
    fn what_is_no_classifier_of_texts_has_no_size_here() {
        let extent = Extent::of(&corpus());
        let refused = |recipe: Recipe| foresee(&recipe, &extent, |_| true).unwrap_err();
        let bytes = refused(Recipe {
            reads: ReadName::Bytes,
            ..small()
        });
        assert!(matches!(bytes, PipelineError::Task(_)), "{bytes}");
        let wide = refused(Recipe {
            wide: true,
            ..small()
        });
        assert!(matches!(wide, PipelineError::Recipe(_)), "{wide}");
    }
}
