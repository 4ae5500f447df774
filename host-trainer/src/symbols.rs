//! Which symbols a language model knows: those of its training text.

use spinet_core::{
    Token,
    text::{Decoder, Symbol, Symbols, Unit},
};
use std::collections::BTreeSet;

/// Why a text gives no symbols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SymbolsError {
    /// There is no text.
    #[error("the training text is empty")]
    Empty,
    /// More different symbols than tokens have numbers.
    #[error("the training text has {0} different characters, a model knows at most {most}; train on bytes instead", most = Token::MAX - 1)]
    TooMany(usize),
}

/// The symbols of a model, on the heap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedSymbols {
    /// What a symbol is.
    pub unit: Unit,
    /// Their numbers, ascending.
    pub codes: Vec<u32>,
}

impl OwnedSymbols {
    /// The symbols of a training text.
    ///
    /// # Errors
    /// If there are none, or too many.
    pub fn choose(text: &[u8], unit: Unit) -> Result<Self, SymbolsError> {
        let codes: BTreeSet<u32> = symbols(text, unit).map(|symbol| symbol.code).collect();
        match codes.len() {
            0 => Err(SymbolsError::Empty),
            count if count >= usize::from(Token::MAX) => Err(SymbolsError::TooMany(count)),
            _ => Ok(Self {
                unit,
                codes: codes.into_iter().collect(),
            }),
        }
    }

    /// The same symbols as the device sees them.
    pub fn view(&self) -> Symbols<'_> {
        Symbols {
            unit: self.unit,
            codes: &self.codes,
        }
    }
}

/// The symbols of a text, in its order.
pub fn symbols(text: &[u8], unit: Unit) -> impl Iterator<Item = Symbol> {
    let mut decoder = Decoder::new(unit);
    let mut found = std::collections::VecDeque::new();
    let mut bytes = text.iter();
    let mut ended = false;
    std::iter::from_fn(move || {
        while found.is_empty() && !ended {
            match bytes.next() {
                Some(&byte) => decoder.push(byte, |symbol| found.push_back(symbol)),
                None => {
                    ended = true;
                    decoder.finish(|symbol| found.push_back(symbol));
                }
            }
        }
        found.pop_front()
    })
}

/// A text's tokens, and how many of its symbols are unknown and left out.
pub fn encode(symbols_known: Symbols<'_>, text: &[u8]) -> (Vec<Token>, usize) {
    let mut unknown = 0;
    let tokens = symbols(text, symbols_known.unit)
        .filter_map(|symbol| {
            let token = symbols_known.token(symbol);
            unknown += usize::from(token.is_none());
            token
        })
        .collect();
    (tokens, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_those_of_the_text_in_order() {
        let text = "né à\u{FF}".as_bytes();
        let known = OwnedSymbols::choose(text, Unit::Character).unwrap();
        assert_eq!(known.codes, [32, 110, 0xE0, 0xE9, 0xFF]);
        assert_eq!(encode(known.view(), "an é".as_bytes()), (vec![1, 0, 3], 1));
        let bytes = OwnedSymbols::choose(&[7, 255, 7, 0], Unit::Byte).unwrap();
        assert_eq!(bytes.codes, [0, 7, 255]);
        assert_eq!(encode(bytes.view(), &[255, 9, 0]), (vec![2, 0], 1));
        assert_eq!(
            OwnedSymbols::choose(b"", Unit::Byte),
            Err(SymbolsError::Empty)
        );
    }
}
