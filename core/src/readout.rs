//! From the hidden states of a sequence to the vector that the head sees.

use serde::{Deserialize, Serialize};

/// What the head sees of the states `h_1 .. h_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Readout {
    /// The last one, `h_t`.
    Last,
    /// Their mean over time.
    Mean,
    /// Their maximum over time, unit by unit.
    Max,
}

impl Readout {
    /// Takes `hidden (hidden_size,)` into `pool (hidden_size,)`; `steps` were taken in before.
    ///
    /// Sums of 16-bit states are exact in 64 bits. Once `steps` cannot count further, nothing is
    /// added to the mean: it is then that of the first 2^32 - 1 states.
    #[inline(never)]
    pub fn update(self, pool: &mut [i64], hidden: &[i16], steps: u32) {
        let pairs = pool.iter_mut().zip(hidden.iter().map(|&h| i64::from(h)));
        match self {
            Self::Last => {}
            Self::Mean if steps == u32::MAX => {}
            Self::Mean => pairs.for_each(|(sum, h)| *sum += h),
            Self::Max if steps == 0 => pairs.for_each(|(max, h)| *max = h),
            Self::Max => pairs.for_each(|(max, h)| *max = h.max(*max)),
        }
    }

    /// Writes the read-out of `steps` states to `pooled (hidden_size,)`, Q0.15. The mean is
    /// rounded towards zero; of no states at all every read-out is zero. The last state is not
    /// pooled, and nothing is written of it.
    #[inline(never)]
    pub fn read(self, pool: &[i64], steps: u32, pooled: &mut [i16]) {
        let pairs = pooled.iter_mut().zip(pool);
        match self {
            Self::Last => {}
            Self::Mean => pairs.for_each(|(out, sum)| {
                *out = sum.checked_div(steps.into()).unwrap_or(0) as i16;
            }),
            Self::Max => pairs.for_each(|(out, &max)| *out = max as i16),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(readout: Readout, states: &[[i16; 2]]) -> [i16; 2] {
        let (mut pool, mut out) = ([0; 2], [9; 2]);
        for (steps, hidden) in states.iter().enumerate() {
            readout.update(&mut pool, hidden, steps as u32);
        }
        readout.read(&pool, states.len() as u32, &mut out);
        out
    }

    #[test]
    fn each_readout_is_what_it_says() {
        let states = [[-5, 30_000], [-9, 32_767], [-2, -32_767]];
        assert_eq!(read(Readout::Last, &states), [9, 9]);
        assert_eq!(read(Readout::Mean, &states), [-5, 10_000]);
        assert_eq!(read(Readout::Max, &states), [-2, 32_767]);
    }

    #[test]
    fn nothing_reads_as_zero() {
        for readout in [Readout::Mean, Readout::Max] {
            assert_eq!(read(readout, &[]), [0, 0]);
        }
    }
}
