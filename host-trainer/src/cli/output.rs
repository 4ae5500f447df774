//! Results on stdout, progress on stderr.

use serde::Serialize;
use std::{
    error::Error,
    io::{self, Write},
};

/// Prints a result.
pub(super) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Prints a result as one JSON object on a line.
pub(super) fn json(result: &impl Serialize) -> Result<(), Box<dyn Error>> {
    Ok(line(serde_json::to_string(result)?)?)
}

/// Whether an error says that whoever read stdout has left, which is not ours to complain about.
pub(super) fn reader_left(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// A number with thousands separated.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn thousands_are_separated() {
        let shown = [0, 999, 1_000, 1_234_567].map(super::thousands);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567"]);
    }
}
