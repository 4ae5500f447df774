//! The products with Helium, the vector extension of Armv8.1-M: `VMLAVA` multiplies eight pairs of
//! halfwords and adds all products to a sum. And what becomes of a GRU's sums.
//!
//! The compiler finds it in plain loops, but not dependably, hence the assembly, in which the last
//! turn of a loop is predicated (`DLSTP`, `LETP`). Sums are exact in 32 bits (see
//! [`portable`](super::portable)), so their order does not matter.
#![allow(unsafe_code)]

pub mod gates;
pub mod quads;

use core::arch::asm;

/// As [`portable::begin`](super::portable::begin), four at once.
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

/// As [`portable::requantize`](super::portable::requantize), four at once: `VRMULH` keeps the upper half of a product, rounded.
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
