//! The products with the DSP extension of Armv7E-M and Armv8-M: `SMLAD` multiplies two pairs of
//! halfwords and adds both products to a sum.
//!
//! The compiler does not find it in plain loops, hence the assembly: two loops over the rows, several
//! of them at once so that the inputs are loaded for all. Columns go in tiles, whose inputs are
//! arranged once for all rows; what is left of a tile's columns, and of the rows, is
//! [`portable`]'s. Sums are exact in 32 bits (see there), so their order does not matter.
#![allow(unsafe_code)]

pub mod gates;
pub mod quads;

use super::SPAN;
use super::portable::{self, tail_i8};
use crate::matrix::NIBBLES;
use core::{arch::asm, num::NonZeroUsize};

/// Columns of a tile, a multiple of 8.
const TILE: usize = 128;
/// Rows of 8-bit weights in a pass.
const ROWS_I8: usize = 4;
/// Columns of 8-bit weights in a word.
const GROUP: usize = 4;
/// Rows of 4-bit weights in a pass: more would need more registers than there are.
const ROWS_I4: usize = 2;

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
    let whole = sums.len() / ROWS_I8 * ROWS_I8;
    for (tile, x) in x.chunks(TILE).enumerate() {
        let first = tile * TILE;
        let mut pairs = [[0; 2]; TILE / GROUP];
        let done = groups_i8(x, &mut pairs);
        let groups = pairs.get(..done).unwrap_or(&[]);
        let (upper, lower) = sums
            .split_at_mut_checked(whole)
            .unwrap_or((&mut [], &mut []));
        let (rows, rest) = (weights.get(first..), x.get(GROUP * done..));
        let (Some(rows), Some(rest)) = (rows, rest) else {
            return;
        };
        sum_i8(rows, columns, groups, shift % 32, upper);
        if !rest.is_empty() {
            tail_i8(rows.get(GROUP * done..), columns, rest, shift, upper);
        }
        if !lower.is_empty() {
            tail_i8(rows.get(whole * columns..), columns, x, shift, lower);
        }
    }
}

/// The inputs' whole groups, even and then odd ones, and how many groups there are.
#[inline(never)]
fn groups_i8(x: &[i16], pairs: &mut [[u32; 2]]) -> usize {
    let (fours, _) = x.as_chunks::<GROUP>();
    for (pair, &[x0, x1, x2, x3]) in pairs.iter_mut().zip(fours) {
        *pair = [halfwords(x0, x2), halfwords(x1, x3)];
    }
    fours.len()
}

/// The instructions for one group of columns.
macro_rules! group_i8 {
    () => {
        concat!(
            "ldrd r12, r6, [r3], #8\n",
            "ldr r7, [r0, r2]\n",
            "sxtb16 r5, r7\n",
            "smlad r9, r5, r12, r9\n",
            "sxtb16 r7, r7, ror #8\n",
            "smlad r9, r7, r6, r9\n",
            "ldr r7, [r0, r2, lsl #1]\n",
            "sxtb16 r5, r7\n",
            "smlad r10, r5, r12, r10\n",
            "sxtb16 r7, r7, ror #8\n",
            "smlad r10, r7, r6, r10\n",
            "ldr r7, [r1], #4\n",
            "sxtb16 r5, r7\n",
            "smlad r11, r5, r12, r11\n",
            "sxtb16 r7, r7, ror #8\n",
            "smlad r11, r7, r6, r11\n",
            "ldr r7, [r0], #4\n",
            "sxtb16 r5, r7\n",
            "smlad r8, r5, r12, r8\n",
            "sxtb16 r7, r7, ror #8\n",
            "smlad r8, r7, r6, r8\n",
        )
    };
}
/// Adds `W (rows, 4 n) @ x (4 n,) << shift` to `sums (rows,)`, four at a time. The rows of
/// `weights` are `columns` apart; `pairs (n,)` are the inputs as [`groups_i8`] arranges them.
#[inline(never)]
fn sum_i8(weights: &[i8], columns: usize, pairs: &[[u32; 2]], shift: u32, sums: &mut [i32]) {
    let passes = sums.len() / ROWS_I8;
    let Some(last) = (passes * ROWS_I8).checked_sub(1) else {
        return;
    };
    if pairs.is_empty() || last * columns + GROUP * pairs.len() > weights.len() {
        return;
    }
    // SAFETY: of every row, `4 n` bytes are read; those of the last end within `weights`, as is
    // checked above. So are `8 n` bytes of `pairs`, and four sums in each pass, which are written
    // too; nothing else is but the stack, which is put back. `LDR` may be unaligned, `LDRD` and
    // `STRD` need words.
    unsafe {
        asm!(
            // Passes at 0, inputs at 4, groups at 8, sums at 12, shift at 24.
            "push {{r1, r3, r4, r5, r6, r7, r12}}",
            "1:",
            "add r1, r2, r2, lsl #1",
            "add r1, r0",
            "movs r7, #0",
            "mov r8, r7",
            "mov r9, r7",
            "mov r10, r7",
            "mov r11, r7",
            "lsrs r6, r4, #1",
            "bcs 3f",
            "2:",
            group_i8!(),
            "3:",
            group_i8!(),
            "subs r4, #2",
            "bgt 2b",
            "ldrd r3, r4, [sp, #4]",
            "sub r0, r1, r4, lsl #2",
            "add r0, r2",
            "ldr r5, [sp, #12]",
            "ldr r7, [sp, #24]",
            "lsl r8, r8, r7",
            "lsl r9, r9, r7",
            "lsl r10, r10, r7",
            "lsl r11, r11, r7",
            "ldrd r6, r12, [r5]",
            "add r8, r6",
            "add r9, r12",
            "strd r8, r9, [r5], #8",
            "ldrd r6, r12, [r5]",
            "add r10, r6",
            "add r11, r12",
            "strd r10, r11, [r5], #8",
            "str r5, [sp, #12]",
            "ldr r6, [sp]",
            "subs r6, #1",
            "str r6, [sp]",
            "bne 1b",
            "pop {{r1, r3, r4, r5, r6, r7, r12}}",
            inout("r0") weights.as_ptr() => _,
            in("r1") passes,
            in("r2") columns,
            in("r3") pairs.as_ptr(),
            in("r4") pairs.len(),
            in("r5") sums.as_mut_ptr(),
            in("r12") shift,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
        );
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
    let whole = sums.len() / ROWS_I4 * ROWS_I4;
    for (tile, x) in x.chunks(TILE).enumerate() {
        let Some(words) = words.get(tile * (TILE / NIBBLES)..) else {
            return;
        };
        let mut eights = [[0; NIBBLES / 2]; TILE / NIBBLES];
        let offset = 8 * groups_i4(x, eights.as_flattened_mut());
        let groups = eights.get(..x.len().div_ceil(NIBBLES)).unwrap_or(&[]);
        let (upper, lower) = sums
            .split_at_mut_checked(whole)
            .unwrap_or((&mut [], &mut []));
        sum_i4(words, width, groups, (offset, shift % 32), upper);
        for sum in lower {
            let row = words.get(whole * width..).unwrap_or(&[]);
            *sum += (portable::dot_i4(row, x) - offset) << (shift % 32);
        }
    }
}

/// The inputs two by two, filled up with zeros, and their sum.
#[inline(never)]
fn groups_i4(x: &[i16], places: &mut [u32]) -> i32 {
    let (pairs, single) = x.as_chunks::<2>();
    let mut total = 0;
    let mut places = places.iter_mut();
    for (&[low, high], place) in pairs.iter().zip(places.by_ref()) {
        *place = halfwords(low, high);
        total += i32::from(low) + i32::from(high);
    }
    if let (&[low], Some(place)) = (single, places.next()) {
        *place = halfwords(low, 0);
        total += i32::from(low);
    }
    total
}

/// The instructions for one group of columns.
macro_rules! group_i4 {
    () => {
        concat!(
            "ldm r6!, {{r2, r3, r4, r5}}\n",
            "ldr r7, [r0, r1]\n",
            "and r11, r10, r7\n",
            "smlad r9, r11, r2, r9\n",
            "and r11, r10, r7, lsr #4\n",
            "smlad r9, r11, r3, r9\n",
            "and r11, r10, r7, lsr #8\n",
            "smlad r9, r11, r4, r9\n",
            "and r11, r10, r7, lsr #12\n",
            "smlad r9, r11, r5, r9\n",
            "ldr r7, [r0], #4\n",
            "and r11, r10, r7\n",
            "smlad r8, r11, r2, r8\n",
            "and r11, r10, r7, lsr #4\n",
            "smlad r8, r11, r3, r8\n",
            "and r11, r10, r7, lsr #8\n",
            "smlad r8, r11, r4, r8\n",
            "and r11, r10, r7, lsr #12\n",
            "smlad r8, r11, r5, r8\n",
        )
    };
}
/// Adds `(W + 8) (rows, 8 n) @ x (8 n,) - offset << shift` to `sums (rows,)`, two at a time. The
/// rows of `words` are `width` apart; `x` is as [`groups_i4`] arranges it.
#[inline(never)]
fn sum_i4(
    words: &[u32],
    width: usize,
    x: &[[u32; NIBBLES / 2]],
    (offset, shift): (i32, u32),
    sums: &mut [i32],
) {
    let passes = sums.len() / ROWS_I4;
    let Some(last) = (passes * ROWS_I4).checked_sub(1) else {
        return;
    };
    if x.is_empty() || last * width + x.len() > words.len() {
        return;
    }
    // The sums' place and what is done to a product before it is added.
    let mut frame = [
        sums.as_mut_ptr() as usize,
        offset as usize,
        shift as usize,
        x.as_ptr() as usize,
        x.len(),
    ];
    // SAFETY: of every row, `n` words are read; those of the last end within `words`, as is checked
    // above. So are `4 n` words of `x`, `frame`, and two sums in each pass, which are written too;
    // nothing else is but the stack, which is put back.
    unsafe {
        asm!(
            "push {{r6, r7, lr}}",
            "1:",
            "ldrd r6, lr, [r12, #12]",
            "mov r8, #0",
            "mov r9, #0",
            "lsrs r7, lr, #1",
            "bcs 3f",
            "2:",
            group_i4!(),
            "3:",
            group_i4!(),
            "subs lr, #2",
            "bgt 2b",
            // Row 0 has come to its end, and row 2 begins two rows below its beginning.
            "ldm r12, {{r2, r3, r4}}",
            "ldr r5, [r12, #16]",
            "sub r0, r0, r5, lsl #2",
            "add r0, r0, r1, lsl #1",
            "ldrd r5, r6, [r2]",
            "subs r8, r8, r3",
            "subs r9, r9, r3",
            "lsl r8, r8, r4",
            "lsl r9, r9, r4",
            "add r5, r8",
            "add r6, r9",
            "strd r5, r6, [r2], #8",
            "str r2, [r12]",
            "ldr r7, [sp, #8]",
            "subs r7, #1",
            "str r7, [sp, #8]",
            "bne 1b",
            "pop {{r6, r7, lr}}",
            inout("r0") words.as_ptr() => _,
            in("r1") 4 * width,
            inout("lr") passes => _,
            in("r10") 0x000F_000Fu32,
            in("r12") frame.as_mut_ptr(),
            out("r2") _,
            out("r3") _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r11") _,
        );
    }
}

/// As [`portable::interpolate`], in eight instructions: `SMLAD` weighs both values, which lie in a
/// word.
#[inline(always)]
pub fn interpolate<const BITS: u32>(table: &[i16; SPAN], x: i32, start: i32) -> i32 {
    const { assert!(BITS <= 14) };
    let sum;
    // SAFETY: `SSAT` keeps the index between -512 and 511, so that the two values read lie among
    // the 512 on either side of the one in the middle. A word may be read unaligned.
    unsafe {
        asm!(
            "ssat {place}, #{saturated}, {x}",
            "add {sum}, {start}, {x}, asr #31",
            "asr {pair}, {place}, #{bits}",
            "ldr {pair}, [{middle}, {pair}, lsl #1]",
            "ubfx {place}, {place}, #0, #{bits}",
            "rsb {place}, {place}, {place}, lsl #16",
            "add {place}, {place}, #{one}",
            "smlad {sum}, {pair}, {place}, {sum}",
            x = in(reg) x,
            start = in(reg) start,
            middle = in(reg) table.as_ptr().wrapping_add(SPAN / 2),
            sum = out(reg) sum,
            place = out(reg) _,
            pair = out(reg) _,
            bits = const BITS,
            saturated = const BITS + 10,
            one = const 1 << BITS,
            options(pure, readonly, nostack, preserves_flags),
        );
    }
    sum
}

/// Two values as `SMLAD` takes them.
#[inline(always)]
fn halfwords(low: i16, high: i16) -> u32 {
    u32::from(low as u16) | u32::from(high as u16) << 16
}
