//! What the tests share: random models and the oracle that they are compared with.
//!
//! ```text
//! model::models() -> Model -> Model::artifact() -> spinet_core -> logits
//!                      |                                            ==
//!                      +------------> oracle::Oracle ----------> logits
//! ```

pub mod artifact;
pub mod compare;
pub mod device;
pub mod host;
pub mod lookup;
pub mod model;
pub mod oracle;
pub mod refusal;
pub mod sequence;

use proptest::test_runner::{Config, RngSeed};

/// A proptest configuration of `cases` cases from a fixed seed, or from `PROPTEST_RNG_SEED`.
///
/// Nothing is written to disk: a failure is found again by running the same test again.
pub fn cases(cases: u32) -> Config {
    let mut config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(0x5917E7);
    }
    config
}
