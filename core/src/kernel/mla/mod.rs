//! The products on Armv7-M without the DSP extension, the Cortex-M3: `MLA` over four rows at once,
//! so that the inputs are loaded for all of them.
//!
//! The compiler's own loop over several rows takes half as many instructions again, hence the
//! assembly. Columns go in tiles, whose inputs are widened once for all rows; what is left of a
//! tile's columns, and of the rows, is [`portable`](super::portable)'s. Sums are exact in 32 bits
//! (see there), so their order does not matter.
#![allow(unsafe_code)]

pub mod quads;

use super::portable::tail_i8;
use core::{arch::asm, num::NonZeroUsize};

/// Columns of a tile, a multiple of 4.
const TILE: usize = 64;
/// Rows in a pass.
const ROWS: usize = 4;
/// Columns in a turn of the loop.
const GROUP: usize = 4;

/// As [`portable::accumulate_i8`](super::portable::accumulate_i8).
#[inline(never)]
pub fn accumulate_i8(
    weights: &[i8],
    columns: NonZeroUsize,
    x: &[i16],
    shift: u32,
    sums: &mut [i32],
) {
    let columns = columns.get();
    let whole = sums.len() / ROWS * ROWS;
    for (tile, x) in x.chunks(TILE).enumerate() {
        let mut wide = [[0; GROUP]; TILE / GROUP];
        for (wide, &x) in wide.as_flattened_mut().iter_mut().zip(x) {
            *wide = x.into();
        }
        let done = x.len() / GROUP;
        let groups = wide.get(..done).unwrap_or(&[]);
        let (upper, lower) = (sums.split_at_mut_checked(whole)).unwrap_or((&mut [], &mut []));
        let (rows, rest) = (weights.get(tile * TILE..), x.get(GROUP * done..));
        let (Some(rows), Some(rest)) = (rows, rest) else {
            return;
        };
        sum(rows, columns, groups, shift % 32, upper);
        if !rest.is_empty() {
            tail_i8(rows.get(GROUP * done..), columns, rest, shift, upper);
        }
        if !lower.is_empty() {
            tail_i8(rows.get(whole * columns..), columns, x, shift, lower);
        }
    }
}

/// Adds `W (rows, 4 n) @ x (4 n,) << shift` to `sums (rows,)`, four at a time. The rows of
/// `weights` are `columns` apart.
#[inline(never)]
fn sum(weights: &[i8], columns: usize, x: &[[i32; GROUP]], shift: u32, sums: &mut [i32]) {
    let passes = sums.len() / ROWS;
    let Some(last) = (passes * ROWS).checked_sub(1) else {
        return;
    };
    if x.is_empty() || last * columns + GROUP * x.len() > weights.len() {
        return;
    }
    // SAFETY: of every row, `4 n` bytes are read; those of the last end within `weights`, as is
    // checked above. So are `4 n` words of `x`, and four sums in each pass, which are written
    // too; nothing else is but the stack, which is put back.
    unsafe {
        asm!(
            // Passes at 0, columns at 4, inputs at 8, groups at 12, sums at 16, shift at 28.
            "push {{r1, r2, r3, r4, r5, r6, r7, r12}}",
            "1:",
            "add r1, r0, r2",
            "add r3, r1, r2, lsl #1",
            "add r2, r1",
            "ldrd r4, r5, [sp, #8]",
            "movs r6, #0",
            "mov r8, r6",
            "mov r9, r6",
            "mov r10, r6",
            "mov r11, r6",
            "2:",
        "ldrd r7, r12, [r4], #8",
        "ldrsb r6, [r0], #1",
        "mla r8, r6, r7, r8",
        "ldrsb r6, [r1], #1",
        "mla r9, r6, r7, r9",
        "ldrsb r6, [r2], #1",
        "mla r10, r6, r7, r10",
        "ldrsb r6, [r3], #1",
        "mla r11, r6, r7, r11",
        "ldrsb r6, [r0], #1",
        "mla r8, r6, r12, r8",
        "ldrsb r6, [r1], #1",
        "mla r9, r6, r12, r9",
        "ldrsb r6, [r2], #1",
        "mla r10, r6, r12, r10",
        "ldrsb r6, [r3], #1",
        "mla r11, r6, r12, r11",
        "ldrd r7, r12, [r4], #8",
        "ldrsb r6, [r0], #1",
        "mla r8, r6, r7, r8",
        "ldrsb r6, [r1], #1",
        "mla r9, r6, r7, r9",
        "ldrsb r6, [r2], #1",
        "mla r10, r6, r7, r10",
        "ldrsb r6, [r3], #1",
        "mla r11, r6, r7, r11",
        "ldrsb r6, [r0], #1",
        "mla r8, r6, r12, r8",
        "ldrsb r6, [r1], #1",
        "mla r9, r6, r12, r9",
        "ldrsb r6, [r2], #1",
        "mla r10, r6, r12, r10",
        "ldrsb r6, [r3], #1",
        "mla r11, r6, r12, r11",
            "subs r5, #1",
            "bne 2b",
            "ldr r2, [sp, #4]",
            "ldr r4, [sp, #12]",
            "sub r0, r3, r4, lsl #2",
            "add r0, r2",
            "ldr r5, [sp, #16]",
            "ldr r7, [sp, #28]",
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
            "str r5, [sp, #16]",
            "ldr r6, [sp]",
            "subs r6, #1",
            "str r6, [sp]",
            "bne 1b",
            "pop {{r1, r2, r3, r4, r5, r6, r7, r12}}",
            inout("r0") weights.as_ptr() => _,
            in("r1") passes,
            in("r2") columns,
            in("r3") x.as_ptr(),
            in("r4") x.len(),
            in("r5") sums.as_mut_ptr(),
            in("r12") shift,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
        );
    }
}
