//! Texts as sequences of characters or of bytes: what a language model reads and writes.
//!
//! A [`Decoder`] makes symbols of bytes as they arrive, [`Symbols`] tokens of symbols and back.
//! One token is no symbol: the *boundary*, which comes before the first symbol of a text and
//! after the last.

use crate::{
    Token,
    data::{Blob, Data},
    emit::parts,
    error::ArtifactError,
};
use core::fmt;
use serde::{Deserialize, Serialize};

/// What a symbol is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Unit {
    /// A Unicode character, written in UTF-8.
    Character,
    /// A byte.
    Byte,
}

/// A character's code point or a byte, according to the [`Unit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Symbol {
    /// What the symbol is.
    pub unit: Unit,
    /// Its number.
    pub code: u32,
}

impl Symbol {
    /// The symbol's bytes, of which the first so many are used.
    #[inline]
    pub fn bytes(self) -> ([u8; 4], usize) {
        let mut bytes = [0; 4];
        let length = match (self.unit, char::from_u32(self.code)) {
            (Unit::Character, Some(character)) => character.encode_utf8(&mut bytes).len(),
            _ => {
                bytes[0] = self.code as u8;
                1
            }
        };
        (bytes, length)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unit, char::from_u32(self.code)) {
            (Unit::Character, Some(character)) if !character.is_control() => {
                write!(f, "{character} (U+{:04X})", self.code)
            }
            (Unit::Character, _) => write!(f, "U+{:04X}", self.code),
            (Unit::Byte, _) => write!(f, "byte {:#04x}", self.code),
        }
    }
}

/// Where the symbols lie in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SymbolsSpec {
    /// What a symbol is.
    pub unit: Unit,
    /// Number of symbols.
    pub count: Token,
    /// Their numbers, ascending, `u32`.
    pub codes: Blob,
}

impl SymbolsSpec {
    /// Borrows the symbols.
    ///
    /// # Errors
    /// If there are none or too many, or if they are not ascending numbers of symbols.
    pub fn resolve<'a>(&self, data: Data<'a>) -> Result<Symbols<'a>, ArtifactError> {
        const TENSOR: &str = "symbols";
        let codes = data.slice::<u32>(self.codes, self.count.into(), TENSOR)?;
        let sound = |&code: &u32| match self.unit {
            Unit::Character => char::from_u32(code).is_some(),
            Unit::Byte => code <= 0xFF,
        };
        let ascending = codes.is_sorted_by(|a, b| a < b);
        match ascending && codes.iter().all(sound) && (1..Token::MAX).contains(&self.count) {
            true => Ok(Symbols {
                unit: self.unit,
                codes,
            }),
            false => Err(ArtifactError::OutOfRange(TENSOR)),
        }
    }
}

/// The symbols that a model knows, in the order of their tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Symbols<'a> {
    /// What a symbol is.
    pub unit: Unit,
    /// Their numbers, ascending.
    pub codes: &'a [u32],
}

parts!("text", Symbols { unit: Unit, codes: &'a [u32] });

impl Symbols<'_> {
    /// Number of tokens: the symbols and the boundary.
    pub fn tokens(&self) -> usize {
        self.codes.len() + 1
    }

    /// The token before the first symbol of a text and after the last.
    pub fn boundary(&self) -> Token {
        self.codes.len() as Token
    }

    /// The token of a symbol, `None` if it is not known.
    #[inline]
    pub fn token(&self, symbol: Symbol) -> Option<Token> {
        let place = self.codes.binary_search(&symbol.code).ok()?;
        (symbol.unit == self.unit).then_some(place as Token)
    }

    /// The symbol of a token, `None` if it is the boundary.
    #[inline]
    pub fn symbol(&self, token: Token) -> Option<Symbol> {
        let code = *self.codes.get(usize::from(token))?;
        Some(Symbol {
            unit: self.unit,
            code,
        })
    }
}

/// Makes symbols of a stream of bytes. A byte that belongs to no character is one by itself,
/// U+FFFD, as in `String::from_utf8_lossy`.
#[derive(Debug, Clone, Copy)]
pub struct Decoder {
    unit: Unit,
    code: u32,
    /// Bytes that the character has still to come.
    missing: u8,
    /// What its second byte must be at least and at most: not overlong, not a surrogate.
    second: (u8, u8),
}

/// What is read where no character is.
const REPLACEMENT: u32 = 0xFFFD;

impl Decoder {
    /// A decoder between two symbols.
    pub const fn new(unit: Unit) -> Self {
        Self {
            unit,
            code: 0,
            missing: 0,
            second: (0x80, 0xBF),
        }
    }

    /// Takes in a byte, and hands what it ends to `sink`: nothing, a symbol, or a broken one and
    /// the next.
    #[inline]
    pub fn push(&mut self, byte: u8, mut sink: impl FnMut(Symbol)) {
        if self.unit == Unit::Byte {
            return sink(self.symbol(byte.into()));
        }
        if self.missing > 0 {
            let (least, most) = core::mem::replace(&mut self.second, (0x80, 0xBF));
            if (least..=most).contains(&byte) {
                self.code = self.code << 6 | u32::from(byte & 0x3F);
                self.missing -= 1;
                if self.missing == 0 {
                    sink(self.symbol(self.code));
                }
                return;
            }
            self.missing = 0;
            sink(self.symbol(REPLACEMENT));
        }
        let (missing, code, second) = match byte {
            0x00..=0x7F => return sink(self.symbol(byte.into())),
            0xC2..=0xDF => (1, byte & 0x1F, (0x80, 0xBF)),
            0xE0 => (2, byte & 0x0F, (0xA0, 0xBF)),
            0xED => (2, byte & 0x0F, (0x80, 0x9F)),
            0xE1..=0xEF => (2, byte & 0x0F, (0x80, 0xBF)),
            0xF0 => (3, byte & 0x07, (0x90, 0xBF)),
            0xF1..=0xF3 => (3, byte & 0x07, (0x80, 0xBF)),
            0xF4 => (3, byte & 0x07, (0x80, 0x8F)),
            _ => return sink(self.symbol(REPLACEMENT)),
        };
        (self.missing, self.code, self.second) = (missing, code.into(), second);
    }

    /// Ends the text, and with it a symbol that was broken off.
    pub fn finish(&mut self, mut sink: impl FnMut(Symbol)) {
        if self.missing > 0 {
            sink(self.symbol(REPLACEMENT));
        }
        *self = Self::new(self.unit);
    }

    const fn symbol(&self, code: u32) -> Symbol {
        Symbol {
            unit: self.unit,
            code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::String, vec, vec::Vec};

    fn decoded(unit: Unit, bytes: &[u8]) -> Vec<u32> {
        let mut decoder = Decoder::new(unit);
        let mut codes = vec![];
        for &byte in bytes {
            decoder.push(byte, |symbol| codes.push(symbol.code));
        }
        decoder.finish(|symbol| codes.push(symbol.code));
        codes
    }

    #[test]
    fn characters_are_those_of_the_standard_library() {
        let mut texts: Vec<Vec<u8>> = ["", "plain", "é 日本語 🎬\u{10FFFF}"]
            .map(|text| text.as_bytes().to_vec())
            .into();
        texts.push((0..=255).collect());
        // Every pair of bytes behind every kind of first byte.
        for first in [0x41, 0x80, 0xC2, 0xE0, 0xE1, 0xED, 0xF0, 0xF3, 0xF4, 0xF5] {
            for second in (0..=255)
                .step_by(5)
                .chain([0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF])
            {
                texts.push(vec![first, second, 0x80, 0xBF, b'z']);
                texts.push(vec![first, second]);
            }
        }
        for text in texts {
            let expected: Vec<u32> = String::from_utf8_lossy(&text)
                .chars()
                .map(u32::from)
                .collect();
            assert_eq!(decoded(Unit::Character, &text), expected, "{text:x?}");
            let bytes: Vec<u32> = text.iter().map(|&byte| byte.into()).collect();
            assert_eq!(decoded(Unit::Byte, &text), bytes);
        }
    }

    #[test]
    fn symbols_and_tokens_are_each_others_inverse() {
        let codes = [10, 32, 0xE9, 0x1F3AC];
        let symbols = Symbols {
            unit: Unit::Character,
            codes: &codes,
        };
        for token in 0..4 {
            let symbol = symbols.symbol(token).unwrap();
            assert_eq!(symbols.token(symbol), Some(token));
            let (bytes, length) = symbol.bytes();
            assert_eq!(decoded(Unit::Character, &bytes[..length]), [symbol.code]);
        }
        assert_eq!((symbols.boundary(), symbols.symbol(4)), (4, None));
        let stranger = |unit, code| symbols.token(Symbol { unit, code });
        assert_eq!(stranger(Unit::Character, 33), None);
        assert_eq!(stranger(Unit::Byte, 32), None);
    }
}
