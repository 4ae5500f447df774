//! The loops over quads, and what they read.

use crate::{
    kernel::portable::quads::Factor,
    matrix::{Encoding, QUAD},
};
use core::{arch::asm, ptr};

/// Columns of a vector.
const LANES: usize = 8;

/// A width of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 8 bits.
    Int8,
    /// 4 bits.
    Int4,
}

impl Kind {
    /// The words of a quad of `columns` columns.
    #[inline(always)]
    pub const fn width(self, columns: usize) -> usize {
        match self {
            Self::Int8 => Encoding::Int8Quads.width(columns),
            Self::Int4 => Encoding::Int4Quads.width(columns),
        }
    }

    /// What is added to the weights that have an offset, as a shift.
    #[inline(always)]
    const fn offset(self) -> u32 {
        match self {
            Self::Int8 => 7,
            Self::Int4 => 3,
        }
    }
}

/// The input of a loop, as the assembly reads it.
#[repr(C)]
struct Side {
    x: *const i16,
    /// Whole vectors of 8-bit weights, or columns of 4-bit weights.
    count: usize,
    /// Columns of 8-bit weights behind the whole vectors, or what is added to the place behind the
    /// vectors to come to the next quad's 4-bit weights.
    rest: usize,
    /// Pairs of columns that these take.
    pairs: usize,
}

impl Side {
    const NONE: Self = Self {
        x: ptr::null(),
        count: 0,
        rest: 0,
        pairs: 0,
    };

    #[inline(always)]
    fn new(kind: Kind, x: &[i16]) -> Self {
        let columns = x.len();
        let (count, rest) = match kind {
            Kind::Int8 => (columns / LANES, columns % LANES),
            Kind::Int4 => {
                let (next, read) = (4 * kind.width(columns), 2 * columns.next_multiple_of(LANES));
                (columns, next.wrapping_sub(read))
            }
        };
        Self {
            x: x.as_ptr(),
            count,
            rest,
            pairs: (columns % LANES).div_ceil(QUAD) * 2,
        }
    }
}

/// What a pass needs besides pointers, as the assembly reads it.
#[repr(C)]
struct Frame {
    one: Side,
    other: Side,
    /// The first product's shift; the second has none.
    shift: u32,
    /// What the weights' offsets come to.
    offset: i32,
}

/// The instructions for a quad of 8-bit weights at `$w`, whose [`Side`] lies at `$at` in the frame.
macro_rules! side_i8 {
    ($w:literal, $at:literal) => {
        concat!(
            "ldrd r5, lr, [r6, #",
            $at,
            "]\n",
            "wls lr, lr, 4f\n",
            "3:\n",
            "vldrh.u16 q2, [r5], #16\n",
            "vld20.32 {{q0, q1}}, [",
            $w,
            "]\n",
            "vld21.32 {{q0, q1}}, [",
            $w,
            "]!\n",
            "vmlava.s16 r4, q0, q2\n",
            "vshr.s16 q0, q0, #8\n",
            "vmlava.s16 r10, q1, q2\n",
            "vshr.s16 q1, q1, #8\n",
            "vmlava.s16 r8, q0, q2\n",
            "vmlava.s16 r12, q1, q2\n",
            "le lr, 3b\n",
            "4:\n",
            "ldr r7, [r6, #",
            $at,
            " + 8]\n",
            "cbz r7, 7f\n",
            // Inputs to the column, weights to the four columns that they are filled up to.
            "dlstp.16 lr, r7\n",
            "5:\n",
            "vldrh.u16 q2, [r5]\n",
            "letp lr, 5b\n",
            "ldr r7, [r6, #",
            $at,
            " + 12]\n",
            "dlstp.32 lr, r7\n",
            "6:\n",
            "vldrw.u32 q0, [",
            $w,
            ", q4]\n",
            "vldrw.u32 q1, [",
            $w,
            ", q5]\n",
            "letp lr, 6b\n",
            "add ",
            $w,
            ", ",
            $w,
            ", r7, lsl #3\n",
            "vmlava.s16 r4, q0, q2\n",
            "vshr.s16 q0, q0, #8\n",
            "vmlava.s16 r10, q1, q2\n",
            "vshr.s16 q1, q1, #8\n",
            "vmlava.s16 r8, q0, q2\n",
            "vmlava.s16 r12, q1, q2\n",
            "7:",
        )
    };
}

/// The same for 4-bit weights.
macro_rules! side_i4 {
    ($w:literal, $at:literal) => {
        concat!(
            "ldrd r5, lr, [r6, #",
            $at,
            "]\n",
            "wlstp.16 lr, lr, 4f\n",
            "3:\n",
            "vldrh.u16 q2, [r5], #16\n",
            "vldrh.u16 q0, [",
            $w,
            "], #16\n",
            "vmlava.s16 r4, q0, q2\n",
            "vshr.s16 q1, q0, #4\n",
            "vmlava.s16 r8, q1, q2\n",
            "vshr.s16 q1, q0, #8\n",
            "vmlava.s16 r10, q1, q2\n",
            "vshr.s16 q0, q0, #12\n",
            "vmlava.s16 r12, q0, q2\n",
            "letp lr, 3b\n",
            "4:\n",
            "ldr r7, [r6, #",
            $at,
            " + 8]\n",
            "add ",
            $w,
            ", r7",
        )
    };
}

/// The instructions for one quad after another: `one` and `other` are those for a matrix, `begin`
/// makes `q3` from the offset in `r7`, and `part` tells the rows' sums apart.
macro_rules! quads {
    ($ends:expr, $one:expr, $other:expr, $begin:expr, $part:expr) => {{
        let (frame, words, from, multipliers, sums) = $ends;
        asm!(
            "push {{r6, r7}}",
            "mov r6, r4",
            "ldr r7, [r6, #36]",
            "vmov.i32 q3, #0",
            $begin,
            "2:",
            "clrm {{r4, r8, r10, r12}}",
            $one,
            "ldr r7, [r6, #32]",
            "cbz r7, 8f",
            "lsl r4, r4, r7",
            "lsl r8, r8, r7",
            "lsl r10, r10, r7",
            "lsl r12, r12, r7",
            "8:",
            $other,
            $part,
            "vmov q0[2], q0[0], r4, r10",
            "vmov q0[3], q0[1], r8, r12",
            "vldrw.u32 q1, [r2], #16",
            "vsub.i32 q0, q0, q3",
            "vadd.i32 q0, q0, q1",
            "cbz r3, 9f",
            "vldrw.u32 q1, [r3], #16",
            "vrmulh.s32 q0, q0, q1",
            "9:",
            "vstrw.32 q0, [r11], #16",
            "cmp r11, r9",
            "bne 2b",
            "pop {{r6, r7}}",
            inout("r0") words.0 => _,
            inout("r1") words.1 => _,
            inout("r2") from => _,
            inout("r3") multipliers => _,
            inout("r4") frame => _,
            out("r5") _,
            out("r8") _,
            in("r9") sums.end,
            out("r10") _,
            inout("r11") sums.start => _,
            out("r12") _,
            out("lr") _,
            out("d0") _, out("d1") _, out("d2") _, out("d3") _,
            out("d4") _, out("d5") _, out("d6") _, out("d7") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
        )
    }};
}

/// Biases and multipliers, quad by quad.
pub type Rows<'a> = (&'a [[i32; QUAD]], &'a [[i32; QUAD]]);

/// The products of whole quads from `quad` on; none if their weights, inputs, biases or multipliers
/// are not all there.
#[inline(always)]
pub fn passes(
    kind: Kind,
    (one, other): (&Factor<'_>, Option<&Factor<'_>>),
    quad: usize,
    rows: Option<Rows<'_>>,
    sums: &mut [[i32; QUAD]],
) {
    let (biases, multipliers) = rows.unzip();
    let long = |values: Option<&[[i32; QUAD]]>| values.is_none_or(|v| v.len() >= sums.len());
    let end = quad + sums.len();
    let covers = |factor: &Factor<'_>| {
        let columns = factor.columns.get();
        factor.x.len() == columns && end * kind.width(columns) <= factor.words.len()
    };
    if sums.is_empty() || !long(biases) || !long(multipliers) {
        return;
    }
    if !covers(one) || other.is_some_and(|other| !covers(other)) {
        return;
    }
    let total = |x: &[i16]| x.iter().map(|&x| i32::from(x)).sum::<i32>();
    let offset = (total(one.x) << (one.shift % 32)) + other.map_or(0, |other| total(other.x));
    let frame = Frame {
        one: Side::new(kind, one.x),
        other: other.map_or(Side::NONE, |other| Side::new(kind, other.x)),
        shift: one.shift % 32,
        offset: offset << kind.offset(),
    };
    let at = |factor: &Factor<'_>| {
        let width = kind.width(factor.columns.get());
        factor.words.as_ptr().wrapping_add(quad * width)
    };
    let words = (at(one), other.map_or(ptr::null(), at));
    let sums = sums.as_mut_ptr_range();
    let from = biases.map_or(sums.start.cast_const(), <[_]>::as_ptr);
    let multipliers = multipliers.map_or(ptr::null(), <[_]>::as_ptr);
    let ends = (&frame, words, from, multipliers, sums);
    // SAFETY: of every quad its words are read, which are there, and of each `x` its columns:
    // predication leaves out what is beyond. Four sums are written in each pass, from the first to
    // the end, and as many biases and multipliers, or sums, read, as is checked above; nothing else
    // is written but the stack, which is put back.
    unsafe {
        match kind {
            Kind::Int8 => quads!(
                ends,
                side_i8!("r0", "0"),
                side_i8!("r1", "16"),
                concat!(
                    "vmov q3[2], q3[0], r7, r7\n",
                    // Where a quad's words for its upper and for its lower rows lie.
                    "mov r8, #0\n",
                    "vidup.u32 q4, r8, #8\n",
                    "mov r8, #4\n",
                    "vidup.u32 q5, r8, #8",
                ),
                "sub r4, r4, r8, lsl #8\nsub r10, r10, r12, lsl #8"
            ),
            Kind::Int4 => quads!(
                ends,
                side_i4!("r0", "0"),
                side_i4!("r1", "16"),
                "vmov q3[2], q3[0], r7, r7\nvmov.32 q3[1], r7",
                "sub r4, r4, r8, lsl #4\nsub r8, r8, r10, lsl #4\nsub r10, r10, r12, lsl #4"
            ),
        }
    }
}
