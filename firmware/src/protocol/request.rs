//! What a line asks a generator for.

use super::{Error, Fault, pairs::Pair};
use core::str::FromStr;
use spinet_core::{generator::Unknown, sampling::Sampling};

/// How much is written where nothing is said.
const LENGTH: u32 = 200;

/// How a text is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRequest {
    /// The most symbols to write.
    pub length: u32,
    /// How they are drawn.
    pub sampling: Sampling,
    /// The symbol after which the text ends.
    pub end: Option<u32>,
    /// What becomes of symbols in the prompt that the model does not know.
    pub unknown: Unknown,
}

impl Default for TextRequest {
    fn default() -> Self {
        Self {
            length: LENGTH,
            sampling: Sampling::default(),
            end: None,
            unknown: Unknown::Refuse,
        }
    }
}

impl TextRequest {
    /// Takes a pair in.
    ///
    /// # Errors
    /// [`Error::BadOption`] or [`Error::Length`], at the pair.
    pub fn set(&mut self, pair: &Pair<'_>) -> Result<(), Fault> {
        match pair.key {
            "length" => self.length = length(pair)?,
            "temperature" => self.sampling.temperature = value(pair)?,
            "top_k" => self.sampling.top_k = value(pair)?,
            "top_p" => self.sampling.top_p = value(pair)?,
            "seed" => self.sampling.seed = value(pair)?,
            "end" => self.end = Some(value(pair)?),
            "skip" => {
                self.unknown = match switch(pair)? {
                    true => Unknown::Skip,
                    false => Unknown::Refuse,
                }
            }
            _ => return Err(Error::BadOption.at(pair.at)),
        }
        Ok(())
    }
}

/// How a series is to be continued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesRequest {
    /// How many vectors to write.
    pub length: u32,
    /// Whether to draw them.
    pub art: bool,
}

impl Default for SeriesRequest {
    fn default() -> Self {
        Self {
            length: LENGTH,
            art: false,
        }
    }
}

impl SeriesRequest {
    /// Takes a pair in.
    ///
    /// # Errors
    /// [`Error::BadOption`] or [`Error::Length`], at the pair.
    pub fn set(&mut self, pair: &Pair<'_>) -> Result<(), Fault> {
        match pair.key {
            "length" => self.length = length(pair)?,
            "art" => self.art = switch(pair)?,
            _ => return Err(Error::BadOption.at(pair.at)),
        }
        Ok(())
    }
}

fn value<T: FromStr>(pair: &Pair<'_>) -> Result<T, Fault> {
    // A sign would be taken for part of a number.
    let text = match pair.value.as_bytes() {
        [b'+', ..] => "",
        _ => pair.value,
    };
    text.parse().map_err(|_| Error::BadOption.at(pair.at))
}

fn length(pair: &Pair<'_>) -> Result<u32, Fault> {
    match value(pair)? {
        0 => Err(Error::Length.at(pair.at)),
        length => Ok(length),
    }
}

fn switch(pair: &Pair<'_>) -> Result<bool, Fault> {
    match pair.value {
        "0" => Ok(false),
        "1" => Ok(true),
        _ => Err(Error::BadOption.at(pair.at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn pair<'p>(key: &'p str, value: &'p str) -> Pair<'p> {
        Pair { key, value, at: 9 }
    }

    #[test]
    fn every_option_of_a_text_is_set() {
        let mut request = TextRequest::default();
        for (key, value) in [
            ("length", "4294967295"),
            ("temperature", "0.8"),
            ("top_k", "40"),
            ("top_p", ".5"),
            ("seed", "18446744073709551615"),
            ("end", "10"),
            ("skip", "1"),
        ] {
            request.set(&pair(key, value)).unwrap();
        }
        let expected = TextRequest {
            length: u32::MAX,
            sampling: Sampling {
                temperature: "0.8".parse().unwrap(),
                top_k: 40,
                top_p: "0.5".parse().unwrap(),
                seed: u64::MAX,
            },
            end: Some(10),
            unknown: Unknown::Skip,
        };
        assert_eq!(request, expected);
        request.set(&pair("skip", "0")).unwrap();
        assert_eq!(request.unknown, Unknown::Refuse);
    }

    #[test]
    fn every_option_of_a_series_is_set() {
        let mut request = SeriesRequest::default();
        request.set(&pair("length", "7")).unwrap();
        request.set(&pair("art", "1")).unwrap();
        let (length, art) = (7, true);
        assert_eq!(request, SeriesRequest { length, art });
    }

    #[test]
    fn values_that_an_option_cannot_have_are_refused() {
        for (key, value) in [
            ("length", "x"),
            ("length", "4294967296"),
            ("length", "+1"),
            ("temperature", "-1"),
            ("temperature", "101"),
            ("top_k", "65536"),
            ("top_p", "0"),
            ("seed", ""),
            ("end", "-1"),
            ("skip", "yes"),
            ("prompts", "x"),
            ("art", "1"),
        ] {
            let refused = TextRequest::default().set(&pair(key, value));
            assert_eq!(refused, Err(Error::BadOption.at(9)), "{key}={value}");
        }
        for (key, value) in [("art", "2"), ("seed", "1"), ("length", "-1")] {
            let refused = SeriesRequest::default().set(&pair(key, value));
            assert_eq!(refused, Err(Error::BadOption.at(9)), "{key}={value}");
        }
        let nothing = pair("length", "0");
        assert_eq!(
            TextRequest::default().set(&nothing),
            Err(Error::Length.at(9))
        );
        assert_eq!(
            SeriesRequest::default().set(&nothing),
            Err(Error::Length.at(9))
        );
    }
}
