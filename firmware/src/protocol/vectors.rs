//! Vectors separated by spaces, of numbers separated by commas, byte by byte.

use super::Error;

/// The largest magnitude of a number, Q0.15.
const MOST: i32 = 32_767;

/// Reads vectors of `FEATURES` numbers in Q0.15.
#[derive(Debug, Clone)]
pub struct Vectors<const FEATURES: usize> {
    /// The numbers of this vector so far.
    x: [i16; FEATURES],
    filled: usize,
    number: Number,
}

/// What there is of a number.
#[derive(Debug, Clone, Copy, Default)]
struct Number {
    negative: bool,
    digits: bool,
    /// At most [`MOST`].
    magnitude: i32,
}

impl<const FEATURES: usize> Vectors<FEATURES> {
    /// A reader before the first vector.
    pub const fn new() -> Self {
        Self {
            x: [0; FEATURES],
            filled: 0,
            number: Number {
                negative: false,
                digits: false,
                magnitude: 0,
            },
        }
    }

    /// Takes a byte in; the vector `(FEATURES,)` that it ends.
    ///
    /// # Errors
    /// [`Error::Syntax`], [`Error::Range`] or [`Error::Features`], after which nothing more is to
    /// be read.
    pub fn push(&mut self, byte: u8) -> Result<Option<&[i16; FEATURES]>, Error> {
        match byte {
            b' ' => return self.finish(),
            b',' => self.end_number()?,
            b'-' if self.number.is_empty() => self.number.negative = true,
            b'0'..=b'9' => self.number.push(byte - b'0')?,
            _ => return Err(Error::Syntax),
        }
        Ok(None)
    }

    /// Ends the vector; none if there is nothing of it.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn finish(&mut self) -> Result<Option<&[i16; FEATURES]>, Error> {
        if self.filled == 0 && self.number.is_empty() {
            return Ok(None);
        }
        self.end_number()?;
        match core::mem::take(&mut self.filled) {
            filled if filled == FEATURES => Ok(Some(&self.x)),
            _ => Err(Error::Features),
        }
    }

    fn end_number(&mut self) -> Result<(), Error> {
        let number = core::mem::take(&mut self.number);
        if !number.digits {
            return Err(Error::Syntax);
        }
        let slot = self.x.get_mut(self.filled).ok_or(Error::Features)?;
        let sign = if number.negative { -1 } else { 1 };
        *slot = (sign * number.magnitude) as i16;
        self.filled += 1;
        Ok(())
    }
}

impl<const FEATURES: usize> Default for Vectors<FEATURES> {
    fn default() -> Self {
        Self::new()
    }
}

impl Number {
    const fn is_empty(self) -> bool {
        !self.negative && !self.digits
    }

    fn push(&mut self, digit: u8) -> Result<(), Error> {
        self.digits = true;
        self.magnitude = 10 * self.magnitude + i32::from(digit);
        match self.magnitude {
            0..=MOST => Ok(()),
            _ => Err(Error::Range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<const N: usize>(line: &str) -> Result<Vec<[i16; N]>, (Error, usize)> {
        let mut vectors = Vectors::<N>::new();
        let mut found = Vec::new();
        for (at, byte) in line.bytes().enumerate() {
            found.extend(vectors.push(byte).map_err(|error| (error, at))?);
        }
        found.extend(vectors.finish().map_err(|error| (error, line.len()))?);
        Ok(found)
    }

    #[test]
    fn vectors_are_read_whatever_the_spaces() {
        let expected = vec![[12, -300, 7], [-32_767, 32_767, 0]];
        for line in [
            "12,-300,7 -32767,32767,0",
            "  12,-300,07   -32767,32767,-0 ",
        ] {
            assert_eq!(read::<3>(line), Ok(expected.clone()), "{line}");
        }
        assert_eq!(read::<3>(""), Ok(vec![]));
        assert_eq!(read::<1>("5 6"), Ok(vec![[5], [6]]));
    }

    #[test]
    fn what_is_wrong_is_said_where_it_is() {
        for (line, error, at) in [
            ("1,2", Error::Features, 3),
            ("1,2 3", Error::Features, 3),
            ("1,2,3,4", Error::Features, 7),
            ("1,,3", Error::Syntax, 2),
            ("1,2,", Error::Syntax, 4),
            (",", Error::Syntax, 0),
            ("1,-,3", Error::Syntax, 3),
            ("1-2", Error::Syntax, 1),
            ("--1", Error::Syntax, 1),
            ("+1", Error::Syntax, 0),
            ("1.5", Error::Syntax, 1),
            ("32768", Error::Range, 4),
            ("-32768,0,0", Error::Range, 5),
            ("99999999999", Error::Range, 4),
        ] {
            assert_eq!(read::<3>(line), Err((error, at)), "{line}");
        }
    }
}
