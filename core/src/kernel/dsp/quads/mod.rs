//! Products with weights in quads: whole words multiply two rows at once.
//!
//! A halfword of a quad is `2^k a + b`, so that one product of it with `x` and one of `b` alone
//! give both rows: `SMLALD` adds the former, two columns at a time, in 64 bits, and `SMLAD` the
//! latter. That takes three instructions for four products of weights of 8 bits, and seven for
//! eight of 4 bits.
//!
//! Instructions on the Cortex-M4, counted by QEMU (`-icount`): in the loops 0.92 for each product of
//! 8 bits and 1.02 of 4, and for each quad of both matrices 35 more, with the rows' biases and
//! scales; some 600 for a call. Where flash does not wait, and a load takes a cycle more than it has
//! words, the same loops take 1.3 cycles for a product; loading each row by itself took 1.7.
//!
//! What the loops cannot do is done around them: rows beyond the last whole quad, inputs that do
//! not lie at a word or are not a multiple of four, and shifts of both matrices.

mod loops;
mod total;

use super::halfwords;
use crate::{fixed::MAX_COLUMNS, kernel::portable::quads as portable, matrix::QUAD};
use core::{num::NonZeroUsize, ptr};
use loops::{Frame, Side};

use portable::Accumulate;
pub use portable::{Factor, Scaling};

/// Four columns of `x`, as they lie in memory.
type Group = [u32; 2];

/// A width of weights.
struct Kind {
    /// Words of a quad for a group.
    words: usize,
    /// Bytes of a loop's code for a group, and groups in a turn, a power of two.
    code: usize,
    turn: usize,
    /// The offset of the weights that have one is `2^offset`.
    offset: u32,
    /// What the sums begin with, where the offset times the inputs comes to this.
    start: fn(i64) -> [u32; 6],
    /// The loop.
    run: unsafe fn(&Frame),
    /// The largest shift that the loop can do.
    most: u32,
    /// Adds a product.
    accumulate: Accumulate,
}

static INT8: Kind = Kind {
    words: 4,
    code: 56,
    turn: 4,
    offset: 7,
    start: |offset| {
        let [low, high] = halves(-offset);
        [low, high, low, low, high, low]
    },
    run: loops::run_i8,
    most: 31,
    accumulate: accumulate_i8,
};

static INT4: Kind = Kind {
    words: 2,
    code: 64,
    turn: 8,
    offset: 3,
    start: |offset| {
        let ([word, _], [low, high]) = (halves(-offset), halves(-273 * offset));
        [low, high, word, word, word, 0]
    },
    run: loops::run_i4,
    most: 3,
    accumulate: accumulate_i4,
};

const fn halves(value: i64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

/// As [`portable::accumulate_i8`].
#[inline]
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
    accumulate(&INT8, &factor, sums);
}

/// As [`portable::accumulate_i4`].
#[inline]
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
    accumulate(&INT4, &factor, sums);
}

/// As [`portable::fill_i8`].
pub fn fill_i8(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    fill(&INT8, (factor, other), first, rows, sums);
}

/// As [`portable::fill_i4`].
pub fn fill_i4(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    fill(&INT4, (factor, other), first, rows, sums);
}

// Here and below, one copy for both widths of weights.
#[inline(never)]
fn fill(
    kind: &Kind,
    (factor, other): (&Factor<'_>, Option<&Factor<'_>>),
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    let operands = match other {
        None => Operand::new(kind, factor).map(|one| (one, None)),
        Some(other) => {
            (Operand::new(kind, factor).zip(Operand::new(kind, other))).and_then(ordered)
        }
    };
    match operands {
        Some((one, other)) if one.shift <= kind.offset => {
            run(kind, (&one, other.as_ref()), first / QUAD, Some(rows), sums);
        }
        _ => portable::fill(
            kind.accumulate,
            kind.words,
            (factor, other),
            first,
            rows,
            sums,
        ),
    }
}

/// That with a shift first; none if both have one.
#[inline(always)]
fn ordered<'a>(
    (one, other): (Operand<'a>, Operand<'a>),
) -> Option<(Operand<'a>, Option<Operand<'a>>)> {
    match (one.shift, other.shift) {
        (_, 0) => Some((one, Some(other))),
        (0, _) => Some((other, Some(one))),
        _ => None,
    }
}

/// A matrix and an input that a loop takes as they are.
#[derive(Clone, Copy)]
struct Operand<'a> {
    words: &'a [u32],
    width: usize,
    x: &'a [Group],
    shift: u32,
}

impl<'a> Operand<'a> {
    #[inline(always)]
    fn new(kind: &Kind, factor: &Factor<'a>) -> Option<Self> {
        let x: &[Group] = bytemuck::try_cast_slice(factor.x).ok()?;
        let (width, shift) = (kind.words * x.len(), factor.shift % 32);
        (factor.x.len() == factor.columns.get()).then_some(Self {
            words: factor.words,
            width,
            x,
            shift,
        })
    }

    #[inline(always)]
    fn side(&self, kind: &Kind, quad: usize) -> Side {
        let ends = self.x.as_ptr_range();
        Side {
            words: self.words.as_ptr().wrapping_add(quad * self.width),
            x: ends.start,
            end: ends.end,
            entry: (self.x.len().wrapping_neg() & (kind.turn - 1)) * kind.code,
        }
    }

    /// Whether the weights of the quads before `end` are there.
    #[inline(always)]
    fn covers(&self, end: usize) -> bool {
        !self.x.is_empty() && end * self.width <= self.words.len()
    }
}

/// Adds a product to `sums`.
#[inline(never)]
fn accumulate(kind: &Kind, factor: &Factor<'_>, sums: &mut [i32]) {
    // Larger sums of 4-bit weights would not fit on the way to the fourth row's.
    if factor.shift > kind.most {
        return in_steps(kind, factor, sums);
    }
    match Operand::new(kind, factor) {
        Some(operand) => run(kind, (&operand, None), 0, None, sums),
        None => copied(kind, factor, sums),
    }
}

/// Adds a product that is shifted afterwards, four rows at a time.
#[inline(never)]
fn in_steps(kind: &Kind, factor: &Factor<'_>, sums: &mut [i32]) {
    let width = kind.words * factor.columns.get().div_ceil(QUAD);
    for (quad, sums) in sums.chunks_mut(QUAD).enumerate() {
        let mut products = [0; QUAD];
        let words = factor.words.get(quad * width..).unwrap_or(&[]);
        let unshifted = Factor {
            words,
            shift: 0,
            ..*factor
        };
        accumulate(kind, &unshifted, &mut products);
        for (sum, product) in sums.iter_mut().zip(products) {
            *sum += product << (factor.shift % 32);
        }
    }
}

/// Adds a product with a copy of an `x` that does not lie at a word or is no multiple of four.
#[inline(never)]
fn copied(kind: &Kind, factor: &Factor<'_>, sums: &mut [i32]) {
    let mut copy = [[0; 2]; MAX_COLUMNS / QUAD];
    let columns = factor.columns.get();
    let (pairs, last) = factor.x.as_chunks::<2>();
    let mut places = copy.as_flattened_mut().iter_mut();
    for (&[low, high], place) in pairs.iter().zip(places.by_ref()) {
        *place = halfwords(low, high);
    }
    if let (&[low], Some(place)) = (last, places.next()) {
        *place = halfwords(low, 0);
    }
    let x = copy.get(..columns.div_ceil(QUAD)).unwrap_or(&[]);
    let operand = Operand {
        words: factor.words,
        width: kind.words * x.len(),
        x,
        shift: factor.shift % 32,
    };
    run(kind, (&operand, None), 0, None, sums);
}

/// The products of one or two matrices, the second without a shift, from a quad on: added to
/// `sums`, or to biases and then multiplied.
#[inline(never)]
fn run(
    kind: &Kind,
    operands: (&Operand<'_>, Option<&Operand<'_>>),
    quad: usize,
    rows: Option<&Scaling<'_>>,
    sums: &mut [i32],
) {
    let (one, other) = operands;
    let (count, end) = (sums.len(), quad + sums.len().div_ceil(QUAD));
    let long =
        rows.is_none_or(|rows| rows.biases.len() >= count && rows.multipliers.len() >= count);
    if !long || !one.covers(end) || other.is_some_and(|other| !other.covers(end)) {
        return;
    }
    let start = start(kind, one, other);
    let (upper, lower) = sums.as_chunks_mut::<QUAD>();
    if !upper.is_empty() {
        let frame = frame(kind, operands, quad, rows, start, upper);
        // SAFETY: that the weights of the quads are there is checked above, and so are the values
        // that are added to and the multipliers. There are four sums for each quad, and one quad
        // at least, and an operand's columns are whole groups, at least one.
        unsafe { (kind.run)(&frame) };
    }
    if !lower.is_empty() {
        last(
            kind,
            operands,
            quad + upper.len(),
            rows,
            start,
            (QUAD * upper.len(), lower),
        );
    }
}

/// The rows behind the last whole quad, in a quad of their own with copies of what belongs to them.
#[inline(never)]
fn last(
    kind: &Kind,
    operands: (&Operand<'_>, Option<&Operand<'_>>),
    quad: usize,
    rows: Option<&Scaling<'_>>,
    start: [u32; 6],
    (before, sums): (usize, &mut [i32]),
) {
    let copy = |values: &[i32]| {
        let mut copy = [0; QUAD];
        copy.iter_mut()
            .zip(values)
            .for_each(|(copy, &value)| *copy = value);
        copy
    };
    let rest = |values: &[i32]| copy(values.get(before..).unwrap_or(&[]));
    let copies = rows.map(|rows| (rest(rows.biases), rest(rows.multipliers)));
    let rows = copies.as_ref().map(|(biases, multipliers)| Scaling {
        biases,
        multipliers,
    });
    let mut to = [copy(sums)];
    let frame = frame(kind, operands, quad, rows.as_ref(), start, &mut to);
    // SAFETY: as in `run`, which has checked that this quad's weights are there.
    unsafe { (kind.run)(&frame) };
    for (sum, value) in sums.iter_mut().zip(to.as_flattened()) {
        *sum = *value;
    }
}

#[inline(always)]
fn frame(
    kind: &Kind,
    (one, other): (&Operand<'_>, Option<&Operand<'_>>),
    quad: usize,
    rows: Option<&Scaling<'_>>,
    start: [u32; 6],
    to: &mut [[i32; QUAD]],
) -> Frame {
    let ends = to.as_flattened_mut().as_mut_ptr_range();
    Frame {
        start,
        one: one.side(kind, quad),
        between: 0,
        other: other.map_or(Side::NONE, |other| other.side(kind, quad)),
        from: rows.map_or(ptr::null(), |rows| rows.biases.as_ptr()),
        multipliers: rows.map_or(ptr::null(), |rows| rows.multipliers.as_ptr()),
        sums: ends.start,
        end: ends.end,
        shift: one.shift,
        after: 0,
    }
}

/// What the sums begin with: less than nothing by what the offsets will count too much.
#[inline(always)]
fn start(kind: &Kind, one: &Operand<'_>, other: Option<&Operand<'_>>) -> [u32; 6] {
    let total = |x: &Operand<'_>, offset: i32| i64::from(total::total(x.x)) * i64::from(offset);
    // If there is another matrix, the shift is at most that of the offset.
    let other = other.map_or(0, |other| total(other, 1 << (kind.offset - one.shift)));
    (kind.start)(total(one, 1 << kind.offset) + other)
}
