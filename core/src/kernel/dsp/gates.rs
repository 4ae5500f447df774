//! What becomes of a GRU's sums: 17 instructions for a unit, where the compiler, which does not
//! load several words at a time, takes 27; and 43 for its gates and its state, where the compiler
//! takes 50, because its registers are too few.

use crate::{activation, kernel::SPAN};
use core::arch::asm;

/// As [`portable::gates::part`](crate::kernel::portable::gates::part).
#[inline(never)]
pub fn part(
    sums: &mut [[i32; 3]],
    candidates: &mut [i32],
    biases: &[[i32; 4]],
    multipliers: &[[i32; 4]],
) {
    let count = (sums.len().min(candidates.len())).min(biases.len().min(multipliers.len()));
    if count == 0 {
        return;
    }
    // SAFETY: `count` elements of each slice are read, and of the first two written, at words;
    // nothing else is.
    unsafe {
        asm!(
            "2:",
            "ldr r5, [r2, #12]",
            "adds r2, #16",
            "ldr r4, [r1]",
            "ldm r0, {{r8, r9, r10}}",
            "ldm r3!, {{r11, r12, lr}}",
            "smmulr r8, r8, r11",
            "sub r10, r10, r4",
            "add r10, r10, r5",
            "smmulr r4, r4, lr",
            "ldr r5, [r3], #4",
            "smmulr r9, r9, r12",
            "smmulr r10, r10, r5",
            "str r4, [r1], #4",
            "stm r0!, {{r8, r9, r10}}",
            "cmp r0, {end}",
            "bne 2b",
            end = in(reg) sums.as_ptr().wrapping_add(count),
            inout("r0") sums.as_mut_ptr() => _,
            inout("r1") candidates.as_mut_ptr() => _,
            inout("r2") biases.as_ptr() => _,
            inout("r3") multipliers.as_ptr() => _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("lr") _,
            options(nostack),
        );
    }
}

/// [`interpolate`](super::interpolate) of `$x` into `r9`, with `r10` and `r11` for itself and the
/// middle of the table in `r12`.
macro_rules! interpolate {
    ($x:literal, $bits:literal, $saturated:literal, $one:literal, $start:literal) => {
        concat!(
            "ssat r10, #",
            $saturated,
            ", ",
            $x,
            "\n",
            "mov r9, #",
            $start,
            "\n",
            "add r9, r9, ",
            $x,
            ", asr #31\n",
            "asr r11, r10, #",
            $bits,
            "\n",
            "ldr r11, [r12, r11, lsl #1]\n",
            "ubfx r10, r10, #0, #",
            $bits,
            "\n",
            "rsb r10, r10, r10, lsl #16\n",
            "add r10, r10, #",
            $one,
            "\n",
            "smlad r9, r11, r10, r9",
        )
    };
}

/// The sigmoid of `$x` times 2^11, as [`activation::sigmoid`] has it before its last shift.
macro_rules! sigmoid {
    ($x:literal) => {
        interpolate!($x, "10", "20", "0x400", "0x2000200")
    };
}

/// tanh of `$x` times 2^9, as [`activation::tanh`] has it before its last shift.
macro_rules! tanh {
    ($x:literal) => {
        interpolate!($x, "9", "19", "0x200", "0x100")
    };
}

/// As [`portable::gates::units`](crate::kernel::portable::gates::units).
#[inline(never)]
pub fn units(sums: &[[i32; 3]], candidates: &[i32], hidden: &[i16], next: &mut [i16]) {
    let count = (sums.len().min(candidates.len())).min(hidden.len().min(next.len()));
    if count == 0 {
        return;
    }
    // SAFETY: `count` elements of the first three slices are read, and of the last written. `SSAT`
    // keeps the indices between -512 and 511, so that the two values read lie among the 512 on
    // either side of the table's middle; a word may be read unaligned. Nothing else is touched.
    unsafe {
        asm!(
            "2:",
            "ldm r0!, {{r4, r5, r8}}",
            sigmoid!("r4"),
            // r * nh: `SMMLAR` of twice the sum, which is below 2^30, and r in the high half.
            "asr r9, r9, #11",
            "lsl r9, r9, #16",
            "lsl r8, r8, #1",
            "ldr r4, [r1], #4",
            "smmlar r4, r8, r9, r4",
            tanh!("r4"),
            "asr r4, r9, #9",
            sigmoid!("r5"),
            "asr r9, r9, #11",
            // n + z (h - n), rounded.
            "ldrsh r8, [r2], #2",
            "sub r8, r8, r4",
            "mul r8, r8, r9",
            "add r8, r8, #0x4000",
            "add r4, r4, r8, asr #15",
            "strh r4, [r3], #2",
            "cmp r3, {end}",
            "bne 2b",
            end = in(reg) next.as_ptr().wrapping_add(count),
            inout("r0") sums.as_ptr() => _,
            inout("r1") candidates.as_ptr() => _,
            inout("r2") hidden.as_ptr() => _,
            inout("r3") next.as_mut_ptr() => _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            in("r12") activation::WHOLE.as_ptr().wrapping_add(SPAN / 2),
            options(nostack),
        );
    }
}
