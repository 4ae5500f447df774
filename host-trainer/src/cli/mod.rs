//! The command line: arguments in, results on stdout, everything else on stderr.
//!
//! A command is a file here with its arguments and a `run`. Errors are one line on stderr and
//! exit code 2; a comparison that fails (`demo`) is exit code 1.

mod bench;
mod data;
mod demo;
mod distill;
mod emulate;
mod ensemble;
mod evaluate;
mod examples;
mod generate;
mod inspect;
mod output;
mod predict;
mod run;
mod search;
mod split;
mod train;

use clap::{Parser, Subcommand};
use std::{error::Error, process::ExitCode};

/// What a command returns: whether everything was as it should be.
type Outcome = Result<bool, Box<dyn Error>>;

/// Recurrent networks small enough for a microcontroller: train, quantise, run on a Cortex-M or a RISC-V core.
#[derive(Parser)]
#[command(name = "spinet", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(Box<demo::Demo>),
    Train(Box<train::Train>),
    Distill(Box<distill::Distill>),
    Ensemble(ensemble::Ensemble),
    Search(Box<search::Search>),
    Evaluate(evaluate::Evaluate),
    Examples(examples::Examples),
    Generate(generate::Generate),
    Predict(predict::Predict),
    Run(run::Run),
    Inspect(inspect::Inspect),
    Emulate(emulate::Emulate),
    Bench(bench::Bench),
}

/// The command that the process was started with, for a model's provenance.
fn command_line() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("spinet {}", arguments.join(" "))
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        Err(error) if error.use_stderr() => {
            // clap explains at length; an error here is one line.
            let text = error.to_string();
            let first = text.split("\n\n").next().unwrap_or_default();
            eprintln!("{}", first.split_whitespace().collect::<Vec<_>>().join(" "));
            return ExitCode::from(2);
        }
        Err(help) => help.exit(),
    };
    let outcome = match command {
        Command::Demo(command) => command.run(),
        Command::Train(command) => command.run(),
        Command::Distill(command) => command.run(),
        Command::Ensemble(command) => command.run(),
        Command::Search(command) => command.run(),
        Command::Evaluate(command) => command.run(),
        Command::Examples(command) => command.run(),
        Command::Generate(command) => command.run(),
        Command::Predict(command) => command.run(),
        Command::Run(command) => command.run(),
        Command::Inspect(command) => command.run(),
        Command::Emulate(command) => command.run(),
        Command::Bench(command) => command.run(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if output::reader_left(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.to_string().trim().replace('\n', "; "));
            ExitCode::from(2)
        }
    }
}
