//! The one place where matrices are multiplied.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2};

/// `a (m, k) @ b (k, n) -> target (m, n)`.
pub(crate) fn product(a: &ArrayView2<f32>, b: &ArrayView2<f32>, mut target: ArrayViewMut2<f32>) {
    general_mat_mul(1.0, a, b, 0.0, &mut target);
}

/// `a (m, k) @ b (k, n)` is added to `target (m, n)`.
pub(crate) fn add_product(
    a: &ArrayView2<f32>,
    b: &ArrayView2<f32>,
    mut target: ArrayViewMut2<f32>,
) {
    general_mat_mul(1.0, a, b, 1.0, &mut target);
}

/// `weights` transposed and in row order, as a product that uses it again and again reads best.
pub(crate) fn transposed(weights: &ArrayView2<f32>) -> ndarray::Array2<f32> {
    weights.t().as_standard_layout().into_owned()
}

/// The sums of the columns of `values`, whose rows are as long as `target`.
pub(crate) fn sum_rows(values: &[f32], target: &mut [f32]) {
    target.fill(0.0);
    for row in values.chunks_exact(target.len()) {
        for (sum, value) in target.iter_mut().zip(row) {
            *sum += value;
        }
    }
}
