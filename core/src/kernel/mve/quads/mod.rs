//! Products with weights in quads: vectors of halfwords that hold the weights of two or of four
//! rows in a column.
//!
//! A halfword `H` of 8-bit weights is `256 b + a` for two rows, so that its products give `256 B +
//! A` and those of `H >> 8` give `B`; one of 4-bit weights is `4096 d + 256 c + 16 b + a` for four
//! rows, and each shift by four leaves one of them out. All sums are taken modulo `2^32`, in which
//! the rows' own fit: what overflows on the way does no harm. Of both matrices of a quad the sums
//! stay in registers until they are requantised. What the offsets of the weights that have one will
//! count too much is taken off before: sums begin with less than nothing by the inputs' sum.
//!
//! What the loops cannot do is done around them: rows beyond the last whole quad, and shifts of both
//! matrices.
//!
//! Instructions of the loops for each product: 10/32 for either width; for each quad 22 more (8
//! bits) or 23 (4 bits), for both matrices and requantisation, or 16 or 17 for one that is added to
//! sums, if none has a shift and the columns are a multiple of eight.

mod loops;

use crate::{kernel::portable::quads as portable, matrix::QUAD};
use core::num::NonZeroUsize;
use loops::{Kind, passes};

pub use portable::{Factor, Scaling};

/// As [`portable::accumulate_i8`].
#[inline(never)]
pub fn accumulate_i8(
    words: &[u32],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let factor = Factor {
        words,
        columns,
        x,
        shift,
    };
    run(Kind::Int8, &factor, 0, None, sums);
}

/// As [`portable::accumulate_i4`].
#[inline(never)]
pub fn accumulate_i4(
    words: &[u32],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let factor = Factor {
        words,
        columns,
        x,
        shift,
    };
    run(Kind::Int4, &factor, 0, None, sums);
}

/// As [`portable::fill_i8`].
#[inline(never)]
pub fn fill_i8(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    fill(Kind::Int8, (factor, other), first, rows, sums);
}

/// As [`portable::fill_i4`].
#[inline(never)]
pub fn fill_i4(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    fill(Kind::Int4, (factor, other), first, rows, sums);
}

#[inline(always)]
fn fill(
    kind: Kind,
    (factor, other): (&Factor<'_>, Option<&Factor<'_>>),
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    // That with a shift comes first.
    let (one, second) = match other {
        Some(other) if other.shift > 0 => (other, Some(factor)),
        other => (factor, other),
    };
    if second.is_some_and(|second| second.shift > 0 || one.shift > kind.offset()) {
        let (accumulate, words): (portable::Accumulate, _) = match kind {
            Kind::Int8 => (accumulate_i8, 4),
            Kind::Int4 => (accumulate_i4, 2),
        };
        return portable::fill(accumulate, words, (factor, other), first, rows, sums);
    }
    run(kind, one, first / QUAD, Some((second, rows)), sums);
}

/// The products of a matrix from a quad on, added to `sums`; or those of one or two, the second
/// without a shift, added to biases and then requantised.
#[inline(always)]
fn run(
    kind: Kind,
    factor: &Factor<'_>,
    quad: usize,
    fill: Option<(Option<&Factor<'_>>, &Scaling<'_>)>,
    sums: &mut [i32],
) {
    let (upper, lower) = sums.as_chunks_mut::<QUAD>();
    let whole = upper.len();
    let quads = fill.map(|(other, rows)| {
        let (biases, multipliers) = (rows.biases.as_chunks().0, rows.multipliers.as_chunks().0);
        (other, biases, multipliers)
    });
    passes(kind, factor, quad, quads, upper);
    if !lower.is_empty() {
        let mut last = [filled(lower, 0)];
        let rows = fill.map(|(other, rows)| {
            let (biases, multipliers) = (rows.biases, rows.multipliers);
            (other, [filled(biases, whole)], [filled(multipliers, whole)])
        });
        let rows = (rows.as_ref()).map(|(other, b, m)| (*other, b.as_slice(), m.as_slice()));
        passes(kind, factor, quad + whole, rows, &mut last);
        for (sum, value) in lower.iter_mut().zip(last.as_flattened()) {
            *sum = *value;
        }
    }
}

/// Those of `values` that belong to a quad, filled up with zeros.
#[inline(always)]
fn filled(values: &[i32], quad: usize) -> [i32; QUAD] {
    let mut filled = [0; QUAD];
    let values = values.get(quad * QUAD..).unwrap_or(&[]);
    for (place, &value) in filled.iter_mut().zip(values) {
        *place = value;
    }
    filled
}
