//! The whole way from data to a quantised model: split, front end, training, quantisation, and
//! what both models are worth on the validation part.
//!
//! `words`, `language` and `series` turn a kind of data into `material::Material`; what is done
//! with it is the same for all of them and stands here. `settings` reads the recipe.

mod distillation;
mod error;
mod footprint;
mod language;
mod material;
mod ngrams;
mod series;
mod settings;
mod soft_labels;
mod words;

pub use distillation::distill;
pub use error::PipelineError;
pub use footprint::{Extent, Footprint, foresee};
pub use language::evaluate_language;
pub use series::{Prepared, evaluate_float_series, prepare};
pub use settings::split_of_training as split_spec;
pub use soft_labels::{SoftLabels, SoftLabelsError, Texts};
pub use words::{evaluate_float, split_of};

use crate::{
    data::{Corpus, Series, Splits, TextCorpus},
    evaluation,
    inference::Model,
    network::{Network, NetworkConfig},
    progress::{bar, during},
    quantize::{Quantized, Quantizer},
    recipe::{ReadName, Recipe},
    training::{EpochRecord, History, Score},
};
use material::Material;
use spinet_core::artifact::Training;
use std::path::PathBuf;

/// What a model is trained on.
pub enum Data {
    /// Labelled texts, read as words.
    Texts(Corpus),
    /// A running text, read as symbols.
    Text(TextCorpus),
    /// Sequences of vectors.
    Series(Series),
}

/// What happens on the way, told as it happens.
#[derive(Debug)]
pub enum Event<'e> {
    /// The examples were split.
    Split {
        /// Examples to learn from.
        train: usize,
        /// Examples to choose the epoch by.
        validation: usize,
        /// Examples that are not looked at.
        test: usize,
    },
    /// A teacher judged the texts.
    Teacher {
        /// Texts without a label that it judged.
        unlabelled: usize,
        /// What it is worth on the training examples; a linear teacher has learnt from others than
        /// those that it judges.
        training: Score,
        /// What it is worth on the validation examples.
        validation: Score,
    },
    /// The words were chosen.
    Vocabulary {
        /// Number of words.
        words: usize,
        /// Tokens of the training examples.
        tokens: usize,
        /// Share of them that are unknown words.
        unknown: f64,
    },
    /// The n-grams were chosen.
    Ngrams {
        /// Number of n-grams.
        ngrams: usize,
        /// How many of them a text has, on average.
        events: f64,
    },
    /// The symbols were chosen.
    Symbols {
        /// Number of symbols.
        symbols: usize,
        /// Symbols to learn from.
        train: usize,
        /// Symbols to validate on.
        validation: usize,
        /// Of these, how many are not among the training text's and are left out.
        unknown: usize,
    },
    /// The range of the vectors was calibrated.
    Calibrated {
        /// Numbers in a vector.
        features: usize,
        /// Vectors to learn from.
        vectors: usize,
    },
    /// An epoch ended.
    Epoch(&'e EpochRecord),
    /// Training goes on with the weights rounded as the device will have them.
    QuantizationAware,
}

/// A model in both precisions, and what is known of it.
pub struct Trained {
    /// The float network of the best epoch; none of a linear model.
    pub network: Option<Network>,
    /// The epochs.
    pub history: History,
    /// The epochs of quantisation-aware training, if there were any.
    pub quantization_aware: Option<History>,
    /// The artifact.
    pub quantized: Quantized,
    /// The SHA-256 of the data.
    pub data: [u8; 32],
    /// Threads that it was trained with.
    pub threads: usize,
    /// What the model is judged by.
    pub measure: Measure,
    /// The float network on the validation part.
    pub float: Score,
    /// The artifact on the validation part.
    pub quantized_score: evaluation::Score,
    /// The examples that were not looked at.
    pub test: Vec<crate::data::Example>,
}

impl Trained {
    /// The epochs that are worth drawing: those of the float network, or, where it was trained
    /// before, of quantisation-aware training.
    pub fn drawn(&self) -> Option<&History> {
        let histories = [Some(&self.history), self.quantization_aware.as_ref()];
        let mut histories = histories.into_iter().flatten();
        histories.find(|history| !history.epochs.is_empty())
    }
}

/// What a loss means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Cross-entropy of a sequence's class, in nats.
    Class,
    /// Cross-entropy of the next symbol, in nats.
    Symbol,
    /// Mean squared error of the next vector, in units of the calibrated range.
    Vector,
}

impl Measure {
    /// A loss and an accuracy in words and units.
    pub fn show(self, loss: f64, accuracy: f64) -> String {
        let accuracy = accuracy * 100.0;
        match self {
            Self::Class => format!("loss {loss:.4}, accuracy {accuracy:.2} %"),
            Self::Symbol => {
                let bits = loss / std::f64::consts::LN_2;
                format!("{loss:.4} nats, {bits:.4} bits per symbol, accuracy {accuracy:.2} %")
            }
            Self::Vector => {
                let root = loss.sqrt();
                format!("mean squared error {loss:.3e}, root {root:.5} of the range")
            }
        }
    }
}

/// What training made of a material.
struct Produced {
    network: Option<Network>,
    history: History,
    quantization_aware: Option<History>,
    quantized: Quantized,
    model: Model,
    threads: usize,
    float: Score,
}

/// Trains a model as `recipe` says. The best epoch's network is written to the checkpoint
/// whenever there is a better one.
///
/// # Errors
/// A [`PipelineError`]; the checkpoint then holds the best epoch so far, if any.
pub fn train(
    data: Data,
    recipe: &Recipe,
    start: Start,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Trained, PipelineError> {
    recipe.check()?;
    match data {
        Data::Texts(corpus) if recipe.reads == ReadName::Ngrams => {
            ngrams::train(corpus, recipe, start, tell)
        }
        Data::Texts(corpus) => words::train(corpus, recipe, start, tell),
        Data::Text(corpus) => language::train(&corpus, recipe, start, tell),
        Data::Series(series) => series::train(series, recipe, start, tell),
    }
}

/// Where training begins, and where it keeps what it has.
#[derive(Default)]
pub struct Start {
    /// A float network to go on with, instead of fresh weights; without epochs it is only
    /// quantised.
    pub network: Option<Network>,
    /// Models that teach a classifier of texts beside the recipe's teacher.
    pub teachers: Vec<Model>,
    /// What teachers said before, instead of any.
    pub soft_labels: Option<SoftLabels>,
    /// Where the best epoch's network is written.
    pub checkpoint: Option<PathBuf>,
}

impl Start {
    /// The network that training goes on with, if there is one.
    fn network(&self, config: &NetworkConfig) -> Result<Option<Network>, PipelineError> {
        let tensors = |network: &Network| network.parameters().iter().cloned().collect();
        let network = self.network.as_ref().map(tensors);
        let network = network.map(|tensors| Network::with_tensors(config.clone(), tensors));
        Ok(network.transpose()?)
    }
}

/// Trains, trains on with rounded weights if the recipe says so, and quantises.
fn produce(
    material: &Material<'_>,
    recipe: &Recipe,
    start: Start,
    origin: Training,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Produced, PipelineError> {
    let mut network = match start.network(&material.config)? {
        Some(network) => network,
        None if recipe.epochs == 0 => return Err(PipelineError::NoEpochs),
        None => material.beginning(recipe.seed)?,
    };
    let precision = recipe.precision();
    // What does not fit a device is refused before it has been trained for hours.
    let untrained = material.source(&network, precision, origin);
    Quantizer::assume(&untrained, &material.calibration).quantize(&untrained)?;
    let threads = settings::threads(recipe);
    let steps = material.steps(recipe);
    let config = settings::training(recipe, material.mode, steps, threads, start.checkpoint);
    let (history, float) = match recipe.epochs {
        0 => (History::default(), material.keep(&network, &config)?),
        _ => {
            let tell = &mut |record: &EpochRecord| tell(Event::Epoch(record));
            let history = material.fit(&mut network, &config, tell)?;
            let float = history.best().map_or(NOTHING, EpochRecord::score);
            (history, float)
        }
    };
    let origin = Training {
        network: start_of(&network.parameters().sha256()),
        ..origin
    };
    let source = material.source(&network, precision, origin);
    let plan = during("calibrating", || {
        Quantizer::calibrate(&source, &material.calibration)?.plan(source.config, source.parameters)
    })?;
    let mut student = network.clone();
    let aware = match recipe.qat_epochs {
        0 => None,
        _ => {
            tell(Event::QuantizationAware);
            let config = settings::quantization_aware(recipe, &config);
            let tell = &mut |record: &EpochRecord| tell(Event::Epoch(record));
            Some(material.fit_rounded(&mut student, &config, &plan, tell)?)
        }
    };
    let source = material.source(&student, precision, origin);
    let quantized = during("quantising", || plan.quantize(&source))?;
    Ok(Produced {
        model: Model::from_bytes(&quantized.artifact)?,
        network: Some(network),
        history,
        quantization_aware: aware,
        quantized,
        threads,
        float,
    })
}

impl Produced {
    /// Scores a classifier of texts on the validation part.
    fn judged(self, data: [u8; 32], splits: Splits) -> Result<Trained, PipelineError> {
        let progress = bar(splits.validation.len(), "quantised");
        let score = evaluation::evaluate(&self.model, &splits.validation, &progress)?;
        progress.finish_and_clear();
        Ok(self.trained(data, Measure::Class, score, splits.test))
    }

    /// A model without a network.
    fn linear(quantized: Quantized, float: Score, threads: usize) -> Result<Self, PipelineError> {
        Ok(Self {
            model: Model::from_bytes(&quantized.artifact)?,
            network: None,
            history: History::default(),
            quantization_aware: None,
            quantized,
            threads,
            float,
        })
    }

    fn trained(
        self,
        data: [u8; 32],
        measure: Measure,
        quantized_score: evaluation::Score,
        test: Vec<crate::data::Example>,
    ) -> Trained {
        Trained {
            network: self.network,
            history: self.history,
            quantization_aware: self.quantization_aware,
            quantized: self.quantized,
            data,
            threads: self.threads,
            measure,
            float: self.float,
            quantized_score,
            test,
        }
    }
}

const NOTHING: Score = Score {
    loss: 0.0,
    accuracy: 0.0,
};

/// The bytes of a hash that an artifact keeps.
fn start_of(sha256: &[u8; 32]) -> [u8; 8] {
    std::array::from_fn(|byte| sha256[byte])
}

/// Whether an artifact was quantised from a network.
fn related(network: &Network, origin: &Training) -> Result<(), PipelineError> {
    match start_of(&network.parameters().sha256()) == origin.network {
        true => Ok(()),
        false => Err(PipelineError::Unrelated),
    }
}
