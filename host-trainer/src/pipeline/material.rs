//! What training and quantisation are given, whatever it was made of.

use super::{PipelineError, settings};
use crate::{
    batch::{BatchMode, Example},
    network::{Network, NetworkConfig},
    quantize::{Calibration, FrontSource, Plan, Precision, Source, WideSource},
    recipe::Recipe,
    training::{
        Checkpoint, EpochRecord, History, Score, TrainingConfig, TrainingError, evaluate,
        evaluate_language, fit, fit_language, fit_language_rounded, fit_rounded,
    },
};
use ndarray::ArrayViewMut2;
use spinet_core::artifact::Training;

/// What a coordinate of 1 is in an embedding that begins with coordinates.
const COORDINATE: f32 = 0.2;

/// Data that are ready for the network.
pub(super) struct Material<'m> {
    pub config: NetworkConfig,
    pub sequences: Sequences<'m>,
    pub mode: BatchMode,
    pub front: FrontSource<'m>,
    pub labels: &'m [String],
    pub window: u16,
    /// Weights that go straight to the logits, which are the sequences' offsets.
    pub wide: Option<WideSource<'m>>,
    /// The biases of the logits with those weights alone; none without them.
    pub bias: &'m [f32],
    /// Coordinates of tokens, of variance 1, `(tokens, columns of the embedding that have no weight
    /// that goes straight to a logit)`; none if they begin at random.
    pub coordinates: &'m [f32],
    pub calibration: Calibration,
}

/// What is learnt from and what is validated on.
pub(super) enum Sequences<'m> {
    /// Examples by themselves.
    Examples {
        training: Vec<Example<'m>>,
        validation: Vec<Example<'m>>,
    },
    /// One long sequence of tokens each.
    Stream {
        training: &'m [u16],
        validation: &'m [u16],
    },
}

impl Material<'_> {
    /// A network with fresh weights; beside a linear model, one that at first adds nothing to it,
    /// and is told its weights: the first column of the embedding (of each output). The others
    /// begin with the coordinates of the tokens, if there are some.
    ///
    /// # Errors
    /// If the configuration is not one of a network.
    pub fn beginning(&self, seed: u64) -> Result<Network, PipelineError> {
        let mut network = Network::new(self.config.clone(), seed)?;
        if !self.bias.is_empty() {
            let parameters = network.parameters_mut();
            if let Some(mut kernel) = parameters.get_mut("head.kernel") {
                kernel.fill(0.0);
            }
            if let Some(mut biases) = parameters.get_mut("head.bias") {
                biases
                    .iter_mut()
                    .zip(self.bias)
                    .for_each(|(own, &b)| *own = b);
            }
            if let (Some(wide), Some(table)) = (self.wide, parameters.get_mut("embedding")) {
                show(wide, self.bias.len(), table);
            }
        }
        if let (false, Some(table)) = (
            self.coordinates.is_empty(),
            network.parameters_mut().get_mut("embedding"),
        ) {
            place(self.coordinates, self.bias.len(), table);
        }
        Ok(network)
    }

    /// Steps of the optimiser in an epoch.
    pub fn steps(&self, recipe: &Recipe) -> usize {
        match &self.sequences {
            Sequences::Examples { training, .. } => training.len().div_ceil(recipe.batch_size),
            Sequences::Stream { training, .. } => {
                (training.len() / recipe.batch_size).div_ceil(recipe.truncation)
            }
        }
    }

    pub fn fit(
        &self,
        network: &mut Network,
        config: &TrainingConfig,
        on_epoch: &mut dyn FnMut(&EpochRecord),
    ) -> Result<History, TrainingError> {
        match &self.sequences {
            Sequences::Examples {
                training,
                validation,
            } => fit(network, training, validation, config, on_epoch),
            Sequences::Stream {
                training,
                validation,
            } => fit_language(network, training, validation, config, on_epoch),
        }
    }

    /// Scores a network that is not trained on, and writes it where training would have.
    ///
    /// # Errors
    /// If it cannot be scored or written.
    pub fn keep(&self, network: &Network, config: &TrainingConfig) -> Result<Score, PipelineError> {
        let outcome = match &self.sequences {
            Sequences::Examples { validation, .. } => {
                evaluate(network, validation, &config.batch, config.threads)?
            }
            Sequences::Stream { validation, .. } => {
                evaluate_language(network, validation, config.truncation, config.threads)?
            }
        };
        let score = Score::from(&outcome);
        if let Some(path) = &config.checkpoint {
            let (network, epoch) = (network.clone(), 0);
            Checkpoint {
                network,
                epoch,
                score,
            }
            .write(path)?;
        }
        Ok(score)
    }

    /// The same with the weights rounded as `plan` says.
    pub fn fit_rounded(
        &self,
        network: &mut Network,
        config: &TrainingConfig,
        plan: &Plan,
        on_epoch: &mut dyn FnMut(&EpochRecord),
    ) -> Result<History, TrainingError> {
        match &self.sequences {
            Sequences::Examples {
                training,
                validation,
            } => fit_rounded(network, training, validation, config, plan, on_epoch),
            Sequences::Stream {
                training,
                validation,
            } => fit_language_rounded(network, training, validation, config, plan, on_epoch),
        }
    }

    /// What an artifact of `network` is made of.
    pub fn source<'s>(
        &'s self,
        network: &'s Network,
        precision: Precision,
        training: Training,
    ) -> Source<'s> {
        Source {
            config: network.config(),
            parameters: network.parameters(),
            precision,
            front: self.front,
            wide: self.wide,
            labels: self.labels,
            window: self.window,
            training,
        }
    }
}

/// Writes the weights of tokens, the largest as one, to as many columns of `table` as there are
/// outputs.
fn show(wide: WideSource<'_>, outputs: usize, mut table: ArrayViewMut2<'_, f32>) {
    let largest = wide.codebook.iter().map(|value| value.unsigned_abs()).max();
    let largest = largest.unwrap_or(1).max(1) as f32;
    for (mut row, codes) in table.rows_mut().into_iter().zip(wide.codes.chunks(outputs)) {
        for (value, &code) in row.iter_mut().zip(codes) {
            *value = wide.codebook[usize::from(code)] as f32 / largest;
        }
    }
}

/// Writes the coordinates of tokens to the columns of `table` from `first` on.
fn place(coordinates: &[f32], first: usize, mut table: ArrayViewMut2<'_, f32>) {
    let rows = coordinates.chunks(table.ncols() - first);
    for (mut row, own) in table.rows_mut().into_iter().zip(rows) {
        let values = row.iter_mut().skip(first).zip(own);
        values.for_each(|(value, coordinate)| *value = COORDINATE * coordinate);
    }
}

/// So many of `items`, spread evenly.
pub(super) fn sample<T: Clone>(items: &[T], count: usize) -> Vec<T> {
    let stride = (items.len() / count).max(1);
    items.iter().step_by(stride).take(count).cloned().collect()
}

/// The origin that an artifact keeps, before its network is known.
pub(super) fn origin(recipe: &Recipe, sha256: &[u8; 32], test: u16) -> Training {
    Training {
        data: super::start_of(sha256),
        network: [0; 8],
        seed: recipe.seed,
        validation_permille: settings::permille(recipe.validation),
        test_permille: test,
    }
}
