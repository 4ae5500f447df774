//! Matrix-vector products: the seam between the network's equations and the core's instructions.
//!
//! Callers see [`accumulate_i8`] and [`accumulate_i4`] alone; which implementation stands behind
//! them is decided when the crate is compiled: `dsp` on cores with the DSP extension (Cortex-M4,
//! M7, M33, M55), [`portable`] on all others. [`portable`] is the oracle for any other.

#[cfg(dsp)]
pub mod dsp;
pub mod portable;

#[cfg(dsp)]
pub use dsp::{accumulate_i4, accumulate_i8};
#[cfg(not(dsp))]
pub use portable::{accumulate_i4, accumulate_i8};
