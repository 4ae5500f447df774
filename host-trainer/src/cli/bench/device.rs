//! `spinet bench device`: the instructions that a step of each cell takes on an emulated board.

use super::pace::Pace;
use crate::cli::{Outcome, output};
use crate::device::{Board, Firmware, Program, boards_folder, firmware_folder, report};
use clap::Args;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
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

/// The program's first line: a loop that takes so many instructions, but for a few around it.
#[derive(Deserialize)]
struct Loop {
    #[serde(rename = "loop")]
    instructions: u64,
    ticks: u64,
}

/// Another line of the program's, in ticks.
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
    /// Those of as many tanhs and sigmoids alone. A cell's own may take less, where the compiler
    /// makes vectors of them: at most what is left.
    activation: u64,
    /// All others: gates, and whatever the products' loop does not do.
    elementwise: u64,
    stack_bytes: u64,
    /// An estimate, see [`pace`](super::pace); none for a core that is not known.
    estimated_cycles: Option<u64>,
    /// The same at the board's clock.
    estimated_microseconds: Option<f64>,
    /// Flash of the program that was measured, which has all cells and weights for all, in bytes.
    flash: Flash,
}

/// Bytes of each section that takes flash.
type Flash = BTreeMap<String, u64>;

impl DeviceBench {
    pub fn run(self) -> Outcome {
        let board = Board::named(&boards_folder(), &self.board)?;
        // The program has weights of its own; the model that is built in is never read.
        let model = firmware_folder().join("models/imdb.spinet");
        let firmware = Firmware::build(&board, &model, Program::Bench)?;
        let report = report::run(&board, &firmware.path)?;
        let sections = firmware.sections.into_iter();
        let sections = sections.filter(|section| section.in_flash);
        let flash: Flash = sections
            .map(|section| (section.name, section.bytes))
            .collect();
        let mut lines = report.lines();
        calibrated(&board, lines.next().unwrap_or_default())?;
        for line in lines {
            let cost = cost(&board, &flash, line).map_err(|why| format!("`{line}`: {why}"))?;
            match self.json {
                true => output::json(&cost)?,
                false => output::line(text(&cost))?,
            }
        }
        if !self.json {
            let sections = flash
                .iter()
                .map(|(name, bytes)| format!("{name} {}", output::thousands(*bytes as usize)));
            let sections = sections.collect::<Vec<_>>().join(", ");
            output::line(format_args!("flash in bytes: {sections}"))?;
        }
        Ok(true)
    }
}

/// Makes sure that the board's timer counts at the rate that its file says: the loop's ticks are
/// its instructions, to a thousandth.
fn calibrated(board: &Board, line: &str) -> Result<(), String> {
    let Loop {
        instructions,
        ticks,
    } = fields(line).map_err(|why| format!("`{line}`: {why}"))?;
    let counted = board.instructions(ticks);
    match counted.abs_diff(instructions) * 1_000 <= instructions {
        true => Ok(()),
        false => Err(format!(
            "a loop of {instructions} instructions counts as {counted}: the timer of {} does not run at {} Hz",
            board.name, board.hardware.clock_hz
        )),
    }
}

/// A line `key=value ...` of the program's.
fn fields<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    let fields: BTreeMap<_, _> = (line.split_whitespace())
        .filter_map(|field| field.split_once('='))
        .map(|(key, value)| match value.parse::<u64>() {
            Ok(number) => (key, serde_json::Value::from(number)),
            Err(_) => (key, serde_json::Value::from(value)),
        })
        .collect();
    let fields = serde_json::to_value(fields).map_err(|error| error.to_string())?;
    serde_json::from_value(fields).map_err(|error| error.to_string())
}

/// The costs in a line of the program's.
fn cost(board: &Board, flash: &Flash, line: &str) -> Result<Cost, String> {
    let measured: Measured = fields(line)?;
    let [instructions, product, activation] =
        [measured.step, measured.product, measured.activation]
            .map(|ticks| board.instructions(ticks));
    let activation = activation.min(instructions.saturating_sub(product));
    let cycles = Pace::of(&board.hardware.core)
        .map(|pace| pace.cycles(&measured.weights, instructions, product));
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
        estimated_cycles: cycles,
        estimated_microseconds: cycles.map(|cycles| microseconds(board, cycles)),
        flash: flash.clone(),
    })
}

/// The time of `cycles` at the board's clock, to a tenth.
fn microseconds(board: &Board, cycles: u64) -> f64 {
    let microseconds = cycles as f64 / f64::from(board.hardware.clock_hz) * 1e6;
    (microseconds * 10.0).round() / 10.0
}

fn text(cost: &Cost) -> String {
    let per_mac = |instructions: u64| instructions as f64 / cost.macs as f64;
    let estimate = match (cost.estimated_cycles, cost.estimated_microseconds) {
        (Some(cycles), Some(microseconds)) => {
            format!(", about {cycles} cycles, {microseconds:.0} us")
        }
        _ => String::new(),
    };
    format!(
        "{:<10} {:>3} -> {:<3} {}  {:>7} instructions, {:.3} per MAC ({:.3} product, {:.3} activation, {:.3} element-wise){estimate}",
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
        let flash = Flash::from([(".text".to_owned(), 10)]);
        let cost = super::cost(&board, &flash, line).unwrap();
        let parts = (cost.instructions, cost.product, cost.activation);
        assert_eq!((parts, cost.elementwise), ((1000, 500, 100), 400));
        // Of a Cortex-M4, 1.4 an instruction; 25 MHz.
        let estimate = (cost.estimated_cycles, cost.estimated_microseconds);
        assert_eq!(estimate, (Some(1400), Some(56.0)));
        assert_eq!(cost.flash, flash);
        assert!(super::cost(&board, &flash, "error=lstm").is_err());
    }

    #[test]
    fn a_timer_at_another_rate_is_found_out() {
        let board = Board::named(&boards_folder(), "mps2-an386").unwrap();
        // 1.6 ticks an instruction, and a few instructions more.
        assert_eq!(calibrated(&board, "loop=100000 ticks=160016"), Ok(()));
        let error = calibrated(&board, "loop=100000 ticks=128000").unwrap_err();
        assert!(error.contains("counts as 80000"), "{error}");
        assert!(calibrated(&board, "").is_err());
    }
}
