//! Matrix-vector products, and what is done to their sums before and after: the seam between the
//! network's equations and the core's instructions.
//!
//! Callers see what is re-exported here alone; which implementation stands behind it is decided
//! when the crate is compiled: `dsp` on cores with the DSP extension (Cortex-M4, M7, M33), `mla`
//! on the Cortex-M3, `small` on the Cortex-M0, `mve` on cores with Helium (Cortex-M55), [`portable`]
//! on all others, whose oracle it is. `build.rs` tells how a Cortex-M33 or M55 is recognised.

/// Values of a table that is interpolated: 512 intervals on either side of 0.
pub const SPAN: usize = 1_025;

#[cfg(dsp)]
pub mod dsp;
#[cfg(mla)]
pub mod mla;
#[cfg(mve)]
pub mod mve;
pub mod portable;
#[cfg(small)]
pub mod small;

#[cfg(dsp)]
pub use dsp::{gates, interpolate, quads};
#[cfg(mla)]
pub use mla::quads;
#[cfg(mve)]
pub use mve::{begin, gates, quads, requantize};
#[cfg(not(any(dsp, mve)))]
pub use portable::gates;
#[cfg(not(dsp))]
pub use portable::interpolate;
#[cfg(not(any(dsp, mla, mve, small)))]
pub use portable::quads;
#[cfg(not(mve))]
pub use portable::{begin, requantize};
#[cfg(small)]
pub use small as quads;
