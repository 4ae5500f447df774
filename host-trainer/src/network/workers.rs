//! Worker threads: each takes a share of a batch's sequences, with its own buffers.
//!
//! Sequence `i` of a batch goes to worker `i` modulo the number of workers, and gradients are
//! added in the workers' order, so the same thread count gives the same bits. Dropout is drawn
//! for each example by itself; another thread count changes only the order of additions.

use std::sync::Arc;

use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use super::config::{InputKind, NetworkConfig};
use super::gradients::Gradients;
use super::head;
use super::model::{Masked, Network};
use super::workspace::{Buffer, Workspace};
use crate::batch::{Batch, BatchMode, Example, Stream, example_rng};
use rand::RngExt;

/// Whether a batch is trained on or only looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Sequences are cut and dropout applied, drawn from `seed`.
    Training {
        /// Seed of everything drawn for this pass over the examples.
        seed: u64,
    },
    /// Nothing is drawn.
    Evaluation,
}

/// What a batch gave.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Sum of the examples' losses, in nats.
    pub loss_sum: f64,
    /// Examples whose likeliest class is their label.
    pub correct: usize,
    /// Number of examples.
    pub examples: usize,
    /// Number of tokens run through the network.
    pub tokens: usize,
}

impl Outcome {
    /// Mean loss of an example, in nats; 0 without examples.
    pub fn loss(&self) -> f64 {
        self.loss_sum / self.examples.max(1) as f64
    }

    /// Share of right answers, 0 to 1.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.examples.max(1) as f64
    }

    /// Adds another batch's.
    pub fn add(&mut self, other: &Self) {
        self.loss_sum += other.loss_sum;
        self.correct += other.correct;
        self.examples += other.examples;
        self.tokens += other.tokens;
    }
}

/// A calling thread and a pool of further threads.
#[derive(Clone)]
pub(crate) struct Team {
    pool: Option<Arc<ThreadPool>>,
}

impl Team {
    pub(crate) fn new(threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let build = || ThreadPoolBuilder::new().num_threads(threads - 1).build();
        let pool = (threads > 1).then(build).transpose()?;
        Ok(Self {
            pool: pool.map(Arc::new),
        })
    }

    /// Number of threads, the caller included.
    pub(crate) fn size(&self) -> usize {
        1 + self
            .pool
            .as_ref()
            .map_or(0, |pool| pool.current_num_threads())
    }

    /// Does all items' work, the first item's on the calling thread.
    pub(crate) fn for_each<T: Send>(&self, items: &mut [T], work: impl Fn(&mut T) + Sync) {
        let (Some(pool), Some((first, rest))) = (&self.pool, items.split_first_mut()) else {
            return items.iter_mut().for_each(work);
        };
        pool.in_place_scope(|scope| {
            for item in rest {
                scope.spawn(|_| work(item));
            }
            work(first);
        });
    }
}

struct Worker {
    share: Vec<u32>,
    batch: Batch,
    space: Workspace,
    gradients: Gradients,
    outcome: Outcome,
}

/// The workers of a training or an evaluation.
pub struct Workers {
    team: Team,
    workers: Vec<Worker>,
}

impl Workers {
    /// As many workers as `threads` (at least one), for networks of this configuration.
    pub fn new(config: &NetworkConfig, threads: usize) -> Result<Self, ThreadPoolBuildError> {
        let team = Team::new(threads.max(1))?;
        let worker = || Worker {
            share: Vec::new(),
            batch: Batch::default(),
            space: Workspace::default(),
            gradients: Gradients::new(config),
            outcome: Outcome::default(),
        };
        Ok(Self {
            workers: (0..team.size()).map(|_| worker()).collect(),
            team,
        })
    }

    /// Computes the gradients of the mean loss over `examples[indices]`; see
    /// [`gradients`](Self::gradients). Tokens and labels must fit the network
    /// ([`crate::batch::check`]).
    pub fn train(
        &mut self,
        network: &Network,
        examples: &[Example],
        indices: &[u32],
        mode: &BatchMode,
        pass: Pass,
    ) -> Outcome {
        let scale = 1.0 / indices.len().max(1) as f32;
        self.deal(indices);
        self.team.for_each(&mut self.workers, |worker| {
            worker.gradients.clear();
            worker.batch.assemble(examples, &worker.share, mode, pass);
            if worker.share.is_empty() {
                worker.outcome = Outcome::default();
                return;
            }
            let masked = worker.draw(network.config(), pass);
            worker.score(network, scale, masked);
            let Worker {
                batch,
                space,
                gradients,
                ..
            } = worker;
            network.backward(batch, space, gradients, masked);
        });
        if let Some((first, rest)) = self.workers.split_first_mut() {
            rest.iter()
                .for_each(|worker| first.gradients.add(&worker.gradients));
        }
        self.outcome()
    }

    /// Loss and accuracy of `examples[indices]`, whole and without dropout.
    pub fn evaluate(
        &mut self,
        network: &Network,
        examples: &[Example],
        indices: &[u32],
        mode: &BatchMode,
    ) -> Outcome {
        self.run(network, examples, indices, mode, |worker| {
            worker.score(network, 0.0, Masked::default());
        });
        self.outcome()
    }

    /// Class probabilities of `examples[indices]`, handed to `sink` with each example's index.
    pub fn predict(
        &mut self,
        network: &Network,
        examples: &[Example],
        indices: &[u32],
        mode: &BatchMode,
        mut sink: impl FnMut(u32, &[f32]),
    ) {
        self.run(network, examples, indices, mode, |worker| {
            network.forward(&worker.batch, &mut worker.space, Masked::default());
        });
        let mut probabilities = vec![0.0; network.config().classes()];
        for worker in self
            .workers
            .iter()
            .filter(|worker| !worker.share.is_empty())
        {
            let logits = worker.space.logits.all();
            for (&example, row) in worker.batch.examples().iter().zip(logits.rows()) {
                head::probabilities(row, &mut probabilities);
                sink(example, &probabilities);
            }
        }
    }

    /// The gradients of the last [`train`](Self::train).
    pub fn gradients(&self) -> &Gradients {
        &self.workers[0].gradients
    }

    pub(crate) fn team(&self) -> &Team {
        &self.team
    }

    fn deal(&mut self, indices: &[u32]) {
        let count = self.workers.len();
        for (place, worker) in self.workers.iter_mut().enumerate() {
            worker.share.clear();
            worker
                .share
                .extend(indices.iter().skip(place).step_by(count));
        }
    }

    fn run(
        &mut self,
        network: &Network,
        examples: &[Example],
        indices: &[u32],
        mode: &BatchMode,
        work: impl Fn(&mut Worker) + Sync,
    ) {
        self.deal(indices);
        self.team.for_each(&mut self.workers, |worker| {
            worker.outcome = Outcome::default();
            worker
                .batch
                .assemble(examples, &worker.share, mode, Pass::Evaluation);
            if !worker.share.is_empty() {
                worker.space.prepare(network.config(), &worker.batch);
                work(worker);
            }
        });
    }

    fn outcome(&self) -> Outcome {
        let mut sum = Outcome::default();
        self.workers
            .iter()
            .for_each(|worker| sum.add(&worker.outcome));
        sum
    }
}

impl Worker {
    /// Runs forward and leaves the logits' gradient, times `scale`, in their place.
    fn score(&mut self, network: &Network, scale: f32, masked: Masked) {
        network.forward(&self.batch, &mut self.space, masked);
        let (loss_sum, correct) = head::loss(&mut self.space.logits, self.batch.labels(), scale);
        let (examples, tokens) = (self.batch.sequences(), self.batch.token_count());
        self.outcome = Outcome {
            loss_sum,
            correct,
            examples,
            tokens,
        };
    }

    /// Draws dropout for a training pass and makes the buffers fit.
    fn draw(&mut self, config: &NetworkConfig, pass: Pass) -> Masked {
        self.space.prepare(config, &self.batch);
        let Pass::Training { seed } = pass else {
            return Masked::default();
        };
        let (batch, space) = (&mut self.batch, &mut self.space);
        if config.word_dropout > 0.0 {
            batch.drop_words(config.word_dropout, config.unknown_id, seed);
        }
        let embedding = config.embedding_dropout > 0.0;
        if let (true, InputKind::Embedding { dim }) = (embedding, config.input) {
            let mask = &mut space.embedding_mask;
            mask.resize(batch.rows(), dim);
            for (sequence, &example) in batch.examples().iter().enumerate() {
                let rows =
                    (0..batch.lengths()[sequence]).map(|step| step * batch.sequences() + sequence);
                fill_mask(
                    mask,
                    rows,
                    config.embedding_dropout,
                    seed,
                    example,
                    Stream::Embedding,
                );
            }
        }
        let readout = config.hidden_dropout > 0.0;
        if readout {
            space
                .readout_mask
                .resize(batch.sequences(), config.hidden_size);
            for (sequence, &example) in batch.examples().iter().enumerate() {
                let (mask, rate) = (&mut space.readout_mask, config.hidden_dropout);
                fill_mask(
                    mask,
                    sequence..sequence + 1,
                    rate,
                    seed,
                    example,
                    Stream::Readout,
                );
            }
        }
        Masked { embedding, readout }
    }
}

/// Fills rows with factors: 0 with probability `rate`, else `1 / (1 - rate)`.
fn fill_mask(
    mask: &mut Buffer,
    rows: impl Iterator<Item = usize>,
    rate: f32,
    seed: u64,
    example: u32,
    stream: Stream,
) {
    let mut rng = example_rng(seed, example, stream);
    let kept = 1.0 / (1.0 - rate);
    for row in rows {
        for factor in mask.slice_mut(row..row + 1) {
            *factor = if rng.random::<f32>() < rate {
                0.0
            } else {
                kept
            };
        }
    }
}
