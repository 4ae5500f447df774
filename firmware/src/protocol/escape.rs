//! A prompt's escapes: `\n`, `\r`, `\t`, `\\` and `\x` with two hexadecimal digits, byte by byte.

use super::Error;

/// Resolves escapes in a stream of bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unescape(Place);

/// Where in an escape.
#[derive(Debug, Clone, Copy, Default)]
enum Place {
    #[default]
    Outside,
    Backslash,
    High,
    Low(u8),
}

impl Unescape {
    /// Takes a byte in; the byte that it is or that it completes.
    ///
    /// # Errors
    /// [`Error::BadEscape`].
    pub fn push(&mut self, byte: u8) -> Result<Option<u8>, Error> {
        let (place, found) = match (self.0, byte) {
            (Place::Outside, b'\\') => (Place::Backslash, None),
            (Place::Outside, _) => (Place::Outside, Some(byte)),
            (Place::Backslash, b'n') => (Place::Outside, Some(b'\n')),
            (Place::Backslash, b'r') => (Place::Outside, Some(b'\r')),
            (Place::Backslash, b't') => (Place::Outside, Some(b'\t')),
            (Place::Backslash, b'\\') => (Place::Outside, Some(b'\\')),
            (Place::Backslash, b'x') => (Place::High, None),
            (Place::Backslash, _) => return Err(Error::BadEscape),
            (Place::High, _) => (Place::Low(digit(byte)?), None),
            (Place::Low(high), _) => (Place::Outside, Some(high << 4 | digit(byte)?)),
        };
        self.0 = place;
        Ok(found)
    }

    /// Ends the prompt.
    ///
    /// # Errors
    /// [`Error::BadEscape`] within an escape.
    pub fn finish(&mut self) -> Result<(), Error> {
        match core::mem::take(&mut self.0) {
            Place::Outside => Ok(()),
            _ => Err(Error::BadEscape),
        }
    }
}

fn digit(byte: u8) -> Result<u8, Error> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(Error::BadEscape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unescaped(text: &[u8]) -> Result<Vec<u8>, Error> {
        let mut unescape = Unescape::default();
        let mut bytes = Vec::new();
        for &byte in text {
            bytes.extend(unescape.push(byte)?);
        }
        unescape.finish().map(|()| bytes)
    }

    #[test]
    fn escapes_are_resolved_and_other_bytes_left_alone() {
        let resolved = unescaped(br"a\nb\r\t\\n\x00\xfF\x41 ").unwrap();
        assert_eq!(resolved, b"a\nb\r\t\\n\x00\xFFA ");
        let all: Vec<u8> = (0..=255).filter(|&byte| byte != b'\\').collect();
        assert_eq!(unescaped(&all).unwrap(), all);
    }

    #[test]
    fn what_is_no_escape_is_refused() {
        for text in [r"\", r"\q", r"\x", r"\x1", r"\xg0", r"\x0 ", r"a\"] {
            assert_eq!(unescaped(text.as_bytes()), Err(Error::BadEscape), "{text}");
        }
    }
}
