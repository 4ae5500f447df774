//! Why no model came out.

use crate::{
    data::DataError,
    durable::WriteError,
    linear::FitError,
    network::{ConfigError, ParametersError},
    quantize::QuantizeError,
    recipe::RecipeError,
    symbols::SymbolsError,
    training::TrainingError,
    vocabulary::VocabularyError,
};
use spinet_core::{ArtifactError, series::VectorError};

/// Why no model came out.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The words.
    #[error(transparent)]
    Vocabulary(#[from] VocabularyError),
    /// The symbols.
    #[error(transparent)]
    Symbols(#[from] SymbolsError),
    /// The vectors.
    #[error(transparent)]
    Vector(#[from] VectorError),
    /// The linear model.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The network's shape.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network to begin with has other tensors than the recipe and the data ask for.
    #[error("the float network to begin with is another one: {0}")]
    Beginning(#[from] ParametersError),
    /// Nothing would be trained.
    #[error("epochs is 0, and there is no float network to begin with")]
    NoEpochs,
    /// The float network could not be kept.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The training.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The quantisation.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The artifact.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A float network and an artifact of different trainings.
    #[error("the model was quantised from another float network than the one beside it")]
    Unrelated,
    /// A text of too few symbols.
    #[error("the {part} text has {found} symbols, {needed} are needed")]
    ShortText {
        /// `training` or `validation`.
        part: &'static str,
        /// How many it has.
        found: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Sequences that leave nothing to predict.
    #[error(
        "no {part} series is longer than the vectors that are given ({given}) or that training looks at (--max-length {max_length}); there is nothing to predict"
    )]
    Given {
        /// `training` or `validation`.
        part: &'static str,
        /// Vectors that are given: at least the first.
        given: usize,
        /// To how many steps longer sequences are cut in training.
        max_length: usize,
    },
    /// More features than a model has inputs.
    #[error("{0} features are more than the {most} that fit a model beside its hidden state", most = spinet_core::fixed::MAX_COLUMNS - 1)]
    Features(usize),
    /// The task does not go with the data.
    #[error("{0}")]
    Task(&'static str),
    /// A teacher that tells other classes apart.
    #[error("a teacher tells other classes apart than {0}")]
    OtherLabels(String),
    /// Soft labels of other texts, or of the same ones held apart or halved otherwise.
    #[error(
        "the soft labels are of other texts, or of these with another seed, share held out or --halves"
    )]
    OtherTexts,
    /// Nobody to judge texts.
    #[error("there is no teacher: name models with --teachers, or say --teacher both")]
    NoTeacher,
    /// Data that differ from what the model was trained on.
    #[error("the data have {found} features, the model {expected}")]
    OtherFeatures {
        /// Features of the data.
        found: usize,
        /// Features of the model.
        expected: usize,
    },
}
