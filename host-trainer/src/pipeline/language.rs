//! A running text, read as symbols: a language model.
//!
//! The text begins and ends with the boundary token. What is validated on begins with it too, and
//! is read in one go from a zero state; its end is not scored, because it is not the text's.

use super::{
    Event, Measure, PipelineError, Start, Trained,
    material::{Material, Sequences, origin},
    produce, related, settings,
};
use crate::{
    data::TextCorpus,
    evaluation,
    network::{Network, Task},
    progress::{bar, during},
    quantize::{Calibration, FrontSource},
    recipe::{ReadName, Recipe, TaskName},
    symbols::{OwnedSymbols, encode},
    training::{self, Score},
};
use spinet_core::{
    Artifact, Token,
    artifact::Front,
    text::{Symbols, Unit},
};

/// Symbols of a sequence that calibrates the quantisation.
const CALIBRATION_LENGTH: usize = 256;
/// Symbols that are evaluated at a time.
const CHUNK: usize = 256;
/// The fewest symbols that anything can be learnt from or judged by.
const FEWEST: usize = 16;

pub(super) fn train(
    corpus: &TextCorpus,
    recipe: &Recipe,
    start: Start,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Trained, PipelineError> {
    if recipe.task == TaskName::Classify {
        return Err(PipelineError::Task(
            "a running text can be continued, not classified: it has no labels",
        ));
    }
    let unit = match recipe.reads {
        ReadName::Bytes => Unit::Byte,
        _ => Unit::Character,
    };
    let symbols = OwnedSymbols::choose(&corpus.train, unit)?;
    let known = symbols.view();
    let (mut training, _) = bounded(known, &corpus.train, "training")?;
    training.push(known.boundary());
    let (validation, unknown) = bounded(known, &corpus.validation, "validation")?;
    tell(Event::Symbols {
        symbols: symbols.codes.len(),
        train: training.len(),
        validation: validation.len(),
        unknown,
    });
    let (input, size) = (recipe.input_kind(), known.tokens());
    let material = Material {
        config: settings::network(recipe, input, size, Task::NextToken),
        sequences: Sequences::Stream {
            training: &training,
            validation: &validation,
        },
        mode: settings::batch_mode(0, recipe.max_length),
        front: FrontSource::Symbols(&symbols),
        labels: &[],
        window: 0,
        wide: None,
        bias: &[],
        coordinates: &[],
        calibration: Calibration::Tokens(pieces(&training, recipe.calibration)),
    };
    let test = settings::permille(recipe.test);
    let origin = origin(recipe, &corpus.sha256, test);
    let produced = produce(&material, recipe, start, origin, tell)?;
    let progress = bar(validation.len(), "quantised");
    let score = evaluation::evaluate_symbols(&produced.model, &corpus.validation, &progress)?;
    progress.finish_and_clear();
    Ok(produced.trained(corpus.sha256, Measure::Symbol, score, Vec::new()))
}

/// The tokens of a text behind the boundary, and how many unknown symbols were left out.
fn bounded(
    symbols: Symbols<'_>,
    text: &[u8],
    part: &'static str,
) -> Result<(Vec<Token>, usize), PipelineError> {
    let (tokens, unknown) = encode(symbols, text);
    if tokens.len() < FEWEST {
        return Err(PipelineError::ShortText {
            part,
            found: tokens.len(),
            needed: FEWEST,
        });
    }
    let boundary = std::iter::once(symbols.boundary());
    Ok((boundary.chain(tokens).collect(), unknown))
}

/// Up to `count` pieces of a text, spread evenly.
fn pieces(tokens: &[Token], count: usize) -> Vec<Vec<Token>> {
    let all: Vec<&[Token]> = tokens.chunks(CALIBRATION_LENGTH).collect();
    super::material::sample(&all, count)
        .into_iter()
        .map(<[Token]>::to_vec)
        .collect()
}

/// What the float network of an artifact is worth on a text.
///
/// # Errors
/// [`PipelineError::Unrelated`] if the artifact was quantised from another network.
pub fn evaluate_language(
    network: &Network,
    artifact: &Artifact<'_>,
    text: &[u8],
) -> Result<Score, PipelineError> {
    related(network, &artifact.manifest.training)?;
    let Front::Symbols(symbols) = artifact.front else {
        return Err(PipelineError::Task("the model does not read symbols"));
    };
    let (tokens, _) = bounded(symbols, text, "validation")?;
    let threads = rayon::current_num_threads();
    let outcome = during("float network", || {
        training::evaluate_language(network, &tokens, CHUNK, threads)
    })?;
    Ok(Score::from(&outcome))
}
