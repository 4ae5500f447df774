//! One named tensor: its shape, and the numbers that it starts with.

use ndarray::{Array2, Axis};
use rand::{Rng, RngExt};
use rand_pcg::Pcg64;

/// How a tensor is filled at the start.
pub(crate) enum Initializer {
    /// Uniform in `+-sqrt(6 / (rows + columns / blocks))`: each of so many blocks of columns, one
    /// for every gate, starts as a kernel of its own.
    GlorotUniform(usize),
    /// So many blocks of columns, each with orthonormal rows (or columns, if it has more rows
    /// than columns).
    Orthogonal(usize),
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

    /// The tensor as it starts.
    pub(crate) fn draw(self, rng: &mut Pcg64) -> Tensor {
        Tensor {
            values: values(&self, rng),
            name: self.name,
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
    /// Whether this is a bias, or FastGRNN's pair of scalars: one row, exempt from weight decay.
    pub fn is_bias(&self) -> bool {
        let last = self.name.rsplit('.').next().unwrap_or_default();
        last.ends_with("bias") || last == "mixture"
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

fn values(spec: &TensorSpec, rng: &mut Pcg64) -> Array2<f32> {
    let shape = (spec.rows, spec.columns);
    match spec.initializer {
        Initializer::Blocks(numbers) => Array2::from_shape_fn(shape, |(_, column)| {
            numbers[column * numbers.len() / spec.columns]
        }),
        Initializer::Uniform(limit) => uniform(shape, limit, rng),
        Initializer::GlorotUniform(blocks) => {
            let fans = spec.rows + spec.columns / blocks;
            uniform(shape, libm::sqrt(6.0 / fans as f64) as f32, rng)
        }
        Initializer::Orthogonal(blocks) => {
            let mut all = Array2::zeros(shape);
            for mut block in all.axis_chunks_iter_mut(Axis(1), (spec.columns / blocks).max(1)) {
                let start = orthogonal(block.dim(), rng);
                block.assign(&start);
            }
            all
        }
    }
}

fn orthogonal((rows, columns): (usize, usize), rng: &mut Pcg64) -> Array2<f32> {
    if rows <= columns {
        return orthonormal_rows((rows, columns), rng);
    }
    orthonormal_rows((columns, rows), rng).reversed_axes()
}

fn uniform(shape: (usize, usize), limit: f32, rng: &mut Pcg64) -> Array2<f32> {
    Array2::from_shape_simple_fn(shape, || rng.random_range(-limit..limit))
}

/// Gaussian rows made orthonormal by Gram and Schmidt's method, each projected twice so that
/// rounding leaves no trace in f32.
fn orthonormal_rows(shape: (usize, usize), rng: &mut Pcg64) -> Array2<f32> {
    let mut basis = Array2::from_shape_simple_fn(shape, || gaussian(rng));
    for row in 0..shape.0 {
        let (done, mut rest) = basis.view_mut().split_at(Axis(0), row);
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
pub(crate) fn gaussian(rng: &mut impl Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - rng.random::<f64>()));
    radius * libm::cos(core::f64::consts::TAU * rng.random::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn tall_orthogonal_tensors_have_orthonormal_columns() {
        let spec = TensorSpec::matrix("tall", 6, 3, Initializer::Orthogonal(1));
        let tall = values(&spec, &mut Pcg64::seed_from_u64(0));
        let product = tall.t().dot(&tall);
        for ((row, column), value) in product.indexed_iter() {
            assert!((value - f32::from(u8::from(row == column))).abs() < 1e-6);
        }
    }
}
