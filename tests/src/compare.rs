//! The core beside the oracle, token by token.

use crate::{model::Model, oracle::Oracle};
use proptest::{prelude::*, test_runner::TestCaseError};
use spinet_core::{Artifact, Buffers, State, Token};

/// Compares the logits of nothing, then the logits and, without a window, the hidden state after
/// every token.
///
/// # Errors
/// Where the core and the oracle differ.
pub fn compare<B: Buffers>(model: &Model, tokens: &[Token]) -> Result<(), TestCaseError> {
    let bytes = model.artifact();
    let artifact = Artifact::parse(&bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
    let network = artifact.network;
    let mut state = State::<B>::new(network.dimensions()).expect("its own shape");
    let mut oracle = Oracle::new(model);
    prop_assert_eq!(network.logits(&mut state), &oracle.logits()[..]);
    for &token in tokens {
        network.step(&mut state, token);
        oracle.step(token);
        prop_assert_eq!(network.logits(&mut state), &oracle.logits()[..]);
        if model.window == 0 {
            prop_assert_eq!(state.hidden(), &oracle.hidden()[..]);
        }
    }
    Ok(())
}
