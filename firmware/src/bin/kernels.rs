//! The board's kernels against the portable ones: random shapes, places in memory and values, the
//! extremes among them. Ends with 0 if every sum is equal, with 1 at the first that is not.
#![no_std]
#![no_main]

use core::num::NonZeroUsize;
use core::panic::PanicInfo;

use cortex_m_rt::entry;
use spinet_core::fixed::MAX_COLUMNS;
use spinet_core::kernel::{self, portable};
use spinet_core::matrix::NIBBLES;

const TRIALS: usize = 1_500;
/// Weights of 8 bits, and the words of weights of 4 bits.
const BYTES: usize = 6_000;
const WORDS: usize = 750;
const ROWS: usize = 40;

/// The operands of products; a trial takes some in the middle of each.
struct Operands {
    noise: Noise,
    weights: [i8; BYTES],
    words: [u32; WORDS],
    x: [i16; MAX_COLUMNS + 1],
    sums: [i32; ROWS],
    scales: [i32; ROWS + 1],
}

#[entry]
fn main() -> ! {
    let mut operands = Operands {
        noise: Noise(1),
        weights: [0; BYTES],
        words: [0; WORDS],
        x: [0; MAX_COLUMNS + 1],
        sums: [0; ROWS],
        scales: [0; ROWS + 1],
    };
    // Every width first, then any.
    let equal = (1..=MAX_COLUMNS).all(|columns| operands.trial(columns))
        && (0..TRIALS).all(|_| {
            let widest = [20, 140, MAX_COLUMNS][operands.noise.below(3)];
            let columns = 1 + operands.noise.below(widest);
            operands.trial(columns)
        });
    stop(!equal)
}

impl Operands {
    /// Whether the board's kernels agree with the portable ones.
    fn trial(&mut self, columns: usize) -> bool {
        self.fill();
        let (bytes, words) = (self.noise.below(4), self.noise.below(2));
        let (weights, words) = (&self.weights[bytes..], &self.words[words..]);
        let x = &self.x[self.noise.below(2)..][..columns];
        let most = (weights.len() / columns).min(words.len() / columns.div_ceil(NIBBLES));
        let first = self.noise.below(4);
        let rows = 1 + self.noise.below(most.min(ROWS - first));
        // Both wrap where the sums would not fit: those that a model may have do.
        let shift = self.noise.below(9) as u32;
        // One more or less than sums now and then.
        let scales = &self.scales[..(rows + self.noise.below(3)).saturating_sub(1)];
        let Some(columns) = NonZeroUsize::new(columns) else {
            return false;
        };
        let compare = |own: &dyn Fn(&mut [i32]), oracle: &dyn Fn(&mut [i32])| {
            let (mut computed, mut expected) = (self.sums, self.sums);
            own(&mut computed[first..first + rows]);
            oracle(&mut expected[first..first + rows]);
            computed == expected
        };
        compare(
            &|sums| kernel::accumulate_i8(weights, columns, x, shift, sums),
            &|sums| portable::accumulate_i8(weights, columns, x, shift, sums),
        ) && compare(
            &|sums| kernel::accumulate_i4(words, columns, x, shift, sums),
            &|sums| portable::accumulate_i4(words, columns, x, shift, sums),
        ) && compare(&|sums| kernel::begin(sums, scales), &|sums| {
            portable::begin(sums, scales)
        }) && compare(&|sums| kernel::requantize(sums, scales), &|sums| {
            portable::requantize(sums, scales)
        })
    }

    /// New operands, those of one kind the largest that there are now and then.
    fn fill(&mut self) {
        let noise = &mut self.noise;
        let extreme = noise.below(4);
        for weight in &mut self.weights {
            *weight = match extreme {
                0 => [-127, 127][noise.below(2)],
                1 => -127,
                _ => (noise.next() as i8).max(-127),
            };
        }
        for word in &mut self.words {
            let any = match extreme {
                0 => noise.next() & 0xEEEE_EEEE,
                1 => 0,
                _ => noise.next(),
            };
            // No nibble is 0.
            let zeros = !(any | any >> 1 | any >> 2 | any >> 3) & 0x1111_1111;
            *word = any | zeros;
        }
        let extreme = noise.below(4);
        for x in &mut self.x {
            *x = match extreme {
                0 => [-32_767, 32_767][noise.below(2)],
                1 => 32_767,
                _ => (noise.next() as i16).max(-32_767),
            };
        }
        for sum in &mut self.sums {
            *sum = noise.next() as i32 >> 8;
        }
        for scale in &mut self.scales {
            *scale = match extreme {
                0 => [1, i32::MAX][noise.below(2)],
                _ => noise.next() as i32 >> noise.below(32),
            };
        }
    }
}

/// Xorshift of Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003).
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 8) as usize % end
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    stop(true)
}

/// A fault ends the program too: without this, the emulator would wait for ever.
#[cortex_m_rt::exception]
#[allow(unsafe_code)]
// SAFETY: cortex-m-rt asks for `unsafe` because the handler must not rely on the state of the
// interrupted program; this one does not, and never returns.
unsafe fn HardFault(_: &cortex_m_rt::ExceptionFrame) -> ! {
    stop(true)
}

#[cfg(feature = "semihosting")]
fn stop(failed: bool) -> ! {
    semihosting::process::exit(failed.into())
}

/// Without an emulator or debugger: parks the core.
#[cfg(not(feature = "semihosting"))]
fn stop(_: bool) -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
