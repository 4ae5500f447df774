//! `spinet bench`: what things cost.

mod device;

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
}

impl Bench {
    pub fn run(self) -> Outcome {
        match self.what {
            What::Device(bench) => bench.run(),
        }
    }
}
