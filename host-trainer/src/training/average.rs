//! The running mean of a network's weights.
//!
//! `mean += (1 - decay) (w - mean)` after every step of the optimiser, the mean of the steps so far
//! while they are few: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging",
//! SIAM J. Control Optim. 30 (1992), with an exponential window.

use crate::network::{Network, Parameters};

/// A network whose weights are the running mean of another's.
pub(super) struct Average {
    network: Network,
    decay: f32,
    steps: u64,
}

impl Average {
    /// The mean of no steps; `decay` is below 1.
    pub fn new(network: &Network, decay: f32) -> Self {
        Self {
            network: network.clone(),
            decay,
            steps: 0,
        }
    }

    /// The network with the mean weights.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// Takes in the weights after a step.
    pub fn follow(&mut self, parameters: &Parameters) {
        self.steps += 1;
        let rate = (1.0 - self.decay).max(1.0 / self.steps as f32);
        let means = self.network.parameters_mut().tensors_mut();
        for (mean, tensor) in means.iter_mut().zip(parameters.iter()) {
            mean.values
                .zip_mut_with(&tensor.values, |mean, &w| *mean += rate * (w - *mean));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{InputKind, NetworkConfig};

    #[test]
    fn the_mean_is_that_of_all_steps_and_then_of_the_last_ones() {
        let config = NetworkConfig::simple_rnn(InputKind::OneHot, 4, 2);
        let mut network = Network::new(config, 1).unwrap();
        let mut average = Average::new(&network, 0.75);
        let mut after = |value: f32| {
            for tensor in network.parameters_mut().tensors_mut() {
                tensor.values.fill(value);
            }
            average.follow(network.parameters());
            average
                .network()
                .parameters()
                .get("head.bias")
                .unwrap()
                .values[[0, 0]]
        };
        assert_eq!([after(1.0), after(3.0)], [1.0, 2.0]);
        assert!((after(5.0) - 3.0).abs() < 1e-6);
        assert!((after(7.0) - 4.0).abs() < 1e-6);
        assert!((after(4.0) - 4.0).abs() < 1e-6);
        assert!((after(8.0) - 5.0).abs() < 1e-6);
    }
}
