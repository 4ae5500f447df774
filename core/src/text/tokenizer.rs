//! Words as Keras's `Tokenizer` sees them (`keras.preprocessing.text`, defaults).
//!
//! Lower-case, then split at spaces and at ``!"#$%&()*+,-./:;<=>?@[\]^_`{|}~\t\n``; the
//! apostrophe belongs to the word, and so does every other byte. Bytes that are not UTF-8 are
//! taken as they are. [`Marks::Kept`] departs from Keras: punctuation marks are words, too.

use super::case::lower;
use serde::{Deserialize, Serialize};

/// The hash of a word's lower-cased bytes: FNV-1a, 32 bits (Fowler, Noll, Vo;
/// draft-eastlake-fnv), mixed further where it is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct WordHash(pub u32);

impl WordHash {
    /// The hash of the empty word.
    const EMPTY: Self = Self(0x811C_9DC5);

    #[inline]
    fn push(&mut self, byte: u8) {
        self.0 = (self.0 ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }

    /// The hash of a whole word, taken as it is.
    pub fn of(word: &[u8]) -> Self {
        let mut hash = Self::EMPTY;
        word.iter().for_each(|&byte| hash.push(byte));
        hash
    }
}

/// Bits spread evenly: the finaliser of MurmurHash3 (Appleby), a bijection.
#[inline]
pub(super) const fn mix(mut hash: u32) -> u32 {
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85EB_CA6B);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xC2B2_AE35);
    hash ^ (hash >> 16)
}

/// What becomes of punctuation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Marks {
    /// They separate words and are gone, as in Keras.
    #[default]
    Dropped,
    /// Each of `. , ! ? ; : " ( ) * -` ends the word before it and is a word itself.
    Kept,
}

impl Marks {
    /// Kept if `kept`.
    pub const fn kept(kept: bool) -> Self {
        if kept { Self::Kept } else { Self::Dropped }
    }

    /// The word that a separator is.
    #[inline]
    fn word(self, separator: u8) -> Option<WordHash> {
        let mark = matches!(
            separator,
            b'.' | b',' | b'!' | b'?' | b';' | b':' | b'"' | b'(' | b')' | b'*' | b'-'
        );
        (mark && self == Self::Kept).then(|| WordHash::of(&[separator]))
    }
}

/// The words that a byte completes: the one that it ends, then the mark that it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words {
    ended: Option<WordHash>,
    mark: Option<WordHash>,
}

impl Iterator for Words {
    type Item = WordHash;

    #[inline]
    fn next(&mut self) -> Option<WordHash> {
        self.ended.take().or_else(|| self.mark.take())
    }
}

/// Splits a stream of bytes into words, one byte at a time, in constant memory.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    marks: Marks,
    hash: WordHash,
    in_word: bool,
    letter: Letter,
}

/// A UTF-8 sequence that has begun: its bytes so far, and how many are to come.
#[derive(Debug, Clone, Copy, Default)]
struct Letter {
    code: u32,
    bytes: [u8; 4],
    length: u8,
    missing: u8,
}

impl Default for Tokenizer {
    fn default() -> Self {
        Self::new(Marks::Dropped)
    }
}

impl Tokenizer {
    /// A tokenizer between two words.
    pub const fn new(marks: Marks) -> Self {
        Self {
            marks,
            hash: WordHash::EMPTY,
            in_word: false,
            letter: Letter {
                code: 0,
                bytes: [0; 4],
                length: 0,
                missing: 0,
            },
        }
    }

    /// Takes in a byte; the word that it ends and the one that it is, if there are such.
    #[inline]
    pub fn push(&mut self, byte: u8) -> Words {
        if byte < 0x80 {
            self.abandon_letter();
            if is_separator(byte) {
                return Words {
                    ended: self.finish(),
                    mark: self.marks.word(byte),
                };
            }
            self.absorb(byte.to_ascii_lowercase());
        } else {
            self.push_letter(byte);
        }
        Words::default()
    }

    /// Ends the text; the word, if it ended inside one.
    pub fn finish(&mut self) -> Option<WordHash> {
        self.abandon_letter();
        let word = self.in_word.then_some(self.hash);
        *self = Self::new(self.marks);
        word
    }

    #[inline]
    fn absorb(&mut self, byte: u8) {
        self.hash.push(byte);
        self.in_word = true;
    }

    /// A byte of a letter outside ASCII.
    fn push_letter(&mut self, byte: u8) {
        if byte & 0xC0 == 0x80 && self.letter.missing > 0 {
            self.letter.take(byte);
            if self.letter.missing == 0 {
                let letter = core::mem::take(&mut self.letter);
                self.finish_letter(letter);
            }
        } else {
            self.abandon_letter();
            match Letter::begin(byte) {
                Some(letter) => self.letter = letter,
                None => self.absorb(byte),
            }
        }
    }

    fn finish_letter(&mut self, letter: Letter) {
        let mut utf8 = [0; 4];
        let lowered = char::from_u32(letter.code)
            .filter(|c| c.len_utf8() == usize::from(letter.length))
            .and_then(|c| char::from_u32(lower(c as u32)));
        match lowered {
            Some(c) => c
                .encode_utf8(&mut utf8)
                .bytes()
                .for_each(|b| self.absorb(b)),
            None => letter.raw().for_each(|b| self.absorb(b)),
        }
    }

    /// A letter that does not go on is not UTF-8: its bytes count as they are.
    #[inline]
    fn abandon_letter(&mut self) {
        if self.letter.length > 0 {
            let letter = core::mem::take(&mut self.letter);
            letter.raw().for_each(|b| self.absorb(b));
        }
    }
}

impl Letter {
    /// The letter that a leading byte begins.
    fn begin(byte: u8) -> Option<Self> {
        let (missing, code) = match byte {
            0xC2..=0xDF => (1, byte & 0x1F),
            0xE0..=0xEF => (2, byte & 0x0F),
            0xF0..=0xF4 => (3, byte & 0x07),
            _ => return None,
        };
        Some(Self {
            code: code.into(),
            bytes: [byte, 0, 0, 0],
            length: 1,
            missing,
        })
    }

    fn take(&mut self, byte: u8) {
        self.code = self.code << 6 | u32::from(byte & 0x3F);
        if let Some(place) = self.bytes.get_mut(usize::from(self.length)) {
            *place = byte;
        }
        self.length += 1;
        self.missing -= 1;
    }

    fn raw(self) -> impl Iterator<Item = u8> {
        self.bytes.into_iter().take(self.length.into())
    }
}

#[inline]
const fn is_separator(byte: u8) -> bool {
    match byte {
        b'\t' | b'\n' | b' ' => true,
        b'\'' => false,
        _ => byte.is_ascii_punctuation(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::String, vec, vec::Vec};

    /// Keras's rule, written as Keras writes it, on whole strings.
    fn oracle(text: &str) -> Vec<WordHash> {
        let filters = "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n";
        text.to_lowercase()
            .replace(|c| filters.contains(c), " ")
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| WordHash::of(word.as_bytes()))
            .collect()
    }

    fn words(bytes: &[u8]) -> Vec<WordHash> {
        let mut tokenizer = Tokenizer::default();
        let mut words: Vec<_> = bytes.iter().flat_map(|&b| tokenizer.push(b)).collect();
        words.extend(tokenizer.finish());
        words
    }

    #[test]
    fn words_are_kerass() {
        for text in [
            "",
            " ",
            "It's a GREAT film!",
            "9/10, <br /><br />don't miss it...",
            "tab\tnewline\nreturn\rnbsp\u{a0}end",
            "CAFÉ Ünïted ΑΒΓ ЖУК ẤN ＦＵＬＬ \u{10400}",
            "--''--' _under_score a'b'c",
            "日本語 text 🎬🎬!",
        ] {
            assert_eq!(words(text.as_bytes()), oracle(text), "{text:?}");
        }
    }

    #[test]
    fn every_ascii_byte_is_kerass() {
        for byte in 0..0x80u8 {
            let text = String::from_utf8(vec![b'A', byte, b'B']).unwrap();
            assert_eq!(words(text.as_bytes()), oracle(&text), "{byte:#x}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_taken_as_they_are() {
        for raw in [
            &b"\xff"[..],
            b"\x80\x80",
            b"\xc3",
            b"\xe2\x82",
            b"\xf0\x9f\x8e",
            b"\xed\xa0\x80", // a surrogate
            b"\xe0\x80\x80", // overlong
            b"\xc3\xc3",
            b"\xf4\xbf\xbf\xbf", // beyond U+10FFFF
        ] {
            assert_eq!(words(raw), [WordHash::of(raw)], "{raw:x?}");
            let surrounded: Vec<u8> = [b"A", raw, b"Z rest"].concat();
            let expected: Vec<u8> = [b"a", raw, b"z"].concat();
            assert_eq!(
                words(&surrounded),
                [WordHash::of(&expected), WordHash::of(b"rest")]
            );
        }
    }

    #[test]
    fn a_word_of_any_length_is_one_word() {
        let word = vec![b'x'; 10_000];
        assert_eq!(words(&word), [WordHash::of(&word)]);
    }
}
