//! What becomes of a GRU's sums: 15 instructions for a unit, where the compiler, which does not
//! load several words at a time, takes 27.

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
