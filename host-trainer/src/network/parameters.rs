//! The weights of a network: named tensors in a fixed order.
//!
//! Order: `embedding` (if there is one), then for each layer `layer{l}.input_kernel` and the
//! cell's own tensors `layer{l}.*`, then `head.kernel` and `head.bias`. Kernels are stored
//! `[in, out]`, so that a product reads `x (rows, in) @ kernel (in, out)`.

use ndarray::{Array2, ArrayViewMut2};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::cell::cell_for;
use super::config::{ConfigError, InputKind, NetworkConfig};

/// Half the width of the interval embeddings start in, as in Keras's `Embedding`.
const EMBEDDING_LIMIT: f32 = 0.05;

/// How a tensor is filled at the start.
pub(crate) enum Initializer {
    /// Uniform in `+-sqrt(6 / (rows + columns))`.
    GlorotUniform,
    /// Orthonormal rows (or columns, if there are more rows than columns).
    Orthogonal,
    /// Uniform in `+-limit`.
    Uniform(f32),
    /// The columns in as many equal blocks as there are numbers, each filled with its number.
    Blocks(&'static [f32]),
}

/// A tensor's name, shape and start.
pub(crate) struct TensorSpec {
    pub name: String,
    pub rows: usize,
    pub columns: usize,
    pub initializer: Initializer,
}

impl TensorSpec {
    /// A matrix `[rows, columns]`.
    pub(crate) fn matrix(name: &str, rows: usize, columns: usize, start: Initializer) -> Self {
        Self {
            name: name.to_owned(),
            rows,
            columns,
            initializer: start,
        }
    }

    /// A vector of zeros, stored as one row.
    pub(crate) fn bias(name: &str, length: usize) -> Self {
        Self::matrix(name, 1, length, Initializer::Blocks(&[0.0]))
    }
}

/// One named tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Unique within the network, such as `layer0.recurrent_kernel`.
    pub name: String,
    /// The numbers, `[in, out]`; a bias is one row `[1, out]`.
    pub values: Array2<f32>,
}

impl Tensor {
    /// Whether this is a bias: one row, exempt from weight decay.
    pub fn is_bias(&self) -> bool {
        self.name
            .rsplit('.')
            .next()
            .is_some_and(|last| last.ends_with("bias"))
    }

    /// The shape as it is exported: `[n]` for a bias, `[in, out]` otherwise.
    pub fn shape(&self) -> &[usize] {
        let shape = self.values.shape();
        if self.is_bias() { &shape[1..] } else { shape }
    }

    /// The numbers in row order.
    pub fn as_slice(&self) -> &[f32] {
        self.values.as_slice().unwrap_or_default()
    }
}

/// All weights of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    tensors: Vec<Tensor>,
}

impl Parameters {
    /// Draws the weights a training run starts from, as Keras does: Glorot-uniform kernels
    /// (a one-hot kernel's fan-in is the vocabulary), orthogonal recurrent kernels, zero biases,
    /// embeddings uniform in `+-0.05`. The same seed gives the same weights.
    pub fn initialize(config: &NetworkConfig, seed: u64) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut rng = Pcg64::seed_from_u64(seed);
        let tensors = specifications(config)
            .into_iter()
            .map(|spec| Tensor {
                values: draw(&spec, &mut rng),
                name: spec.name,
            })
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

    /// Whether every number is finite.
    pub fn all_finite(&self) -> bool {
        self.tensors
            .iter()
            .all(|tensor| tensor.values.iter().all(|value| value.is_finite()))
    }

    pub(crate) fn as_slice(&self) -> &[Tensor] {
        &self.tensors
    }
}

/// Where a layer's tensors stand in [`Parameters`].
#[derive(Clone, Debug)]
pub(crate) struct LayerPlaces {
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
        let own = cell_for(config.cell).tensors(config.hidden_size).len();
        let first = usize::from(config.input != InputKind::OneHot);
        let layers = (0..config.layers).map(|layer| {
            let input_kernel = first + layer * (1 + own);
            LayerPlaces {
                input_kernel,
                cell: input_kernel + 1..input_kernel + 1 + own,
            }
        });
        Self {
            layers: layers.collect(),
            head_kernel: first + config.layers * (1 + own),
        }
    }
}

/// Name, shape and start of every tensor, in order.
pub(crate) fn specifications(config: &NetworkConfig) -> Vec<TensorSpec> {
    let cell = cell_for(config.cell);
    let hidden = config.hidden_size;
    let mut all = Vec::new();
    if let InputKind::Embedding { dim } = config.input {
        let start = Initializer::Uniform(EMBEDDING_LIMIT);
        all.push(TensorSpec::matrix(
            "embedding",
            config.vocabulary_size,
            dim,
            start,
        ));
    }
    for layer in 0..config.layers {
        let rows = if layer == 0 {
            config.input_size()
        } else {
            hidden
        };
        let name = format!("layer{layer}.input_kernel");
        let columns = cell.projection_width(hidden);
        all.push(TensorSpec::matrix(
            &name,
            rows,
            columns,
            Initializer::GlorotUniform,
        ));
        for mut spec in cell.tensors(hidden) {
            spec.name = format!("layer{layer}.{}", spec.name);
            all.push(spec);
        }
    }
    let start = Initializer::GlorotUniform;
    all.push(TensorSpec::matrix(
        "head.kernel",
        hidden,
        config.outputs,
        start,
    ));
    all.push(TensorSpec::bias("head.bias", config.outputs));
    all
}

fn in_row_order(tensor: Tensor) -> Tensor {
    let values = tensor.values.as_standard_layout().into_owned();
    Tensor {
        name: tensor.name,
        values,
    }
}

fn draw(spec: &TensorSpec, rng: &mut Pcg64) -> Array2<f32> {
    let shape = (spec.rows, spec.columns);
    match spec.initializer {
        Initializer::Blocks(numbers) => Array2::from_shape_fn(shape, |(_, column)| {
            numbers[column * numbers.len() / spec.columns]
        }),
        Initializer::Uniform(limit) => uniform(shape, limit, rng),
        Initializer::GlorotUniform => {
            let limit = libm::sqrt(6.0 / (spec.rows + spec.columns) as f64) as f32;
            uniform(shape, limit, rng)
        }
        Initializer::Orthogonal if spec.rows <= spec.columns => orthonormal_rows(shape, rng),
        Initializer::Orthogonal => {
            let transposed = orthonormal_rows((spec.columns, spec.rows), rng);
            transposed.reversed_axes().as_standard_layout().into_owned()
        }
    }
}

fn uniform(shape: (usize, usize), limit: f32, rng: &mut Pcg64) -> Array2<f32> {
    Array2::from_shape_simple_fn(shape, || rng.random_range(-limit..limit))
}

/// Gaussian rows made orthonormal by Gram and Schmidt's method, each projected twice so that
/// rounding leaves no trace in f32.
fn orthonormal_rows(shape: (usize, usize), rng: &mut Pcg64) -> Array2<f32> {
    let mut basis = Array2::from_shape_simple_fn(shape, || gaussian(rng));
    for row in 0..shape.0 {
        let (done, mut rest) = basis.view_mut().split_at(ndarray::Axis(0), row);
        let mut current = rest.row_mut(0);
        for earlier in done.rows().into_iter().chain(done.rows()) {
            let overlap = current.dot(&earlier);
            current.scaled_add(-overlap, &earlier);
        }
        let norm = libm::sqrt(current.dot(&current));
        current /= norm;
    }
    basis.mapv(|value| value as f32)
}

/// A standard normal number by Box and Muller's method.
fn gaussian(rng: &mut Pcg64) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.random::<f64>()));
    radius * libm::cos(core::f64::consts::TAU * rng.random::<f64>())
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

    fn config() -> NetworkConfig {
        NetworkConfig {
            layers: 2,
            outputs: 3,
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
    fn tall_orthogonal_tensors_have_orthonormal_columns() {
        let spec = TensorSpec::matrix("tall", 6, 3, Initializer::Orthogonal);
        let tall = draw(&spec, &mut Pcg64::seed_from_u64(0));
        let product = tall.t().dot(&tall);
        for ((row, column), value) in product.indexed_iter() {
            assert!((value - f32::from(u8::from(row == column))).abs() < 1e-6);
        }
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
