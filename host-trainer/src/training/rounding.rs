//! Training with weights rounded to what a device can hold: quantisation-aware training.
//!
//! The network's own weights stay real numbers. Every step runs over a twin that has them rounded
//! and computes its cells as the device does; the twin's gradients move the network's weights, as
//! if rounding had slope one (the straight-through estimator of Bengio, Léonard and Courville,
//! arXiv:1308.3432, 2013). Which numbers a device can hold is the quantiser's to say, once and for
//! all: with scales that followed the weights, the ground that they settle on would move.

use super::error::TrainingError;
use crate::network::{Network, Parameters};

/// Rounds weights to what a device can hold.
pub trait Rounding {
    /// Replaces the weights of `target`, which are as many, by the rounded ones.
    ///
    /// # Errors
    /// If the weights are not those that scales were chosen for.
    fn round(&self, parameters: &Parameters, target: &mut Parameters) -> Result<(), TrainingError>;

    /// The shift of each layer's states (see [`Network::compute_as_device`]).
    fn state_shifts(&self) -> Vec<u8>;
}

/// A network's twin on the device.
pub(super) struct Twin<'a> {
    rounding: &'a dyn Rounding,
    pub network: Network,
}

impl<'a> Twin<'a> {
    pub fn new(network: &Network, rounding: &'a dyn Rounding) -> Self {
        let mut twin = network.clone();
        twin.compute_as_device(&rounding.state_shifts());
        Self {
            rounding,
            network: twin,
        }
    }

    /// Makes the twin what the network's weights have become.
    pub fn follow(&mut self, parameters: &Parameters) -> Result<(), TrainingError> {
        self.rounding
            .round(parameters, self.network.parameters_mut())
    }
}
