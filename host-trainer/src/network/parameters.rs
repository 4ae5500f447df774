//! The weights of a network: named tensors in a fixed order.
//!
//! Order: `embedding` (if there is one), then for each layer `layer{l}.input_down` (if the kernel
//! is of low rank), `layer{l}.input_kernel` and the cell's own tensors `layer{l}.*`, then
//! `head.kernel` and `head.bias`. Kernels are stored
//! `[in, out]`, so that a product reads `x (rows, in) @ kernel (in, out)`.

use ndarray::ArrayViewMut2;
use rand::SeedableRng;
use rand_pcg::Pcg64;
use sha2::{Digest, Sha256};

use super::cell::cell_for;
use super::config::{ConfigError, InputKind, NetworkConfig};
use super::tensor::{Initializer, Tensor, TensorSpec};

/// Half the width of the interval embeddings start in, as in Keras's `Embedding`.
const EMBEDDING_LIMIT: f32 = 0.05;

/// All weights of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    tensors: Vec<Tensor>,
}

impl Parameters {
    /// Draws the weights a training run starts from, as Keras does: Glorot-uniform kernels
    /// (a one-hot kernel's fan-in is the vocabulary), orthogonal recurrent kernels, zero biases
    /// but for a forget gate's ones, embeddings uniform in `+-0.05`. Unlike in Keras, each gate's
    /// block of a kernel is drawn as a kernel of its own, so that its scale does not depend on the
    /// number of gates. The same seed gives the same weights.
    pub fn initialize(config: &NetworkConfig, seed: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut rng = Pcg64::seed_from_u64(seed);
        let tensors = specifications(config)
            .into_iter()
            .map(|spec| spec.draw(&mut rng))
            .collect();
        Ok(Self { tensors })
    }

    /// Puts tensors read from elsewhere together; names, order and shapes must be those that
    /// `config` asks for.
    pub fn from_tensors(
        config: &NetworkConfig,
        tensors: Vec<Tensor>,
    ) -> Result<Self, ParametersError> {
        config.validate()?;
        let expected = specifications(config);
        if expected.len() != tensors.len() {
            return Err(ParametersError::Count {
                expected: expected.len(),
                found: tensors.len(),
            });
        }
        for (spec, tensor) in expected.iter().zip(&tensors) {
            if spec.name != tensor.name {
                return Err(ParametersError::Name {
                    expected: spec.name.clone(),
                    found: tensor.name.clone(),
                });
            }
            if tensor.values.dim() != (spec.rows, spec.columns) {
                return Err(ParametersError::Shape {
                    name: spec.name.clone(),
                    expected: (spec.rows, spec.columns),
                    found: tensor.values.dim(),
                });
            }
        }
        let tensors = tensors.into_iter().map(in_row_order).collect();
        Ok(Self { tensors })
    }

    /// The tensors, in the network's order.
    pub fn iter(&self) -> std::slice::Iter<'_, Tensor> {
        self.tensors.iter()
    }

    /// The tensors to be changed, in the network's order.
    pub(crate) fn tensors_mut(&mut self) -> &mut [Tensor] {
        &mut self.tensors
    }

    /// The tensor of that name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|tensor| tensor.name == name)
    }

    /// The tensor of that name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<ArrayViewMut2<'_, f32>> {
        let tensor = self.tensors.iter_mut().find(|tensor| tensor.name == name)?;
        Some(tensor.values.view_mut())
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.tensors.iter().map(|tensor| tensor.values.len()).sum()
    }

    /// SHA-256 over names, shapes and numbers: what tells one network from another.
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for tensor in &self.tensors {
            hash.update(format!("{} {:?};", tensor.name, tensor.values.shape()));
            tensor
                .as_slice()
                .iter()
                .for_each(|value| hash.update(value.to_le_bytes()));
        }
        hash.finalize().into()
    }

    /// Whether every number is finite.
    pub fn all_finite(&self) -> bool {
        self.not_finite().is_none()
    }

    /// The first tensor with a number that is infinite or none.
    pub fn not_finite(&self) -> Option<&Tensor> {
        let finite = |tensor: &Tensor| tensor.values.iter().all(|value| value.is_finite());
        self.tensors.iter().find(|tensor| !finite(tensor))
    }

    pub(crate) fn as_slice(&self) -> &[Tensor] {
        &self.tensors
    }
}

/// Where a layer's tensors stand in [`Parameters`].
#[derive(Clone, Debug)]
pub(crate) struct LayerPlaces {
    /// The first factor of a low-rank input kernel.
    pub input_down: Option<usize>,
    pub input_kernel: usize,
    pub cell: std::ops::Range<usize>,
}

/// Where everything stands in [`Parameters`].
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub layers: Vec<LayerPlaces>,
    pub head_kernel: usize,
}

impl Places {
    pub(crate) fn new(config: &NetworkConfig) -> Self {
        let own = cell_for(config.cell).tensors(config).len();
        let first = usize::from(matches!(config.input, InputKind::Embedding { .. }));
        let down = usize::from(config.input_rank > 0);
        let layers = (0..config.layers).map(|layer| {
            let start = first + layer * (down + 1 + own);
            let cell = start + down + 1;
            LayerPlaces {
                input_down: (down > 0).then_some(start),
                input_kernel: start + down,
                cell: cell..cell + own,
            }
        });
        Self {
            layers: layers.collect(),
            head_kernel: first + config.layers * (down + 1 + own),
        }
    }
}

/// Name, shape and start of every tensor, in order.
pub(crate) fn specifications(config: &NetworkConfig) -> Vec<TensorSpec> {
    let hidden = config.hidden_size;
    let mut all = Vec::new();
    if let InputKind::Embedding { dim } = config.input {
        let start = Initializer::Uniform(EMBEDDING_LIMIT);
        let rows = config.vocabulary_size;
        all.push(TensorSpec::matrix("embedding", rows, dim, start));
    }
    for layer in 0..config.layers {
        let rows = if layer == 0 {
            config.input_size()
        } else {
            hidden
        };
        for mut spec in layer_specifications(config, rows) {
            spec.name = format!("layer{layer}.{}", spec.name);
            all.push(spec);
        }
    }
    let (start, outputs) = (Initializer::GlorotUniform(1), config.outputs());
    all.push(TensorSpec::matrix("head.kernel", hidden, outputs, start));
    all.push(TensorSpec::bias("head.bias", outputs));
    all
}

/// The tensors of a layer that reads vectors of length `rows`.
fn layer_specifications(config: &NetworkConfig, rows: usize) -> Vec<TensorSpec> {
    let cell = cell_for(config.cell);
    let (gates, rank) = (cell.gates(), config.input_rank);
    let columns = gates * config.hidden_size;
    let glorot = Initializer::GlorotUniform;
    let mut tensors = match rank {
        0 => vec![TensorSpec::matrix(
            "input_kernel",
            rows,
            columns,
            glorot(gates),
        )],
        _ => vec![
            TensorSpec::matrix("input_down", rows, rank, glorot(1)),
            TensorSpec::matrix("input_kernel", rank, columns, glorot(gates)),
        ],
    };
    tensors.extend(cell.tensors(config));
    tensors
}

fn in_row_order(tensor: Tensor) -> Tensor {
    let values = tensor.values.as_standard_layout().into_owned();
    Tensor {
        name: tensor.name,
        values,
    }
}

/// Tensors that do not make up the network that is asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParametersError {
    /// The configuration itself is impossible.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Too few or too many tensors.
    #[error("the network has {expected} tensors, but {found} were given")]
    Count {
        /// Tensors of the network.
        expected: usize,
        /// Tensors given.
        found: usize,
    },
    /// Another tensor stands where this one should.
    #[error("tensor `{found}` stands where `{expected}` was expected")]
    Name {
        /// The network's tensor.
        expected: String,
        /// The given one.
        found: String,
    },
    /// A tensor's shape differs.
    #[error("tensor `{name}` has shape {found:?}, but the network needs {expected:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// Rows and columns of the network's tensor.
        expected: (usize, usize),
        /// Rows and columns given.
        found: (usize, usize),
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::config::Task;

    fn config() -> NetworkConfig {
        NetworkConfig {
            layers: 2,
            task: Task::Classify {
                readout: spinet_core::Readout::Last,
                outputs: 3,
            },
            ..NetworkConfig::simple_rnn(InputKind::Embedding { dim: 5 }, 7, 4)
        }
    }

    #[test]
    fn tensors_stand_in_the_documented_order() {
        let parameters = Parameters::initialize(&config(), 1).unwrap();
        let listed: Vec<_> = parameters
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor.shape()))
            .collect();
        let expected: [(&str, &[usize]); 9] = [
            ("embedding", &[7, 5]),
            ("layer0.input_kernel", &[5, 4]),
            ("layer0.recurrent_kernel", &[4, 4]),
            ("layer0.bias", &[4]),
            ("layer1.input_kernel", &[4, 4]),
            ("layer1.recurrent_kernel", &[4, 4]),
            ("layer1.bias", &[4]),
            ("head.kernel", &[4, 3]),
            ("head.bias", &[3]),
        ];
        assert_eq!(listed, expected);
        // 35 + (20 + 16 + 4) + (16 + 16 + 4) + 12 + 3
        assert_eq!(parameters.count(), 126);
        let places = Places::new(&config());
        assert_eq!(places.layers[1].input_kernel, 4);
        assert_eq!(places.head_kernel, 7);
    }

    #[test]
    fn recurrent_kernels_start_orthonormal_and_kernels_within_glorots_limit() {
        let parameters =
            Parameters::initialize(&NetworkConfig::simple_rnn(InputKind::OneHot, 50, 30), 3)
                .unwrap();
        let recurrent = &parameters.get("layer0.recurrent_kernel").unwrap().values;
        let product = recurrent.dot(&recurrent.t());
        for ((row, column), value) in product.indexed_iter() {
            assert!((value - f32::from(u8::from(row == column))).abs() < 1e-5);
        }
        let limit = (6.0f32 / 80.0).sqrt();
        let input = &parameters.get("layer0.input_kernel").unwrap().values;
        let largest = input
            .iter()
            .fold(0.0f32, |most, value| most.max(value.abs()));
        assert!(largest < limit && largest > 0.95 * limit);
    }

    #[test]
    fn tensors_of_another_network_are_refused() {
        let parameters = Parameters::initialize(&config(), 1).unwrap();
        let tensors: Vec<Tensor> = parameters.iter().cloned().collect();
        let wider = NetworkConfig {
            hidden_size: 5,
            ..config()
        };
        let error = Parameters::from_tensors(&wider, tensors.clone()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "tensor `layer0.input_kernel` has shape (5, 4), but the network needs (5, 5)"
        );
        let one = NetworkConfig {
            layers: 1,
            ..config()
        };
        let error = Parameters::from_tensors(&one, tensors.clone()).unwrap_err();
        assert_eq!(
            error,
            ParametersError::Count {
                expected: 6,
                found: 9
            }
        );
        assert_eq!(
            Parameters::from_tensors(&config(), tensors).unwrap(),
            parameters
        );
    }
}
