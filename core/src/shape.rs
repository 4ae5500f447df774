//! The sizes of a model at compile time, and the buffers that they ask for.
//!
//! The equations of the crate work on slices; [`Buffers`] says where the slices live. On a
//! device that is [`Shape`], arrays whose lengths are const generics. A host that opens any
//! model at run time brings its own implementation, on the heap.

use crate::{Token, fixed};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The sizes that determine how much memory a model's state takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dimensions {
    /// Width of the input vector `x_t`; 0 where a token's contribution is read from a table.
    pub input_size: u16,
    /// Width of the hidden state `h_t`.
    pub hidden_size: u16,
    /// Number of logits: 1 for two classes, otherwise one per class.
    pub outputs: u16,
    /// Length of the token window; 0 for a model that streams without one.
    pub window: u16,
}

impl Dimensions {
    /// Bytes of RAM that [`State`](crate::State) takes for these dimensions, without padding
    /// between its fields.
    pub const fn state_bytes(self) -> usize {
        let hidden = self.hidden_size as usize;
        // x_t; h_t and the pooled read-out; the running sums; the accumulators; the logits; the ring.
        2 * self.input_size as usize
            + 2 * 2 * hidden
            + 8 * hidden
            + 4 * hidden
            + 4 * self.outputs as usize
            + 2 * self.window as usize
    }
}

/// A buffer of a length fixed when it is made.
pub trait Buffer<T>: AsRef<[T]> + AsMut<[T]> + Sized {
    /// A buffer of `length` zeros, or `None` if this type cannot have that length.
    fn zeroed(length: usize) -> Option<Self>;
}

impl<T: Copy + Default, const N: usize> Buffer<T> for [T; N] {
    fn zeroed(length: usize) -> Option<Self> {
        (length == N).then_some([T::default(); N])
    }
}

/// The last tokens of a sequence.
pub trait Ring: Sized {
    /// An empty ring for the last `length` tokens, or `None` if this type cannot hold them.
    fn empty(length: usize) -> Option<Self>;
    /// Takes a token in; the oldest leaves when the ring is full.
    fn push(&mut self, token: Token);
    /// Forgets everything.
    fn clear(&mut self);
    /// The number of tokens in the ring.
    fn count(&self) -> usize;
    /// The `index`th token, counted from the oldest.
    fn get(&self, index: usize) -> Option<Token>;
}

/// The last `N` tokens, `N` possibly 0, in a vector of fixed capacity.
#[derive(Debug, Clone, Default)]
pub struct Recent<const N: usize> {
    tokens: Vec<Token, N>,
    /// Where the oldest token lies once the vector is full.
    oldest: usize,
}

impl<const N: usize> Ring for Recent<N> {
    fn empty(length: usize) -> Option<Self> {
        (length == N).then(Self::default)
    }

    fn push(&mut self, token: Token) {
        if self.tokens.push(token).is_err()
            && let Some(slot) = self.tokens.get_mut(self.oldest)
        {
            *slot = token;
            self.oldest = if self.oldest + 1 < N {
                self.oldest + 1
            } else {
                0
            };
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    fn count(&self) -> usize {
        self.tokens.len()
    }

    fn get(&self, index: usize) -> Option<Token> {
        let place = self.oldest + index;
        let wrapped = if place < N { place } else { place - N };
        self.tokens.get(wrapped).copied()
    }
}

/// Where the buffers of a model's state live.
pub trait Buffers {
    /// Assertions about the sizes, evaluated when a [`State`](crate::State) is compiled.
    const SOUND: () = ();
    /// The input vector `x_t (input_size,)`, Q0.15.
    type Input: Buffer<i16>;
    /// The hidden state `h_t (hidden_size,)`, Q0.15.
    type Hidden: Buffer<i16>;
    /// Pre-activations `(hidden_size,)`.
    type Accumulators: Buffer<i32>;
    /// Running sums or maxima over time `(hidden_size,)`, Q0.15 with 48 bits to spare.
    type Pool: Buffer<i64>;
    /// The logits `y_t (outputs,)`, Q16.15.
    type Logits: Buffer<i32>;
    /// The last `window` tokens.
    type Window: Ring;
}

/// A model's sizes as const generics: every buffer is an array of exactly that length.
///
/// `INPUT` is the width of the embedding (0 for one-hot input), `WINDOW` the number of tokens
/// that the model looks back (0 for a model that streams). A shape whose sums could overflow
/// 32 bits does not compile:
///
/// ```compile_fail,E0080
/// use spinet_core::{Shape, State, shape::Dimensions};
/// let dimensions = Dimensions { input_size: 300, hidden_size: 300, outputs: 1, window: 0 };
/// let state = State::<Shape<300, 300, 1, 0>>::new(dimensions);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Shape<const INPUT: usize, const HIDDEN: usize, const OUTPUT: usize, const WINDOW: usize>;

impl<const INPUT: usize, const HIDDEN: usize, const OUTPUT: usize, const WINDOW: usize> Buffers
    for Shape<INPUT, HIDDEN, OUTPUT, WINDOW>
{
    const SOUND: () = {
        assert!(HIDDEN > 0, "a hidden state has at least one unit");
        assert!(OUTPUT > 0, "a head has at least one logit");
        assert!(
            INPUT + HIDDEN <= fixed::MAX_COLUMNS,
            "a 32-bit accumulator could overflow"
        );
    };
    type Input = [i16; INPUT];
    type Hidden = [i16; HIDDEN];
    type Accumulators = [i32; HIDDEN];
    type Pool = [i64; HIDDEN];
    type Logits = [i32; OUTPUT];
    type Window = Recent<WINDOW>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn after<const N: usize>(count: Token) -> Vec<Token> {
        let mut ring = Recent::<N>::empty(N).unwrap();
        (0..count).for_each(|token| ring.push(token));
        (0..ring.count())
            .map(|index| ring.get(index).unwrap())
            .collect()
    }

    #[test]
    fn a_ring_keeps_the_last_tokens_in_order() {
        assert_eq!(after::<0>(7), []);
        assert_eq!(after::<1>(7), [6]);
        assert_eq!(after::<3>(2), [0, 1]);
        assert_eq!(after::<3>(3), [0, 1, 2]);
        assert_eq!(after::<3>(8), [5, 6, 7]);
    }

    #[test]
    fn a_ring_has_exactly_its_length() {
        assert!(Recent::<3>::empty(2).is_none());
        let mut ring = Recent::<2>::empty(2).unwrap();
        (0..5).for_each(|token| ring.push(token));
        ring.clear();
        assert_eq!((ring.count(), ring.get(0)), (0, None));
    }
}
