//! The loops over quads: up to two products at a time, which add into the same sums, a register
//! for each of four rows.
//!
//! What the weights with an offset count too much is taken off before: the sums begin at the
//! negative offset times the sum of all inputs.

use core::{arch::asm, mem::MaybeUninit, ptr};

/// A matrix and its input, where a loop is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Side {
    /// The next quad.
    pub words: *const u32,
    /// The groups of four columns of `x`.
    pub x: *const [i32; 4],
}

/// A loop over the groups of four columns.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Turns {
    /// The bytes of code that the first turn leaves out; then the address where it begins.
    pub entry: usize,
    /// The end of the groups; null where there is no matrix.
    pub end: *const [i32; 4],
}

/// No matrix.
pub const NONE: (Side, Turns) = (
    Side {
        words: ptr::null(),
        x: ptr::null(),
    },
    Turns {
        entry: 0,
        end: ptr::null(),
    },
);

/// What a loop works on, as it lies on the stack: the offsets are known to the assembly. What it
/// begins with lies in the order of the registers.
#[repr(C)]
pub struct Frame {
    /// The first matrix.
    pub one: Side,
    /// What the rows' sums begin with. At 8.
    pub start: [i32; 4],
    /// The first matrix's loop. At 24.
    pub one_turns: Turns,
    /// The second matrix, or none. At 32.
    pub other: Side,
    /// Its loop. At 40.
    pub other_turns: Turns,
    /// What the products are added to, four for each quad. At 48.
    pub from: *const i32,
    /// The rows' multipliers; null where the products of one matrix are added to `sums` alone.
    pub multipliers: *const i32,
    /// The results, and their end. At 56.
    pub sums: *mut i32,
    /// Behind the last.
    pub end: *mut i32,
    /// The shift of the first product. At 64.
    pub shift: u32,
}

/// The instructions for four columns of 8-bit weights: `r0` weights, `r1` inputs, `r8` to `r11`
/// sums. 140 bytes.
macro_rules! group_i8 {
    () => {
        concat!(
            "ldm.w r0!, {{r2, r3, r4, r5}}\n",
            "ldrd r6, r7, [r1], #8\n",
            two_i8!("r2", "r8", "r9"),
            two_i8!("r3", "r10", "r11"),
            "ldrd r6, r7, [r1], #8\n",
            two_i8!("r4", "r8", "r9"),
            two_i8!("r5", "r10", "r11"),
        )
    };
}

/// Two rows of two columns.
macro_rules! two_i8 {
    ($word:literal, $lower:literal, $upper:literal) => {
        concat!(
            "uxtb.w r12, ",
            $word,
            "\n",
            "mla ",
            $lower,
            ", r12, r6, ",
            $lower,
            "\n",
            "sxtb.w r12, ",
            $word,
            ", ror #8\n",
            "mla ",
            $upper,
            ", r12, r6, ",
            $upper,
            "\n",
            "uxtb.w r12, ",
            $word,
            ", ror #16\n",
            "mla ",
            $lower,
            ", r12, r7, ",
            $lower,
            "\n",
            "asr.w r12, ",
            $word,
            ", #24\n",
            "mla ",
            $upper,
            ", r12, r7, ",
            $upper,
            "\n",
        )
    };
}

/// As [`group_i8`] for 4-bit weights.
macro_rules! group_i4 {
    () => {
        concat!(
            "ldrd r2, r3, [r0], #8\n",
            "ldrd r6, r7, [r1], #8\n",
            column_i4!(
                "ubfx r12, r2, #0, #4",
                "ubfx r12, r2, #4, #4",
                "ubfx r12, r2, #8, #4",
                "sbfx r12, r2, #12, #4",
                "r6"
            ),
            column_i4!(
                "ubfx r12, r2, #16, #4",
                "ubfx r12, r2, #20, #4",
                "ubfx r12, r2, #24, #4",
                "asr.w r12, r2, #28",
                "r7"
            ),
            "ldrd r6, r7, [r1], #8\n",
            column_i4!(
                "ubfx r12, r3, #0, #4",
                "ubfx r12, r3, #4, #4",
                "ubfx r12, r3, #8, #4",
                "sbfx r12, r3, #12, #4",
                "r6"
            ),
            column_i4!(
                "ubfx r12, r3, #16, #4",
                "ubfx r12, r3, #20, #4",
                "ubfx r12, r3, #24, #4",
                "asr.w r12, r3, #28",
                "r7"
            ),
        )
    };
}

/// Four rows of a column.
macro_rules! column_i4 {
    ($a:literal, $b:literal, $c:literal, $d:literal, $x:literal) => {
        concat!(
            $a,
            "\nmla r8, r12, ",
            $x,
            ", r8\n",
            $b,
            "\nmla r9, r12, ",
            $x,
            ", r9\n",
            $c,
            "\nmla r10, r12, ",
            $x,
            ", r10\n",
            $d,
            "\nmla r11, r12, ",
            $x,
            ", r11\n",
        )
    };
}

/// The three instructions of `requantize` from `$value` times `$to` to `$to`.
macro_rules! requantize {
    ($value:literal, $to:literal) => {
        concat!(
            "smull r6, r7, ",
            $value,
            ", ",
            $to,
            "\n",
            "adds r6, r6, #0x80000000\n",
            "adc ",
            $to,
            ", r7, #0\n",
        )
    };
}

/// Four rows' products, added to values and multiplied, to the results, and to the next quad.
macro_rules! fill {
    () => {
        concat!(
            "ldrd r0, r1, [sp, #48]\n",
            "ldm r0!, {{r2, r3, r4, r5}}\n",
            "add r8, r2\n",
            "add r9, r3\n",
            "add r10, r4\n",
            "add r11, r5\n",
            "ldm r1!, {{r2, r3, r4, r5}}\n",
            "strd r0, r1, [sp, #48]\n",
            requantize!("r8", "r2"),
            requantize!("r9", "r3"),
            requantize!("r10", "r4"),
            requantize!("r11", "r5"),
            "ldrd r0, r1, [sp, #56]\n",
            "stm r0!, {{r2, r3, r4, r5}}\n",
            "str r0, [sp, #56]\n",
            "cmp r0, r1\n",
            "bne.w 1b\n",
        )
    };
}

/// The same without multipliers, where the results are what is added to.
macro_rules! add {
    () => {
        concat!(
            "ldrd r0, r1, [sp, #56]\n",
            "ldm r0, {{r2, r3, r4, r5}}\n",
            "add r2, r8\n",
            "add r3, r9\n",
            "add r4, r10\n",
            "add r5, r11\n",
            "stm r0!, {{r2, r3, r4, r5}}\n",
            "str r0, [sp, #56]\n",
            "cmp r0, r1\n",
            "bne.w 1b\n",
        )
    };
}

/// From the frame at `r0` to the stack, and the addresses that are missing in it, where the loops at
/// `2:` and `4:` are entered; and behind it, at 68 and 72, what follows the first of them and what
/// follows its shift.
macro_rules! enter {
    () => {
        concat!(
            ".p2align 2\n",
            "push {{r6, r7}}\n",
            "sub sp, #76\n",
            "mov r1, sp\n",
            "ldm r0!, {{r2, r3, r4, r5, r6, r7, r8, r9, r10, r11}}\n",
            "stm r1!, {{r2, r3, r4, r5, r6, r7, r8, r9, r10, r11}}\n",
            "ldm r0!, {{r2, r3, r4, r5, r6, r7, r8}}\n",
            "stm r1!, {{r2, r3, r4, r5, r6, r7, r8}}\n",
            // Every address is one of Thumb code, and odd.
            "ldr r2, [sp, #24]\n",
            "adr.w r3, 2f\n",
            "adds r2, #1\n",
            "add r2, r3\n",
            "str r2, [sp, #24]\n",
            "ldr r2, [sp, #40]\n",
            "adr.w r3, 4f\n",
            "adds r2, #1\n",
            "add r2, r3\n",
            "str r2, [sp, #40]\n",
            "ldr r3, [sp, #44]\n",
            "adr.w r2, 3f\n",
            "cbnz r3, 8f\n",
            "ldr r3, [sp, #52]\n",
            "adr.w r2, 5f\n",
            "cbnz r3, 8f\n",
            "adr.w r2, 7f\n",
            "8:\n",
            "adds r2, #1\n",
            "str r2, [sp, #72]\n",
            "ldr r3, [sp, #64]\n",
            "cbz r3, 9f\n",
            "adr.w r2, 6f\n",
            "adds r2, #1\n",
            "9:\n",
            "str r2, [sp, #68]\n",
        )
    };
}

/// A loop with the instructions `$group` for four columns.
macro_rules! run {
    ($frame:ident, $group:expr) => {
        asm!(
            enter!(),
            "1:",
            "ldm.w sp, {{r0, r1, r8, r9, r10, r11, r12, lr}}",
            "bx r12",
            ".p2align 2",
            "2:",
            $group,
            $group,
            $group,
            $group,
            "cmp r1, lr",
            "bne.w 2b",
            "str r0, [sp]",
            "ldr pc, [sp, #68]",
            "6:",
            "ldr r2, [sp, #64]",
            "lsl r8, r8, r2",
            "lsl r9, r9, r2",
            "lsl r10, r10, r2",
            "lsl r11, r11, r2",
            "ldr pc, [sp, #72]",
            "3:",
            "ldrd r0, r1, [sp, #32]",
            "ldrd r12, lr, [sp, #40]",
            "bx r12",
            ".p2align 2",
            "4:",
            $group,
            $group,
            $group,
            $group,
            "cmp r1, lr",
            "bne.w 4b",
            "str r0, [sp, #32]",
            "5:",
            fill!(),
            "b 8f",
            "7:",
            add!(),
            "8:",
            "add sp, #76",
            "pop {{r6, r7}}",
            inout("r0") $frame => _,
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
        )
    };
}

/// Runs the loop for 8-bit weights.
///
/// # Safety
/// For as many quads as there are sums, each of the frame's matrices has four words for each group
/// of its `x`; there are as many groups as lie before their ends, at least one.
/// If there are multipliers, and else there is one matrix, there are as many of them, and of the
/// values to add to, as sums: at least four, and a multiple of four. `entry` is 0 to 3 times 140,
/// so that the groups are whole turns. The shift is below 32.
#[inline(never)]
pub unsafe fn run_i8(frame: &Frame) {
    // SAFETY: of the memory that the frame points to, what the caller vouches for is read, and the
    // sums are written; nothing else is but the stack, which is put back. All of it is aligned to
    // words. The loop is entered at one of its groups, whose instructions have 4 bytes each.
    unsafe { run!(frame, group_i8!()) }
}

/// Runs the loop for 4-bit weights.
///
/// # Safety
/// As for [`run_i8`], but that a group has two words.
#[inline(never)]
pub unsafe fn run_i4(frame: &Frame) {
    // SAFETY: as in `run_i8`.
    unsafe { run!(frame, group_i4!()) }
}

/// Widens `x` to as many places, and adds it up.
pub fn widen(x: &[[i16; 4]], wide: &mut [[MaybeUninit<i32>; 4]]) -> i32 {
    let mut total = 0;
    let count = x.len().min(wide.len());
    if count == 0 {
        return total;
    }
    // SAFETY: `count` elements of `x` are read, and as many of `wide` written; nothing else is.
    unsafe {
        asm!(
            "2:",
            "ldrsh r4, [{x}], #2",
            "ldrsh r5, [{x}], #2",
            "ldrsh r8, [{x}], #2",
            "ldrsh r9, [{x}], #2",
            "add {total}, r4",
            "add {total}, r5",
            "add {total}, r8",
            "add {total}, r9",
            "stm {wide}!, {{r4, r5, r8, r9}}",
            "cmp {wide}, {end}",
            "bne 2b",
            x = inout(reg) x.as_ptr() => _,
            wide = inout(reg) wide.as_mut_ptr() => _,
            end = in(reg) wide.as_ptr().wrapping_add(count),
            total = inout(reg) total,
            out("r4") _,
            out("r5") _,
            out("r8") _,
            out("r9") _,
            options(nostack),
        );
    }
    total
}
