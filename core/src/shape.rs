//! The sizes of a model at compile time, and the buffers that they ask for.
//!
//! The equations of the crate work on slices; [`Buffers`] says where the slices live. On a
//! device that is [`Shape`], arrays whose lengths are const generics. A host that opens any
//! model at run time brings its own implementation, on the heap.

use crate::{
    Token,
    cell::{CellKind, CellSet},
    classifier::{Reader, SecondReader},
};
use core::{fmt, marker::PhantomData};
use heapless::Vec;
use serde::{Deserialize, Serialize};

/// The lengths of the buffers that a model's state consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dimensions {
    /// Width of the input vector `x_t` (0 where a token's contribution is read from a table) and
    /// of a cell's low-rank products together.
    pub input: u16,
    /// Width of the hidden states `h_t` of all layers together.
    pub hidden: u16,
    /// Width of the widest layer's hidden state.
    pub widest: u16,
    /// Width of what cells remember besides `h_t`: the cell states `c_t` of all LSTM layers.
    pub memory: u16,
    /// Width of what is pooled over time; 0 where the head sees the last state.
    pub pool: u16,
    /// Number of logits: 1 for two classes, otherwise one per class, symbol or feature.
    pub outputs: u16,
    /// Length of the token window; 0 for a model that streams without one.
    pub window: u16,
    /// The number of logits once more where tokens add to them [by themselves](crate::wide), or 0.
    pub wide: u16,
    /// Length in 32-bit words of the set of n-grams that a text has had; 0 where none are read.
    pub seen: u16,
}

impl Dimensions {
    /// Bytes of RAM that [`State`](crate::State) takes for these dimensions, and the set of the
    /// n-grams that a text has had, without padding between its fields.
    pub const fn state_bytes(self) -> usize {
        2 * self.input as usize
            + 2 * self.hidden as usize
            + 2 * self.widest as usize
            + 4 * self.memory as usize
            + 8 * self.pool as usize
            + 4 * self.outputs as usize
            + 2 * self.window as usize
            + 4 * self.wide as usize
            + 4 * self.seen as usize
    }

    /// The lengths in the order of [`Shape`]'s parameters, but for the two behind the cells.
    pub const fn parameters(self) -> [u16; 7] {
        [
            self.input,
            self.hidden,
            self.widest,
            self.memory,
            self.pool,
            self.outputs,
            self.window,
        ]
    }
}

/// The type that has these lengths, and any cells.
impl fmt::Display for Dimensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [input, hidden, widest, memory, pool, outputs, window] = self.parameters();
        write!(
            f,
            "Shape<{input}, {hidden}, {widest}, {memory}, {pool}, {outputs}, {window}"
        )?;
        match (self.wide, self.seen) {
            (0, 0) => write!(f, ">"),
            (wide, seen) => write!(f, ", {}, {wide}, {seen}>", CellSet::ALL.bits()),
        }
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
    /// The cells that can be computed: the code of others is not compiled in.
    const CELLS: CellSet = CellSet::ALL;
    /// Whether n-grams can be read: the code for it is not compiled in otherwise.
    const NGRAMS: bool = true;
    /// Whether there is one layer at most: the code for the way from one to the next is not compiled
    /// in then.
    const SINGLE: bool = false;
    /// The input vector `x_t` and a cell's low-rank products, `(input,)`, Q0.15.
    type Input: Buffer<i16>;
    /// The hidden states `h_t` of all layers, one after the other, `(hidden,)`, Q0.15.
    type Hidden: Buffer<i16>;
    /// One layer's next hidden state, or the read-out, `(widest,)`, Q0.15.
    type Next: Buffer<i16>;
    /// The layers' cell states `c_t`, `(memory,)`, Q16.15.
    type Memory: Buffer<i32>;
    /// Running sums or maxima over time `(pool,)`, Q0.15 with 48 bits to spare.
    type Pool: Buffer<i64>;
    /// The logits `y_t (outputs,)`, Q16.15.
    type Logits: Buffer<i32>;
    /// The last `window` tokens.
    type Window: Ring;
    /// What the tokens add to the logits by themselves, `(wide,)`, Q16.15.
    type Wide: Buffer<i32>;
    /// The set of the n-grams that a text has had, `(seen,)`, a bit each.
    type Seen: Buffer<u32>;
    /// The other network of an ensemble, with all that it keeps: `()` for a single network, a
    /// [`Reader`] for one of two, an `Option` of it for either.
    type Second: SecondReader;
}

/// A model's sizes as const generics: every buffer is an array of exactly that length.
///
/// The parameters are the fields of [`Dimensions`], in their order; `spinet inspect` prints
/// them. An eighth, [`cells`], may name the cells of the model, so that the program holds the
/// code of these alone; `wide` and `seen` follow on it, and are 0 where they are left out:
///
/// ```
/// use spinet_core::{Shape, cell::CellKind, shape::cells};
/// type Sentiment = Shape<16, 32, 32, 0, 32, 1, 0, { cells(&[CellKind::SimpleRnn]) }>;
/// ```
///
/// A shape that no network has does not compile:
///
/// ```compile_fail,E0080
/// use spinet_core::{Shape, State, shape::Dimensions};
/// // A layer wider than all layers together.
/// let state = State::<Shape<0, 16, 32, 0, 0, 1, 0>>::new(Dimensions::default());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Shape<
    const INPUT: usize,
    const HIDDEN: usize,
    const WIDEST: usize,
    const MEMORY: usize,
    const POOL: usize,
    const OUTPUTS: usize,
    const WINDOW: usize,
    const CELLS: u8 = { CellSet::ALL.bits() },
    const WIDE: usize = 0,
    const SEEN: usize = 0,
>;

/// Some cells as [`Shape`]'s eighth parameter.
pub const fn cells(kinds: &[CellKind]) -> u8 {
    CellSet::of(kinds).bits()
}

impl<
    const INPUT: usize,
    const HIDDEN: usize,
    const WIDEST: usize,
    const MEMORY: usize,
    const POOL: usize,
    const OUTPUTS: usize,
    const WINDOW: usize,
    const CELLS: u8,
    const WIDE: usize,
    const SEEN: usize,
> Buffers for Shape<INPUT, HIDDEN, WIDEST, MEMORY, POOL, OUTPUTS, WINDOW, CELLS, WIDE, SEEN>
{
    const SOUND: () = {
        assert!(
            WIDEST > 0 || WIDE > 0,
            "a hidden state has at least one unit"
        );
        assert!(HIDDEN >= WIDEST, "a layer is wider than all of them");
        assert!(MEMORY <= HIDDEN, "a unit has at most one cell state");
        assert!(POOL <= WIDEST, "more units are pooled than there are");
        assert!(OUTPUTS > 0, "a head has at least one logit");
        assert!(
            WIDE == 0 || WIDE == OUTPUTS,
            "tokens add to all logits or to none"
        );
    };
    const CELLS: CellSet = CellSet::from_bits(CELLS);
    const NGRAMS: bool = SEEN > 0;
    const SINGLE: bool = HIDDEN == WIDEST;
    type Input = [i16; INPUT];
    type Hidden = [i16; HIDDEN];
    type Next = [i16; WIDEST];
    type Memory = [i32; MEMORY];
    type Pool = [i64; POOL];
    type Logits = [i32; OUTPUTS];
    type Window = Recent<WINDOW>;
    type Wide = [i32; WIDE];
    type Seen = [u32; SEEN];
    type Second = ();
}

/// The sizes of an [ensemble](crate::model::Ensemble)'s two networks, each one's [`Shape`].
#[derive(Debug, Clone, Copy)]
pub struct Pair<A, B>(PhantomData<(A, B)>);

impl<A: Buffers, B: Buffers> Buffers for Pair<A, B> {
    const SOUND: () = A::SOUND;
    const CELLS: CellSet = A::CELLS;
    const NGRAMS: bool = A::NGRAMS;
    const SINGLE: bool = A::SINGLE;
    type Input = A::Input;
    type Hidden = A::Hidden;
    type Next = A::Next;
    type Memory = A::Memory;
    type Pool = A::Pool;
    type Logits = A::Logits;
    type Window = A::Window;
    type Wide = A::Wide;
    type Seen = A::Seen;
    type Second = Reader<B>;
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
