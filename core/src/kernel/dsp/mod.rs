//! The products with the DSP extension of Armv7E-M and Armv8-M: `SMLAD` multiplies two pairs of
//! halfwords and adds both products to a sum.
//!
//! The compiler does not find it in plain loops, hence the assembly. Sums are exact in 32 bits
//! (see [`portable`](super::portable)), so their order does not matter.
#![allow(unsafe_code)]

pub mod gates;
pub mod quads;

use super::SPAN;
use core::arch::asm;

/// As [`portable::interpolate`](super::portable::interpolate), in eight instructions: `SMLAD` weighs both values, which lie in a
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
