//! The training loop.

use std::time::Instant;

use super::average::Average;
use super::checkpoint;
use super::config::TrainingConfig;
use super::error::TrainingError;
use super::history::{EpochRecord, History, Score};
use super::lessons::{Lessons, Sequences};
use super::rounding::{Rounding, Twin};
use crate::batch::{Example, check};
use crate::network::{Network, Outcome, Parameters, Workers};
use crate::optimizer::Adam;
use crate::progress::Progress;

/// Trains `network` on `training`, judges every epoch on `validation` (or on the training itself
/// if that is empty) and hands its record to `on_epoch`. In the end the network has the weights
/// of the best epoch; after an error, those of the best epoch before it, or its first ones.
pub fn fit(
    network: &mut Network,
    training: &[Example],
    validation: &[Example],
    config: &TrainingConfig,
    on_epoch: &mut dyn FnMut(&EpochRecord),
) -> Result<History, TrainingError> {
    fit_examples(network, training, validation, config, None, on_epoch)
}

/// The same with the weights rounded as `rounding` says, in training and validation.
pub fn fit_rounded(
    network: &mut Network,
    training: &[Example],
    validation: &[Example],
    config: &TrainingConfig,
    rounding: &dyn Rounding,
    on_epoch: &mut dyn FnMut(&EpochRecord),
) -> Result<History, TrainingError> {
    let rounding = Some(rounding);
    fit_examples(network, training, validation, config, rounding, on_epoch)
}

fn fit_examples(
    network: &mut Network,
    training: &[Example],
    validation: &[Example],
    config: &TrainingConfig,
    rounding: Option<&dyn Rounding>,
    on_epoch: &mut dyn FnMut(&EpochRecord),
) -> Result<History, TrainingError> {
    config.validate()?;
    for examples in [training, validation] {
        if u32::try_from(examples.len()).is_err() {
            return Err(TrainingError::TooManyExamples(examples.len()));
        }
        check(examples, &config.batch, network.config())?;
    }
    if training.is_empty() {
        return Err(TrainingError::NoExamples);
    }
    let lessons = Sequences {
        config,
        training,
        validation,
        batches: Vec::new(),
    };
    train(network, lessons, config, rounding, on_epoch)
}

/// Trains on whatever the lessons are.
pub(super) fn train<L: Lessons>(
    network: &mut Network,
    lessons: L,
    config: &TrainingConfig,
    rounding: Option<&dyn Rounding>,
    on_epoch: &mut dyn FnMut(&EpochRecord),
) -> Result<History, TrainingError> {
    let twin = rounding.map(|rounding| Twin::new(network, rounding));
    let mut run = Run::new(network, lessons, config, twin)?;
    let result = run.epochs(on_epoch);
    let Run { best, history, .. } = run;
    *network.parameters_mut() = best;
    result.map(|()| history)
}

struct Run<'a, L> {
    config: &'a TrainingConfig,
    lessons: L,
    network: &'a mut Network,
    /// What is run instead of the network, if its weights are to be rounded.
    twin: Option<Twin<'a>>,
    /// What is judged and kept instead of the network, if its weights are to be averaged.
    average: Option<Average>,
    workers: Workers,
    adam: Adam,
    /// Weights of the best epoch so far; at first, the initial ones.
    best: Parameters,
    history: History,
    /// A batch with a larger mean loss counts as exploded.
    limit: f64,
}

impl<'a, L: Lessons> Run<'a, L> {
    fn new(
        network: &'a mut Network,
        lessons: L,
        config: &'a TrainingConfig,
        twin: Option<Twin<'a>>,
    ) -> Result<Self, TrainingError> {
        Ok(Self {
            workers: Workers::new(network.config(), config.threads)?,
            adam: Adam::new(config.adam, network.parameters()),
            best: network.parameters().clone(),
            history: History::default(),
            limit: config.explosion * lessons.guess(network),
            average: (config.average > 0.0).then(|| Average::new(network, config.average)),
            config,
            lessons,
            network,
            twin,
        })
    }

    fn epochs(&mut self, on_epoch: &mut dyn FnMut(&EpochRecord)) -> Result<(), TrainingError> {
        for epoch in 1..=self.config.epochs {
            let record = self.epoch(epoch)?;
            if record.best_so_far {
                let judged = judged(&self.average, self.network);
                self.best.clone_from(judged.parameters());
                if let Some(path) = &self.config.checkpoint {
                    checkpoint::write(path, judged, epoch, record.score())?;
                }
            }
            on_epoch(&record);
            self.history.epochs.push(record);
            let waited = self.history.epochs_since_best();
            if self
                .config
                .patience
                .is_some_and(|patience| waited > 0 && waited >= patience)
            {
                self.history.stopped_early = epoch < self.config.epochs;
                break;
            }
        }
        Ok(())
    }

    fn epoch(&mut self, epoch: usize) -> Result<EpochRecord, TrainingError> {
        let start = Instant::now();
        let outcome = self.train(epoch)?;
        let training_seconds = start.elapsed().as_secs_f64();
        let validation = self.validate(epoch)?;
        let mut record = EpochRecord {
            epoch,
            training: Score::from(&outcome),
            validation,
            learning_rate: self.rate(epoch * self.lessons.steps() - 1),
            seconds: start.elapsed().as_secs_f64(),
            tokens_per_second: outcome.tokens as f64 / training_seconds.max(1e-9),
            best_so_far: false,
        };
        let score = record.score();
        record.best_so_far = match self.history.best() {
            Some(best) => score.beats(&best.score(), self.config.selection),
            None => true,
        };
        Ok(record)
    }

    fn train(&mut self, epoch: usize) -> Result<Outcome, TrainingError> {
        let (seed, steps) = (epoch_seed(self.config.seed, epoch), self.lessons.steps());
        self.lessons.shuffle(seed);
        let name = format!("epoch {epoch}/{}", self.config.epochs);
        let mut progress = Progress::new(self.config.progress, &name);
        progress.expect(steps);
        let mut sum = Outcome::default();
        for number in 0..steps {
            let network = match &mut self.twin {
                Some(twin) => {
                    twin.follow(self.network.parameters())?;
                    &twin.network
                }
                None => &*self.network,
            };
            let workers = &mut self.workers;
            let outcome = self.lessons.learn(workers, network, number, seed);
            self.check_loss(outcome.loss(), epoch, number + 1)?;
            let rate = self.rate((epoch - 1) * steps + number);
            let norm = self
                .adam
                .step(self.network.parameters_mut(), &self.workers, rate);
            if let Some(average) = &mut self.average {
                average.follow(self.network.parameters());
            }
            if !norm.is_finite() {
                return Err(TrainingError::NotFinite {
                    epoch,
                    step: number + 1,
                    what: "gradient",
                });
            }
            sum.add(&outcome);
            progress.advance(outcome.tokens, sum.loss());
        }
        if !self.network.parameters().all_finite() {
            let (step, what) = (steps, "weights");
            return Err(TrainingError::NotFinite { epoch, step, what });
        }
        Ok(sum)
    }

    fn validate(&mut self, epoch: usize) -> Result<Option<Score>, TrainingError> {
        let progress = Progress::new(self.config.progress, "validation");
        let judged = judged(&self.average, self.network);
        let network = match &mut self.twin {
            Some(twin) => {
                twin.follow(judged.parameters())?;
                &twin.network
            }
            None => judged,
        };
        let workers = &mut self.workers;
        let outcome = self.lessons.validate(workers, network, progress);
        let Some(outcome) = outcome else {
            return Ok(None);
        };
        if !outcome.loss().is_finite() {
            let (step, what) = (self.lessons.steps(), "validation loss");
            return Err(TrainingError::NotFinite { epoch, step, what });
        }
        Ok(Some(Score::from(&outcome)))
    }

    fn check_loss(&self, loss: f64, epoch: usize, step: usize) -> Result<(), TrainingError> {
        let limit = self.limit;
        if !loss.is_finite() {
            return Err(TrainingError::NotFinite {
                epoch,
                step,
                what: "loss",
            });
        }
        if loss > limit {
            return Err(TrainingError::Exploded {
                epoch,
                step,
                loss,
                limit,
            });
        }
        Ok(())
    }

    fn rate(&self, step: usize) -> f32 {
        let per_epoch = self.lessons.steps();
        let total = self.config.epochs * per_epoch;
        let factor = self.config.schedule.factor(step, per_epoch, total);
        self.config.learning_rate * factor
    }
}

/// The network that is judged and kept.
fn judged<'n>(average: &'n Option<Average>, network: &'n Network) -> &'n Network {
    average.as_ref().map_or(network, Average::network)
}

/// A seed for each epoch; the multiplier is that of Knuth's MMIX generator.
fn epoch_seed(seed: u64, epoch: usize) -> u64 {
    (seed ^ 0x5851_F42D_4C95_7F2D)
        .wrapping_add(epoch as u64)
        .wrapping_mul(0x5851_F42D_4C95_7F2D)
}
