//! The protocol of the UART: what a line means, and how it is answered.
//!
//! A line ends with `\n`; one `\r` right before it is dropped. A line of any length is read in
//! constant memory, because each byte is dealt with when it comes. First the device greets:
//!
//! ```text
//! spinet ready board=stm32f405 kind=classify-text
//! spinet ready board=stm32f405 kind=classify-series features=3
//! spinet ready board=stm32f405 kind=generate-text
//! spinet ready board=stm32f405 kind=generate-series features=3
//! ```
//!
//! Then it answers each line, according to its kind:
//!
//! **classify-text** takes a text, **classify-series** vectors separated by spaces, each of
//! `features` numbers in Q0.15 (-32767 ..= 32767) separated by commas. Both answer with a line:
//!
//! ```text
//! > 12,-300,7 13,-290,9
//! < probability=0.93211 tokens=2 unknown=0 overrun=0 ticks=4711 tick_hz=168000000 logits=-10734 label=positive
//! ```
//!
//! `probability` is rounded to five digits, finer than its Q0.15; `tokens` counts words or
//! vectors; `logits` are raw Q16.15; `label` is the rest of the line, spaces and all.
//!
//! **generate-text** takes pairs `key=value` separated by spaces, all of which may be left out
//! (the last of several counts):
//!
//! ```text
//! > length=200 temperature=0.8 top_k=40 top_p=0.9 seed=7 end=10 skip=1 prompt=Once upon\na time
//! < STX text EOT generated=200 ended=0 overrun=0 ticks=4711 tick_hz=168000000
//! ```
//!
//! | key | value | without it |
//! |---|---|---|
//! | `length` | the most symbols to write, 1 or more | 200 |
//! | `temperature` | a decimal number, [`Temperature`](spinet_core::sampling::Temperature) | 1 |
//! | `top_k` | how many of the likeliest symbols may be drawn, 0 for all | 0 |
//! | `top_p` | a decimal number, [`Share`](spinet_core::sampling::Share) | 1 |
//! | `seed` | 64 bits | 1 |
//! | `end` | the code point or byte of a symbol after which the text ends | none |
//! | `skip` | 1: leave symbols out that the model does not know; 0: refuse them | 0 |
//! | `prompt` | how the text begins; the rest of the line, with [`escape`]s | nothing |
//!
//! The text comes as it is written, symbol by symbol, between [`STX`] and [`EOT`]; a
//! [`DLE`] stands before every EOT and DLE that belongs to it. Then a line with the number of
//! symbols and whether the text `ended`, by itself or by the symbol `end`.
//!
//! **generate-series** takes `length`, `art` (0 or 1) and `prompt`, which are vectors as above.
//! It answers with a line for each vector that it writes, behind which with `art=1` the vector is
//! drawn, and the line with their number:
//!
//! ```text
//! > length=2 art=1 prompt=1,2,3 4,5,6
//! < vector=-32767,0,32767 | =@|
//! < vector=-32767,-8000,9000 | -*|
//! < generated=2 ended=0 overrun=0 ticks=4711 tick_hz=168000000
//! ```
//!
//! A line that cannot be understood is answered with one line instead, at its end; what came
//! before the error has been read, what comes after it is ignored:
//!
//! ```text
//! < error=unknown-symbol code=233 at=5 overrun=0
//! ```
//!
//! The errors are those of [`Error`]. `at` is a byte's place in the line, from 0: where a pair
//! begins, or where the error was noticed. Of an unknown symbol it is the place in the prompt,
//! after its escapes have been resolved, at which the symbol was complete.
//!
//! `ticks` were spent in the model, reading and sampling included, without waiting for bytes.
//! `overrun` is 1 if the UART lost bytes since the last answer: the answer is then to another
//! line than was sent, perhaps to two lines in one. It happens on a wire if words come faster
//! than they are read, or if a line comes while the last one is being answered. The board's
//! file says the rate.
//!
//! This module is pure: it knows neither UART nor timer, and the host tests it.

pub mod answer;
pub mod escape;
pub mod pairs;
pub mod request;
pub mod vectors;

use core::fmt;

/// Before a text.
pub const STX: u8 = 0x02;
/// After a text.
pub const EOT: u8 = 0x04;
/// Before an EOT or a DLE within a text.
pub const DLE: u8 = 0x10;

/// Why a line cannot be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Not a pair, a key that there is not, or a value that the key cannot have.
    BadOption,
    /// A length of nothing.
    Length,
    /// A backslash that no escape begins with.
    BadEscape,
    /// Neither a number nor what separates numbers and vectors.
    Syntax,
    /// A number beyond -32767 ..= 32767.
    Range,
    /// A vector of fewer or more numbers than there are features.
    Features,
    /// A symbol that the model does not know, and that was not to be left out.
    UnknownSymbol {
        /// Its code point or byte.
        code: u32,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadOption => f.write_str("bad-option"),
            Self::Length => f.write_str("length"),
            Self::BadEscape => f.write_str("bad-escape"),
            Self::Syntax => f.write_str("syntax"),
            Self::Range => f.write_str("range"),
            Self::Features => f.write_str("features"),
            Self::UnknownSymbol { code } => write!(f, "unknown-symbol code={code}"),
        }
    }
}

/// An error and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub error: Error,
    /// The byte, from 0.
    pub at: u32,
}

impl Error {
    /// This error at a byte.
    pub const fn at(self, at: u32) -> Fault {
        Fault { error: self, at }
    }
}
