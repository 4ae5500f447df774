//! `spinet bench device`: the instructions that a step of each cell takes on an emulated board.

use crate::cli::{Outcome, output};
use crate::device::{Board, Firmware, Program, boards_folder, firmware_folder, report};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Count a board's instructions for one step of each cell, in QEMU
#[derive(Args)]
pub(super) struct DeviceBench {
    /// The board
    #[arg(long)]
    board: String,
    /// Print a JSON object for each cell, shape and width of weights
    #[arg(long)]
    json: bool,
}

/// A line of the program's, in ticks.
#[derive(Deserialize)]
struct Measured {
    cell: String,
    input: u64,
    hidden: u64,
    weights: String,
    macs: u64,
    step: u64,
    product: u64,
    activation: u64,
    stack_bytes: u64,
}

/// What one step costs.
#[derive(Debug, PartialEq, Serialize)]
struct Cost {
    board: String,
    cell: String,
    /// Width of `x_t`.
    input: u64,
    /// Width of `h_t`.
    hidden: u64,
    weights: String,
    /// The whole step.
    instructions: u64,
    /// Multiply-accumulates of its products.
    macs: u64,
    /// The instructions of the products alone, with the biases and scales that their loop applies
    /// (not for a GRU, whose sums are put together between).
    product: u64,
    /// Those of as many tanhs and sigmoids alone.
    activation: u64,
    /// All others: gates, and whatever the products' loop does not do.
    elementwise: u64,
    stack_bytes: u64,
}

impl DeviceBench {
    pub fn run(self) -> Outcome {
        let board = Board::named(&boards_folder(), &self.board)?;
        // The program has weights of its own; the model that is built in is never read.
        let model = firmware_folder().join("models/imdb.spinet");
        let firmware = Firmware::build(&board, &model, Program::Bench)?;
        let report = report::run(&board, &firmware.path)?;
        for line in report.lines() {
            let cost = cost(&board, line).map_err(|why| format!("`{line}`: {why}"))?;
            match self.json {
                true => output::json(&cost)?,
                false => output::line(text(&cost))?,
            }
        }
        Ok(true)
    }
}

/// The costs in a line `key=value ...` of the program's.
fn cost(board: &Board, line: &str) -> Result<Cost, String> {
    let fields: BTreeMap<_, _> = (line.split_whitespace())
        .filter_map(|field| field.split_once('='))
        .map(|(key, value)| match value.parse::<u64>() {
            Ok(number) => (key, serde_json::Value::from(number)),
            Err(_) => (key, serde_json::Value::from(value)),
        })
        .collect();
    let fields = serde_json::to_value(fields).map_err(|error| error.to_string())?;
    let measured: Measured = serde_json::from_value(fields).map_err(|error| error.to_string())?;
    let [instructions, product, activation] =
        [measured.step, measured.product, measured.activation]
            .map(|ticks| board.instructions(ticks));
    Ok(Cost {
        board: board.name.clone(),
        cell: measured.cell,
        input: measured.input,
        hidden: measured.hidden,
        weights: measured.weights,
        instructions,
        macs: measured.macs,
        product,
        activation,
        elementwise: instructions.saturating_sub(product + activation),
        stack_bytes: measured.stack_bytes,
    })
}

fn text(cost: &Cost) -> String {
    let per_mac = |instructions: u64| instructions as f64 / cost.macs as f64;
    format!(
        "{:<10} {:>3} -> {:<3} {}  {:>7} instructions, {:.3} per MAC ({:.3} product, {:.3} activation, {:.3} element-wise)",
        cost.cell,
        cost.input,
        cost.hidden,
        cost.weights,
        cost.instructions,
        per_mac(cost.instructions),
        per_mac(cost.product),
        per_mac(cost.activation),
        per_mac(cost.elementwise)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_its_ticks_become_instructions() {
        let board = Board::named(&boards_folder(), "mps2-an386").unwrap();
        let line = "cell=lstm input=32 hidden=64 weights=int8 macs=24576 step=1600 product=800 activation=160 stack_bytes=1900 tick_hz=25000000";
        let cost = super::cost(&board, line).unwrap();
        let parts = (cost.instructions, cost.product, cost.activation);
        assert_eq!((parts, cost.elementwise), ((1000, 500, 100), 400));
        assert!(super::cost(&board, "error=lstm").is_err());
    }
}
