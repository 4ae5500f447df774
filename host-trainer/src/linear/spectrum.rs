//! The directions along which texts differ most.

use super::Sparse;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Turns of the iteration.
const TURNS: usize = 12;
/// Directions beyond those that are asked for, so that the last of them converge as well.
const SPARE: usize = 8;
/// Coordinates are limited to this many standard deviations.
const LIMIT: f32 = 3.0;

/// Coordinates `(features, count)` of features along the `count` directions in which texts differ
/// most: features that come in like company are near each other. Each coordinate has the mean 0
/// and the variance 1 over all occurrences of features, and is at most 3.
///
/// They are those of correspondence analysis: with `X` binary, `n` the features of each text and
/// `df` the texts of each feature, the right singular vectors of `n^-1/2 X df^-1/2` but the first,
/// which says nothing, divided by `df^1/2`, by subspace iteration. Greenacre, "Theory and
/// Applications of Correspondence Analysis", 1984.
pub fn coordinates(x: &Sparse, count: usize) -> Vec<f32> {
    let columns = count + SPARE + 1;
    let root = |n: usize| libm::sqrt(n.max(1) as f64);
    let of_features: Vec<f64> = x.frequencies().into_iter().map(root).collect();
    let of_texts: Vec<f64> = (0..x.texts())
        .map(|text| root(x.text(text).len()))
        .collect();
    let mut rng = Pcg64Mcg::seed_from_u64(0);
    // The first column is the direction that says nothing, and stays it.
    let mut basis: Vec<f64> = (0..x.features() * columns)
        .map(|place| match place % columns {
            0 => of_features[place / columns],
            _ => rng.random::<f64>() - 0.5,
        })
        .collect();
    orthonormalise(&mut basis, columns);
    for _ in 0..TURNS {
        let rows = basis.chunks(columns).zip(&of_features);
        let weights: Vec<f32> = rows
            .flat_map(|(row, root)| row.iter().map(move |value| (value / root) as f32))
            .collect();
        let mut products = x.product(&weights, &vec![0.0; columns]);
        for (row, root) in products.chunks_mut(columns).zip(&of_texts) {
            row.iter_mut()
                .for_each(|value| *value /= (root * root) as f32);
        }
        basis = x.transposed_product(&products, columns);
        for (row, root) in basis.chunks_mut(columns).zip(&of_features) {
            row.iter_mut().for_each(|value| *value /= root);
        }
        orthonormalise(&mut basis, columns);
    }
    let total: f64 = of_features.iter().map(|root| root * root).sum();
    let rows = basis.chunks(columns).zip(&of_features);
    rows.flat_map(|(row, root)| {
        row[1..=count].iter().map(move |value| {
            let coordinate = value / root * libm::sqrt(total);
            (coordinate as f32).clamp(-LIMIT, LIMIT)
        })
    })
    .collect()
}

/// Makes the columns of `(rows, columns)` orthonormal, one after the other.
fn orthonormalise(matrix: &mut [f64], columns: usize) {
    for column in 0..columns {
        // Twice, so that what is lost in rounding does not add up.
        for _ in 0..2 {
            let mut products = vec![0.0; column];
            for row in matrix.chunks(columns) {
                let pairs = products.iter_mut().zip(row);
                pairs.for_each(|(sum, value)| *sum += value * row[column]);
            }
            for row in matrix.chunks_mut(columns) {
                let shares = products.iter().zip(&*row);
                row[column] -= shares.map(|(product, value)| product * value).sum::<f64>();
            }
        }
        let square: f64 = matrix
            .chunks(columns)
            .map(|row| row[column] * row[column])
            .sum();
        let factor = if square > 0.0 {
            1.0 / libm::sqrt(square)
        } else {
            0.0
        };
        for row in matrix.chunks_mut(columns) {
            row[column] *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts of three topics, each with ten features of its own, beside ten of everybody's.
    fn texts() -> Sparse {
        let mut rng = Pcg64Mcg::seed_from_u64(1);
        let texts = (0..600u32).map(|text| {
            let topic = 10 * (text % 3);
            let own = (topic..topic + 10).filter(|_| rng.random::<f32>() < 0.5);
            let mut own: Vec<u32> = own.collect();
            own.extend((30..40).filter(|_| rng.random::<f32>() < 0.5));
            own
        });
        Sparse::new(texts, 40)
    }

    #[test]
    fn features_of_like_texts_are_near_each_other() {
        let found = coordinates(&texts(), 2);
        let place = |feature: usize| [found[2 * feature], found[2 * feature + 1]];
        let distance = |a: usize, b: usize| {
            let (a, b) = (place(a), place(b));
            ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt()
        };
        for feature in 0..10 {
            for topic in [0, 10, 20] {
                assert!(distance(topic, topic + feature) < 0.3);
                assert!(distance(topic + feature, (topic + 10) % 30) > 1.0);
            }
            // What is everybody's is in the middle.
            assert!(distance(30, 30 + feature) < 0.3);
        }
    }

    #[test]
    fn coordinates_have_the_mean_0_and_the_variance_1_and_say_different_things() {
        let x = texts();
        let found = coordinates(&x, 2);
        let df: Vec<f64> = x.frequencies().into_iter().map(|df| df as f64).collect();
        let total: f64 = df.iter().sum();
        let mean = |of: &dyn Fn(&[f32]) -> f32| {
            let rows = found.chunks(2).zip(&df);
            rows.map(|(row, df)| df * f64::from(of(row))).sum::<f64>() / total
        };
        for a in 0..2 {
            assert!(mean(&|row| row[a]).abs() < 1e-5);
            for b in 0..2 {
                let expected = if a == b { 1.0 } else { 0.0 };
                assert!(
                    (mean(&|row| row[a] * row[b]) - expected).abs() < 1e-4,
                    "{a} {b}"
                );
            }
        }
    }

    #[test]
    fn more_directions_than_there_are_stay_finite() {
        let x = Sparse::new([vec![0, 1], vec![], vec![1]].into_iter(), 3);
        let found = coordinates(&x, 6);
        assert_eq!(found.len(), 18);
        assert!(found.iter().all(|c| c.abs() <= LIMIT));
    }
}
