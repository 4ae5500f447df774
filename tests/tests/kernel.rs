//! Matrix-vector products against sums in 64 bits, at any shape and any place in memory.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    fixed::{MAX_COLUMNS, STATE_MAX, product_bound},
    kernel,
    matrix::Encoding,
};
use spinet_tests::{artifact::stored, cases, model::ENCODINGS};
use std::num::NonZeroUsize;

/// The operands of a product, each behind some elements that do not belong to it, so that they
/// begin at any alignment.
#[derive(Debug, Clone)]
struct Product {
    encoding: Encoding,
    columns: usize,
    shift: u32,
    weights: (usize, Vec<i8>),
    x: (usize, Vec<i16>),
    accumulators: (usize, Vec<i32>),
}

impl Product {
    /// `a_j + sum_k w_jk x_k 2^shift`.
    fn expected(&self) -> Vec<i64> {
        let (weights, x) = (&self.weights.1[self.weights.0..], &self.x.1[self.x.0..]);
        let accumulators = self.accumulators.1[self.accumulators.0..].iter();
        accumulators
            .enumerate()
            .map(|(j, &a)| {
                let products = (0..self.columns)
                    .map(|k| i64::from(weights[j * self.columns + k]) * i64::from(x[k]));
                i64::from(a) + products.sum::<i64>() * 2i64.pow(self.shift)
            })
            .collect()
    }

    /// The kernel's.
    fn computed(&self) -> Vec<i64> {
        let mut all = self.accumulators.1.clone();
        let (_, accumulators) = all.split_at_mut(self.accumulators.0);
        let columns = NonZeroUsize::new(self.columns).expect("at least one column");
        let (weights, x) = (&self.weights.1[self.weights.0..], &self.x.1[self.x.0..]);
        let bytes = stored(weights, self.columns, self.encoding.in_quads());
        let words = bytes.chunks_exact(4).map(bytemuck::pod_read_unaligned);
        let words: Vec<u32> = words.collect();
        let multiply = match self.encoding {
            Encoding::Int8 | Encoding::Int8Quads => kernel::quads::accumulate_i8,
            Encoding::Int4 | Encoding::Int4Quads => kernel::quads::accumulate_i4,
        };
        multiply(&words, columns, x, self.shift, accumulators);
        self.beside(all)
    }

    /// The accumulators, with whatever stands before them untouched.
    fn beside(&self, all: Vec<i32>) -> Vec<i64> {
        let (before, accumulators) = all.split_at(self.accumulators.0);
        assert_eq!(before, &self.accumulators.1[..self.accumulators.0]);
        accumulators.iter().map(|&sum| sum.into()).collect()
    }
}

/// Values up to `largest` in magnitude, at random or at the ends.
fn numbers(count: usize, largest: i32) -> impl Strategy<Value = Vec<i32>> {
    prop_oneof![
        3 => vec(-largest..=largest, count),
        1 => vec(prop_oneof![Just(-largest), Just(largest)], count),
        1 => prop_oneof![Just(-largest), Just(largest)].prop_map(move |v| vec![v; count]),
    ]
}

/// The same behind 0 to 3 others.
fn displaced(count: usize, largest: i32) -> impl Strategy<Value = (usize, Vec<i32>)> {
    (0usize..=3).prop_flat_map(move |offset| (Just(offset), numbers(offset + count, largest)))
}

fn products(
    rows: impl Strategy<Value = usize>,
    columns: impl Strategy<Value = usize>,
) -> impl Strategy<Value = Product> {
    let encodings = prop::sample::select(&ENCODINGS);
    (encodings, rows, columns, 0u32..=8).prop_flat_map(|(encoding, rows, columns, shift)| {
        // The largest shift, up to the one drawn, with which the sums fit.
        let bound = product_bound(encoding.weight_max(), columns);
        let fits = |&shift: &u32| bound << shift <= i64::from(i32::MAX);
        let shift = (0..=shift).rev().find(fits).expect("512 columns fit");
        let room = i32::MAX - (bound << shift) as i32;
        (
            displaced(rows * columns, encoding.weight_max().into()),
            displaced(columns, STATE_MAX.into()),
            displaced(rows, room),
        )
            .prop_map(move |(weights, x, accumulators)| Product {
                encoding,
                columns,
                shift,
                weights: (weights.0, weights.1.iter().map(|&w| w as i8).collect()),
                x: (x.0, x.1.iter().map(|&x| x as i16).collect()),
                accumulators,
            })
    })
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn small_products(product in products(1usize..=20, 1usize..=40)) {
        prop_assert_eq!(product.computed(), product.expected());
    }
}

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn products_of_any_width(product in products(1usize..=40, 1usize..=MAX_COLUMNS)) {
        prop_assert_eq!(product.computed(), product.expected());
    }
}

#[test]
fn every_width_at_its_largest_sum() {
    for encoding in ENCODINGS {
        let most = encoding.weight_max();
        for columns in 1..=MAX_COLUMNS {
            for (weight, x, sign) in [(most, 32_767, 1), (-most, 32_767, -1), (-most, -32_767, 1)] {
                let room = i32::MAX - product_bound(most, columns) as i32;
                let product = Product {
                    encoding,
                    columns,
                    shift: 0,
                    weights: (0, vec![weight; 2 * columns]),
                    x: (0, vec![x; columns]),
                    accumulators: (0, vec![sign * room; 2]),
                };
                let largest = i64::from(sign) * i64::from(i32::MAX);
                assert_eq!(product.computed(), [largest; 2]);
                assert_eq!(product.expected(), [largest; 2]);
            }
        }
    }
}

/// Each weight alone, at every place of a row that ends within a word.
#[test]
fn every_place_of_every_ragged_row() {
    for encoding in ENCODINGS {
        for columns in 1..=40 {
            for place in 0..columns {
                for weight in [-encoding.weight_max(), -1, 1, encoding.weight_max()] {
                    let mut weights = vec![0; 3 * columns];
                    weights[columns + place] = weight;
                    let product = Product {
                        encoding,
                        columns,
                        shift: 3,
                        weights: (0, weights),
                        x: (0, (0..columns).map(|k| 30_000 - 751 * k as i16).collect()),
                        accumulators: (0, vec![7; 3]),
                    };
                    assert_eq!(product.computed(), product.expected());
                }
            }
        }
    }
}
