//! Two classifiers of texts in one artifact: each reads the whole text, and their logits are added,
//! each times a weight.
//!
//! Networks that read a text differently make different mistakes, and so two together know more than
//! one of the same size. The weights are fitted on the validation examples, which neither network
//! has learnt from.

mod fit;

use crate::{
    data::Example,
    evaluation::{self, Score},
    inference::Model,
    linear::FitError,
    quantize::sealed,
};
use indicatif::ProgressBar;
use spinet_core::{
    ArtifactError,
    artifact::{ALIGNMENT, Front, Task, Together, Training, sections},
    fixed::MEMBER_FRACTION,
};

/// Why two models did not become one.
#[derive(Debug, thiserror::Error)]
pub enum EnsembleError {
    /// One of them does not classify texts.
    #[error("the {0} model does not classify texts")]
    Task(&'static str),
    /// One of them is an ensemble itself.
    #[error("the {0} model is an ensemble already")]
    Nested(&'static str),
    /// They name other classes, or the same in another order.
    #[error("the classes differ: {0} and {1}")]
    Labels(String, String),
    /// What one has learnt from the other may be measured on.
    #[error("the models were trained on other data, or these were held apart differently")]
    Origins,
    /// There is nothing to fit the weights on.
    #[error("there are no validation examples")]
    NoExamples,
    /// The weights could not be fitted.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The ensemble would be better without one of them, or the logits need a larger factor than the
    /// format has.
    #[error(
        "the logits of the {which} model would count {weight:.3}, which is not within 0 and 16"
    )]
    Weight {
        /// `first` or `second`.
        which: &'static str,
        /// Its weight.
        weight: f64,
    },
    /// A model is damaged, or what came out is not a valid one.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// What came out exceeds the format.
    #[error("the artifact would be larger than 4 GiB")]
    Size,
}

/// Which of the two.
const PLACES: [&str; 2] = ["first", "second"];

/// Two models as one.
pub struct Joined {
    /// The file.
    pub artifact: Vec<u8>,
    /// What the logits of each count, as the file has it.
    pub weights: [f64; 2],
    /// What each is worth by itself on the validation examples.
    pub single: [Score; 2],
    /// What they are worth together.
    pub together: Score,
}

/// Joins two models, with weights that are fitted on `validation`.
///
/// # Errors
/// An [`EnsembleError`] that says which model is not fit for it, or why there are no weights.
pub fn join(
    models: [&Model; 2],
    validation: &[Example],
    progress: &ProgressBar,
) -> Result<Joined, EnsembleError> {
    check(models)?;
    if validation.is_empty() {
        return Err(EnsembleError::NoExamples);
    }
    let [first, second] = models;
    let logits = [
        evaluation::logits(first, validation, progress)?,
        evaluation::logits(second, validation, progress)?,
    ];
    let classes: Vec<usize> = validation.iter().map(|example| example.label).collect();
    let fitted = fit::weights(logits.each_ref().map(Vec::as_slice), &classes)?;
    let mut weights = [0; 2];
    for ((place, weight), which) in weights.iter_mut().zip(fitted).zip(PLACES) {
        *place = quantized(weight).ok_or(EnsembleError::Weight { which, weight })?;
    }
    let artifact = file(models, weights)?;
    let joined = Model::from_bytes(&artifact)?;
    Ok(Joined {
        single: [
            evaluation::evaluate(first, validation, progress)?,
            evaluation::evaluate(second, validation, progress)?,
        ],
        together: evaluation::evaluate(&joined, validation, progress)?,
        weights: weights.map(|weight| f64::from(weight) / one()),
        artifact,
    })
}

/// 1 in the format of the weights.
fn one() -> f64 {
    f64::from(1u32 << MEMBER_FRACTION)
}

/// A weight in Q4.12, above 0.
fn quantized(weight: f64) -> Option<u16> {
    let units = (weight * one()).round();
    (units >= 1.0 && units <= f64::from(u16::MAX)).then_some(units as u16)
}

/// Whether the two can be one.
fn check(models: [&Model; 2]) -> Result<(), EnsembleError> {
    let artifacts = models.map(Model::artifact);
    for (artifact, which) in artifacts.iter().zip(PLACES) {
        match (artifact.front, artifact.manifest.task) {
            (Front::Words(_) | Front::Ngrams(_), Task::Classify { .. }) => {}
            _ => return Err(EnsembleError::Task(which)),
        }
        if artifact.companion.is_some() {
            return Err(EnsembleError::Nested(which));
        }
    }
    let [first, second] = &artifacts;
    if first.labels != second.labels {
        let names = [first, second].map(|artifact| artifact.labels.iter().collect::<Vec<_>>());
        let [first, second] = names.map(|names| names.join(", "));
        return Err(EnsembleError::Labels(first, second));
    }
    let held_apart = |training: Training| Training {
        network: [0; 8],
        ..training
    };
    match held_apart(first.manifest.training) == held_apart(second.manifest.training) {
        true => Ok(()),
        false => Err(EnsembleError::Origins),
    }
}

/// The file of an ensemble: both manifests, and the data of both.
fn file(models: [&Model; 2], weights: [u16; 2]) -> Result<Vec<u8>, EnsembleError> {
    let [first, second] = models;
    let (first_manifest, first_data) = sections(first.bytes())?;
    let (second_manifest, second_data) = sections(second.bytes())?;
    let mut data = first_data.to_vec();
    data.resize(data.len().next_multiple_of(ALIGNMENT), 0);
    let together = Together {
        weights,
        data: u32::try_from(data.len()).map_err(|_| EnsembleError::Size)?,
    };
    data.extend(second_data);
    let together = postcard::to_stdvec(&together).map_err(|_| EnsembleError::Size)?;
    let manifests = [first_manifest, &together, second_manifest].concat();
    sealed(&manifests, &data).ok_or(EnsembleError::Size)
}
