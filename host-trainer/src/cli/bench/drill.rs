//! Training steps on numbers that mean nothing.

use super::{jobs::Job, numbers::Numbers};
use crate::{
    batch::{BatchMode, Cut, Example, Lanes},
    network::{Network, Outcome, Pass, Task, Workers},
    optimizer::{Adam, AdamConfig},
};
use std::error::Error;

/// Batches that follow each other; then the first one comes again.
pub(super) const BATCHES: usize = 16;
const LEARNING_RATE: f32 = 1e-3;
const PASS: Pass = Pass::Training { seed: 0 };

/// Tokens and labels of all batches.
pub(super) struct Material {
    tokens: Vec<u16>,
    labels: Vec<u16>,
}

impl Material {
    /// Draws the tokens, one sequence or lane behind the other, then the labels. A stream ends
    /// with one token more, which is only told.
    pub fn new(job: &Job) -> Self {
        let mut numbers = Numbers::new(2);
        let sequences = BATCHES * job.sequences;
        let vocabulary = job.network.vocabulary_size;
        let tokens = (0..sequences * job.steps + 1).map(|_| numbers.below(vocabulary));
        Self {
            tokens: tokens.collect(),
            labels: (0..sequences).map(|_| numbers.below(2)).collect(),
        }
    }
}

/// A network in training.
pub(super) struct Drill<'a> {
    stream: &'a [u16],
    lanes: Lanes,
    examples: Vec<Example<'a>>,
    batches: Vec<Vec<u32>>,
    mode: BatchMode,
    network: Network,
    workers: Workers,
    adam: Adam,
    steps: usize,
}

impl<'a> Drill<'a> {
    pub fn new(job: &Job, material: &'a Material, threads: usize) -> Result<Self, Box<dyn Error>> {
        let mut network = Network::new(job.network.clone(), 0)?;
        Numbers::new(1).fill(&mut network);
        let sequences = material.tokens.chunks_exact(job.steps);
        let examples = sequences.zip(&material.labels);
        let batch = |number: usize| {
            let first = (number * job.sequences) as u32;
            (first..first + job.sequences as u32).collect()
        };
        Ok(Self {
            stream: &material.tokens,
            lanes: Lanes::training(material.tokens.len(), job.sequences, job.steps),
            examples: examples
                .map(|(tokens, &label)| Example::of_tokens(tokens, label))
                .collect(),
            batches: (0..BATCHES).map(batch).collect(),
            mode: BatchMode::Ragged {
                max_len: job.steps,
                cut: Cut::Last,
            },
            workers: Workers::new(network.config(), threads)?,
            adam: Adam::new(AdamConfig::default(), network.parameters()),
            network,
            steps: 0,
        })
    }

    /// Forward, backward, Adam. A stream's states are carried on, and are zero at its beginning.
    pub fn step(&mut self) -> Outcome {
        let number = self.steps % BATCHES;
        self.steps += 1;
        let (network, workers) = (&self.network, &mut self.workers);
        let outcome = match network.config().task {
            Task::NextToken => workers.train_chunk(network, self.stream, &self.lanes, number, PASS),
            _ => {
                let indices = &self.batches[number];
                workers.train(network, &self.examples, indices, &self.mode, PASS)
            }
        };
        let parameters = self.network.parameters_mut();
        self.adam.step(parameters, &self.workers, LEARNING_RATE);
        outcome
    }
}
