//! From a recipe's fields to the settings of the parts.

use crate::{
    batch::{BatchConfig, BatchMode, Cut},
    data::SplitSpec,
    network::{InputKind, NetworkConfig, Task},
    optimizer::{AdamConfig, Schedule},
    recipe::{InputName, Recipe, ScheduleName},
    training::TrainingConfig,
};
use spinet_core::{artifact::Training, text::special};
use std::path::PathBuf;

/// The share of the steps over which a cosine may warm up at most.
const MOST_WARM_UP: f32 = 0.5;

pub(super) fn threads(recipe: &Recipe) -> usize {
    match recipe.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    }
}

/// Shares are kept in thousandths, as the artifact keeps them.
pub(super) fn permille(share: f32) -> u16 {
    (share * 1000.0).round() as u16
}

pub(super) fn split_spec(seed: u64, validation_permille: u16, test_permille: u16) -> SplitSpec {
    SplitSpec {
        seed,
        validation: f32::from(validation_permille) / 1000.0,
        test: f32::from(test_permille) / 1000.0,
    }
}

/// The split that an artifact was trained with.
pub fn split_of_training(training: &Training) -> SplitSpec {
    split_spec(
        training.seed,
        training.validation_permille,
        training.test_permille,
    )
}

/// The share of the data held out to test; data with test examples of their own give none of the
/// others away.
pub(super) fn test_permille(recipe: &Recipe, own: bool) -> u16 {
    match own {
        true => 0,
        false => permille(recipe.test),
    }
}

/// Telling so many classes apart: two of them with one output.
pub(super) fn classify(recipe: &Recipe, classes: usize) -> Task {
    Task::Classify {
        readout: recipe.readout.into(),
        outputs: outputs(classes),
    }
}

/// Outputs for so many classes.
pub(super) fn outputs(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

pub(super) fn network(
    recipe: &Recipe,
    input: InputKind,
    vocabulary_size: usize,
    task: Task,
) -> NetworkConfig {
    NetworkConfig {
        cell: recipe.cell,
        input,
        vocabulary_size,
        hidden_size: recipe.hidden_size.into(),
        layers: recipe.layers,
        task,
        input_rank: recipe.input_rank.into(),
        recurrent_rank: recipe.recurrent_rank.into(),
        embedding_dropout: match (recipe.input, input) {
            (InputName::Embedding, InputKind::Embedding { .. }) => recipe.embedding_dropout,
            _ => 0.0,
        },
        hidden_dropout: recipe.hidden_dropout,
        // Only words have a token that stands for an unknown one.
        word_dropout: match (input, task) {
            (InputKind::Dense { .. }, _) | (_, Task::NextToken) => 0.0,
            _ => recipe.word_dropout,
        },
        input_noise: match input {
            InputKind::Dense { .. } => recipe.input_noise,
            InputKind::OneHot | InputKind::Embedding { .. } => 0.0,
        },
        unknown_id: match (input, task) {
            (InputKind::Dense { .. }, _) | (_, Task::NextToken) => 0,
            _ => special::UNKNOWN,
        },
    }
}

pub(super) fn batch_mode(window: u16, max_len: usize) -> BatchMode {
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

/// `steps` are those of the optimiser in an epoch.
pub(super) fn training(
    recipe: &Recipe,
    mode: BatchMode,
    steps: usize,
    threads: usize,
    checkpoint: Option<PathBuf>,
) -> TrainingConfig {
    TrainingConfig {
        epochs: recipe.epochs,
        learning_rate: recipe.learning_rate,
        schedule: match recipe.schedule {
            ScheduleName::Constant => Schedule::Constant,
            ScheduleName::Exponential => Schedule::Exponential {
                factor: recipe.decay,
            },
            ScheduleName::Cosine => cosine(recipe.warmup_steps, steps * recipe.epochs),
        },
        adam: AdamConfig {
            weight_decay: recipe.weight_decay,
            clip_norm: (recipe.clip_norm > 0.0).then_some(recipe.clip_norm),
            ..AdamConfig::default()
        },
        batch: BatchConfig {
            size: recipe.batch_size,
            mode,
        },
        truncation: recipe.truncation,
        seed: recipe.seed,
        threads,
        average: recipe.average,
        selection: recipe.select_by,
        patience: (recipe.patience > 0).then_some(recipe.patience),
        checkpoint,
        progress: true,
        ..TrainingConfig::default()
    }
}

fn cosine(warmup_steps: usize, steps: usize) -> Schedule {
    Schedule::Cosine {
        warm_up: (warmup_steps as f32 / steps.max(1) as f32).min(MOST_WARM_UP),
        floor: 0.0,
    }
}

/// What changes for quantisation-aware training: it is a fine-tuning of its own.
pub(super) fn quantization_aware(recipe: &Recipe, config: &TrainingConfig) -> TrainingConfig {
    TrainingConfig {
        epochs: recipe.qat_epochs,
        learning_rate: recipe.qat_learning_rate,
        schedule: cosine(0, 1),
        patience: None,
        checkpoint: None,
        ..config.clone()
    }
}
