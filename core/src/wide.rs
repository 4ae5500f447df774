//! The wide path: what each token adds to the logits by itself, past the recurrent layers.
//!
//! Beside a network that reads tokens in their order, a linear model of them (Cheng et al., "Wide
//! & Deep Learning for Recommender Systems", DLRS 2016), whose weights are a few values that all
//! tokens share. Without any layers it is the model:
//!
//! ```text
//! y (outputs,) = head + sum over tokens of codebook[codes[token]]     Q16.15, saturating
//! ```
//!
//! A token that comes in twice counts twice; that of an n-gram comes in once.

use crate::{
    Token,
    data::{Blob, Data},
    emit::parts,
    error::ArtifactError,
};
use serde::{Deserialize, Serialize};

/// Values that a weight can have.
pub const VALUES: usize = 16;

/// Where the weights lie in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WideSpec {
    /// For each token, special ones included, a place in the codebook for each output: 4 bits,
    /// two to a byte, the lower ones first. Where their number is odd, the last 4 bits are 0.
    pub codes: Blob,
    /// The [`VALUES`] that a weight can have, `i32` in Q16.15.
    pub codebook: Blob,
}

impl WideSpec {
    /// Borrows the weights `(tokens, outputs)`; any other token reads as `fallback`.
    ///
    /// # Errors
    /// If they are not there, or too few or many.
    pub fn resolve<'a>(
        &self,
        data: Data<'a>,
        tokens: usize,
        fallback: Token,
        outputs: u16,
    ) -> Result<Wide<'a>, ArtifactError> {
        const TENSOR: &str = "wide weights";
        let count = tokens * usize::from(outputs);
        let codes = data.slice::<u8>(self.codes, count.div_ceil(2), TENSOR)?;
        let codebook = data.slice::<i32>(self.codebook, VALUES, TENSOR)?;
        if count % 2 == 1 && codes.last().is_some_and(|&last| last >> 4 != 0) {
            return Err(ArtifactError::OutOfRange(TENSOR));
        }
        Ok(Wide {
            codes,
            codebook: codebook
                .try_into()
                .map_err(|_| ArtifactError::Tensor(TENSOR))?,
            tokens,
            fallback,
        })
    }
}

/// The weights `(tokens, outputs)`, borrowed from an artifact.
#[derive(Debug, Clone, Copy)]
pub struct Wide<'a> {
    codes: &'a [u8],
    codebook: &'a [i32; VALUES],
    tokens: usize,
    fallback: Token,
}

parts!("wide", Wide { codes: &'a [u8], codebook: &'a [i32; VALUES], tokens: usize, fallback: Token });

impl Wide<'_> {
    /// Adds the weights of `token` to `sums (outputs,)`, Q16.15.
    #[inline]
    pub fn add_to(&self, token: Token, sums: &mut [i32]) {
        let token = match usize::from(token) < self.tokens {
            true => token,
            false => self.fallback,
        };
        let first = usize::from(token) * sums.len();
        for (place, sum) in (first..).zip(sums) {
            let pair = self.codes.get(place / 2).copied().unwrap_or(0);
            let code = pair >> (place % 2 * 4) & 15;
            *sum = sum.saturating_add(self.codebook[usize::from(code)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_adds_its_row_and_no_more_than_fits() {
        let mut codebook = [0; VALUES];
        (codebook[1], codebook[2], codebook[15]) = (7, i32::MIN, i32::MAX);
        let wide = Wide {
            codes: &[0x21, 0xF0, 0x0F],
            codebook: &codebook,
            tokens: 2,
            fallback: 0,
        };
        let mut sums = [1, 2, 3];
        // 1, 2 and 0.
        wide.add_to(0, &mut sums);
        assert_eq!(sums, [8, i32::MIN + 2, 3]);
        // 15, 15 and 0.
        wide.add_to(1, &mut sums);
        assert_eq!(sums, [i32::MAX, 1, 3]);
        wide.add_to(2, &mut sums);
        assert_eq!(sums, [i32::MAX, i32::MIN + 1, 3]);
        wide.add_to(Token::MAX, &mut sums);
        assert_eq!(sums, [i32::MAX, i32::MIN, 3]);
    }
}
