//! Random matrices and rows, none of which can overflow.

use super::matrix::{Dense, Matrix, Rows, room, weight_max};
use proptest::{collection::vec, prelude::*};
use spinet_core::matrix::Encoding;

/// Both widths of weights: tables have them row by row, matrices in quads.
pub const ENCODINGS: [Encoding; 2] = [Encoding::Int8, Encoding::Int4];

/// One encoding, or any.
pub(super) fn encodings(encoding: Option<Encoding>) -> impl Strategy<Value = Encoding> {
    match encoding {
        Some(encoding) => Just(encoding).boxed(),
        None => prop::sample::select(&ENCODINGS).boxed(),
    }
}

/// A table `(rows, columns)` with any shift up to `largest_shift`.
pub(super) fn tables(
    encoding: Option<Encoding>,
    rows: usize,
    columns: u16,
    largest_shift: u8,
) -> impl Strategy<Value = Matrix> {
    encodings(encoding).prop_flat_map(move |encoding| {
        let count = rows * usize::from(columns);
        (weights(encoding, count), 0..=largest_shift).prop_map(move |(weights, shift)| Matrix {
            encoding,
            columns,
            weights,
            shift,
        })
    })
}

/// A matrix `(rows, columns)` that takes less than half of an accumulator.
pub(super) fn matrices(
    encoding: Option<Encoding>,
    rows: usize,
    columns: u16,
) -> impl Strategy<Value = Matrix> {
    encodings(encoding).prop_flat_map(move |encoding| {
        let largest_shift = Matrix::largest_shift(encoding, columns);
        tables(Some(encoding), rows, columns, largest_shift)
    })
}

/// A dense layer.
pub(super) fn dense(
    encoding: Option<Encoding>,
    outputs: usize,
    inputs: u16,
) -> impl Strategy<Value = Dense> {
    matrices(encoding, outputs, inputs).prop_flat_map(move |weights| {
        let rows = rows(outputs, room(weights.bound()));
        (Just(weights), rows).prop_map(|(weights, rows)| Dense { weights, rows })
    })
}

fn weights(encoding: Encoding, count: usize) -> impl Strategy<Value = Vec<i8>> {
    let most = weight_max(encoding);
    prop_oneof![
        4 => vec(-most..=most, count),
        1 => vec(prop_oneof![Just(-most), Just(most)], count),
        1 => vec(prop_oneof![4 => Just(0i8), 1 => -most..=most], count),
        1 => prop_oneof![Just(-most), Just(0), Just(most)].prop_map(move |w| vec![w; count]),
    ]
}

/// Multipliers of every magnitude and biases within `room`.
pub(super) fn rows(count: usize, room: i32) -> impl Strategy<Value = Rows> {
    let multiplier = prop_oneof![
        6 => (10u32..=29, any::<u32>()).prop_map(|(bits, noise)| 1 << bits | (noise >> (32 - bits)) as i32),
        1 => 1..=i32::MAX,
        1 => prop_oneof![Just(1), Just(i32::MAX)],
    ];
    let bias = prop_oneof![
        4 => -(room.min(1 << 22))..=room.min(1 << 22),
        1 => -room..=room,
        1 => prop_oneof![Just(-room), Just(0), Just(room)],
    ];
    (vec(multiplier, count), vec(bias, count)).prop_map(|(multipliers, biases)| Rows {
        multipliers,
        biases,
    })
}

/// Q16.15 biases that are added to requantised sums: up to 2^30, most of them small.
pub(super) fn late_biases(count: usize) -> impl Strategy<Value = Vec<i32>> {
    let bias = prop_oneof![
        6 => -(4 << 15)..=4 << 15,
        1 => -(1 << 30)..=1 << 30,
        1 => prop_oneof![Just(-(1 << 30)), Just(0), Just(1 << 30)],
    ];
    vec(bias, count)
}
