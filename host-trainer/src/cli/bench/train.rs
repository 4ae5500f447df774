//! `spinet bench train`: tokens per second in training.

use super::{
    super::{Outcome, output},
    drill::{Drill, Material},
    jobs::{self, Job},
};
use clap::Args;
use serde::Serialize;
use std::{
    error::Error,
    time::{Duration, Instant},
};

/// Steps before the clock starts: everything is allocated, and most words were met.
const WARM_UP: usize = 20;

/// Measure tokens per second in training: forward, backward and Adam in f32, on random tokens
#[derive(Args)]
pub(in crate::cli) struct Train {
    /// Only this job
    #[arg(long, value_name = "NAME")]
    job: Option<String>,
    /// Only with this many threads instead of 1 and 2
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    threads: Option<u8>,
    /// Seconds of each measurement
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    seconds: f64,
    /// Print one JSON object per job and number of threads
    #[arg(long)]
    json: bool,
    /// Print the loss of each of the first steps instead, always of the same weights and tokens
    #[arg(long, value_name = "STEPS")]
    losses: Option<usize>,
}

#[derive(Serialize)]
struct Speed {
    job: &'static str,
    threads: usize,
    tokens_per_second: f64,
}

#[derive(Serialize)]
struct Losses {
    job: &'static str,
    threads: usize,
    losses: Vec<f64>,
}

impl Train {
    pub fn run(self) -> Outcome {
        let seconds = Duration::try_from_secs_f64(self.seconds)
            .map_err(|_| format!("--seconds is {}, which is no duration", self.seconds))?;
        let threads = self.threads.map_or(vec![1, 2], |n| vec![usize::from(n)]);
        if !self.json && self.losses.is_none() {
            output::line(format_args!("{:<16} threads   tokens/s", "job"))?;
        }
        for job in self.jobs()? {
            let material = Material::new(&job);
            for &threads in &threads {
                let drill = Drill::new(&job, &material, threads)?;
                match self.losses {
                    Some(steps) => self.show_losses(&job, threads, drill, steps)?,
                    None => self.show_speed(&job, threads, drill, seconds)?,
                }
            }
        }
        Ok(true)
    }

    fn jobs(&self) -> Result<Vec<Job>, Box<dyn Error>> {
        let Some(name) = &self.job else {
            return Ok(jobs::all().into());
        };
        let names = jobs::all().map(|job| job.name).join(", ");
        let job = jobs::all().into_iter().find(|job| job.name == name);
        let job = job.ok_or_else(|| format!("there is no job `{name}`; there are {names}"))?;
        Ok(vec![job])
    }

    fn show_losses(&self, job: &Job, threads: usize, mut drill: Drill, steps: usize) -> Shown {
        let losses = Losses {
            job: job.name,
            threads,
            losses: (0..steps).map(|_| drill.step().loss()).collect(),
        };
        if self.json {
            return output::json(&losses);
        }
        let shown: Vec<String> = losses.losses.iter().map(|l| format!("{l:.6}")).collect();
        let (job, shown) = (job.name, shown.join(" "));
        Ok(output::line(format_args!(
            "{job:<16} {threads:>7}   {shown}"
        ))?)
    }

    fn show_speed(&self, job: &Job, threads: usize, drill: Drill, seconds: Duration) -> Shown {
        let speed = Speed {
            job: job.name,
            threads,
            tokens_per_second: measure(drill, seconds),
        };
        if self.json {
            return output::json(&speed);
        }
        let shown = output::thousands(speed.tokens_per_second as usize);
        let job = job.name;
        Ok(output::line(format_args!(
            "{job:<16} {threads:>7} {shown:>10}"
        ))?)
    }
}

type Shown = Result<(), Box<dyn Error>>;

/// Tokens per second over at least one step and at least so long.
fn measure(mut drill: Drill, time: Duration) -> f64 {
    for _ in 0..WARM_UP {
        drill.step();
    }
    let (start, mut tokens) = (Instant::now(), 0);
    loop {
        tokens += drill.step().tokens;
        let elapsed = start.elapsed();
        if elapsed >= time {
            return tokens as f64 / elapsed.as_secs_f64();
        }
    }
}
