//! What a model may take of a device, and numbers of bytes as people write them.

use crate::pipeline::Footprint;
use bytesize::ByteSize;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A number of bytes: `65536`, `64KiB` (1024 each) or `64kB` (1000 each).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Bytes(pub u64);

/// Not a number of bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BytesError {
    /// Another unit, or no number.
    #[error("it must be bytes, such as 65536, 64KiB or 64kB")]
    Syntax,
    /// Nothing has no bytes.
    #[error("it must be at least one byte")]
    Zero,
}

impl FromStr for Bytes {
    type Err = BytesError;

    fn from_str(text: &str) -> Result<Self, BytesError> {
        match text.parse::<ByteSize>() {
            Ok(ByteSize(0)) => Err(BytesError::Zero),
            Ok(ByteSize(bytes)) => Ok(Self(bytes)),
            Err(_) => Err(BytesError::Syntax),
        }
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

/// What a model may take at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Budget {
    /// Flash for the artifact; the program's own comes on top.
    pub flash: Bytes,
    /// RAM for the state; stack and the program's own come on top.
    pub ram: Bytes,
}

impl Budget {
    /// Whether a model fits.
    pub fn holds(&self, footprint: Footprint) -> bool {
        let (flash, ram) = (footprint.flash as u64, footprint.ram as u64);
        flash <= self.flash.0 && ram <= self.ram.0
    }

    /// How many budgets a model would take, of what it takes most of; above 1 if it does not fit.
    pub(super) fn times(&self, footprint: Footprint) -> f64 {
        let share = |bytes: usize, limit: Bytes| bytes as f64 / limit.0 as f64;
        share(footprint.flash, self.flash).max(share(footprint.ram, self.ram))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_people_write_them() {
        for (text, bytes) in [
            ("65536", 65_536),
            ("64KiB", 65_536),
            ("64 KiB", 65_536),
            ("64kB", 64_000),
            ("1MiB", 1 << 20),
            ("1.5KiB", 1_536),
            ("7B", 7),
        ] {
            assert_eq!(text.parse(), Ok(Bytes(bytes)), "{text}");
        }
        for text in ["", "KiB", "64XB", "64 potatoes", "-1", "nan", "64KiB more"] {
            assert_eq!(text.parse::<Bytes>(), Err(BytesError::Syntax), "{text}");
        }
        for text in ["0", "0KiB", "0.0001B"] {
            assert_eq!(text.parse::<Bytes>(), Err(BytesError::Zero), "{text}");
        }
    }

    #[test]
    fn a_budget_holds_what_is_no_larger_in_either() {
        let budget = Budget {
            flash: Bytes(100),
            ram: Bytes(10),
        };
        for (flash, ram, fits) in [(100, 10, true), (101, 1, false), (1, 11, false)] {
            let footprint = Footprint { flash, ram };
            assert_eq!(budget.holds(footprint), fits, "{flash} {ram}");
            assert_eq!(budget.times(footprint) <= 1.0, fits, "{flash} {ram}");
        }
    }
}
