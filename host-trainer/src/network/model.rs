//! The network: configuration and parameters, and the two passes over one batch.

use ndarray::linalg::general_mat_mul;

use super::cell::{Cell, cell_for};
use super::config::{ConfigError, InputKind, NetworkConfig};
use super::gradients::Gradients;
use super::parameters::{Parameters, ParametersError, Places};
use super::tensor::Tensor;
use super::workspace::Workspace;
use super::{head, input, readout};
use crate::batch::Batch;

/// Which dropout masks of the workspace apply.
#[derive(Clone, Copy, Default)]
pub(crate) struct Masked {
    pub embedding: bool,
    pub readout: bool,
}

/// A network with its weights.
#[derive(Clone)]
pub struct Network {
    config: NetworkConfig,
    places: Places,
    cell: &'static dyn Cell,
    parameters: Parameters,
}

impl Network {
    /// A network with fresh weights; the same seed gives the same ones.
    pub fn new(config: NetworkConfig, seed: u64) -> Result<Self, ConfigError> {
        let parameters = Parameters::initialize(&config, seed)?;
        Ok(Self::assemble(config, parameters))
    }

    /// A network with weights from elsewhere.
    pub fn with_tensors(
        config: NetworkConfig,
        tensors: Vec<Tensor>,
    ) -> Result<Self, ParametersError> {
        let parameters = Parameters::from_tensors(&config, tensors)?;
        Ok(Self::assemble(config, parameters))
    }

    fn assemble(config: NetworkConfig, parameters: Parameters) -> Self {
        Self {
            places: Places::new(&config),
            cell: cell_for(config.cell),
            config,
            parameters,
        }
    }

    /// What the network is.
    pub fn config(&self) -> &NetworkConfig {
        &self.config
    }

    /// The weights.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The weights, to be changed; their shapes must stay.
    pub fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    /// From tokens to logits; `space` keeps what [`backward`](Self::backward) needs.
    pub(crate) fn forward(&self, batch: &Batch, space: &mut Workspace, masked: Masked) {
        let tensors = self.parameters.as_slice();
        for (layer, places) in self.places.layers.iter().enumerate() {
            let kernel = &tensors[places.input_kernel];
            match (layer, self.config.input) {
                (0, InputKind::OneHot) => {
                    input::look_up(kernel, batch, &mut space.layers[0].projection);
                }
                (0, InputKind::Embedding { .. }) => {
                    input::embed(&tensors[0], kernel, batch, space, masked.embedding);
                }
                _ => project(kernel, batch, layer, space),
            }
            self.cell.forward(
                &tensors[places.cell.clone()],
                batch,
                &mut space.layers[layer],
            );
        }
        let top = &space.layers[self.config.layers - 1].states;
        let kind = self.config.readout;
        readout::forward(kind, batch, top, &mut space.readout, &mut space.winners);
        if masked.readout {
            input::multiply(&mut space.readout, &space.readout_mask, batch.sequences());
        }
        head::forward(&tensors[self.places.head_kernel..], space);
    }

    /// From the gradient of the logits to that of every parameter; follows
    /// [`forward`](Self::forward) on the same batch. `gradients` must be cleared.
    pub(crate) fn backward(
        &self,
        batch: &Batch,
        space: &mut Workspace,
        gradients: &mut Gradients,
        masked: Masked,
    ) {
        let tensors = self.parameters.as_slice();
        let head = self.places.head_kernel;
        head::backward(&tensors[head..], space, gradients.dense_mut(head..head + 2));
        if masked.readout {
            input::multiply(
                &mut space.readout_gradients,
                &space.readout_mask,
                batch.sequences(),
            );
        }
        let top = &mut space.layers[self.config.layers - 1];
        let from = &space.readout_gradients;
        readout::backward(self.config.readout, batch, from, &space.winners, top);
        for (layer, places) in self.places.layers.iter().enumerate().rev() {
            let own = places.cell.clone();
            space.layers[layer].clear_inactive(batch);
            let own_gradients = gradients.dense_mut(own.clone());
            self.cell.backward(
                &tensors[own],
                batch,
                &mut space.layers[layer],
                own_gradients,
            );
            let kernel = &tensors[places.input_kernel];
            match (layer, self.config.input) {
                (0, InputKind::OneHot) => {
                    input::scatter(&space.layers[0].projection, batch, gradients);
                }
                (0, InputKind::Embedding { .. }) => {
                    input::embed_backward(kernel, batch, space, gradients, masked.embedding);
                }
                _ => {
                    let place = places.input_kernel..places.input_kernel + 1;
                    let gradient = &mut gradients.dense_mut(place)[0];
                    project_backward(kernel, batch, layer, space, gradient);
                }
            }
        }
    }
}

/// `states of the layer below (T*B, H) @ kernel (H, P) -> projection (T*B, P)`.
fn project(kernel: &Tensor, batch: &Batch, layer: usize, space: &mut Workspace) {
    let (below, this) = space.layers.split_at_mut(layer);
    let first = batch.sequences();
    let states = below[layer - 1].states.rows(first..first + batch.rows());
    general_mat_mul(
        1.0,
        &states,
        &kernel.values,
        0.0,
        &mut this[0].projection.all_mut(),
    );
}

/// The way back of [`project`]: the kernel's gradient, and the state gradients of the layer below.
fn project_backward(
    kernel: &Tensor,
    batch: &Batch,
    layer: usize,
    space: &mut Workspace,
    gradient: &mut ndarray::Array2<f32>,
) {
    let (below, this) = space.layers.split_at_mut(layer);
    let below = &mut below[layer - 1];
    let first = batch.sequences();
    let states = below.states.rows(first..first + batch.rows());
    let projection = this[0].projection.all();
    general_mat_mul(1.0, &states.t(), &projection, 0.0, gradient);
    let mut above = below.state_gradients.all_mut();
    general_mat_mul(1.0, &projection, &kernel.values.t(), 0.0, &mut above);
}
