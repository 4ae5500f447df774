//! The products with Helium, the vector extension of Armv8.1-M.
//!
//! Plain loops, from which the compiler makes what one would write by hand.

pub use super::portable::{accumulate_i4, accumulate_i8};
