//! Sequences of vectors: classified at their end, or continued.
//!
//! The float network reads the very numbers that the device reads: values calibrated and rounded
//! to Q0.15 by the core.

use super::{
    Event, Measure, PipelineError, Start, Trained,
    material::{Material, Sequences, origin, sample},
    produce, related, settings,
};
use crate::{
    batch::{BatchConfig, Example, Sequence},
    data::{Series, SeriesExample, series::Scales, split_series},
    evaluation,
    network::{InputKind, Network, Task},
    progress::{bar, during},
    quantize::{Calibration, FrontSource},
    recipe::{Recipe, TaskName},
    training::{self, Score},
};
use spinet_core::{
    Artifact,
    artifact::Front,
    fixed::{MAX_COLUMNS, STATE_FRACTION},
    series::Series as Calibrated,
};

/// An example as the device reads it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// `(time, features)` in Q0.15.
    pub vectors: Vec<i16>,
    /// The same as real numbers.
    pub values: Vec<f32>,
    /// The class.
    pub label: usize,
}

pub(super) fn train(
    series: Series,
    recipe: &Recipe,
    start: Start,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Trained, PipelineError> {
    let (features, sha256) = (series.features, series.sha256);
    if features >= MAX_COLUMNS {
        return Err(PipelineError::Features(features));
    }
    let task = match generates(recipe.task, &series)? {
        true => Task::NextVector,
        false => settings::classify(recipe, series.labels.len()),
    };
    let validation = settings::permille(recipe.validation);
    let test = settings::test_permille(recipe, !series.test.is_empty());
    let spec = settings::split_spec(recipe.seed, validation, test);
    let splits = split_series(series, spec)?;
    tell(Event::Split {
        train: splits.train.len(),
        validation: splits.validation.len(),
        test: splits.test.len(),
    });
    let scales = Scales::fit(features, &splits.train);
    let calibrated = Calibrated {
        offsets: &scales.offset,
        scales: &scales.scale,
    };
    let training = prepare(calibrated, &splits.train)?;
    let held_out = prepare(calibrated, &splits.validation)?;
    if task == Task::NextVector {
        check_given("training", &training, features, recipe)?;
        check_given("validation", &held_out, features, recipe)?;
    }
    let values: usize = training.iter().map(|example| example.values.len()).sum();
    let vectors = values / features;
    tell(Event::Calibrated { features, vectors });
    let material = Material {
        config: settings::network(recipe, InputKind::Dense { features }, 0, task),
        sequences: Sequences::Examples {
            training: examples(&training, features, recipe.given),
            validation: examples(&held_out, features, recipe.given),
        },
        mode: settings::batch_mode(0, recipe.max_length),
        front: FrontSource::Series {
            offsets: &scales.offset,
            scales: &scales.scale,
        },
        labels: match task {
            Task::Classify { .. } => &splits.labels,
            _ => &[],
        },
        window: 0,
        wide: None,
        bias: &[],
        coordinates: &[],
        calibration: calibration(&training, features, recipe.calibration),
    };
    let origin = origin(recipe, &sha256, test);
    let produced = produce(&material, recipe, start, origin, tell)?;
    let (model, given) = (&produced.model, recipe.given);
    let progress = bar(held_out.len(), "quantised");
    let (measure, score) = match task {
        Task::Classify { .. } => (
            Measure::Class,
            evaluation::evaluate_series(model, &held_out, &progress)?,
        ),
        _ => (
            Measure::Vector,
            evaluation::evaluate_vectors(model, &held_out, given, &progress)?,
        ),
    };
    progress.finish_and_clear();
    Ok(produced.trained(sha256, measure, score, Vec::new()))
}

/// So many of the sequences.
fn calibration(training: &[Prepared], features: usize, count: usize) -> Calibration {
    let sequences: Vec<&[i16]> = training.iter().map(|one| &*one.vectors).collect();
    let sequences = sample(&sequences, count).into_iter();
    Calibration::Vectors {
        features,
        sequences: sequences.map(<[i16]>::to_vec).collect(),
    }
}

/// Whether any of the vectors is to be predicted from others.
fn check_given(
    part: &'static str,
    examples: &[Prepared],
    features: usize,
    recipe: &Recipe,
) -> Result<(), PipelineError> {
    let (given, max_length) = (recipe.given.max(1), recipe.max_length);
    let predicted = |example: &Prepared| example.vectors.len() / features > given;
    match max_length > 1 && examples.iter().any(predicted) {
        true => Ok(()),
        false => Err(PipelineError::Given {
            part,
            given,
            max_length,
        }),
    }
}

/// Whether the model is to continue sequences.
fn generates(task: TaskName, series: &Series) -> Result<bool, PipelineError> {
    match (task, series.labels.len()) {
        (TaskName::Generate, _) | (TaskName::Auto, 0) => Ok(true),
        (TaskName::Classify | TaskName::Auto, 2..) => Ok(false),
        (TaskName::Classify, 0) => Err(PipelineError::Task(
            "the series have no labels to classify by",
        )),
        (_, 1) => Err(PipelineError::Task(
            "all series have the same label; there is nothing to classify",
        )),
    }
}

/// Examples as the device reads them.
///
/// # Errors
/// If they have another number of features than the calibration.
pub fn prepare(
    calibrated: Calibrated<'_>,
    examples: &[SeriesExample],
) -> Result<Vec<Prepared>, PipelineError> {
    let features = usize::from(calibrated.features());
    let one = (1u32 << STATE_FRACTION) as f32;
    let prepared = examples.iter().map(|example| {
        let mut vectors = vec![0i16; example.values.len()];
        let rows = example
            .values
            .chunks(features)
            .zip(vectors.chunks_mut(features));
        for (values, vector) in rows {
            calibrated.quantize(values, vector)?;
        }
        Ok(Prepared {
            values: vectors.iter().map(|&x| f32::from(x) / one).collect(),
            vectors,
            label: example.label,
        })
    });
    prepared.collect()
}

fn examples(prepared: &[Prepared], features: usize, given: usize) -> Vec<Example<'_>> {
    prepared
        .iter()
        .map(|example| Example {
            sequence: Sequence::Vectors {
                values: &example.values,
                features,
            },
            label: example.label as u16,
            target: None,
            offset: None,
            given,
        })
        .collect()
}

/// What the float network of an artifact is worth on prepared examples.
///
/// # Errors
/// [`PipelineError::Unrelated`] if the artifact was quantised from another network.
pub fn evaluate_float_series(
    network: &Network,
    artifact: &Artifact<'_>,
    prepared: &[Prepared],
) -> Result<Score, PipelineError> {
    related(network, &artifact.manifest.training)?;
    let Front::Series(series) = artifact.front else {
        return Err(PipelineError::Task("the model does not read vectors"));
    };
    let batch = BatchConfig {
        size: 64,
        mode: settings::batch_mode(0, usize::MAX),
    };
    let examples = examples(prepared, series.features().into(), 0);
    let threads = rayon::current_num_threads();
    let outcome = during("float network", || {
        training::evaluate(network, &examples, &batch, threads)
    })?;
    Ok(Score::from(&outcome))
}
