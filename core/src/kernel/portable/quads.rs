//! Products with weights in quads, in plain Rust.

use super::rows;
use crate::{
    fixed::requantize,
    matrix::{Encoding, QUAD},
};
use core::num::NonZeroUsize;

/// A matrix in quads and what it is multiplied with.
#[derive(Debug, Clone, Copy)]
pub struct Factor<'a> {
    /// The quads.
    pub words: &'a [u32],
    /// Columns of the matrix.
    pub columns: NonZeroUsize,
    /// `x (columns,)`, Q0.15.
    pub x: &'a [i16],
    /// The product counts `2^shift`.
    pub shift: u32,
}

/// What becomes of the rows' products.
#[derive(Debug, Clone, Copy)]
pub struct Scaling<'a> {
    /// What is added to them, `b (rows,)`.
    pub biases: &'a [i32],
    /// What they are requantised by then, `m (rows,)`.
    pub multipliers: &'a [i32],
}

/// `requantize(b + W x ..., m)` for one or two matrices `W (rows, columns)` and their rows from
/// `first` on, a multiple of four, to `sums (rows,)`. The scaling is that of these rows.
///
/// The matrices are as [`Encoding::Int8Quads`] says.
pub fn fill_i8(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    fill(accumulate_i8, 4, (factor, other), first, rows, sums);
}

/// `requantize(b + W x ..., m)`, as [`fill_i8`] for [`Encoding::Int4Quads`].
pub fn fill_i4(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    fill(accumulate_i4, 2, (factor, other), first, rows, sums);
}

/// Adds a product to sums.
pub(in crate::kernel) type Accumulate = fn(&[u32], NonZeroUsize, &[i16], u32, &mut [i32]);

/// The same step by step, the products by `accumulate`, with `words` words of a quad for four
/// columns.
#[inline(never)]
pub(in crate::kernel) fn fill(
    accumulate: Accumulate,
    words: usize,
    (factor, other): (&Factor<'_>, Option<&Factor<'_>>),
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    for (sum, &bias) in sums.iter_mut().zip(rows.biases) {
        *sum = bias;
    }
    for factor in [Some(factor), other].into_iter().flatten() {
        let before = first / QUAD * words * factor.columns.get().div_ceil(QUAD);
        let words = factor.words.get(before..).unwrap_or(&[]);
        accumulate(words, factor.columns, factor.x, factor.shift, sums);
    }
    for (sum, &multiplier) in sums.iter_mut().zip(rows.multipliers) {
        *sum = requantize(*sum, multiplier);
    }
}

/// Adds `(W (rows, columns) @ x (columns,)) << shift` to `sums (rows,)`.
///
/// `words` holds the quads as [`Encoding::Int8Quads`] says.
#[inline(never)]
pub fn accumulate_i8(
    words: &[u32],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let width = Encoding::Int8Quads.width(columns.get());
    for (quad, sums) in rows(words, width).zip(sums.chunks_mut(QUAD)) {
        add(quad_i8(quad, x), shift, sums);
    }
}

/// Adds `(W (rows, columns) @ x (columns,)) << shift` to `sums (rows,)`.
///
/// `words` holds the quads as [`Encoding::Int4Quads`] says.
#[inline(never)]
pub fn accumulate_i4(
    words: &[u32],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let width = Encoding::Int4Quads.width(columns.get());
    for (quad, sums) in rows(words, width).zip(sums.chunks_mut(QUAD)) {
        add(quad_i4(quad, x), shift, sums);
    }
}

/// A quad's products, to the rows that there are.
#[inline]
pub(in crate::kernel) fn add(products: [i32; QUAD], shift: u32, sums: &mut [i32]) {
    for (sum, product) in sums.iter_mut().zip(products) {
        *sum += product << (shift % 32);
    }
}

/// `W (4, columns) @ x (columns,)`.
#[inline]
pub(in crate::kernel) fn quad_i8(words: &[u32], x: &[i16]) -> [i32; QUAD] {
    let (tiles, _) = bytemuck::cast_slice::<u32, u8>(words).as_chunks::<8>();
    let (pairs, last) = x.as_chunks::<2>();
    let mut tiles = tiles.iter();
    let mut totals = [0; QUAD];
    for (pair, tile) in pairs.iter().zip(tiles.by_ref()) {
        add_i8(tile, *pair, &mut totals);
    }
    if let (Some(tile), &[x]) = (tiles.next(), last) {
        add_i8(tile, [x, 0], &mut totals);
    }
    totals
}

/// The products of two columns.
#[inline(always)]
fn add_i8(&[a0, b0, a1, b1, c0, d0, c1, d1]: &[u8; 8], [x0, x1]: [i16; 2], to: &mut [i32; QUAD]) {
    let (x0, x1) = (i32::from(x0), i32::from(x1));
    let (offset, signed) = (|w: u8| i32::from(w) - 128, |w: u8| i32::from(w as i8));
    to[0] += offset(a0) * x0 + offset(a1) * x1;
    to[1] += signed(b0) * x0 + signed(b1) * x1;
    to[2] += offset(c0) * x0 + offset(c1) * x1;
    to[3] += signed(d0) * x0 + signed(d1) * x1;
}

/// `W (4, columns) @ x (columns,)`.
#[inline]
pub(in crate::kernel) fn quad_i4(words: &[u32], x: &[i16]) -> [i32; QUAD] {
    let halves: &[i16] = bytemuck::cast_slice(words);
    let mut totals = [0; QUAD];
    for (&half, &x) in halves.iter().zip(x) {
        let x = i32::from(x);
        let offset = |bits: u32| i32::from(half >> bits & 0xF) - 8;
        totals[0] += offset(0) * x;
        totals[1] += offset(4) * x;
        totals[2] += offset(8) * x;
        totals[3] += i32::from(half >> 12) * x;
    }
    totals
}
