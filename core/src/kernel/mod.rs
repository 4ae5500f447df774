//! Matrix-vector products, and what is done to their sums before and after: the seam between the
//! network's equations and the core's instructions.
//!
//! Callers see what is re-exported here alone; which implementation stands behind it is decided
//! when the crate is compiled: `dsp` on cores with the DSP extension (Cortex-M4, M7, M33), `mla`
//! for weights of 8 bits on the Cortex-M3, `mve` on cores with Helium (Cortex-M55), [`portable`]
//! on all others, whose oracle it is. `build.rs` tells how a Cortex-M33 or M55 is recognised.

#[cfg(dsp)]
pub mod dsp;
#[cfg(mla)]
pub mod mla;
#[cfg(mve)]
pub mod mve;
pub mod portable;

#[cfg(dsp)]
pub use dsp::{accumulate_i4, accumulate_i8};
#[cfg(mla)]
pub use mla::accumulate_i8;
#[cfg(mve)]
pub use mve::{accumulate_i4, accumulate_i8, begin, requantize};
#[cfg(not(any(dsp, mve)))]
pub use portable::accumulate_i4;
#[cfg(not(any(dsp, mla, mve)))]
pub use portable::accumulate_i8;
#[cfg(not(mve))]
pub use portable::{begin, requantize};
