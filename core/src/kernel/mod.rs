//! Matrix-vector products: the seam between the network's equations and the core's instructions.
//!
//! Callers see [`accumulate_i8`] and [`accumulate_i4`], those of [`quads`], and the two other
//! loops that a step's time goes to, [`interpolate`] and [`gates`]; which
//! implementation stands behind them is decided when the crate is compiled: `dsp` on cores with
//! the DSP extension (Cortex-M4, M7), `mla` on the Cortex-M3, `small` on the Cortex-M0, [`portable`]
//! on all others, whose oracle it is.

/// Values of a table that is interpolated: 512 intervals on either side of 0.
pub const SPAN: usize = 1_025;

#[cfg(dsp)]
pub mod dsp;
#[cfg(mla)]
pub mod mla;
pub mod portable;
#[cfg(small)]
pub mod small;

#[cfg(dsp)]
pub use dsp::{accumulate_i4, accumulate_i8, gates, interpolate, quads};
#[cfg(mla)]
pub use mla::{accumulate_i8, quads};
#[cfg(not(any(dsp, mla, small)))]
pub use portable::quads;
#[cfg(not(any(dsp, mla)))]
pub use portable::{accumulate_i4, accumulate_i8, gates, interpolate};
#[cfg(mla)]
pub use portable::{accumulate_i4, gates, interpolate};
#[cfg(small)]
pub use small as quads;
