//! What can go wrong in a conversation with a device.

use std::io;
use std::process::ExitStatus;

use thiserror::Error;

use super::greeting::Kind;

/// A conversation that failed.
#[derive(Debug, Error)]
pub enum DeviceError {
    /// The connection failed or timed out.
    #[error("the connection to the device: {0}")]
    Connection(#[from] io::Error),
    /// The device hung up.
    #[error("the device hung up")]
    Closed,
    /// The emulator ended.
    #[error("the device ended with {status}: {said}")]
    Ended {
        /// How.
        status: ExitStatus,
        /// The last thing that the device said.
        said: String,
    },
    /// The text is more than one line.
    #[error("byte {position} of the text ends a line; a text for a device is one line")]
    LineFeed {
        /// Where the first line feed is, from 0.
        position: usize,
    },
    /// A vector has another number of components than the model has features.
    #[error(
        "vector {index} has {found} components where the device's model has {expected} features"
    )]
    Vector {
        /// Which vector, from 0.
        index: usize,
        /// Its components.
        found: usize,
        /// The model's features.
        expected: usize,
    },
    /// The first line is not the greeting of this board.
    #[error("`{0}` is not the greeting of board {1}")]
    Greeting(String, String),
    /// The device's model is for something else.
    #[error("the device's model {kind}; it does not {wanted}")]
    Kind {
        /// What it is for.
        kind: Kind,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The prompt holds a symbol that the model does not know.
    #[error("the device's model does not know {}, at byte {at} of the prompt", symbol(*code))]
    UnknownSymbol {
        /// The symbol's code point or byte.
        code: u32,
        /// The byte of the prompt that completed it, from 0.
        at: u32,
    },
    /// The device could not make sense of a line.
    #[error("the device refused the line: {error} at byte {at}")]
    Refused {
        /// What was wrong, as the protocol spells it.
        error: String,
        /// The byte of the line, from 0.
        at: u32,
    },
    /// An answer lacks something, has something twice, or something unknown.
    #[error("the device's answer `{answer}`: {what}")]
    Answer {
        /// The whole line.
        answer: String,
        /// What is wrong with it.
        what: String,
    },
    /// The UART lost bytes of the text.
    #[error("the device's UART lost bytes; send more slowly, or lower its rate")]
    Overrun,
    /// The lines to send could not be read, or the answers not be passed on.
    #[error("{0}")]
    Terminal(io::Error),
}

/// A symbol's number, and the character if it is one that can be shown.
fn symbol(code: u32) -> String {
    match char::from_u32(code) {
        Some(character) if !character.is_control() => format!("symbol {code} (`{character}`)"),
        _ => format!("symbol {code}"),
    }
}
