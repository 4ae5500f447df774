//! `spinet bench`: what things cost, on this machine and on a board. Needs no file.

mod device;
mod drill;
mod jobs;
mod numbers;
mod pace;
mod train;

use super::Outcome;
use clap::{Args, Subcommand};

/// Measure what things cost
#[derive(Args)]
pub(super) struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Device(device::DeviceBench),
    Train(train::Train),
}

impl Bench {
    pub fn run(self) -> Outcome {
        match self.what {
            What::Device(bench) => bench.run(),
            What::Train(command) => command.run(),
        }
    }
}
