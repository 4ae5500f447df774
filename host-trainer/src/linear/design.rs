//! What a linear model multiplies: a matrix with a row of features for each text.

use super::Sparse;
use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

/// Texts of a [`Dense`] matrix that are summed up one after the other.
const PART: usize = 1024;

/// A matrix `X (texts, features)`.
pub trait Design: Sync {
    /// Number of texts.
    fn texts(&self) -> usize;

    /// Number of features.
    fn features(&self) -> usize;

    /// `X (texts, features) @ w (features, outputs) -> z (texts, outputs)`, each row begun with
    /// `bias (outputs,)`.
    fn product(&self, weights: &[f32], bias: &[f32]) -> Vec<f32>;

    /// `X^T (features, texts) @ e (texts, outputs) -> g (features, outputs)`.
    fn transposed_product(&self, e: &[f32], outputs: usize) -> Vec<f64>;
}

impl Design for Sparse {
    fn texts(&self) -> usize {
        self.texts()
    }

    fn features(&self) -> usize {
        self.features()
    }

    fn product(&self, weights: &[f32], bias: &[f32]) -> Vec<f32> {
        self.product(weights, bias)
    }

    fn transposed_product(&self, e: &[f32], outputs: usize) -> Vec<f64> {
        self.transposed_product(e, outputs)
    }
}

/// A matrix of numbers, most of them other than zero.
#[derive(Debug, Clone, Copy)]
pub struct Dense<'d>(pub ArrayView2<'d, f32>);

impl Design for Dense<'_> {
    fn texts(&self) -> usize {
        self.0.nrows()
    }

    fn features(&self) -> usize {
        self.0.ncols()
    }

    fn product(&self, weights: &[f32], bias: &[f32]) -> Vec<f32> {
        let outputs = bias.len();
        let mut z = vec![0.0; self.texts() * outputs];
        z.par_chunks_mut(outputs).enumerate().for_each(|(text, z)| {
            let mut sums: Vec<f64> = bias.iter().map(|&b| b.into()).collect();
            for (&x, row) in self.0.row(text).iter().zip(weights.chunks(outputs)) {
                add(&mut sums, x, row);
            }
            z.iter_mut().zip(sums).for_each(|(z, sum)| *z = sum as f32);
        });
        z
    }

    fn transposed_product(&self, e: &[f32], outputs: usize) -> Vec<f64> {
        let (features, rows) = (self.features(), self.0.rows());
        let rows: Vec<(ArrayView1<f32>, &[f32])> =
            rows.into_iter().zip(e.chunks(outputs)).collect();
        let parts = rows.par_chunks(PART).map(|part| {
            let mut g = vec![0.0; features * outputs];
            for (row, e) in part {
                for (&x, g) in row.iter().zip(g.chunks_mut(outputs)) {
                    add(g, x, e);
                }
            }
            g
        });
        // Summed up in the order of the texts, whoever was done first.
        let parts: Vec<Vec<f64>> = parts.collect();
        let mut sum = vec![0.0; features * outputs];
        for part in parts {
            sum.iter_mut().zip(part).for_each(|(sum, g)| *sum += g);
        }
        sum
    }
}

fn add(sums: &mut [f64], x: f32, row: &[f32]) {
    let terms = row.iter().map(|&w| f64::from(x) * f64::from(w));
    sums.iter_mut()
        .zip(terms)
        .for_each(|(sum, term)| *sum += term);
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn a_matrix_is_the_same_whether_dense_or_sparse() {
        let texts = 2_500;
        let has = |text: usize, feature: usize| (text * 7 + feature * 13).is_multiple_of(5);
        let row = |text| (0..9u32).filter(move |&feature| has(text, feature as usize));
        let sparse = Sparse::new((0..texts).map(row), 9);
        let dense = Array2::from_shape_fn((texts, 9), |(t, f)| f32::from(u8::from(has(t, f))));
        let dense = Dense(dense.view());
        let weights: Vec<f32> = (0..18).map(|i| i as f32 / 8.0 - 1.0).collect();
        let z = dense.product(&weights, &[0.5, -2.0]);
        assert_eq!(z, sparse.product(&weights, &[0.5, -2.0]));
        assert_eq!(
            dense.transposed_product(&z, 2),
            sparse.transposed_product(&z, 2)
        );
        assert_eq!((dense.texts(), dense.features()), (texts, 9));
    }
}
