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
    pub const fn offset(self) -> u32 {
        match self {
            Self::Int8 => 7,
            Self::Int4 => 3,
        }
    }

    /// How often the offset is in the sums of a quad's rows before they are told apart.
    #[inline(always)]
    const fn offsets(self) -> [i32; QUAD] {
        match self {
            Self::Int8 => [1, 0, 1, 0],
            Self::Int4 => [1 + (17 << 4), 1 + (1 << 4), 1, 0],
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
    /// What the sums begin with.
    start: [i32; QUAD],
    /// At 16.
    one: Side,
    /// At 32.
    other: Side,
    /// The first product's shift, at 48; the second has none.
    shift: u32,
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

/// The instructions for one quad after another: `begin` makes the vectors that all need, `sides` are
/// those for a matrix or two, `part` tells the rows' sums apart, and `end` makes results of them in
/// `q0`.
macro_rules! quads {
    ($ends:expr, $begin:expr, $sides:expr, $part:expr, $end:expr) => {{
        let (frame, words, from, multipliers, sums) = $ends;
        asm!(
            "push {{r6, r7}}",
            "mov r6, r4",
            $begin,
            "2:",
            "ldm.w r6, {{r4, r8, r10, r12}}",
            $sides,
            $part,
            "vmov q0[2], q0[0], r4, r10",
            "vmov q0[3], q0[1], r8, r12",
            $end,
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
            out("d4") _, out("d5") _,
            out("d8") _, out("d9") _, out("d10") _, out("d11") _,
        )
    }};
}

/// The shift of the first product.
macro_rules! shift {
    () => {
        "ldr r7, [r6, #48]
        cbz r7, 8f
        lsl r4, r4, r7
        lsl r8, r8, r7
        lsl r10, r10, r7
        lsl r12, r12, r7
        8:"
    };
}

/// The first product of a quad by the instructions of `$side`, or both.
macro_rules! sides {
    ($side:ident) => {
        concat!($side!("r0", "16"), "\n", shift!())
    };
    (both $side:ident) => {
        concat!(sides!($side), "\n", $side!("r1", "32"))
    };
}

/// Where a quad's words for its upper and for its lower rows lie.
macro_rules! begin_i8 {
    () => {
        "mov r8, #0
        vidup.u32 q4, r8, #8
        mov r8, #4
        vidup.u32 q5, r8, #8"
    };
}

/// Tells apart the sums of the rows that lie in a halfword, from the uppermost on.
macro_rules! part_i8 {
    () => {
        "sub r4, r4, r8, lsl #8
        sub r10, r10, r12, lsl #8"
    };
}

/// The same for 4-bit weights.
macro_rules! part_i4 {
    () => {
        "sub r4, r4, r8, lsl #4
        sub r8, r8, r10, lsl #4
        sub r10, r10, r12, lsl #4"
    };
}

/// Makes of a quad's sums what is added to them already.
macro_rules! add {
    () => {
        "vldrw.u32 q1, [r11]
        vadd.i32 q0, q0, q1"
    };
}

/// Adds the rows' biases and requantises.
macro_rules! fill {
    () => {
        "vldrw.u32 q1, [r2], #16
        vadd.i32 q0, q0, q1
        vldrw.u32 q1, [r3], #16
        vrmulh.s32 q0, q0, q1"
    };
}

/// What becomes of the sums of quads besides the first product: a second one, and the rows' biases and
/// multipliers, quad by quad.
pub type Fill<'a> = (Option<&'a Factor<'a>>, &'a [[i32; QUAD]], &'a [[i32; QUAD]]);

/// The products of whole quads from `quad` on; none if their weights, inputs, biases or multipliers
/// are not all there. Without a [`Fill`] they are added to `sums`.
#[inline(always)]
pub fn passes(
    kind: Kind,
    one: &Factor<'_>,
    quad: usize,
    fill: Option<Fill<'_>>,
    sums: &mut [[i32; QUAD]],
) {
    let (other, long) = match fill {
        Some((other, b, m)) => (other, b.len().min(m.len()) >= sums.len()),
        None => (None, true),
    };
    let end = quad + sums.len();
    let covers = |factor: &Factor<'_>| {
        let columns = factor.columns.get();
        factor.x.len() == columns && end * kind.width(columns) <= factor.words.len()
    };
    if sums.is_empty() || !long || !covers(one) || other.is_some_and(|other| !covers(other)) {
        return;
    }
    let shift = one.shift % 32;
    // If there is another matrix, the shift is at most that of the offset. As the sums, this is right
    // but for multiples of 2^32.
    let other_offset = other.map_or(0, |other| total(other.x) << (kind.offset() - shift));
    let offset = (total(one.x) << kind.offset()).wrapping_add(other_offset);
    let frame = Frame {
        start: (kind.offsets()).map(|times| offset.wrapping_mul(times).wrapping_neg()),
        one: Side::new(kind, one.x),
        other: other.map_or(Side::NONE, |other| Side::new(kind, other.x)),
        shift,
    };
    let at = |factor: &Factor<'_>| {
        let width = kind.width(factor.columns.get());
        factor.words.as_ptr().wrapping_add(quad * width)
    };
    let words = (at(one), other.map_or(ptr::null(), at));
    let sums = sums.as_mut_ptr_range();
    let (from, multipliers) = fill.map_or((ptr::null(), ptr::null()), |(_, b, m)| {
        (b.as_ptr(), m.as_ptr())
    });
    let ends = (&frame, words, from, multipliers, sums);
    // SAFETY: of every quad its words are read, which are there, and of each `x` its columns:
    // predication leaves out what is beyond. Four sums are written in each pass, from the first to
    // the end, and as many biases and multipliers, or sums, read, as is checked above; nothing else
    // is written but the stack, which is put back.
    unsafe {
        match (kind, fill) {
            (Kind::Int8, None) => quads!(ends, begin_i8!(), sides!(side_i8), part_i8!(), add!()),
            (Kind::Int4, None) => quads!(ends, "", sides!(side_i4), part_i4!(), add!()),
            (Kind::Int8, Some(_)) => {
                quads!(ends, begin_i8!(), sides!(both side_i8), part_i8!(), fill!());
            }
            (Kind::Int4, Some(_)) => {
                quads!(ends, "", sides!(both side_i4), part_i4!(), fill!());
            }
        }
    }
}

/// The sum of `x`.
#[inline(always)]
fn total(x: &[i16]) -> i32 {
    let total;
    // SAFETY: the elements of `x` are read: predication leaves out what is beyond.
    unsafe {
        asm!(
            "wlstp.16 lr, lr, 3f",
            "2:",
            "vldrh.u16 q0, [{x}], #16",
            "vaddva.s16 r4, q0",
            "letp lr, 2b",
            "3:",
            x = inout(reg) x.as_ptr() => _,
            inout("lr") x.len() => _,
            inout("r4") 0 => total,
            out("d0") _, out("d1") _,
            options(readonly, nostack),
        );
    }
    total
}
