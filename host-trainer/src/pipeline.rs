//! The whole way from labelled text to a quantised model: split, vocabulary, training,
//! quantisation, and what both models are worth on the validation examples.

use crate::{
    batch::{BatchConfig, BatchMode, Cut, Example},
    data::{self, Corpus, DataError, SplitSpec, Splits},
    evaluation,
    inference::Model,
    network::{ConfigError, Network, NetworkConfig, Task},
    optimizer::{AdamConfig, Schedule},
    progress::{bar, during},
    quantize::{QuantizeError, Quantized, Source, quantize},
    recipe::{InputName, Recipe, RecipeError, ScheduleName},
    training::{EpochRecord, History, Score, TrainingConfig, TrainingError, fit},
    vocabulary::{OwnedVocabulary, VocabularyError, encode_all},
};
use rayon::prelude::*;
use spinet_core::{Artifact, ArtifactError, Token, artifact::Training, text::special};
use std::path::PathBuf;

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
    /// The network's shape.
    #[error(transparent)]
    Config(#[from] ConfigError),
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
    /// The words were chosen.
    Vocabulary {
        /// Number of words.
        words: usize,
        /// Tokens of the training examples.
        tokens: usize,
        /// Share of them that are unknown words.
        unknown: f64,
    },
    /// An epoch ended.
    Epoch(&'e EpochRecord),
}

/// A model in both precisions, and what is known of it.
pub struct Trained {
    /// The float network of the best epoch.
    pub network: Network,
    /// The epochs.
    pub history: History,
    /// The artifact.
    pub quantized: Quantized,
    /// The SHA-256 of the data.
    pub data: [u8; 32],
    /// Threads that it was trained with.
    pub threads: usize,
    /// The float network on the validation examples.
    pub float: Score,
    /// The artifact on the validation examples.
    pub int8: evaluation::Score,
    /// The examples that were not looked at.
    pub test: Vec<data::Example>,
}

/// Trains a model as `recipe` says. The best epoch's network is written to `checkpoint`
/// whenever there is a better one.
///
/// # Errors
/// A [`PipelineError`]; the checkpoint then holds the best epoch so far, if any.
pub fn train(
    corpus: Corpus,
    recipe: &Recipe,
    checkpoint: Option<PathBuf>,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Trained, PipelineError> {
    recipe.check()?;
    let sha256 = corpus.sha256;
    let validation = permille(recipe.validation);
    // Data with test examples of their own give none of the others away.
    let test = match corpus.test.is_empty() {
        true => permille(recipe.test),
        false => 0,
    };
    let splits = data::split(corpus, split_spec(recipe.seed, validation, test))?;
    tell(Event::Split {
        train: splits.train.len(),
        validation: splits.validation.len(),
        test: splits.test.len(),
    });
    let vocabulary = during("counting words", || {
        OwnedVocabulary::choose(
            splits.train.iter().map(|example| example.text.as_str()),
            recipe.vocabulary,
            recipe.num_words,
            recipe.fingerprint_bits,
        )
    })?;
    let tokens = encode_all(vocabulary.view(), &splits.train, recipe.start);
    tell(vocabulary_event(&vocabulary, &tokens));
    let held_out = encode_all(vocabulary.view(), &splits.validation, recipe.start);
    let held_out = examples(&held_out, &splits.validation);
    let config = network_config(recipe, &vocabulary, splits.labels.len());
    let mut network = Network::new(config, recipe.seed)?;
    let threads = threads(recipe);
    let history = fit(
        &mut network,
        &examples(&tokens, &splits.train),
        &held_out,
        &training_config(recipe, splits.train.len(), threads, checkpoint),
        &mut |record| tell(Event::Epoch(record)),
    )?;
    let float = history.best().map_or(NOTHING, EpochRecord::score);
    let source = Source {
        config: network.config(),
        parameters: network.parameters(),
        vocabulary: &vocabulary,
        labels: &splits.labels,
        start: recipe.start,
        window: recipe.window,
        training: Training {
            data: start_of(&sha256),
            network: start_of(&network.parameters().sha256()),
            seed: recipe.seed,
            validation_permille: validation,
            test_permille: test,
        },
    };
    let quantized = during("quantising", || {
        quantize(&source, &sample(&tokens, recipe.calibration))
    })?;
    let model = Model::from_bytes(&quantized.artifact)?;
    let progress = bar(splits.validation.len(), "quantised");
    let int8 = evaluation::evaluate(&model, &splits.validation, &progress);
    progress.finish_and_clear();
    Ok(Trained {
        network,
        history,
        quantized,
        data: sha256,
        threads,
        float,
        int8,
        test: splits.test,
    })
}

const NOTHING: Score = Score {
    loss: 0.0,
    accuracy: 0.0,
};

/// The bytes of a hash that an artifact keeps.
fn start_of(sha256: &[u8; 32]) -> [u8; 8] {
    std::array::from_fn(|byte| sha256[byte])
}

/// The split that an artifact was trained with, whatever test examples came with the data now
/// or then; those that come with it are the test part.
///
/// # Errors
/// As [`data::split`].
pub fn split_of(mut corpus: Corpus, training: &Training) -> Result<Splits, DataError> {
    let own_test = std::mem::take(&mut corpus.test);
    let spec = split_spec(
        training.seed,
        training.validation_permille,
        training.test_permille,
    );
    let mut splits = data::split(corpus, spec)?;
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
    if start_of(&network.parameters().sha256()) != artifact.manifest.training.network {
        return Err(PipelineError::Unrelated);
    }
    let tokens = encode_all(artifact.vocabulary, data, artifact.manifest.start);
    let batch = BatchConfig {
        size: 64,
        mode: batch_mode(artifact.manifest.window, usize::MAX),
    };
    let threads = rayon::current_num_threads();
    let outcome = during("float network", || {
        crate::training::evaluate(network, &examples(&tokens, data), &batch, threads)
    })?;
    Ok(Score::from(&outcome))
}

fn split_spec(seed: u64, validation_permille: u16, test_permille: u16) -> SplitSpec {
    SplitSpec {
        seed,
        validation: f32::from(validation_permille) / 1000.0,
        test: f32::from(test_permille) / 1000.0,
    }
}

/// Shares are kept in thousandths, as the artifact keeps them.
fn permille(share: f32) -> u16 {
    (share * 1000.0).round() as u16
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

fn examples<'t>(tokens: &'t [Vec<Token>], data: &[data::Example]) -> Vec<Example<'t>> {
    tokens
        .iter()
        .zip(data)
        .map(|(tokens, example)| Example::of_tokens(tokens, example.label as u16))
        .collect()
}

/// Sequences spread evenly over the training examples.
fn sample(tokens: &[Vec<Token>], count: usize) -> Vec<Vec<Token>> {
    let stride = (tokens.len() / count).max(1);
    tokens.iter().step_by(stride).take(count).cloned().collect()
}

fn threads(recipe: &Recipe) -> usize {
    match recipe.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

fn network_config(recipe: &Recipe, vocabulary: &OwnedVocabulary, classes: usize) -> NetworkConfig {
    NetworkConfig {
        cell: recipe.cell,
        input: recipe.input_kind(),
        vocabulary_size: vocabulary.view().tokens(),
        hidden_size: recipe.hidden_size.into(),
        layers: 1,
        task: Task::Classify {
            readout: recipe.readout.into(),
            outputs: if classes == 2 { 1 } else { classes },
        },
        input_rank: 0,
        recurrent_rank: 0,
        embedding_dropout: match recipe.input {
            InputName::OneHot => 0.0,
            InputName::Embedding => recipe.embedding_dropout,
        },
        hidden_dropout: recipe.hidden_dropout,
        word_dropout: recipe.word_dropout,
        input_noise: 0.0,
        unknown_id: special::UNKNOWN,
    }
}

fn batch_mode(window: u16, max_len: usize) -> BatchMode {
    match window {
        0 => BatchMode::Ragged {
            max_len,
            cut: Cut::RandomWindow,
        },
        length => BatchMode::Windowed {
            length: length.into(),
            pad_id: special::PAD,
        },
    }
}

fn training_config(
    recipe: &Recipe,
    examples: usize,
    threads: usize,
    checkpoint: Option<PathBuf>,
) -> TrainingConfig {
    let steps = examples.div_ceil(recipe.batch_size) * recipe.epochs;
    TrainingConfig {
        epochs: recipe.epochs,
        learning_rate: recipe.learning_rate,
        schedule: match recipe.schedule {
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Exponential => Schedule::Exponential {
                factor: recipe.decay,
            },
            ScheduleName::Cosine => Schedule::Cosine {
                warm_up: (recipe.warmup_steps as f32 / steps.max(1) as f32).min(0.5),
                floor: 0.0,
            },
        },
        adam: AdamConfig {
            weight_decay: recipe.weight_decay,
            clip_norm: (recipe.clip_norm > 0.0).then_some(recipe.clip_norm),
            ..AdamConfig::default()
        },
        batch: BatchConfig {
            size: recipe.batch_size,
            mode: batch_mode(recipe.window, recipe.max_length),
        },
        seed: recipe.seed,
        threads,
        selection: recipe.select_by,
        patience: (recipe.patience > 0).then_some(recipe.patience),
        checkpoint,
        progress: true,
        ..TrainingConfig::default()
    }
}
