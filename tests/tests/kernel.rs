//! Matrix-vector products against sums in 64 bits, at any shape and any place in memory.

use proptest::{collection::vec, prelude::*};
use spinet_core::{
    fixed::{MAX_COLUMNS, STATE_MAX, WEIGHT_MAX, product_bound},
    kernel,
};
use spinet_tests::cases;
use std::num::NonZeroUsize;

/// The operands of a product, each behind some elements that do not belong to it, so that they
/// begin at any alignment.
#[derive(Debug, Clone)]
struct Product {
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

    /// The kernel's, with whatever stands before the accumulators untouched.
    fn computed(&self) -> Vec<i64> {
        let mut all = self.accumulators.1.clone();
        let (before, accumulators) = all.split_at_mut(self.accumulators.0);
        let columns = NonZeroUsize::new(self.columns).expect("at least one column");
        kernel::accumulate_i8(
            &self.weights.1[self.weights.0..],
            columns,
            &self.x.1[self.x.0..],
            self.shift,
            accumulators,
        );
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
    (rows, columns, 0u32..=8).prop_flat_map(|(rows, columns, shift)| {
        // The largest shift, up to the one drawn, with which the sums fit.
        let fits = |&shift: &u32| product_bound(columns) << shift <= i64::from(i32::MAX);
        let shift = (0..=shift).rev().find(fits).expect("512 columns fit");
        let room = i32::MAX - (product_bound(columns) << shift) as i32;
        (
            displaced(rows * columns, WEIGHT_MAX.into()),
            displaced(columns, STATE_MAX.into()),
            displaced(rows, room),
        )
            .prop_map(move |(weights, x, accumulators)| Product {
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
    fn small_products(product in products(1usize..=40, 1usize..=24)) {
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
    for columns in 1..=MAX_COLUMNS {
        for (weight, x, sign) in [(127, 32_767, 1), (-127, 32_767, -1), (-127, -32_767, 1)] {
            let room = i32::MAX - product_bound(columns) as i32;
            let product = Product {
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
