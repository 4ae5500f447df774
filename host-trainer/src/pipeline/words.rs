//! Labelled texts, read as words.

use super::{
    Event, PipelineError, Start, Trained, distillation,
    distillation::Unlabelled,
    material::{Material, Sequences, origin, sample},
    produce, related, settings,
};
use crate::{
    batch::{BatchConfig, Example},
    data::{self, Corpus, DataError, Splits},
    network::Network,
    progress::during,
    quantize::{Calibration, FrontSource},
    recipe::{Recipe, TaskName},
    training::{self, Score},
    vocabulary::{OwnedVocabulary, encode_all},
};
use rayon::prelude::*;
use spinet_core::{
    Artifact, Token,
    artifact::{Front, FrontSpec, Training},
    text::{Marks, special},
};

pub(super) fn train(
    mut corpus: Corpus,
    recipe: &Recipe,
    start: Start,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Trained, PipelineError> {
    if recipe.task == TaskName::Generate {
        return Err(PipelineError::Task(
            "words can be classified, not generated: generate characters or bytes",
        ));
    }
    let unlabelled = Unlabelled::of(std::mem::take(&mut corpus.unlabelled), recipe);
    let (splits, own) = distillation::split(corpus, recipe, tell)?;
    let marks = Marks::kept(recipe.marks);
    let taught = distillation::targets(&splits, &unlabelled, recipe, &start, &own, tell)?;
    let vocabulary = during("counting words", || {
        OwnedVocabulary::choose(
            splits.train.iter().map(|example| example.text.as_str()),
            recipe.vocabulary,
            recipe.num_words,
            recipe.fingerprint_bits,
            marks,
        )
    })?;
    let tokens = encode_all(vocabulary.view(), &splits.train, recipe.start, marks);
    tell(vocabulary_event(&vocabulary, &tokens));
    let held_out = encode_all(vocabulary.view(), &splits.validation, recipe.start, marks);
    let more = match taught {
        Some(_) => encode_all(vocabulary.view(), &unlabelled.texts, recipe.start, marks),
        None => Vec::new(),
    };
    let task = settings::classify(recipe, splits.labels.len());
    let size = vocabulary.view().tokens();
    let material = Material {
        config: settings::network(recipe, recipe.input_kind(), size, task),
        sequences: Sequences::Examples {
            training: distillation::examples(&tokens, &splits.train, &more, taught.as_ref()),
            validation: distillation::examples(&held_out, &splits.validation, &[], None),
        },
        mode: settings::batch_mode(recipe.window, recipe.max_length),
        front: FrontSource::Words {
            vocabulary: &vocabulary,
            start: recipe.start,
            marks,
        },
        labels: &splits.labels,
        window: recipe.window,
        wide: None,
        bias: &[],
        coordinates: &[],
        calibration: Calibration::Tokens(sample(&tokens, recipe.calibration)),
    };
    let origin = origin(recipe, &own.sha256, own.shares[1]);
    let produced = produce(&material, recipe, start, origin, tell)?;
    produced.judged(own.sha256, splits)
}

/// The split that an artifact was trained with, whatever test examples came with the data now
/// or then; those that come with it are the test part.
///
/// # Errors
/// As [`data::split`].
pub fn split_of(mut corpus: Corpus, training: &Training) -> Result<Splits, DataError> {
    let own_test = std::mem::take(&mut corpus.test);
    let mut splits = data::split(corpus, settings::split_of_training(training))?;
    if !own_test.is_empty() {
        splits.test = own_test;
    }
    Ok(splits)
}

/// What the float network of an artifact is worth on examples, read with the artifact's
/// vocabulary.
///
/// # Errors
/// [`PipelineError::Unrelated`] if the artifact was quantised from another network.
pub fn evaluate_float(
    network: &Network,
    artifact: &Artifact<'_>,
    data: &[data::Example],
) -> Result<Score, PipelineError> {
    related(network, &artifact.manifest.training)?;
    if let Front::Ngrams(ngrams) = artifact.front {
        let wide = artifact.network.wide();
        return super::ngrams::evaluate_float(network, ngrams, wide, data);
    }
    let (Front::Words(vocabulary), FrontSpec::Words { start, marks, .. }) =
        (artifact.front, artifact.manifest.front)
    else {
        return Err(PipelineError::Task("the model does not read words"));
    };
    let tokens = encode_all(vocabulary, data, start, marks);
    let window = artifact.manifest.task.window();
    let examples = distillation::examples(&tokens, data, &[], None);
    float_score(network, &examples, window)
}

/// What a float network is worth on examples, of whose tokens it sees the last `window`, 0 for
/// all of them.
pub(super) fn float_score(
    network: &Network,
    examples: &[Example<'_>],
    window: u16,
) -> Result<Score, PipelineError> {
    let batch = BatchConfig {
        size: 64,
        mode: settings::batch_mode(window, usize::MAX),
    };
    let threads = rayon::current_num_threads();
    let outcome = during("float network", || {
        training::evaluate(network, examples, &batch, threads)
    })?;
    Ok(Score::from(&outcome))
}

fn vocabulary_event<'e>(vocabulary: &OwnedVocabulary, tokens: &[Vec<Token>]) -> Event<'e> {
    let count: usize = tokens.iter().map(Vec::len).sum();
    let unknown: usize = tokens
        .par_iter()
        .map(|tokens| {
            tokens
                .iter()
                .filter(|&&token| token == special::UNKNOWN)
                .count()
        })
        .sum();
    Event::Vocabulary {
        words: vocabulary.view().words().into(),
        tokens: count,
        unknown: unknown as f64 / count.max(1) as f64,
    }
}
