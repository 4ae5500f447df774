//! The loops over quads: up to two products at a time, which add into the same sums.
//!
//! ```text
//! 8 bits, rows a, b, c, d of a quad from the lowest byte on
//!   P = sum of (256 b + a) x                    SMLALD of the words as they are
//!   A = sum of a x                              SMLAD of the lower bytes
//!   B = sum of b x                              floor(P / 2^8) - floor(A / 2^8)
//! and the same again for c and d
//!
//! 4 bits, rows a, b, c, d from the lowest nibble on
//!   P = sum of (4096 d + 256 c + 16 b + a) x    SMLALD of the words as they are
//!   A, B, C = sums of a x, b x, c x             SMLAD of one nibble of four
//!   D = sum of d x                              floor(P / 2^12) - floor(V / 2^4), where
//!                                               V = C + floor(U / 2^4), U = B + floor(A / 2^4)
//! ```
//!
//! What the weights with an offset count too much is taken off before: the sums begin at the
//! negative offset times the sum of all inputs.

use core::{arch::asm, ptr};

/// A matrix and its input, where a loop is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Side {
    /// The next quad.
    pub words: *const u32,
    /// The groups of four columns of `x`.
    pub x: *const [u32; 2],
    /// Their end; null where there is no matrix.
    pub end: *const [u32; 2],
    /// The bytes of code that the first turn leaves out; then the address where it begins.
    pub entry: usize,
}

impl Side {
    /// No matrix.
    pub const NONE: Self = Self {
        words: ptr::null(),
        x: ptr::null(),
        end: ptr::null(),
        entry: 0,
    };
}

/// What a loop works on, as it lies on the stack: the offsets are known to the assembly.
#[repr(C)]
pub struct Frame {
    /// What P, A, P and C begin with, or P, A, B and C.
    pub start: [u32; 6],
    /// The first matrix. At 24.
    pub one: Side,
    /// Where the loop goes behind it.
    pub between: usize,
    /// The second matrix, or none. At 44.
    pub other: Side,
    /// What the products are added to, four for each quad. At 60.
    pub from: *const i32,
    /// The rows' multipliers; null where the products of one matrix are added to `sums` alone.
    pub multipliers: *const i32,
    /// The results, and their end. At 68.
    pub sums: *mut i32,
    /// Behind the last.
    pub end: *mut i32,
    /// The shift of the first product.
    pub shift: u32,
    /// Where the loop goes behind the shift. At 80.
    pub after: usize,
}

/// From the frame at `r0` to the stack, and the addresses that are missing in it: where the loops
/// at `2:` and `4:` are entered, and what follows the first of them.
macro_rules! enter {
    () => {
        concat!(
            ".p2align 2\n",
            "push {{r6, r7}}\n",
            "sub sp, #84\n",
            "mov r1, sp\n",
            "ldm r0!, {{r2, r3, r4, r5, r8, r9, r10}}\n",
            "stm r1!, {{r2, r3, r4, r5, r8, r9, r10}}\n",
            "ldm r0!, {{r2, r3, r4, r5, r8, r9, r10}}\n",
            "stm r1!, {{r2, r3, r4, r5, r8, r9, r10}}\n",
            "ldm r0!, {{r2, r3, r4, r5, r8, r9, r10}}\n",
            "stm r1!, {{r2, r3, r4, r5, r8, r9, r10}}\n",
            // Every address is one of Thumb code, and odd.
            "ldr r2, [sp, #36]\n",
            "adr.w r3, 2f\n",
            "adds r2, #1\n",
            "add r2, r3\n",
            "str r2, [sp, #36]\n",
            "ldr r2, [sp, #56]\n",
            "adr.w r3, 4f\n",
            "adds r2, #1\n",
            "add r2, r3\n",
            "str r2, [sp, #56]\n",
            "ldr r3, [sp, #52]\n",
            "adr.w r2, 3f\n",
            "cbnz r3, 8f\n",
            "ldr r3, [sp, #64]\n",
            "adr.w r2, 5f\n",
            "cbnz r3, 8f\n",
            "adr.w r2, 7f\n",
            "8:\n",
            "adds r2, #1\n",
            "str r2, [sp, #80]\n",
            "ldr r3, [sp, #76]\n",
            "cbz r3, 9f\n",
            "adr.w r2, 6f\n",
            "adds r2, #1\n",
            "9:\n",
            "str r2, [sp, #40]\n",
        )
    };
}

/// The products of a quad's rows, in four registers, added to values and multiplied, to the
/// results, and to the next quad.
macro_rules! fill {
    ($a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "ldrd r0, r1, [sp, #60]\n",
            "ldm r0!, {{r2, r3, r4, r5}}\n",
            "add r2, ",
            $a,
            "\n",
            "add r3, ",
            $b,
            "\n",
            "add r4, ",
            $c,
            "\n",
            "add r5, ",
            $d,
            "\n",
            "ldm r1!, {{r6, r7, r9, r12}}\n",
            "smmulr r2, r2, r6\n",
            "smmulr r3, r3, r7\n",
            "smmulr r4, r4, r9\n",
            "smmulr r5, r5, r12\n",
            "strd r0, r1, [sp, #60]\n",
            "ldrd r0, r1, [sp, #68]\n",
            "stm r0!, {{r2, r3, r4, r5}}\n",
            "str r0, [sp, #68]\n",
            "cmp r0, r1\n",
            "bne.w 1b\n",
        )
    };
}

/// The same without multipliers, where the results are what is added to; and the end.
macro_rules! add {
    ($a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "ldrd r0, r1, [sp, #68]\n",
            "ldm r0, {{r2, r3, r4, r5}}\n",
            "add r2, ",
            $a,
            "\n",
            "add r3, ",
            $b,
            "\n",
            "add r4, ",
            $c,
            "\n",
            "add r5, ",
            $d,
            "\n",
            "stm r0!, {{r2, r3, r4, r5}}\n",
            "str r0, [sp, #68]\n",
            "cmp r0, r1\n",
            "bne.w 1b\n",
            "8:\n",
            "add sp, #84\n",
            "pop {{r6, r7}}\n",
        )
    };
}

/// From the sums of [`group_i8`] to the rows' products, in `r10`, `r8`, `lr` and `r11`.
macro_rules! part_i8 {
    () => {
        concat!(
            "lsr r8, r8, #8\n",
            "orr r8, r8, r9, lsl #24\n",
            "sub r8, r8, r10, asr #8\n",
            "lsr r11, r11, #8\n",
            "orr r11, r11, r12, lsl #24\n",
            "sub r11, r11, lr, asr #8\n",
        )
    };
}

/// From the sums of [`group_i4`] to the rows' products, in `r10`, `r11`, `r12` and `r8`.
macro_rules! part_i4 {
    () => {
        concat!(
            "add r2, r11, r10, asr #4\n",
            "add r2, r12, r2, asr #4\n",
            "lsr r8, r8, #12\n",
            "orr r8, r8, r9, lsl #20\n",
            "sub r8, r8, r2, asr #4\n",
        )
    };
}

/// The instructions for four columns of 8-bit weights: `r0` weights, `r1` inputs, `r8` to `r12`
/// and `lr` sums. 56 bytes.
macro_rules! group_i8 {
    () => {
        concat!(
            "ldm.w r0!, {{r2, r3, r4, r5}}\n",
            "ldrd r6, r7, [r1], #8\n",
            "smlald r8, r9, r2, r6\n",
            "uxtb16 r2, r2\n",
            "smlad r10, r2, r6, r10\n",
            "smlald r11, r12, r3, r6\n",
            "uxtb16 r3, r3\n",
            "smlad lr, r3, r6, lr\n",
            "smlald r8, r9, r4, r7\n",
            "uxtb16 r4, r4\n",
            "smlad r10, r4, r7, r10\n",
            "smlald r11, r12, r5, r7\n",
            "uxtb16 r5, r5\n",
            "smlad lr, r5, r7, lr\n",
        )
    };
}

/// Runs the loop for 8-bit weights.
///
/// # Safety
/// For as many quads as there are sums, each of the frame's matrices has four words for each group
/// of its `x`; there are as many groups as lie before their ends, at least one. If there are multipliers, and
/// else there is one matrix, there are as many of them, and of the values to add to, as sums: at least four and a multiple of four. `entry` is 0 to 3
/// times 56, so that the groups are whole turns. The shift is below 32.
#[inline(never)]
pub unsafe fn run_i8(frame: &Frame) {
    // SAFETY: of the memory that the frame points to, what the caller vouches for is read, and the
    // sums are written; nothing else is but the stack, which is put back. All of it is aligned to
    // words. The loops are entered at one of their groups, whose instructions have 4 bytes each.
    unsafe {
        asm!(
            enter!(),
            "1:",
            "ldrd r0, r1, [sp, #24]",
            "ldm.w sp, {{r8, r9, r10, r11, r12, lr}}",
            "ldr pc, [sp, #36]",
            ".p2align 2",
            "2:",
            group_i8!(),
            group_i8!(),
            group_i8!(),
            group_i8!(),
            "ldr r2, [sp, #32]",
            "cmp r1, r2",
            "bne.w 2b",
            "str r0, [sp, #24]",
            "ldr pc, [sp, #40]",
            "6:",
            "ldr r2, [sp, #76]",
            "rsb r3, r2, #32",
            "lsl r9, r9, r2",
            "lsr r4, r8, r3",
            "orr r9, r9, r4",
            "lsl r8, r8, r2",
            "lsl r10, r10, r2",
            "lsl r12, r12, r2",
            "lsr r4, r11, r3",
            "orr r12, r12, r4",
            "lsl r11, r11, r2",
            "lsl lr, lr, r2",
            "ldr pc, [sp, #80]",
            "3:",
            "ldrd r0, r1, [sp, #44]",
            "ldr pc, [sp, #56]",
            ".p2align 2",
            "4:",
            group_i8!(),
            group_i8!(),
            group_i8!(),
            group_i8!(),
            "ldr r2, [sp, #52]",
            "cmp r1, r2",
            "bne.w 4b",
            "str r0, [sp, #44]",
            "5:",
            part_i8!(),
            fill!("r10", "r8", "lr", "r11"),
            "b 8f",
            "7:",
            part_i8!(),
            add!("r10", "r8", "lr", "r11"),
            inout("r0") frame => _,
            out("r1") _,
            out("r2") _,
            out("r3") _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("lr") _,
        );
    }
}

/// The instructions for four columns of 4-bit weights: `r0` weights, `r1` inputs, `lr` the lowest
/// nibbles' mask, `r8` to `r12` sums. 64 bytes.
macro_rules! group_i4 {
    () => {
        concat!(
            "ldrd r2, r3, [r0], #8\n",
            "ldrd r4, r5, [r1], #8\n",
            "smlald r8, r9, r2, r4\n",
            "and.w r6, lr, r2\n",
            "smlad r10, r6, r4, r10\n",
            "and.w r6, lr, r2, lsr #4\n",
            "smlad r11, r6, r4, r11\n",
            "and.w r6, lr, r2, lsr #8\n",
            "smlad r12, r6, r4, r12\n",
            "smlald r8, r9, r3, r5\n",
            "and.w r6, lr, r3\n",
            "smlad r10, r6, r5, r10\n",
            "and.w r6, lr, r3, lsr #4\n",
            "smlad r11, r6, r5, r11\n",
            "and.w r6, lr, r3, lsr #8\n",
            "smlad r12, r6, r5, r12\n",
        )
    };
}

/// Runs the loop for 4-bit weights.
///
/// # Safety
/// As for [`run_i8`], but that a group has two words, and `entry` is 0 to 7
/// times 64.
#[inline(never)]
pub unsafe fn run_i4(frame: &Frame) {
    // SAFETY: as in `run_i8`.
    unsafe {
        asm!(
            enter!(),
            "mov lr, #0x000F000F",
            "1:",
            "ldrd r0, r1, [sp, #24]",
            "ldr r7, [sp, #32]",
            "ldm.w sp, {{r8, r9, r10, r11, r12}}",
            "ldr pc, [sp, #36]",
            ".p2align 2",
            "2:",
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            "cmp r1, r7",
            "bne.w 2b",
            "str r0, [sp, #24]",
            "ldr pc, [sp, #40]",
            "6:",
            "ldr r2, [sp, #76]",
            "rsb r3, r2, #32",
            "lsl r9, r9, r2",
            "lsr r4, r8, r3",
            "orr r9, r9, r4",
            "lsl r8, r8, r2",
            "lsl r10, r10, r2",
            "lsl r11, r11, r2",
            "lsl r12, r12, r2",
            "ldr pc, [sp, #80]",
            "3:",
            "ldrd r0, r1, [sp, #44]",
            "ldr r7, [sp, #52]",
            "ldr pc, [sp, #56]",
            ".p2align 2",
            "4:",
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            group_i4!(),
            "cmp r1, r7",
            "bne.w 4b",
            "str r0, [sp, #44]",
            "5:",
            part_i4!(),
            fill!("r10", "r11", "r12", "r8"),
            "b 8f",
            "7:",
            part_i4!(),
            add!("r10", "r11", "r12", "r8"),
            inout("r0") frame => _,
            out("r1") _,
            out("r2") _,
            out("r3") _,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            out("r10") _,
            out("r11") _,
            out("r12") _,
            out("lr") _,
        );
    }
}
