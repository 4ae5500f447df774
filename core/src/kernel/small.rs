//! Products with weights in quads on the Cortex-M0: the sums of four rows stand in the high
//! registers, which can be added to and little else, so that the low ones are left for what is
//! multiplied.
//!
//! Instructions in the loops, counted by QEMU (`-icount`): 4.0 for each product with weights of 8
//! bits, 5.0 with 4. The compiler, which keeps the sums on the stack, takes 7.1 and 7.9.
#![allow(unsafe_code)]

use super::portable::{self, quads as oracle};
use crate::matrix::{Encoding, QUAD};
use core::{arch::asm, num::NonZeroUsize};

pub use oracle::{Factor, Scaling};

/// A width of weights.
struct Kind {
    encoding: Encoding,
    /// Words of a quad for two columns.
    words: usize,
    /// What each row's weights count too much.
    offsets: [i32; QUAD],
    /// The products of pairs of columns: of weights and inputs, and how many bytes of inputs.
    run: unsafe fn(*const u32, *const i16, usize) -> [i32; QUAD],
    /// Those of the last column.
    last: fn(&[u32], &[i16]) -> [i32; QUAD],
}

static INT8: Kind = Kind {
    encoding: Encoding::Int8Quads,
    words: 2,
    offsets: [128, 0, 128, 0],
    run: run_i8,
    last: oracle::quad_i8,
};

static INT4: Kind = Kind {
    encoding: Encoding::Int4Quads,
    words: 1,
    offsets: [8, 8, 8, 0],
    run: run_i4,
    last: oracle::quad_i4,
};

/// As [`portable::quads::accumulate_i8`].
pub fn accumulate_i8(
    words: &[u32],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    accumulate(&INT8, words, (columns.get(), x), shift, sums);
}

/// As [`portable::quads::accumulate_i4`].
pub fn accumulate_i4(
    words: &[u32],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    accumulate(&INT4, words, (columns.get(), x), shift, sums);
}

/// As [`portable::quads::fill_i8`].
pub fn fill_i8(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    oracle::fill(accumulate_i8, 4, (factor, other), first, rows, sums);
}

/// As [`portable::quads::fill_i4`].
pub fn fill_i4(
    factor: &Factor<'_>,
    other: Option<&Factor<'_>>,
    first: usize,
    rows: &Scaling<'_>,
    sums: &mut [i32],
) {
    oracle::fill(accumulate_i4, 2, (factor, other), first, rows, sums);
}

#[inline(never)]
fn accumulate(
    kind: &Kind,
    words: &[u32],
    (columns, x): (usize, &[i16]),
    shift: u32,
    sums: &mut [i32],
) {
    let (pairs, last) = x.get(..columns).unwrap_or(x).as_chunks::<2>();
    let whole = pairs.as_flattened();
    let total: i32 = whole.iter().map(|&x| i32::from(x)).sum();
    let width = kind.encoding.width(columns);
    for (quad, sums) in portable::rows(words, width).zip(sums.chunks_mut(QUAD)) {
        let rest = quad.get(kind.words * pairs.len()..).unwrap_or(&[]);
        let mut products = (kind.last)(rest, last);
        if !pairs.is_empty() {
            // SAFETY: a quad has words for all columns, and there are no more pairs of inputs than
            // of columns; there is one at least.
            let run = unsafe { (kind.run)(quad.as_ptr(), whole.as_ptr(), 2 * whole.len()) };
            for ((product, run), offset) in products.iter_mut().zip(run).zip(kind.offsets) {
                // The offsets' share may not fit, what is left of it does.
                *product += run.wrapping_sub(offset.wrapping_mul(total));
            }
        }
        oracle::add(products, shift, sums);
    }
}

/// The loop around the instructions for two columns, which have `r0` to read weights from, `r1` and
/// `r5` inputs, `r2` to `r4`, `r6` and `r7` for themselves, and sums in `r8` to `r11`.
macro_rules! run {
    ($words:ident, $x:ident, $bytes:ident, $columns:expr) => {{
        let mut sums = [0; QUAD];
        asm!(
            "push {{r4, r6, r7}}",
            "movs r5, #0",
            "mov r8, r5",
            "mov r9, r5",
            "mov r10, r5",
            "mov r11, r5",
            "mov r12, r3",
            "movs r3, #1",
            "movs r4, #5",
            "2:",
            $columns,
            "cmp r5, r12",
            "blo 2b",
            "pop {{r4, r6, r7}}",
            "mov r2, r8",
            "mov r3, r9",
            "mov r5, r10",
            "mov r0, r11",
            "stm r4!, {{r2, r3}}",
            "str r5, [r4]",
            "str r0, [r4, #4]",
            inout("r0") $words => _,
            inout("r1") $x => _,
            out("r2") _,
            inout("r3") $bytes => _,
            inout("r4") sums.as_mut_ptr() => _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
        );
        sums
    }};
}

/// One column of 8-bit weights, and the way to the next.
macro_rules! column_i8 {
    ($next:literal) => {
        concat!(
            "ldrsh r2, [r1, r5]\n",
            "adds r5, #2\n",
            "ldrb r6, [r0]\n",
            "muls r6, r2, r6\n",
            "add r8, r6\n",
            "ldrsb r6, [r0, r3]\n",
            "muls r6, r2, r6\n",
            "add r9, r6\n",
            "ldrb r6, [r0, #4]\n",
            "muls r6, r2, r6\n",
            "add r10, r6\n",
            "ldrsb r6, [r0, r4]\n",
            "muls r6, r2, r6\n",
            "add r11, r6\n",
            "adds r0, #",
            $next,
            "\n",
        )
    };
}

/// One column of 4-bit weights.
macro_rules! column_i4 {
    () => {
        concat!(
            "ldrsh r2, [r1, r5]\n",
            "adds r5, #2\n",
            "ldrh r7, [r0]\n",
            "adds r0, #2\n",
            "lsls r6, r7, #28\n",
            "lsrs r6, r6, #28\n",
            "muls r6, r2, r6\n",
            "add r8, r6\n",
            "lsls r6, r7, #24\n",
            "lsrs r6, r6, #28\n",
            "muls r6, r2, r6\n",
            "add r9, r6\n",
            "lsls r6, r7, #20\n",
            "lsrs r6, r6, #28\n",
            "muls r6, r2, r6\n",
            "add r10, r6\n",
            "lsls r6, r7, #16\n",
            "asrs r6, r6, #28\n",
            "muls r6, r2, r6\n",
            "add r11, r6\n",
        )
    };
}

/// The products of pairs of columns with the 8-bit weights of a quad, as they are stored.
///
/// # Safety
/// There are `bytes` of inputs, a positive multiple of 4, and twice as many of weights.
#[inline(never)]
unsafe fn run_i8(words: *const u32, x: *const i16, bytes: usize) -> [i32; QUAD] {
    // SAFETY: what the caller vouches for is read, and the four sums written; nothing else is but
    // the stack, which is put back.
    unsafe { run!(words, x, bytes, concat!(column_i8!("2"), column_i8!("6"))) }
}

/// The products of pairs of columns with the 4-bit weights of a quad, as they are stored.
///
/// # Safety
/// There are `bytes` of inputs, a positive multiple of 4, and as many of weights.
#[inline(never)]
unsafe fn run_i4(words: *const u32, x: *const i16, bytes: usize) -> [i32; QUAD] {
    // SAFETY: as in `run_i8`.
    unsafe { run!(words, x, bytes, concat!(column_i4!(), column_i4!())) }
}
