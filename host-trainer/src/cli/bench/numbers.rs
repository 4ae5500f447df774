//! The numbers a measurement is made of: a formula that is written down in a few lines in any
//! language, so that another framework can be given the same ones.

use crate::network::Network;

/// The linear congruential generator of Knuth's MMIX:
/// `x' = 6364136223846793005 x + 1442695040888963407 mod 2^64`.
pub(super) struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The high half of the next number.
    fn next(&mut self) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// An integer below `end`.
    pub fn below(&mut self, end: usize) -> u16 {
        (self.next() as usize % end) as u16
    }

    /// A number in `[-1, 1)`, a multiple of `2^-23`.
    fn signed(&mut self) -> f32 {
        (self.next() >> 8) as f32 / 8_388_608.0 - 1.0
    }

    /// Draws every weight of a network in order, within `1 / sqrt(rows)` of zero.
    pub fn fill(&mut self, network: &mut Network) {
        for tensor in network.parameters_mut().tensors_mut() {
            let limit = 1.0 / (tensor.values.nrows() as f32).sqrt();
            tensor
                .values
                .iter_mut()
                .for_each(|value| *value = limit * self.signed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ```python
    /// x = 1
    /// for _ in range(3):
    ///     x = (6364136223846793005 * x + 1442695040888963407) % 2**64
    ///     print((x >> 32) % 10_000, (x >> 40) / 2**23 - 1)
    /// ```
    #[test]
    fn numbers_are_those_of_python() {
        let expected = [
            (9548, -0.153_581_74),
            (8307, 0.018_814_802),
            (2393, 0.296_718_72),
        ];
        let (mut integers, mut reals) = (Numbers::new(1), Numbers::new(1));
        for (integer, real) in expected {
            assert_eq!((integers.below(10_000), reals.signed()), (integer, real));
        }
    }
}
