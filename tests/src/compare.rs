//! The core beside the oracle, element by element.

use crate::{model::Model, oracle::Oracle, sequence::Element};
use proptest::{prelude::*, test_runner::TestCaseError};
use spinet_core::{Artifact, Buffers, Network, State};

/// Compares the logits of nothing, then the logits and, without a window, the hidden and cell
/// states after every element.
///
/// # Errors
/// Where the core and the oracle differ.
pub fn compare<B: Buffers>(model: &Model, sequence: &[Element]) -> Result<(), TestCaseError> {
    let bytes = model.artifact();
    let artifact = Artifact::parse(&bytes).map_err(|e| TestCaseError::fail(e.to_string()))?;
    let network = artifact.network;
    let mut state = State::<B>::new(&network).expect("its own shape");
    let mut oracle = Oracle::new(model);
    prop_assert_eq!(network.logits(&mut state), &oracle.logits()[..]);
    for element in sequence {
        step(&network, &mut state, element);
        oracle.read(element);
        prop_assert_eq!(network.logits(&mut state), &oracle.logits()[..]);
        if model.window() == 0 {
            prop_assert_eq!(state.hidden(), &oracle.hidden()[..]);
            prop_assert_eq!(state.memory(), &oracle.memory()[..]);
        }
    }
    Ok(())
}

/// The core's step.
pub fn step<B: Buffers>(network: &Network<'_>, state: &mut State<B>, element: &Element) {
    match element {
        Element::Token(token) => network.step(state, *token),
        Element::Vector(x) => network.step_vector(state, x),
    }
}

impl Oracle<'_> {
    /// The oracle's step.
    pub fn read(&mut self, element: &Element) {
        match element {
            Element::Token(token) => self.step(*token),
            Element::Vector(x) => self.step_vector(x),
        }
    }
}
