//! Linear models of texts: a weight for each n-gram that a text has.
//!
//! - [`Sparse`]: which n-grams each text has.
//! - [`fit`]: weights that tell the classes of texts apart, scaled by naive Bayes (Wang and
//!   Manning, "Baselines and Bigrams", ACL 2012), by L-BFGS.
//!
//! Beside recurrent networks they are what a few kilobytes hold best, and good teachers.

mod codebook;
mod fit;
mod select;
mod sparse;

pub use codebook::{CODES, Codebook};
pub use fit::{FitError, Lessons, Linear, fit, probabilities};
pub use select::select;
pub use sparse::Sparse;
