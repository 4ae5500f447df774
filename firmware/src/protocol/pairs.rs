//! Pairs `key=value` separated by spaces, of which `prompt` takes the rest of the line.

use super::{Error, Fault};

/// The longest pair, in bytes: `temperature=` and more digits than count.
const LONGEST: usize = 40;

/// Reads pairs byte by byte, and keeps no more than one.
#[derive(Debug, Clone)]
pub struct Pairs {
    bytes: [u8; LONGEST],
    length: usize,
    /// Where the pair began.
    start: u32,
    prompt: bool,
}

/// What a byte of the line brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'p> {
    /// Nothing yet.
    Nothing,
    /// The end of a pair.
    Pair(Pair<'p>),
    /// A byte of the prompt, as it was sent.
    Prompt(u8),
}

/// A pair that has ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Pair<'p> {
    /// Before the first `=`.
    pub key: &'p str,
    /// After it.
    pub value: &'p str,
    /// Where the pair began.
    pub at: u32,
}

impl Pairs {
    /// A reader at the beginning of a line.
    pub const fn new() -> Self {
        Self {
            bytes: [0; LONGEST],
            length: 0,
            start: 0,
            prompt: false,
        }
    }

    /// Takes the byte in that stands at `at`.
    ///
    /// # Errors
    /// [`Error::BadOption`] for what is not a pair or too long.
    pub fn push(&mut self, byte: u8, at: u32) -> Result<Event<'_>, Fault> {
        if self.prompt {
            return Ok(Event::Prompt(byte));
        }
        match (byte, self.bytes.get(..self.length)) {
            (b' ', _) => return self.finish(),
            (b'=', Some(b"prompt")) => {
                self.prompt = true;
                self.length = 0;
                return Ok(Event::Nothing);
            }
            _ => {}
        }
        if self.length == 0 {
            self.start = at;
        }
        let slot = self.bytes.get_mut(self.length);
        *slot.ok_or(Error::BadOption.at(self.start))? = byte;
        self.length += 1;
        Ok(Event::Nothing)
    }

    /// Ends the line, and with it a pair; [`Event::Nothing`] if there is none.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(&mut self) -> Result<Event<'_>, Fault> {
        let length = core::mem::take(&mut self.length);
        if length == 0 {
            return Ok(Event::Nothing);
        }
        let at = self.start;
        let bytes = self.bytes.get(..length).unwrap_or(&[]);
        // An array as the pattern: a single character is searched for with code that can panic.
        let pair = str::from_utf8(bytes)
            .ok()
            .and_then(|text| text.split_once(['=']));
        let (key, value) = pair.ok_or(Error::BadOption.at(at))?;
        Ok(Event::Pair(Pair { key, value, at }))
    }
}

impl Default for Pairs {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Vec<(String, String, u32)>, String);

    fn read(line: &str) -> Result<Read, Fault> {
        let mut pairs = Pairs::new();
        let (mut found, mut prompt) = (Vec::new(), String::new());
        let mut note = |event: Event<'_>| match event {
            Event::Nothing => {}
            Event::Pair(Pair { key, value, at }) => found.push((key.into(), value.into(), at)),
            Event::Prompt(byte) => prompt.push(byte.into()),
        };
        for (at, byte) in (0..).zip(line.bytes()) {
            note(pairs.push(byte, at)?);
        }
        note(pairs.finish()?);
        Ok((found, prompt))
    }

    #[test]
    fn pairs_are_split_and_a_prompt_is_not() {
        let (pairs, prompt) = read(" a=1  bc=d=e prompt= x=1 prompt= ").unwrap();
        let expected = [("a", "1", 1), ("bc", "d=e", 6)];
        assert_eq!(
            pairs,
            expected.map(|(key, value, at)| (key.into(), value.into(), at))
        );
        assert_eq!(prompt, " x=1 prompt= ");
        assert_eq!(read("").unwrap(), (vec![], String::new()));
        assert_eq!(read("a=").unwrap().0, [("a".into(), String::new(), 0)]);
    }

    #[test]
    fn what_is_no_pair_is_refused_where_it_begins() {
        let long = format!("a=1 b={}", "0".repeat(LONGEST));
        for (line, at) in [("a=1 b c=2", 4), ("prompt", 0), ("  é=1 x", 7), (&long, 4)] {
            assert_eq!(read(line), Err(Error::BadOption.at(at)), "{line}");
        }
    }
}
