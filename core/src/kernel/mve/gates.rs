//! What becomes of a GRU's sums, four units at once: 20 instructions for their sums, and 46 for their
//! gates and states.
//!
//! A vector of addresses stands for four units; `VLDRW` and `VSTRW` take a word of each from there.

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
    // SAFETY: `count` elements of each slice are read, and of the first two written, at words:
    // predication leaves out what is beyond.
    unsafe {
        asm!(
            "vidup.u32 q0, r4, #1",
            "vdup.32 q5, {sums}",
            "vmla.u32 q5, q0, {three}",
            "vdup.32 q6, {biases}",
            "vmla.u32 q6, q0, {four}",
            "vdup.32 q7, {multipliers}",
            "vmla.u32 q7, q0, {four}",
            "dlstp.32 lr, lr",
            "2:",
            "vldrw.u32 q0, [q5, #48]!",
            "vldrw.u32 q1, [q7, #64]!",
            "vrmulh.s32 q0, q0, q1",
            "vstrw.32 q0, [q5]",
            "vldrw.u32 q0, [q5, #4]",
            "vldrw.u32 q1, [q7, #4]",
            "vrmulh.s32 q0, q0, q1",
            "vstrw.32 q0, [q5, #4]",
            "vldrw.u32 q0, [q5, #8]",
            "vldrw.u32 q1, [{candidates}]",
            "vsub.i32 q0, q0, q1",
            "vldrw.u32 q2, [q6, #64]!",
            "vadd.i32 q0, q0, q2",
            "vldrw.u32 q2, [q7, #12]",
            "vrmulh.s32 q0, q0, q2",
            "vstrw.32 q0, [q5, #8]",
            "vldrw.u32 q2, [q7, #8]",
            "vrmulh.s32 q1, q1, q2",
            "vstrw.32 q1, [{candidates}], #16",
            "letp lr, 2b",
            // Four units before the first, from which the loop goes on.
            sums = in(reg) sums.as_mut_ptr().wrapping_sub(4),
            candidates = inout(reg) candidates.as_mut_ptr() => _,
            biases = in(reg) biases.as_ptr().cast::<i32>().wrapping_add(3).wrapping_sub(16),
            multipliers = in(reg) multipliers.as_ptr().wrapping_sub(4),
            three = in(reg) size_of::<[i32; 3]>(),
            four = in(reg) size_of::<[i32; 4]>(),
            inout("r4") 0 => _,
            inout("lr") count => _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d10") _, out("d11") _,
            out("d12") _, out("d13") _, out("d14") _, out("d15") _,
            options(nostack),
        );
    }
}

/// tanh in Q0.15 as [`activation`] has it, as the sum of `q2` and `q3`, of the argument in `q0`: the
/// number of the table's interval in the upper ten bits, to which it is saturated, and the place in
/// the interval below.
///
/// `VRMULH` of the place and the step to the next value rounds half up. Below 0 half is rounded down,
/// for which a little less of the place is enough, unless it is nothing. No step is negative.
macro_rules! tanh {
    () => {
        "vshr.s32 q1, q0, #22
        vldrh.s32 q2, [{table}, q1, uxtw #1]
        vldrh.s32 q3, [{above}, q1, uxtw #1]
        vsub.i32 q3, q3, q2
        vshl.i32 q1, q0, #10
        vshr.u32 q0, q0, #31
        vqsub.u32 q1, q1, q0
        vrmulh.u32 q3, q3, q1"
    };
}

/// The sigmoid of `q0` in the upper halves of its words: `(1 + tanh(x / 2)) / 2`.
macro_rules! sigmoid {
    () => {
        concat!(
            "vqshl.s32 q0, q0, #12\n",
            tanh!(),
            "\nvadd.i32 q0, q2, q3
            vhadd.s32 q0, q0, {one}
            vshl.i32 q0, q0, #16"
        )
    };
}

/// As [`portable::gates::units`](crate::kernel::portable::gates::units).
#[inline(never)]
pub fn units(sums: &[[i32; 3]], candidates: &[i32], hidden: &[i16], next: &mut [i16]) {
    let count = (sums.len().min(candidates.len())).min(hidden.len().min(next.len()));
    if count == 0 {
        return;
    }
    let table = activation::WHOLE.as_ptr().wrapping_add(SPAN / 2);
    // SAFETY: `count` elements of the first three slices are read, and of the last written:
    // predication leaves out what is beyond. An interval's number is between -512 and 511, so that
    // the two values read lie among the 512 on either side of the table's middle. Nothing else is
    // touched.
    unsafe {
        asm!(
            "vidup.u32 q0, r4, #1",
            "vdup.32 q5, {sums}",
            "vmla.u32 q5, q0, {three}",
            "dlstp.32 lr, lr",
            "2:",
            "vldrw.u32 q0, [q5, #48]!",
            sigmoid!(),
            // r * nh, rounded.
            "vldrw.u32 q1, [q5, #8]",
            "vqrdmulh.s32 q1, q1, q0",
            "vldrw.u32 q0, [{candidates}], #16",
            "vadd.i32 q0, q0, q1",
            "vqshl.s32 q0, q0, #13",
            tanh!(),
            "vadd.i32 q4, q2, q3",
            "vldrw.u32 q0, [q5, #4]",
            sigmoid!(),
            // n + z (h - n), rounded.
            "vldrh.s32 q1, [{hidden}], #8",
            "vsub.i32 q1, q1, q4",
            "vqrdmulh.s32 q1, q1, q0",
            "vadd.i32 q0, q1, q4",
            "vstrh.32 q0, [{next}], #8",
            "letp lr, 2b",
            // Four units before the first, from which the loop goes on.
            sums = in(reg) sums.as_ptr().wrapping_sub(4),
            candidates = inout(reg) candidates.as_ptr() => _,
            hidden = inout(reg) hidden.as_ptr() => _,
            next = inout(reg) next.as_mut_ptr() => _,
            table = in(reg) table,
            above = in(reg) table.wrapping_add(1),
            one = in(reg) 1 << 15,
            three = in(reg) size_of::<[i32; 3]>(),
            inout("r4") 0 => _,
            inout("lr") count => _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _, out("d4") _, out("d5") _,
            out("d6") _, out("d7") _, out("d8") _, out("d9") _, out("d10") _, out("d11") _,
            options(nostack),
        );
    }
}
