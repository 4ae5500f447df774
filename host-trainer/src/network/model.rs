//! The network: configuration and parameters, and the two passes over one batch.

use super::cell::{Cell, cell_for};
use super::config::{Arithmetic, ConfigError, InputKind, NetworkConfig, Task};
use super::gradients::Gradients;
use super::parameters::{Parameters, ParametersError, Places};
use super::product::{add_product, product};
use super::tensor::Tensor;
use super::vector::sum_rows;
use super::workspace::Workspace;
use super::{input, layer, readout};
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
    /// Of each layer; at first f32.
    arithmetic: Vec<Arithmetic>,
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
            arithmetic: vec![Arithmetic::default(); config.layers],
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

    /// Computes the cells' element-wise part as the device does from now on; the states of layer
    /// `l` are kept divided by two to the power `state_shifts[l]`, 0 for layers beyond.
    pub fn compute_as_device(&mut self, state_shifts: &[u8]) {
        for (layer, arithmetic) in self.arithmetic.iter_mut().enumerate() {
            let state_shift = state_shifts.get(layer).copied().unwrap_or(0);
            *arithmetic = Arithmetic::Device { state_shift };
        }
    }

    /// From tokens or vectors to logits; `space` keeps what [`backward`](Self::backward) needs.
    pub(crate) fn forward(&self, batch: &Batch, space: &mut Workspace, masked: Masked) {
        let tensors = self.parameters.as_slice();
        match self.config.input {
            InputKind::OneHot => {}
            InputKind::Embedding { .. } => {
                input::embed(&tensors[0], batch, space, masked.embedding);
            }
            InputKind::Dense { .. } => input::read_vectors(batch, space),
        }
        for (layer, places) in self.places.layers.iter().enumerate() {
            match (layer, self.config.input) {
                (0, InputKind::OneHot) => {
                    let kernel = &tensors[places.input_kernel];
                    input::look_up(kernel, batch, &mut space.layers[0].projection);
                }
                _ => layer::project(tensors, places, batch, layer, space),
            }
            let own = &tensors[places.cell.clone()];
            let layer_space = &mut space.layers[layer];
            self.cell
                .forward(own, batch, layer_space, self.arithmetic[layer]);
        }
        self.read(batch, space, masked);
    }

    /// From the last layer's states to logits.
    fn read(&self, batch: &Batch, space: &mut Workspace, masked: Masked) {
        let tensors = &self.parameters.as_slice()[self.places.head_kernel..];
        let top = &space.layers[self.config.layers - 1].states;
        let of_tokens = batch.sequences()..batch.sequences() + batch.rows();
        let readout = &mut space.readout;
        match self.config.task {
            Task::Classify { readout: kind, .. } => {
                readout::forward(kind, batch, top, readout, &mut space.winners);
            }
            _ if masked.readout => {
                let target = readout.slice_mut(0..batch.rows());
                target.copy_from_slice(top.slice(of_tokens.clone()));
            }
            _ => {}
        }
        if masked.readout {
            input::multiply(readout, &space.readout_mask, readout.count());
        }
        let source = match self.config.every_step() && !masked.readout {
            true => top.rows(of_tokens),
            false => readout.all(),
        };
        let mut logits = space.logits.all_mut();
        logits.assign(&tensors[1].values);
        // Readout (R, H) @ kernel (H, K) is added to the bias (K).
        add_product(&source, &tensors[0].values.view(), logits);
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
        self.read_backward(batch, space, gradients, masked);
        let tensors = self.parameters.as_slice();
        for (layer, places) in self.places.layers.iter().enumerate().rev() {
            let own = places.cell.clone();
            let layer_space = &mut space.layers[layer];
            layer_space.prepare_backward(batch);
            let own_gradients = gradients.dense_mut(own.clone());
            self.cell
                .backward(&tensors[own], batch, layer_space, own_gradients);
            match (layer, self.config.input) {
                (0, InputKind::OneHot) => {
                    input::scatter(&space.layers[0].projection, batch, gradients);
                }
                _ => layer::project_backward(tensors, places, batch, layer, space, gradients),
            }
        }
        if let InputKind::Embedding { .. } = self.config.input {
            input::embed_backward(batch, space, gradients, masked.embedding);
        }
    }

    /// From the gradient of the logits to that of the last layer's states.
    fn read_backward(
        &self,
        batch: &Batch,
        space: &mut Workspace,
        gradients: &mut Gradients,
        masked: Masked,
    ) {
        let head = self.places.head_kernel;
        let kernel = &self.parameters.as_slice()[head].values;
        let gradients = gradients.dense_mut(head..head + 2);
        let (logits, top) = (
            space.logits.all(),
            &mut space.layers[self.config.layers - 1],
        );
        let of_tokens = batch.sequences()..batch.sequences() + batch.rows();
        let direct = self.config.every_step() && !masked.readout;
        let source = match direct {
            true => top.states.rows(of_tokens),
            false => space.readout.all(),
        };
        product(&source.t(), &logits, gradients[0].view_mut());
        let bias = gradients[1].as_slice_mut().unwrap_or_default();
        sum_rows(space.logits.slice(0..logits.nrows()), bias);
        let target = match direct {
            true => &mut top.state_gradients,
            false => &mut space.readout_gradients,
        };
        product(&logits, &kernel.t(), target.all_mut());
        if masked.readout {
            let rows = target.count();
            input::multiply(target, &space.readout_mask, rows);
        }
        match self.config.task {
            Task::Classify { readout: kind, .. } => {
                let from = &space.readout_gradients;
                readout::backward(kind, batch, from, &space.winners, top);
            }
            _ if masked.readout => {
                let target = top.state_gradients.slice_mut(0..batch.rows());
                target.copy_from_slice(space.readout_gradients.slice(0..batch.rows()));
            }
            _ => {}
        }
    }
}
