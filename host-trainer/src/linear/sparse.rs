//! Which features each text has, by text and by feature.

use rayon::prelude::*;
use std::collections::HashMap;

/// A binary matrix (texts, features), kept by rows and by columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sparse {
    /// The features of each text.
    rows: Lists,
    /// The texts of each feature.
    columns: Lists,
}

/// Lists of numbers, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Lists {
    starts: Vec<usize>,
    values: Vec<u32>,
}

impl Lists {
    fn new(lists: impl Iterator<Item = impl IntoIterator<Item = u32>>) -> Self {
        let (mut starts, mut values) = (vec![0], Vec::new());
        for list in lists {
            values.extend(list);
            starts.push(values.len());
        }
        Self { starts, values }
    }

    fn count(&self) -> usize {
        self.starts.len() - 1
    }

    fn get(&self, index: usize) -> &[u32] {
        &self.values[self.starts[index]..self.starts[index + 1]]
    }

    /// The lists in which each of `count` values stands.
    fn transpose(&self, count: usize) -> Self {
        let mut starts = vec![0; count + 1];
        for &value in &self.values {
            starts[value as usize + 1] += 1;
        }
        for index in 0..count {
            starts[index + 1] += starts[index];
        }
        let (mut next, mut values) = (starts.clone(), vec![0; self.values.len()]);
        for index in 0..self.count() {
            for &value in self.get(index) {
                let place = &mut next[value as usize];
                values[*place] = index as u32;
                *place += 1;
            }
        }
        Self { starts, values }
    }
}

impl Sparse {
    /// The matrix of texts whose features are given, each below `features` and once a text.
    pub fn new(
        texts: impl Iterator<Item = impl IntoIterator<Item = u32>>,
        features: usize,
    ) -> Self {
        let rows = Lists::new(texts);
        let columns = rows.transpose(features);
        Self { rows, columns }
    }

    /// The matrix of texts by their keys: feature `f` is the key `known[f]`, other keys are left
    /// out. `texts` hold each key once.
    pub fn of_keys(texts: &[Vec<u32>], known: &[u32]) -> Self {
        let places: HashMap<u32, u32> = known.iter().copied().zip(0..).collect();
        let rows: Vec<Vec<u32>> = texts
            .par_iter()
            .map(|keys| {
                keys.iter()
                    .filter_map(|key| places.get(key).copied())
                    .collect()
            })
            .collect();
        Self::new(rows.into_iter(), known.len())
    }

    /// Number of texts.
    pub fn texts(&self) -> usize {
        self.rows.count()
    }

    /// Number of features.
    pub fn features(&self) -> usize {
        self.columns.count()
    }

    /// The features of a text.
    pub fn text(&self, index: usize) -> &[u32] {
        self.rows.get(index)
    }

    /// In how many texts each feature is.
    pub fn frequencies(&self) -> Vec<usize> {
        self.columns
            .starts
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .collect()
    }

    /// The matrix with the features `kept` alone, in that order.
    pub fn select(&self, kept: &[u32]) -> Self {
        let mut places = vec![u32::MAX; self.features()];
        for (place, &feature) in kept.iter().enumerate() {
            places[feature as usize] = place as u32;
        }
        let row = |text| {
            let places = self
                .rows
                .get(text)
                .iter()
                .map(|&feature| places[feature as usize]);
            places.filter(|&place| place != u32::MAX)
        };
        Self::new((0..self.texts()).map(row), kept.len())
    }

    /// `X (texts, features) @ w (features, outputs) -> z (texts, outputs)`, each row begun with
    /// `bias (outputs,)`.
    pub fn product(&self, weights: &[f32], bias: &[f32]) -> Vec<f32> {
        let outputs = bias.len();
        let mut z = vec![0.0; self.texts() * outputs];
        z.par_chunks_mut(outputs).enumerate().for_each(|(text, z)| {
            let mut sums = bias.iter().map(|&b| f64::from(b)).collect::<Vec<_>>();
            for &feature in self.rows.get(text) {
                let row = &weights[feature as usize * outputs..][..outputs];
                sums.iter_mut()
                    .zip(row)
                    .for_each(|(sum, &w)| *sum += f64::from(w));
            }
            z.iter_mut().zip(sums).for_each(|(z, sum)| *z = sum as f32);
        });
        z
    }

    /// `X^T (features, texts) @ e (texts, outputs) -> g (features, outputs)`.
    pub fn transposed_product(&self, e: &[f32], outputs: usize) -> Vec<f64> {
        let mut g = vec![0.0; self.features() * outputs];
        g.par_chunks_mut(outputs)
            .enumerate()
            .for_each(|(feature, g)| {
                for &text in self.columns.get(feature) {
                    let row = &e[text as usize * outputs..][..outputs];
                    g.iter_mut()
                        .zip(row)
                        .for_each(|(sum, &e)| *sum += f64::from(e));
                }
            });
        g
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix() -> Sparse {
        let keys = [vec![7, 3], vec![], vec![3, 100, 5], vec![5]];
        Sparse::of_keys(&keys, &[3, 5, 7])
    }

    #[test]
    fn rows_and_columns_are_one_matrix() {
        let x = matrix();
        assert_eq!((x.texts(), x.features()), (4, 3));
        assert_eq!(
            [x.text(0), x.text(1), x.text(2)],
            [&[2, 0][..], &[], &[0, 1]]
        );
        assert_eq!(x.frequencies(), [2, 2, 1]);
        let kept = x.select(&[2, 0]);
        assert_eq!(
            [kept.text(0), kept.text(2), kept.text(3)],
            [&[0, 1][..], &[1], &[]]
        );
    }

    #[test]
    fn products_are_those_of_the_dense_matrix() {
        let x = matrix();
        let z = x.product(&[1.0, 10.0, 2.0, 20.0, 4.0, 40.0], &[0.5, 0.0]);
        assert_eq!(z, [5.5, 50.0, 0.5, 0.0, 3.5, 30.0, 2.5, 20.0]);
        let g = x.transposed_product(&[1.0, 2.0, 4.0, 8.0], 1);
        assert_eq!(g, [5.0, 12.0, 1.0]);
    }
}
