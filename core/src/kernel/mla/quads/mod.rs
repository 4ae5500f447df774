//! Products with weights in quads: words of weights are loaded several at a time, and each weight
//! is taken out of its word by an instruction and multiplied by another.
//!
//! Instructions on the Cortex-M3, counted by QEMU (`-icount`): in the loops 2.22 for each product of
//! either width, and for each quad of both matrices 34 more, with the rows' biases and scales. In
//! cycles, where `MLA` takes two and a load one more than it has words, 3.7 for a product; loading
//! every weight by itself took 4.4. The inputs are widened once for all rows.

mod loops;

use crate::{fixed::MAX_COLUMNS, kernel::portable::quads as portable, matrix::QUAD};
use core::{iter, mem::MaybeUninit, num::NonZeroUsize, ptr};
use loops::{Frame, Side, Turns};
use portable::Accumulate;

pub use portable::{Factor, Scaling};

/// Columns, of both matrices together, that are multiplied at once.
const COLUMNS: usize = 256;
/// Columns of a matrix on its own that take half as much stack.
const NARROW: usize = 128;

/// A width of weights.
struct Kind {
    /// Words of a quad for a group.
    words: usize,
    /// The offset of the weights that have one is `2^offset`.
    offset: u32,
    /// The rows of a quad whose weights have it.
    rows: [bool; QUAD],
    /// The loop.
    run: unsafe fn(&Frame),
    /// Adds a product.
    accumulate: Accumulate,
}

/// Bytes of a loop's code for a group, and groups in a turn.
const CODE: usize = 140;
const TURN: usize = 4;

static INT8: Kind = Kind {
    words: 4,
    offset: 7,
    rows: [true, false, true, false],
    run: loops::run_i8,
    accumulate: accumulate_i8,
};

static INT4: Kind = Kind {
    words: 2,
    offset: 3,
    rows: [true, true, true, false],
    run: loops::run_i4,
    accumulate: accumulate_i4,
};

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
    // That with a shift first.
    let (one, second) = match other {
        Some(other) if other.shift > 0 => (other, Some(factor)),
        other => (factor, other),
    };
    let groups = groups(one) + second.map_or(0, groups);
    let fits = groups <= COLUMNS / QUAD && one.shift <= kind.offset;
    if !fits || second.is_some_and(|second| second.shift > 0) {
        return portable::fill(
            kind.accumulate,
            kind.words,
            (factor, other),
            first,
            rows,
            sums,
        );
    }
    let mut wide = [const { MaybeUninit::uninit() }; COLUMNS];
    let Some((left, right)) = wide.split_at_mut_checked(QUAD * self::groups(one)) else {
        return;
    };
    let one = Operand::new(kind, one, left);
    let second = second.map(|second| Operand::new(kind, second, right));
    run(
        kind,
        (&one, second.as_ref()),
        first / QUAD,
        Some(rows),
        sums,
    );
}

/// Adds a product to `sums`, with as much stack as its columns need.
#[inline(never)]
fn accumulate(kind: &Kind, factor: &Factor<'_>, sums: &mut [i32]) {
    match factor.columns.get() {
        ..=NARROW => accumulate_within::<NARROW>(kind, factor, sums),
        ..=COLUMNS => accumulate_within::<COLUMNS>(kind, factor, sums),
        _ => accumulate_within::<MAX_COLUMNS>(kind, factor, sums),
    }
}

/// The same of at most `N` columns, a multiple of [`QUAD`].
#[inline(never)]
fn accumulate_within<const N: usize>(kind: &Kind, factor: &Factor<'_>, sums: &mut [i32]) {
    let mut wide = [const { MaybeUninit::uninit() }; N];
    let operand = Operand::new(kind, factor, &mut wide);
    run(kind, (&operand, None), 0, None, sums);
}

#[inline(always)]
fn groups(factor: &Factor<'_>) -> usize {
    factor.columns.get().div_ceil(QUAD)
}

/// A matrix and its input as a loop takes them.
struct Operand<'a> {
    words: &'a [u32],
    width: usize,
    /// Whole groups, all of them written.
    x: &'a [MaybeUninit<i32>],
    total: i32,
    shift: u32,
}

impl<'a> Operand<'a> {
    /// With the input widened in `wide`.
    #[inline(always)]
    fn new(kind: &Kind, factor: &Factor<'a>, wide: &'a mut [MaybeUninit<i32>]) -> Self {
        let x = wide.get_mut(..QUAD * groups(factor)).unwrap_or(&mut []);
        let total = widen(factor.x, x);
        Self {
            words: factor.words,
            width: kind.words * groups(factor),
            x,
            total,
            shift: factor.shift % 32,
        }
    }

    #[inline(always)]
    fn side(&self, quad: usize) -> (Side, Turns) {
        let ends = self.x.as_ptr_range();
        let side = Side {
            words: self.words.as_ptr().wrapping_add(quad * self.width),
            x: ends.start.cast(),
        };
        let turns = Turns {
            entry: ((self.x.len() / QUAD).wrapping_neg() % TURN) * CODE,
            end: ends.end.cast(),
        };
        (side, turns)
    }

    /// Whether the weights of the quads before `end` are there.
    #[inline(always)]
    fn covers(&self, end: usize) -> bool {
        !self.x.is_empty() && end * self.width <= self.words.len()
    }
}

/// Widens the inputs, zeros where they end too early, and adds them up.
#[inline(never)]
fn widen(x: &[i16], wide: &mut [MaybeUninit<i32>]) -> i32 {
    let x = x.get(..wide.len()).unwrap_or(x);
    let (fours, rest) = x.as_chunks::<QUAD>();
    let Some((places, last)) = wide.split_at_mut_checked(QUAD * fours.len()) else {
        return 0;
    };
    let total = loops::widen(fours, places.as_chunks_mut().0);
    for (place, x) in last
        .iter_mut()
        .zip(rest.iter().copied().chain(iter::repeat(0)))
    {
        place.write(x.into());
    }
    rest.iter().fold(total, |total, &x| total + i32::from(x))
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
        let frame = frame(operands, quad, rows, start, upper);
        // SAFETY: that the weights of the quads are there is checked above, and so are the values
        // that are added to and the multipliers. There are four sums for each quad, and one quad
        // at least, and an operand's columns are whole groups, at least one; two operands' lie apart.
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
    start: [i32; QUAD],
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
    let frame = frame(operands, quad, rows.as_ref(), start, &mut to);
    // SAFETY: as in `run`, which has checked that this quad's weights are there.
    unsafe { (kind.run)(&frame) };
    for (sum, value) in sums.iter_mut().zip(to.as_flattened()) {
        *sum = *value;
    }
}

#[inline(always)]
fn frame(
    (one, other): (&Operand<'_>, Option<&Operand<'_>>),
    quad: usize,
    rows: Option<&Scaling<'_>>,
    start: [i32; QUAD],
    to: &mut [[i32; QUAD]],
) -> Frame {
    let ends = to.as_flattened_mut().as_mut_ptr_range();
    let (other, other_turns) = other.map_or(loops::NONE, |other| other.side(quad));
    let shift = one.shift;
    let (one, one_turns) = one.side(quad);
    Frame {
        one,
        start,
        one_turns,
        other,
        other_turns,
        from: rows.map_or(ptr::null(), |rows| rows.biases.as_ptr()),
        multipliers: rows.map_or(ptr::null(), |rows| rows.multipliers.as_ptr()),
        sums: ends.start,
        end: ends.end,
        shift,
    }
}

/// What the sums begin with: less than nothing by what the offsets will count too much.
#[inline(always)]
fn start(kind: &Kind, one: &Operand<'_>, other: Option<&Operand<'_>>) -> [i32; QUAD] {
    // If there is another matrix, the shift is at most that of the offset. As the sums, this is
    // right but for multiples of 2^32.
    let other = other.map_or(0, |other| other.total << (kind.offset - one.shift));
    let offset = (one.total << kind.offset).wrapping_add(other);
    (kind.rows).map(|on| if on { offset.wrapping_neg() } else { 0 })
}
