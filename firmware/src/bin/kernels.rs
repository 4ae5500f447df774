//! The board's kernels against the portable ones: random shapes, places in memory and values, the
//! extremes among them. Ends with 0 if every sum is equal, with 1 at the first that is not.
#![no_std]
#![no_main]

use core::num::NonZeroUsize;
use core::panic::PanicInfo;

use spinet_core::fixed::{MAX_COLUMNS, product_bound};
use spinet_core::kernel::quads::{Factor, Scaling};
use spinet_core::kernel::{self, SPAN, portable};
use spinet_core::matrix::Encoding;
use spinet_firmware::arch;

const TRIALS: usize = 1_500;
/// Words of weights.
const WORDS: usize = 1_100;
const ROWS: usize = 40;

/// The largest weights in quads, of 8 and of 4 bits, and the smallest.
const LARGEST: u32 = 0x7FFF_7FFF;
const SMALLEST_I8: u32 = 0x8101_8101;
const SMALLEST_I4: u32 = 0x9111_9111;

/// The operands of products; a trial takes some in the middle of each.
struct Operands {
    words: [u32; WORDS],
    x: [i16; MAX_COLUMNS + 3],
    sums: [i32; ROWS],
    multipliers: [i32; ROWS],
}

/// A kernel for two matrices in quads.
type Fill = fn(&Factor<'_>, Option<&Factor<'_>>, usize, &Scaling<'_>, &mut [i32]);

#[arch::entry]
fn main() -> ! {
    let mut noise = Noise(1);
    let mut operands = Operands {
        words: [0; WORDS],
        x: [0; MAX_COLUMNS + 3],
        sums: [0; ROWS],
        multipliers: [0; ROWS],
    };
    // Every width first, then any.
    let equal = (1..=MAX_COLUMNS).all(|columns| operands.trial(columns, &mut noise))
        && (0..TRIALS).all(|_| {
            let widest = [20, 140, MAX_COLUMNS][noise.below(3)];
            let columns = 1 + noise.below(widest);
            operands.trial(columns, &mut noise)
        });
    stop(!equal)
}

impl Operands {
    /// Whether all kernels of a board agree with the portable ones.
    fn trial(&mut self, columns: usize, noise: &mut Noise) -> bool {
        self.fill(noise);
        self.quads(columns, noise)
            && self.pairs(columns, noise)
            && self.gates(noise)
            && self.units(noise)
            && self.scaled(noise)
            && self.interpolated(noise)
    }

    /// Products with weights in quads.
    fn quads(&self, columns: usize, noise: &mut Noise) -> bool {
        let words = &self.words[noise.below(2)..];
        let x = &self.x[noise.below(2)..][..columns];
        let quads = words.len() / (Encoding::Int8Quads.bytes(4, columns) / 4);
        let rows = noise.rows(4 * quads);
        let (wide, narrow) = (noise.shift(127, columns), noise.shift(8, columns));
        let columns = nonzero(columns);
        self.agree(
            rows,
            |sums| kernel::quads::accumulate_i8(words, columns, x, wide, sums),
            |sums| portable::quads::accumulate_i8(words, columns, x, wide, sums),
        ) && self.agree(
            rows,
            |sums| kernel::quads::accumulate_i4(words, columns, x, narrow, sums),
            |sums| portable::quads::accumulate_i4(words, columns, x, narrow, sums),
        )
    }

    /// Products with one matrix in quads or two, from a row on, scaled.
    fn pairs(&self, columns: usize, noise: &mut Noise) -> bool {
        let one = columns.div_ceil(2);
        let other = 1 + noise.below(columns - one + 1);
        let quads = (WORDS - 1) / (Encoding::Int8Quads.bytes(4, one.max(other)) / 4);
        let before = noise.below(2);
        let (first, rows) = (4 * before, noise.rows(4 * (quads - before)));
        let (words, x) = (noise.below(2), [0, 1].map(|_| noise.below(3)));
        let (alone, shifted) = (noise.below(4) == 0, noise.below(4));
        let scaling = Scaling {
            biases: &self.sums,
            multipliers: &self.multipliers,
        };
        let mut agree = |largest, own: Fill, oracle: Fill| {
            let shift = noise.shift(largest, one + other);
            let factor = |which: usize, columns: usize| Factor {
                words: &self.words[words * which..],
                columns: nonzero(columns),
                x: &self.x[x[which]..][..columns],
                // Of none, of either or of both.
                shift: if shifted & (which + 1) != 0 { shift } else { 0 },
            };
            let (one, other) = (factor(0, one), factor(1, other));
            let other = (!alone).then_some(&other);
            self.agree(
                rows,
                |sums| own(&one, other, first, &scaling, sums),
                |sums| oracle(&one, other, first, &scaling, sums),
            )
        };
        agree(127, kernel::quads::fill_i8, portable::quads::fill_i8)
            && agree(8, kernel::quads::fill_i4, portable::quads::fill_i4)
    }

    /// What becomes of a GRU's sums.
    fn gates(&self, noise: &mut Noise) -> bool {
        let units = noise.below(ROWS / 4 + 1);
        let (biases, _) = self.sums.as_chunks();
        let (multipliers, _) = self.multipliers.as_chunks();
        self.agree(
            4 * units,
            |sums| {
                let (sums, candidates) = sums.split_at_mut(3 * units);
                kernel::gates::part(sums.as_chunks_mut().0, candidates, biases, multipliers);
            },
            |sums| {
                let (sums, candidates) = sums.split_at_mut(3 * units);
                portable::gates::part(sums.as_chunks_mut().0, candidates, biases, multipliers);
            },
        )
    }

    /// The units of a GRU, from any sums below 2^30 and any states, with one more of some than of
    /// others.
    fn units(&self, noise: &mut Noise) -> bool {
        let units = noise.below(ROWS / 4 + 1);
        let (mut sums, mut candidates) = ([[0; 3]; ROWS / 4 + 1], [0; ROWS / 4 + 1]);
        for (sums, candidate) in sums.iter_mut().zip(&mut candidates) {
            let mut sum = || (noise.next() as i32 >> (2 + noise.below(22))).max(1 - (1 << 30));
            (*sums, *candidate) = ([sum(), sum(), sum()], sum());
        }
        let mut hidden = [0; ROWS / 4];
        hidden.fill_with(|| (noise.next() as i16).max(-i16::MAX));
        let (sums, candidates) = (
            &sums[..units + noise.below(2)],
            &candidates[..units + noise.below(2)],
        );
        let [mut own, mut oracle] = [[0; ROWS / 4]; 2];
        kernel::gates::units(sums, candidates, &hidden, &mut own[..units]);
        portable::gates::units(sums, candidates, &hidden, &mut oracle[..units]);
        own == oracle
    }

    /// What is done before and after the products, with one value less or more than sums too.
    fn scaled(&self, noise: &mut Noise) -> bool {
        let rows = noise.rows(ROWS - 1);
        let values = &self.multipliers[..rows - 1 + noise.below(3)];
        self.agree(
            rows,
            |sums| kernel::begin(sums, values),
            |sums| portable::begin(sums, values),
        ) && self.agree(
            rows,
            |sums| kernel::requantize(sums, values),
            |sums| portable::requantize(sums, values),
        )
    }

    /// Values between those of a table.
    fn interpolated(&self, noise: &mut Noise) -> bool {
        let mut table = [0; SPAN];
        for (place, &value) in table.iter_mut().zip(self.x.iter().cycle()) {
            *place = value;
        }
        (0..20).all(|_| {
            let (x, start) = (noise.next() as i32 >> noise.below(24), 1 << 25);
            kernel::interpolate::<9>(&table, x, start)
                == portable::interpolate::<9>(&table, x, start)
                && kernel::interpolate::<10>(&table, x, start)
                    == portable::interpolate::<10>(&table, x, start)
        })
    }

    /// Whether a kernel does to `rows` sums what another does, and nothing to those around.
    fn agree(
        &self,
        rows: usize,
        own: impl FnOnce(&mut [i32]),
        oracle: impl FnOnce(&mut [i32]),
    ) -> bool {
        let (mut computed, mut expected) = (self.sums, self.sums);
        let first = (ROWS - rows).min(rows % 4);
        own(&mut computed[first..first + rows]);
        oracle(&mut expected[first..first + rows]);
        computed == expected
    }

    /// New operands, those of one kind the largest that there are now and then.
    fn fill(&mut self, noise: &mut Noise) {
        let extreme = noise.below(4);
        let first = noise.below(2);
        for word in &mut self.words {
            let any = match extreme {
                0 => [LARGEST, SMALLEST_I8, SMALLEST_I4][noise.below(3)],
                1 => [LARGEST, SMALLEST_I8][first],
                2 => [SMALLEST_I4, 0][first],
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
        for multiplier in &mut self.multipliers {
            *multiplier = (noise.next() >> 1).max(1) as i32;
        }
    }
}

fn nonzero(columns: usize) -> NonZeroUsize {
    NonZeroUsize::new(columns).unwrap_or(NonZeroUsize::MIN)
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

    /// Some rows of those that there are weights for.
    fn rows(&mut self, most: usize) -> usize {
        1 + self.below(most.min(ROWS))
    }

    /// A shift with which the sums of weights up to `largest` fit.
    fn shift(&mut self, largest: i8, columns: usize) -> u32 {
        let bound = product_bound(largest, columns);
        let most = (0..=8)
            .rev()
            .find(|&shift| bound << shift <= i32::MAX.into());
        self.below(most.unwrap_or(0) + 1) as u32
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
fn fault(_: u32) -> ! {
    stop(true)
}

spinet_firmware::on_fault!(fault);

#[cfg(feature = "semihosting")]
fn stop(failed: bool) -> ! {
    semihosting::process::exit(failed.into())
}

/// Without an emulator or debugger: parks the core.
#[cfg(not(feature = "semihosting"))]
fn stop(_: bool) -> ! {
    loop {
        arch::wait();
    }
}
