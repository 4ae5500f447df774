//! The recurrent cells.
//!
//! | cell | equations | remembers besides `h_t` |
//! |---|---|---|
//! | [`SimpleRnn`] | Elman 1990 | nothing |
//! | [`Gru`] | Cho et al. 2014, reset after the product | nothing |
//! | [`Lstm`] | Hochreiter and Schmidhuber 1997, Gers et al. 2000 | `c_t` |
//! | [`FastGrnn`] | Kusupati et al. 2018 | nothing |
//!
//! A cell's weights are *unit-major*: the rows that belong to one unit lie together, in the
//! order of the cell's `GATES`, and row `unit * rows_per_unit + gate` is that gate's. A step goes
//! through [`BLOCK`] units at a time, reads their rows once, and needs no buffer for the sums of
//! the others.
//!
//! **Adding a cell** takes one file here and one line in the list of [`cells!`](self) below. The
//! file holds the equation with its source, the gates' order, where the cell lies in an artifact
//! ([`CellLayout`]), its `step` ([`Step`]) and, for one unit, its element-wise part as a function
//! of its own, which quantisation-aware training calls too. Nothing else in this crate knows
//! which cells there are. (The trainer asks for as much: one file and one match arm; see its
//! `network::cell`.)

pub mod fast_grnn;
pub mod gru;
pub mod lstm;
pub mod simple_rnn;

pub use fast_grnn::{FastGrnn, FastGrnnSpec, FastGrnnUnit, LowRankSpec, Mix, ProductSpec};
pub use gru::{Gru, GruSpec, GruUnit};
pub use lstm::{Lstm, LstmSpec, LstmUnit};
pub use simple_rnn::{SimpleRnn, SimpleRnnSpec};

use crate::{
    data::Data,
    error::ArtifactError,
    input::{Input, Source},
};
use core::{fmt, str::FromStr};
use serde::{Deserialize, Serialize};

/// Units that an LSTM's step goes through at a time; other cells go through more. A block costs
/// some 600 instructions besides what its units do, on a Cortex-M4, and its sums 512 bytes of stack
/// (those of a GRU's 1,024, but 512 on the Cortex-M3).
pub const BLOCK: usize = 32;

/// The most recurrent layers in a stack.
pub const MAX_LAYERS: usize = 4;

/// How a cell lies in an artifact.
pub trait CellLayout {
    /// The cell with its weights borrowed.
    type Cell<'a>;

    /// Borrows the cell behind `source`.
    ///
    /// # Errors
    /// Those of the cell's tensors.
    fn resolve<'a>(&self, data: Data<'a>, source: Source) -> Result<Self::Cell<'a>, ArtifactError>;

    /// The width of `h_t`.
    fn hidden_size(&self) -> u16;

    /// The rows of `W_xh x_t`: of a one-hot table in front of the cell.
    fn input_rows(&self) -> usize;

    /// The width of what the cell remembers besides `h_t`.
    fn memory(&self) -> u16 {
        0
    }

    /// The width of what the cell needs besides for the time of a step.
    fn scratch(&self) -> u16 {
        0
    }
}

/// A step of time.
pub trait Step {
    /// `h_t` from `h_{t-1}` and the input.
    fn step(&self, input: Input<'_>, state: LayerState<'_>);

    /// Multiply-accumulates of one step.
    fn macs(&self) -> usize;
}

/// What a layer's step reads and writes.
#[derive(Debug)]
pub struct LayerState<'s> {
    /// `h_{t-1} (hidden_size,)`, Q0.15.
    pub hidden: &'s [i16],
    /// `h_t (hidden_size,)`, Q0.15, written.
    pub next: &'s mut [i16],
    /// `c_{t-1}` before and `c_t` after, `(memory,)`, Q16.15.
    pub memory: &'s mut [i32],
    /// Working space `(scratch,)`.
    pub scratch: &'s mut [i16],
}

/// Some of the cells: those that a program computes. The code of the others is left out of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellSet(u8);

const _: () = assert!(CellKind::ALL.len() <= u8::BITS as usize);

impl CellSet {
    /// All of them.
    pub const ALL: Self = Self::of(CellKind::ALL);

    /// These cells.
    pub const fn of(kinds: &[CellKind]) -> Self {
        let (mut bits, mut rest) = (0, kinds);
        while let [kind, others @ ..] = rest {
            bits |= 1 << *kind as u8;
            rest = others;
        }
        Self(bits)
    }

    /// Whether `kind` is among them.
    pub const fn has(self, kind: CellKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }

    /// The set as a number, for a const generic, which cannot be a set: bit `kind as u8` of each.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of such a number; other bits are ignored.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }
}

/// Defines [`CellKind`], [`CellSpec`] and [`Cell`] from the list of cells.
macro_rules! cells {
    ($($cell:ident, $spec:ident, $name:literal;)*) => {
        /// The cells' names.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        pub enum CellKind {
            $(#[doc = concat!("[`", stringify!($cell), "`].")] $cell,)*
        }

        impl CellKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$cell),*];

            /// The cell's name, as recipes spell it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$cell => $name),* }
            }
        }

        /// Where a cell lies in an artifact.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum CellSpec {
            $(#[doc = concat!("A [`", stringify!($cell), "`].")] $cell($spec),)*
        }

        impl CellSpec {
            /// Which cell it is.
            pub const fn kind(&self) -> CellKind {
                match self { $(Self::$cell(_) => CellKind::$cell),* }
            }
        }

        impl CellLayout for CellSpec {
            type Cell<'a> = Cell<'a>;

            // One copy for all layers: the artifact is checked once.
            #[inline(never)]
            fn resolve<'a>(
                &self,
                data: Data<'a>,
                source: Source,
            ) -> Result<Cell<'a>, ArtifactError> {
                if self.hidden_size() == 0 {
                    return Err(ArtifactError::OutOfRange("hidden size"));
                }
                match self { $(Self::$cell(spec) => spec.resolve(data, source).map(Cell::$cell)),* }
            }

            fn hidden_size(&self) -> u16 {
                match self { $(Self::$cell(spec) => spec.hidden_size()),* }
            }

            fn input_rows(&self) -> usize {
                match self { $(Self::$cell(spec) => spec.input_rows()),* }
            }

            fn memory(&self) -> u16 {
                match self { $(Self::$cell(spec) => spec.memory()),* }
            }

            fn scratch(&self) -> u16 {
                match self { $(Self::$cell(spec) => spec.scratch()),* }
            }
        }

        /// A cell's weights, borrowed from an artifact.
        // There is no heap to put the largest on.
        #[allow(clippy::large_enum_variant)]
        #[derive(Debug, Clone, Copy)]
        pub enum Cell<'a> {
            $(#[doc = concat!("A [`", stringify!($cell), "`].")] $cell($cell<'a>),)*
        }

        impl Cell<'_> {
            /// Which cell it is.
            pub const fn kind(&self) -> CellKind {
                match self { $(Self::$cell(_) => CellKind::$cell),* }
            }

            /// [`Step::step`] of a cell that is among `known`, a constant; none of another.
            #[inline]
            pub fn step(&self, known: CellSet, input: Input<'_>, state: LayerState<'_>) {
                match self {
                    $(Self::$cell(cell) if known.has(CellKind::$cell) => cell.step(input, state),)*
                    _ => {}
                }
            }

            /// [`Step::macs`].
            pub fn macs(&self) -> usize {
                match self { $(Self::$cell(cell) => cell.macs()),* }
            }
        }
    };
}

// Postcard numbers the variants in this order: new ones go to the end.
cells! {
    SimpleRnn, SimpleRnnSpec, "simple-rnn";
    Gru, GruSpec, "gru";
    Lstm, LstmSpec, "lstm";
    FastGrnn, FastGrnnSpec, "fast-grnn";
}

impl fmt::Display for CellKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No cell has that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownCell;

impl fmt::Display for UnknownCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cells are")?;
        for (index, kind) in CellKind::ALL.iter().enumerate() {
            write!(f, "{} {kind}", if index == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownCell {}

impl FromStr for CellKind {
    type Err = UnknownCell;

    fn from_str(name: &str) -> Result<Self, UnknownCell> {
        let known = Self::ALL.iter().find(|kind| kind.name() == name);
        known.copied().ok_or(UnknownCell)
    }
}
