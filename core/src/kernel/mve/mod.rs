//! The products with Helium, the vector extension of Armv8.1-M: `VMLAVA` multiplies eight pairs of
//! halfwords and adds all products to a sum.
//!
//! The compiler finds it in plain loops, but not dependably, hence the assembly: loops over the
//! columns whose last turn is predicated (`DLSTP`, `LETP`), over four rows at once, so that the
//! inputs are loaded for all. What is left of the rows is [`portable`]'s. Sums are exact in 32 bits
//! (see there), so their order does not matter.
//!
//! Instructions of the loops for each product: 0.31 (8 bits) and 0.38 (4 bits), and for four rows
//! 12 (8 bits without a shift), 17 or 18 more.
#![allow(unsafe_code)]

pub mod quads;

use super::portable::{self, tail_i8};
use crate::matrix::NIBBLES;
use core::{arch::asm, num::NonZeroUsize};

/// Rows in a pass.
const ROWS: usize = 4;
/// Columns of a tile of 4-bit weights, a multiple of [`GROUP`].
const TILE: usize = 128;
/// Columns of 4-bit weights in a vector.
const GROUP: usize = 32;
/// Their inputs.
type Group = [[u32; 4]; 4];

/// What a pass needs besides pointers, as the assembly reads it.
#[repr(C)]
struct Frame {
    /// The inputs.
    x: *const i16,
    /// Elements of a row: weights of 8 bits, or words of those of 4.
    elements: usize,
    /// Taken off a product before it is shifted.
    offset: i32,
    /// How far a product is shifted.
    shift: u32,
}

/// As [`portable::accumulate_i8`].
#[inline(never)]
pub fn accumulate_i8(
    weights: &[i8],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let columns = columns.get();
    let (upper, lower) = sums.as_chunks_mut::<ROWS>();
    let whole = upper.len() * ROWS;
    if x.len() == columns {
        sum_i8(weights, x, shift % 32, upper);
    }
    if !lower.is_empty() {
        tail_i8(weights.get(whole * columns..), columns, x, shift, lower);
    }
}

/// The instructions for four rows of 8-bit weights after another: `begin` makes the sums ready in
/// `r4`, `r8`, `r10` and `r12`, `end` stores them and goes on to the next four.
macro_rules! passes_i8 {
    ($frame:ident, $weights:ident, $sums:ident, $begin:expr, $end:expr) => {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r4",
            "mov r7, r5",
            "2:",
            $begin,
            "ldrd r5, lr, [r6]",
            "dlstp.16 lr, lr",
            "3:",
            "vldrh.u16 q0, [r5], #16",
            "vldrb.s16 q1, [r0], #8",
            "vldrb.s16 q2, [r1], #8",
            "vmlava.s16 r4, q0, q1",
            "vldrb.s16 q3, [r2], #8",
            "vmlava.s16 r8, q0, q2",
            "vldrb.s16 q1, [r3], #8",
            "vmlava.s16 r10, q0, q3",
            "vmlava.s16 r12, q0, q1",
            "letp lr, 3b",
            // From what lies behind one row's vectors to the row that is four below.
            "add r0, r7",
            "add r1, r7",
            "add r2, r7",
            "add r3, r7",
            $end,
            "cmp r11, r9",
            "bne 2b",
            "pop {{r6, r7}}",
            inout("r0") $weights => _,
            inout("r1") $weights.wrapping_add($frame.elements) => _,
            inout("r2") $weights.wrapping_add(2 * $frame.elements) => _,
            inout("r3") $weights.wrapping_add(3 * $frame.elements) => _,
            inout("r4") &$frame => _,
            inout("r5") (ROWS * $frame.elements).wrapping_sub($frame.elements.next_multiple_of(8)) => _,
            out("r8") _,
            in("r9") $sums.end,
            out("r10") _,
            inout("r11") $sums.start => _,
            out("r12") _,
            out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d6") _, out("d7") _,
        )
    };
}

/// Adds `W (rows, n) @ x (n,) << shift` to `sums (rows,)`, four at a time.
#[inline(always)]
fn sum_i8(weights: &[i8], x: &[i16], shift: u32, sums: &mut [[i32; ROWS]]) {
    let columns = x.len();
    if sums.is_empty() || columns == 0 || sums.len() * ROWS * columns > weights.len() {
        return;
    }
    let frame = Frame {
        x: x.as_ptr(),
        elements: columns,
        offset: 0,
        shift,
    };
    let weights = weights.as_ptr();
    let sums = sums.as_mut_ptr_range();
    // SAFETY: of every row `columns` bytes are read, and as many halfwords of `x`: predication
    // leaves out what is beyond. The rows end within `weights`, as is checked above. Four sums are
    // read and written in each pass, from the first to the end; nothing else is written but the
    // stack, which is put back.
    unsafe {
        match shift {
            0 => passes_i8!(
                frame,
                weights,
                sums,
                "ldm r11, {{r4, r8, r10, r12}}",
                "stm r11!, {{r4, r8, r10, r12}}"
            ),
            _ => passes_i8!(
                frame,
                weights,
                sums,
                "clrm {{r4, r8, r10, r12}}",
                concat!(
                    "vmov q0[2], q0[0], r4, r10\n",
                    "vmov q0[3], q0[1], r8, r12\n",
                    "ldr r5, [r6, #12]\n",
                    "vldrw.u32 q1, [r11]\n",
                    "vshl.s32 q0, r5\n",
                    "vadd.i32 q0, q0, q1\n",
                    "vstrw.32 q0, [r11], #16"
                )
            ),
        }
    }
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
    let width = columns.get().div_ceil(NIBBLES);
    let (upper, lower) = sums.as_chunks_mut::<ROWS>();
    let whole = upper.len() * ROWS;
    for (tile, x) in x.chunks(TILE).enumerate() {
        let Some(words) = words.get(tile * (TILE / NIBBLES)..) else {
            return;
        };
        let mut groups = [Group::default(); TILE / GROUP];
        let offset = 8 * arrange(x, &mut groups);
        let frame = Frame {
            x: groups.as_ptr().cast(),
            elements: x.len().div_ceil(NIBBLES),
            offset,
            shift: shift % 32,
        };
        sum_i4(words, width, &frame, upper);
        if !lower.is_empty() {
            tail_i4(words.get(whole * width..), width, x, offset, shift, lower);
        }
    }
}

/// Adds the rows of `words`, `width` apart, times `x` to `sums`.
#[inline(never)]
fn tail_i4(
    words: Option<&[u32]>,
    width: usize,
    x: &[i16],
    offset: i32,
    shift: u32,
    sums: &mut [i32],
) {
    let mut words = words.unwrap_or(&[]);
    for sum in sums {
        *sum += (portable::dot_i4(words, x) - offset) << (shift % 32);
        words = words.get(width..).unwrap_or(&[]);
    }
}

/// Puts the inputs where the weights of four words stand, nibble by nibble of their halfwords, and
/// returns their sum.
#[inline(always)]
fn arrange(x: &[i16], groups: &mut [Group; TILE / GROUP]) -> i32 {
    let (whole, rest) = x.as_chunks::<GROUP>();
    let mut groups = groups.iter_mut();
    for (x, group) in whole.iter().zip(groups.by_ref()) {
        *group = arranged(x);
    }
    if let (Some(group), false) = (groups.next(), rest.is_empty()) {
        let mut x = [0; GROUP];
        for (place, &value) in x.iter_mut().zip(rest) {
            *place = value;
        }
        *group = arranged(&x);
    }
    x.iter().map(|&x| i32::from(x)).sum()
}

/// Pairs of columns, those of a word's nibbles `k` and `k + 4` at `[k][word]`.
#[inline(always)]
fn arranged(x: &[i16; GROUP]) -> Group {
    let mut group = Group::default();
    let (eights, _) = x.as_chunks::<NIBBLES>();
    for (word, x) in eights.iter().enumerate() {
        let (pairs, _) = x.as_chunks::<2>();
        for (nibble, &[low, high]) in group.iter_mut().zip(pairs) {
            nibble[word] = u32::from(low as u16) | u32::from(high as u16) << 16;
        }
    }
    group
}

/// The instructions for a row of a group of columns: `q4` to `q7` are inputs.
macro_rules! row_i4 {
    ($row:literal, $sum:literal) => {
        concat!(
            "vldrw.u32 q0, [",
            $row,
            "], #16\n",
            "vand q1, q0, q3\n",
            "vmlava.s16 ",
            $sum,
            ", q1, q4\n",
            "vshr.u16 q2, q0, #4\n",
            "vand q2, q2, q3\n",
            "vmlava.s16 ",
            $sum,
            ", q2, q5\n",
            "vshr.u16 q1, q0, #8\n",
            "vand q1, q1, q3\n",
            "vmlava.s16 ",
            $sum,
            ", q1, q6\n",
            "vshr.u16 q2, q0, #12\n",
            "vmlava.s16 ",
            $sum,
            ", q2, q7\n",
        )
    };
}

/// Adds `(W + 8) (rows, n) @ x (n,) - offset << shift` to `sums (rows,)`, four at a time. The rows
/// of `words` are `width` apart; the frame's inputs are as [`arrange`] puts them.
#[inline(always)]
fn sum_i4(words: &[u32], width: usize, frame: &Frame, sums: &mut [[i32; ROWS]]) {
    let Some(last) = (sums.len() * ROWS).checked_sub(1) else {
        return;
    };
    if frame.elements == 0 || last * width + frame.elements > words.len() {
        return;
    }
    let row = words.as_ptr();
    let sums = sums.as_mut_ptr_range();
    let read = 4 * frame.elements.next_multiple_of(4);
    // SAFETY: as in `sum_i8`; of every row `frame.elements` words are read, and for four of them
    // or less a group of the tile's inputs.
    unsafe {
        asm!(
            "push {{r6, r7}}",
            "mov r6, r4",
            "mov r7, r5",
            "vmov.i16 q3, #0xF",
            "2:",
            "clrm {{r4, r8, r10, r12}}",
            "ldrd r5, lr, [r6]",
            "dlstp.32 lr, lr",
            "3:",
            "vldrh.u16 q4, [r5], #16",
            "vldrh.u16 q5, [r5], #16",
            "vldrh.u16 q6, [r5], #16",
            "vldrh.u16 q7, [r5], #16",
            row_i4!("r0", "r4"),
            row_i4!("r1", "r8"),
            row_i4!("r2", "r10"),
            row_i4!("r3", "r12"),
            "letp lr, 3b",
            "vmov q0[2], q0[0], r4, r10",
            "vmov q0[3], q0[1], r8, r12",
            "ldrd r4, r5, [r6, #8]",
            "vldrw.u32 q1, [r11]",
            "vsub.i32 q0, q0, r4",
            "vshl.s32 q0, r5",
            "add r0, r7",
            "add r1, r7",
            "add r2, r7",
            "add r3, r7",
            "vadd.i32 q0, q0, q1",
            "vstrw.32 q0, [r11], #16",
            "cmp r11, r9",
            "bne 2b",
            "pop {{r6, r7}}",
            inout("r0") row => _,
            inout("r1") row.wrapping_add(width) => _,
            inout("r2") row.wrapping_add(2 * width) => _,
            inout("r3") row.wrapping_add(3 * width) => _,
            inout("r4") frame => _,
            inout("r5") (4 * ROWS * width).wrapping_sub(read) => _,
            out("r8") _,
            in("r9") sums.end,
            out("r10") _,
            inout("r11") sums.start => _,
            out("r12") _,
            out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
        );
    }
}

/// As [`portable::begin`], four at once.
#[inline(always)]
pub fn begin(sums: &mut [i32], biases: &[i32]) {
    let count = sums.len().min(biases.len());
    if count == 0 {
        return;
    }
    // SAFETY: `count` words of `biases` are read and of `sums` written: predication leaves out what
    // is beyond.
    unsafe {
        asm!(
            "dlstp.32 lr, lr",
            "2:",
            "vldrw.u32 q0, [{biases}], #16",
            "vstrw.32 q0, [{sums}], #16",
            "letp lr, 2b",
            sums = inout(reg) sums.as_mut_ptr() => _,
            biases = inout(reg) biases.as_ptr() => _,
            inout("lr") count => _,
            out("d0") _, out("d1") _,
            options(nostack),
        );
    }
}

/// As [`portable::requantize`], four at once: `VRMULH` keeps the upper half of a product, rounded.
#[inline(always)]
pub fn requantize(sums: &mut [i32], multipliers: &[i32]) {
    let count = sums.len().min(multipliers.len());
    if count == 0 {
        return;
    }
    // SAFETY: of both `count` words are read, and of `sums` written: predication leaves out what is
    // beyond.
    unsafe {
        asm!(
            "dlstp.32 lr, lr",
            "2:",
            "vldrw.u32 q0, [{sums}]",
            "vldrw.u32 q1, [{multipliers}], #16",
            "vrmulh.s32 q0, q0, q1",
            "vstrw.32 q0, [{sums}], #16",
            "letp lr, 2b",
            sums = inout(reg) sums.as_mut_ptr() => _,
            multipliers = inout(reg) multipliers.as_ptr() => _,
            inout("lr") count => _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            options(nostack),
        );
    }
}
