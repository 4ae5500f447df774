//! Matrix-vector products: the seam between the network's equations and the core's instructions.
//!
//! Callers see [`accumulate_i8`] and [`accumulate_i4`] alone; which implementation stands behind
//! them is decided when the crate is compiled. [`portable`] is both the implementation for every
//! target and the oracle for any other.

pub mod portable;

pub use portable::{accumulate_i4, accumulate_i8};
