//! The lines of a device's answers, parsed strictly: a key that is missing, doubled or unknown is
//! an error. The [protocol](super::protocol) defines and writes them.

use std::fmt::Display;
use std::str::FromStr;

use super::board::Board;
use super::error::DeviceError;

/// What a device made of a text or of a series.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceVerdict {
    /// The most probable class.
    pub label: String,
    /// Its probability, 0 to 1, as printed: within 5e-6 of a multiple of 2^-15.
    pub probability: f64,
    /// The words of the text, or the vectors.
    pub tokens: u32,
    /// How many of them the vocabulary does not have.
    pub unknown: u32,
    /// The head's outputs, Q16.15.
    pub logits: Vec<i32>,
    /// The instructions spent in the classifier, if the device is emulated with `-icount
    /// shift=6`; on a wire, `clock_hz * 64e-9` of them stand for a tick.
    pub instructions: u64,
}

/// What a device says when it has written everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Symbols or vectors written.
    pub generated: u32,
    /// Whether they ended before their number was reached, by themselves or by the symbol that
    /// was to end them.
    pub ended: bool,
    /// The instructions spent in the network and the sampler, reading included; see
    /// [`DeviceVerdict::instructions`].
    pub instructions: u64,
}

/// The verdict in a classifier's answer.
pub(super) fn verdict(answer: &str, board: &Board) -> Result<DeviceVerdict, DeviceError> {
    read(answer, |fields| {
        let probability = fields.number("probability")?;
        if !(0.0..=1.0).contains(&probability) {
            return Err(format!("the probability {probability} is not one"));
        }
        let (tokens, unknown) = (fields.number("tokens")?, fields.number("unknown")?);
        let overrun = fields.flag("overrun")?;
        let ticks = fields.number("ticks")?;
        let tick_hz = number("tick_hz", fields.next("tick_hz")?)?;
        let logits = numbers("logits", fields.next("logits")?)?;
        let label = fields.last("label")?.to_owned();
        let instructions = instructions(ticks, tick_hz, board)?;
        let verdict = DeviceVerdict {
            label,
            probability,
            tokens,
            unknown,
            logits,
            instructions,
        };
        Ok((!overrun).then_some(verdict))
    })
}

/// The last line of a generator's answer.
pub(super) fn generated(answer: &str, board: &Board) -> Result<Generated, DeviceError> {
    read(answer, |fields| {
        let (generated, ended) = (fields.number("generated")?, fields.flag("ended")?);
        let (overrun, ticks) = (fields.flag("overrun")?, fields.number("ticks")?);
        let tick_hz = number("tick_hz", fields.last("tick_hz")?)?;
        let instructions = instructions(ticks, tick_hz, board)?;
        Ok((!overrun).then_some(Generated {
            generated,
            ended,
            instructions,
        }))
    })
}

/// A vector `(features,)` that was written, and its drawing; nothing where none was asked for.
pub(super) fn vector(
    answer: &str,
    features: usize,
    art: bool,
) -> Result<(Vec<i16>, &str), DeviceError> {
    let mut fields = Fields { rest: answer };
    let mut parse = || {
        let (x, drawing) = match art {
            true => {
                let x = fields.next("vector")?;
                let drawing = fields.rest.strip_prefix('|');
                let drawing = drawing.and_then(|rest| rest.strip_suffix('|'));
                (x, drawing.ok_or("no drawing where it should be")?)
            }
            false => (fields.last("vector")?, ""),
        };
        let x: Vec<i16> = numbers("vector", x)?;
        match x.len() == features {
            true => Ok((x, drawing)),
            false => Err(format!("{} components of {features} features", x.len())),
        }
    };
    parse().map_err(|what| malformed(answer, what))
}

/// Reads all fields of a line; `parse` finds nothing where bytes were lost.
fn read<'l, T>(
    answer: &'l str,
    parse: impl FnOnce(&mut Fields<'l>) -> Result<Option<T>, String>,
) -> Result<T, DeviceError> {
    if answer.starts_with("error=") {
        return Err(refusal(answer).unwrap_or_else(|what| malformed(answer, what)));
    }
    match parse(&mut Fields { rest: answer }) {
        Ok(Some(read)) => Ok(read),
        Ok(None) => Err(DeviceError::Overrun),
        Err(what) => Err(malformed(answer, what)),
    }
}

/// What the device says of a line that it cannot understand.
fn refusal(answer: &str) -> Result<DeviceError, String> {
    let mut fields = Fields { rest: answer };
    let error = fields.next("error")?;
    let refused = match error {
        "unknown-symbol" => {
            let (code, at) = (fields.number("code")?, fields.number("at")?);
            DeviceError::UnknownSymbol { code, at }
        }
        _ => DeviceError::Refused {
            error: error.to_owned(),
            at: fields.number("at")?,
        },
    };
    match flag("overrun", fields.last("overrun")?)? {
        true => Ok(DeviceError::Overrun),
        false => Ok(refused),
    }
}

fn malformed(answer: &str, what: String) -> DeviceError {
    let answer = answer.to_owned();
    DeviceError::Answer { answer, what }
}

fn instructions(ticks: u64, tick_hz: u32, board: &Board) -> Result<u64, String> {
    match tick_hz == board.hardware.clock_hz {
        true => Ok(board.instructions(ticks)),
        false => Err(format!("the clock of {} is another", board.name)),
    }
}

/// The fields of a line, which come in the firmware's order.
struct Fields<'l> {
    rest: &'l str,
}

impl<'l> Fields<'l> {
    /// The value of the field `name`, which must be the next one and not the last.
    fn next(&mut self, name: &str) -> Result<&'l str, String> {
        let value = self.last(name)?;
        let (value, rest) = value
            .split_once(' ')
            .ok_or_else(|| format!("it ends with `{name}`"))?;
        self.rest = rest;
        Ok(value)
    }

    /// The rest of the line, which must be the value of the field `name`.
    fn last(&mut self, name: &str) -> Result<&'l str, String> {
        let value = self.rest.strip_prefix(name);
        let value = value.and_then(|rest| rest.strip_prefix('='));
        value.ok_or_else(|| format!("no `{name}` where it should be"))
    }

    fn number<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<T, String> {
        number(name, self.next(name)?)
    }

    fn flag(&mut self, name: &str) -> Result<bool, String> {
        flag(name, self.next(name)?)
    }
}

fn number<T: FromStr<Err: Display>>(name: &str, value: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|error| format!("{name} `{value}`: {error}"))
}

fn numbers<T: FromStr<Err: Display>>(name: &str, values: &str) -> Result<Vec<T>, String> {
    values.split(',').map(|value| number(name, value)).collect()
}

fn flag(name: &str, value: &str) -> Result<bool, String> {
    match value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(format!("{name} `{value}`: neither 0 nor 1")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERDICT: &str = "probability=0.93211 tokens=12 unknown=1 overrun=0 ticks=1600 \
        tick_hz=25000000 logits=-10734,5 label=very good";
    const GENERATED: &str = "generated=7 ended=1 overrun=0 ticks=1600 tick_hz=25000000";

    fn board() -> Board {
        Board::named(&crate::device::boards_folder(), "mps2-an386").unwrap()
    }

    /// What is said to be wrong with an answer.
    fn wrong<T: std::fmt::Debug>(result: Result<T, DeviceError>) -> String {
        match result {
            Err(DeviceError::Answer { what, .. }) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_verdict_is_read_field_by_field() {
        let expected = DeviceVerdict {
            label: "very good".to_owned(),
            probability: 0.93211,
            tokens: 12,
            unknown: 1,
            logits: vec![-10734, 5],
            instructions: 1000,
        };
        assert_eq!(verdict(VERDICT, &board()).unwrap(), expected);
    }

    #[test]
    fn every_malformed_verdict_says_what_is_wrong() {
        let empty = "logits ``: cannot parse integer from empty string";
        for (from, to, what) in [
            ("tokens=12 ", "", "no `tokens` where it should be"),
            (
                "unknown=1",
                "unknown=1 unknown=1",
                "no `overrun` where it should be",
            ),
            ("overrun=0", "overrun=2", "overrun `2`: neither 0 nor 1"),
            (
                "ticks=1600",
                "ticks=-1",
                "ticks `-1`: invalid digit found in string",
            ),
            ("logits=-10734,5", "logits=", empty),
            ("logits=-10734,5", "logits=1,,2", empty),
            ("0.93211", "1.5", "the probability 1.5 is not one"),
            ("0.93211", "NaN", "the probability NaN is not one"),
            (" label=very good", "", "it ends with `logits`"),
            ("label=", "labels=", "no `label` where it should be"),
            ("25000000", "16000000", "the clock of mps2-an386 is another"),
        ] {
            let answer = VERDICT.replace(from, to);
            assert_eq!(wrong(verdict(&answer, &board())), what, "{answer}");
        }
    }

    #[test]
    fn the_end_of_a_generation_is_read_field_by_field() {
        let expected = Generated {
            generated: 7,
            ended: true,
            instructions: 1000,
        };
        assert_eq!(generated(GENERATED, &board()).unwrap(), expected);
        for (from, to, what) in [
            ("ended=1", "ended=yes", "ended `yes`: neither 0 nor 1"),
            (" tick_hz=25000000", "", "it ends with `ticks`"),
            (
                "25000000",
                "25000000 x=1",
                "tick_hz `25000000 x=1`: invalid digit found in string",
            ),
        ] {
            let answer = GENERATED.replace(from, to);
            assert_eq!(wrong(generated(&answer, &board())), what, "{answer}");
        }
    }

    #[test]
    fn a_vector_is_read_with_its_drawing() {
        let (x, drawing) = vector("vector=1,-2 | @|", 2, true).unwrap();
        assert_eq!((&x[..], drawing), (&[1, -2][..], " @"));
        let (x, drawing) = vector("vector=-32767", 1, false).unwrap();
        assert_eq!((&x[..], drawing), (&[-32_767][..], ""));
        let wrong = |answer, art| wrong(vector(answer, 2, art));
        assert_eq!(wrong("vector=1", false), "1 components of 2 features");
        assert_eq!(wrong("vector=1,2", true), "it ends with `vector`");
        let missing = "no drawing where it should be";
        assert_eq!(wrong("vector=1,2 |@@", true), missing);
    }

    #[test]
    fn what_the_firmware_writes_is_read() {
        use crate::device::protocol::{Error, answer};
        let cost = answer::Cost {
            overrun: false,
            ticks: 1600,
            tick_hz: 25_000_000,
        };
        let written = spinet_core::Verdict {
            class: 0,
            label: "a b",
            probability: 16_384,
            logits: &[i32::MIN, 7],
            tokens: 3,
            unknown: 2,
        };
        let line = answer::Classified {
            verdict: written,
            cost,
        };
        let read = verdict(&line.to_string(), &board()).unwrap();
        assert_eq!((read.probability, read.tokens, read.unknown), (0.5, 3, 2));
        assert_eq!((&*read.label, &*read.logits), ("a b", written.logits));
        let line = answer::Generated {
            generated: 9,
            ended: true,
            cost,
        };
        let read = generated(&line.to_string(), &board()).unwrap();
        assert_eq!(
            (read.generated, read.ended, read.instructions),
            (9, true, 1000)
        );
        let x = &[-32_767, 32_767];
        for art in [false, true] {
            let line = answer::Written { x, art }.to_string();
            assert_eq!(vector(&line, 2, art).unwrap().0, x);
        }
        let (fault, overrun) = (Error::UnknownSymbol { code: 9 }.at(4), false);
        let line = answer::Refused { fault, overrun }.to_string();
        let error = generated(&line, &board()).unwrap_err();
        let expected = matches!(error, DeviceError::UnknownSymbol { code: 9, at: 4 });
        assert!(expected, "{error}");
    }

    #[test]
    fn lost_bytes_are_an_error_whatever_else_is_said() {
        let lost = |answer: &str| answer.replace("overrun=0", "overrun=1");
        let board = board();
        for result in [
            verdict(&lost(VERDICT), &board).map(drop),
            generated(&lost(GENERATED), &board).map(drop),
            generated("error=syntax at=3 overrun=1", &board).map(drop),
        ] {
            assert!(matches!(result, Err(DeviceError::Overrun)), "{result:?}");
        }
    }

    #[test]
    fn refusals_are_told_apart() {
        let refused = |answer| generated(answer, &board()).unwrap_err();
        let error = refused("error=unknown-symbol code=233 at=5 overrun=0");
        let expected = "the device's model does not know symbol 233 (`é`), at byte 5 of the prompt";
        assert_eq!(error.to_string(), expected);
        let error = refused("error=bad-option at=9 overrun=0").to_string();
        assert_eq!(error, "the device refused the line: bad-option at byte 9");
        let error = wrong(generated("error=unknown-symbol at=5 overrun=0", &board()));
        assert_eq!(error, "no `code` where it should be");
    }
}
