//! Decimal numbers as people type them, in units of 2^-16: without a float.

use core::{fmt, str::FromStr};

/// A temperature in units of 2^-16, 0 for the likeliest token always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Temperature(pub u32);

/// A share in units of 2^-16, above 0 and at most 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub(super) u32);

/// Why text is not a number of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberError {
    /// Not decimal digits with at most one point.
    Syntax,
    /// Beyond what the type can hold, or below what it can tell from 0.
    Range,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Syntax => "not a decimal number that is 0 or more",
            Self::Range => "out of range",
        })
    }
}

impl core::error::Error for NumberError {}

impl Temperature {
    /// The likeliest token always.
    pub const GREEDY: Self = Self(0);
    /// The probabilities as they are.
    pub const ONE: Self = Self(1 << 16);
    /// The highest temperature, 100.
    pub const MAX: Self = Self(100 << 16);
}

impl FromStr for Temperature {
    type Err = NumberError;

    /// `0`, or from `0.001` to `100`.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        let value = parse_q16(text)?;
        let zero = text.bytes().all(|byte| matches!(byte, b'0' | b'.'));
        match zero || (66..=Self::MAX.0).contains(&value) {
            true => Ok(Self(value)),
            false => Err(NumberError::Range),
        }
    }
}

impl Share {
    /// Everything.
    pub const ALL: Self = Self(1 << 16);
}

impl fmt::Display for Temperature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_q16(self.0, f)
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_q16(self.0, f)
    }
}

impl FromStr for Share {
    type Err = NumberError;

    /// From `0.0001` to `1`.
    fn from_str(text: &str) -> Result<Self, NumberError> {
        match parse_q16(text)? {
            share @ 1..=65_536 => Ok(Self(share)),
            _ => Err(NumberError::Range),
        }
    }
}

/// A decimal number in units of 2^-16, rounded to the nearest; digits after the sixth decimal
/// do not count.
fn parse_q16(text: &str) -> Result<u32, NumberError> {
    let (mut value, mut decimals, mut point, mut digits) = (0u32, 0, false, false);
    for byte in text.bytes() {
        match byte {
            b'.' if !point => point = true,
            b'0'..=b'9' => {
                digits = true;
                if decimals < 6 {
                    let next = value.checked_mul(10).ok_or(NumberError::Range)?;
                    value = next.saturating_add(u32::from(byte - b'0'));
                    decimals += u32::from(point);
                }
            }
            _ => return Err(NumberError::Syntax),
        }
    }
    if !digits {
        return Err(NumberError::Syntax);
    }
    let unit = 10u64.pow(decimals);
    let scaled = ((u64::from(value) << 16) + unit / 2).checked_div(unit);
    let scaled = scaled.and_then(|scaled| u32::try_from(scaled).ok());
    scaled.ok_or(NumberError::Range)
}

/// Six decimals: within 2^-20, so that they are read as the same unit again.
fn write_q16(value: u32, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DECIMALS: u64 = 1_000_000;
    let millionths = (u64::from(value) * DECIMALS + (1 << 15)) >> 16;
    let (whole, fraction) = (millionths / DECIMALS, millionths % DECIMALS);
    write!(f, "{whole}.{fraction:06}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_are_read_to_the_nearest_and_bad_ones_refused() {
        let temperature = |text: &str| text.parse::<Temperature>().map(|value| value.0);
        assert_eq!(temperature("1"), Ok(65_536));
        assert_eq!(temperature("0.8"), Ok(52_429));
        assert_eq!(temperature(".5"), Ok(32_768));
        assert_eq!(temperature("0.00"), Ok(0));
        assert_eq!(temperature("100"), Ok(100 << 16));
        for text in ["0.0001", "100.1", "99999999999"] {
            assert_eq!(temperature(text), Err(NumberError::Range), "{text}");
        }
        for text in ["", ".", "-1", "nan", "1e3", "1.2.3", "inf"] {
            assert_eq!(temperature(text), Err(NumberError::Syntax), "{text}");
        }
        let share = |text: &str| text.parse::<Share>();
        assert_eq!(share("1"), Ok(Share::ALL));
        assert_eq!(share("0"), Err(NumberError::Range));
        assert_eq!(share("1.01"), Err(NumberError::Range));
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for value in (0..=65_536).chain([Temperature::MAX.0 - 1, Temperature::MAX.0]) {
            if value == 0 || value >= 66 {
                let temperature = Temperature(value);
                assert_eq!(temperature.to_string().parse(), Ok(temperature));
            }
            if (1..=65_536).contains(&value) {
                assert_eq!(Share(value).to_string().parse(), Ok(Share(value)));
            }
        }
        assert_eq!(Temperature(52_429).to_string(), "0.800003");
        assert_eq!(Share::ALL.to_string(), "1.000000");
    }
}
