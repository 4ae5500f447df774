//! The `spinet` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    spinet_trainer::cli::main()
}
