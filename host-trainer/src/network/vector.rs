//! Element-wise loops in the widest vectors that the machine has.

use pulp::{Arch, Simd, WithSimd};

/// A loop to be compiled for every width of vectors. It and all that it calls must be
/// `#[inline(always)]`; closures and function items are not, so it is a type.
pub(crate) trait Vectorised {
    type Output;

    /// Runs the loop.
    fn run(self) -> Self::Output;
}

/// Runs a loop in the machine's widest vectors. The numbers are the same for every width, as
/// nothing is reordered or fused.
pub(crate) fn vectorised<L: Vectorised>(work: L) -> L::Output {
    Arch::new().dispatch(Dispatched(work))
}

struct Dispatched<L>(L);

impl<L: Vectorised> WithSimd for Dispatched<L> {
    type Output = L::Output;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> L::Output {
        self.0.run()
    }
}

/// Partial sums, so that they are added in vectors.
const LANES: usize = 16;

/// The sum of the squares.
struct SquareSum<'a>(&'a [f32]);

impl Vectorised for SquareSum<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let mut sums = [0.0; LANES];
        let (blocks, rest) = self.0.as_chunks::<LANES>();
        for block in blocks {
            for (sum, &value) in sums.iter_mut().zip(block) {
                *sum += f64::from(value) * f64::from(value);
            }
        }
        for (sum, &value) in sums.iter_mut().zip(rest) {
            *sum += f64::from(value) * f64::from(value);
        }
        sums.iter().sum()
    }
}

/// The sum of the squares, in f64.
pub(crate) fn sum_squares(values: &[f32]) -> f64 {
    vectorised(SquareSum(values))
}

/// The sums of the columns of `values`, whose rows are as long as `target`.
struct RowSum<'a> {
    values: &'a [f32],
    target: &'a mut [f32],
}

impl Vectorised for RowSum<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { values, target } = self;
        target.fill(0.0);
        for row in values.chunks_exact(target.len()) {
            for (sum, value) in target.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
}

/// The sums of the columns of `values`, whose rows are as long as `target`.
pub(crate) fn sum_rows(values: &[f32], target: &mut [f32]) {
    vectorised(RowSum { values, target });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_of_every_number_are_summed() {
        for length in [0, 1, 15, 16, 17, 100] {
            let values: Vec<f32> = (1..=length).map(|n| n as f32).collect();
            let n = length as f64;
            let exact = n * (n + 1.0) * (2.0 * n + 1.0) / 6.0;
            assert_eq!(sum_squares(&values), exact);
        }
    }
}
