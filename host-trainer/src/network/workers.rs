//! Worker threads: each takes a share of a batch's sequences or a stream's lanes, with its own
//! buffers.
//!
//! Sequence `i` of a batch goes to worker `i` modulo the number of workers, and gradients are
//! added in the workers' order, so the same thread count gives the same bits; another thread count changes only the order of additions.

use rayon::ThreadPoolBuildError;

use super::config::{NetworkConfig, Task};
use super::gradients::Gradients;
use super::model::{Masked, Network};
use super::outcome::Outcome;
use super::team::Team;
use super::workspace::Workspace;
use super::{dropout, head, step_head};
use crate::batch::{Batch, BatchMode, Example, Lanes, scored};

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
        let next = network.config().every_step();
        let scale = mean_of(scored(examples, indices, mode, pass, next));
        self.deal(indices.iter().copied());
        self.team.for_each(&mut self.workers, |worker| {
            worker.gradients.clear();
            worker.outcome = Outcome::default();
            let share = &worker.share;
            worker.batch.assemble(examples, share, mode, pass, next);
            if !worker.share.is_empty() {
                let masked = worker.prepare(network, pass, None);
                worker.learn(network, scale, masked);
            }
        });
        self.add_gradients();
        self.outcome()
    }

    /// Computes the gradients of the mean loss over a chunk of a stream's lanes, back to the
    /// chunk's beginning. Chunks must follow each other: all but the first go on from the states
    /// that the one before ended with. Tokens must fit the network
    /// ([`crate::batch::check_stream`]).
    pub fn train_chunk(
        &mut self,
        network: &Network,
        stream: &[u16],
        lanes: &Lanes,
        chunk: usize,
        pass: Pass,
    ) -> Outcome {
        let scale = mean_of(lanes.scored(chunk));
        self.run_chunk(network, stream, lanes, chunk, pass, |worker, masked| {
            worker.gradients.clear();
            worker.learn(network, scale, masked);
        });
        self.add_gradients();
        self.outcome()
    }

    /// Loss and accuracy on a chunk of a stream's lanes, without dropout; as with
    /// [`train_chunk`](Self::train_chunk), chunks must follow each other.
    pub fn evaluate_chunk(
        &mut self,
        network: &Network,
        stream: &[u16],
        lanes: &Lanes,
        chunk: usize,
    ) -> Outcome {
        let pass = Pass::Evaluation;
        self.run_chunk(network, stream, lanes, chunk, pass, |worker, masked| {
            worker.score(network, 0.0, masked);
        });
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
            head::add_offsets(&mut worker.space.logits, &worker.batch);
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

    fn deal(&mut self, items: impl Iterator<Item = u32> + Clone) {
        let count = self.workers.len();
        for (place, worker) in self.workers.iter_mut().enumerate() {
            worker.share.clear();
            worker
                .share
                .extend(items.clone().skip(place).step_by(count));
        }
    }

    fn add_gradients(&mut self) {
        if let Some((first, rest)) = self.workers.split_first_mut() {
            rest.iter()
                .for_each(|worker| first.gradients.add(&worker.gradients));
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
        let (pass, next) = (Pass::Evaluation, network.config().every_step());
        self.deal(indices.iter().copied());
        self.team.for_each(&mut self.workers, |worker| {
            worker.outcome = Outcome::default();
            let share = &worker.share;
            worker.batch.assemble(examples, share, mode, pass, next);
            if !worker.share.is_empty() {
                worker.prepare(network, pass, None);
                work(worker);
            }
        });
    }

    fn run_chunk(
        &mut self,
        network: &Network,
        stream: &[u16],
        lanes: &Lanes,
        chunk: usize,
        pass: Pass,
        work: impl Fn(&mut Worker, Masked) + Sync,
    ) {
        self.deal(0..lanes.count() as u32);
        self.team.for_each(&mut self.workers, |worker| {
            let carried = (chunk > 0).then_some(worker.batch.steps());
            let share = &worker.share;
            worker.batch.assemble_chunk(stream, lanes, share, chunk);
            let masked = worker.prepare(network, pass, carried);
            work(worker, masked);
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

/// The factor that makes a mean of a sum of so many.
fn mean_of(count: usize) -> f32 {
    1.0 / count.max(1) as f32
}

impl Worker {
    /// Readies batch and buffers for a pass; `carried` says after how many steps the states of
    /// the batch before are to be taken over.
    fn prepare(&mut self, network: &Network, pass: Pass, carried: Option<usize>) -> Masked {
        let config = network.config();
        self.space.prepare(config, &self.batch, carried);
        match pass {
            Pass::Evaluation => Masked::default(),
            Pass::Training { seed } => {
                dropout::draw(config, &mut self.batch, &mut self.space, seed)
            }
        }
    }

    /// Runs forward and leaves the logits' gradient, times `scale`, in their place.
    fn score(&mut self, network: &Network, scale: f32, masked: Masked) {
        network.forward(&self.batch, &mut self.space, masked);
        let (logits, batch) = (&mut self.space.logits, &self.batch);
        self.outcome = match network.config().task {
            Task::Classify { .. } => head::loss(logits, batch, scale),
            Task::NextToken => step_head::next_token(logits, batch, scale),
            Task::NextVector => step_head::next_vector(logits, batch, scale),
        };
        self.outcome.tokens = self.batch.token_count();
    }

    /// Forward and backward.
    fn learn(&mut self, network: &Network, scale: f32, masked: Masked) {
        self.score(network, scale, masked);
        let Self {
            batch,
            space,
            gradients,
            ..
        } = self;
        network.backward(batch, space, gradients, masked);
    }
}
