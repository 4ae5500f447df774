//! Linear models of texts: a weight for each n-gram that a text has.
//!
//! - [`Sparse`]: which n-grams each text has; [`Design`] is what it has in common with matrices of
//!   other features.
//! - [`fit`]: weights that tell the classes of texts apart, scaled by naive Bayes if that is wanted
//!   (Wang and Manning, "Baselines and Bigrams", ACL 2012), by L-BFGS;
//! - [`coordinates`]: where the texts that features come in put them.
//!
//! Beside recurrent networks they are what a few kilobytes hold best, and good teachers.

mod apart;
mod codebook;
mod design;
mod fit;
mod select;
mod sparse;
mod spectrum;

pub use apart::judged_apart;
pub use codebook::{CODES, Codebook};
pub use design::{Dense, Design};
pub use fit::{FitError, Lessons, Linear, Method, Scaling, fit, probabilities};
pub use select::select;
pub use sparse::Sparse;
pub use spectrum::coordinates;
