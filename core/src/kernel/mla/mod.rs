//! The products on Armv7-M without the DSP extension, the Cortex-M3: `MLA` and `MLAL` over the rows of
//! a quad at once, so that the inputs are loaded for all of them.
//!
//! The compiler's own loop over several rows takes half as many instructions again, hence the
//! assembly. Sums are exact in 32 bits (see [`portable`](super::portable)), so their order does not
//! matter.
#![allow(unsafe_code)]

pub mod quads;
