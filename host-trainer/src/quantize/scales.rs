//! Choosing the scale of a row.
//!
//! The largest weight fixes the scale that clips nothing; a smaller one rounds all others more
//! finely. Which is better depends on what the weights are multiplied with, so the error of a
//! weight counts by the mean square of its input, measured on training data.

use spinet_core::fixed::WEIGHT_MAX;

/// Shares of the unclipped scale that are tried.
const CLIPS: [f64; 11] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5];

/// The weights that one tensor has in a row.
pub(super) struct Part<'p> {
    /// The weights, in the order of the columns.
    pub weights: &'p [f32],
    /// The mean square of each column's input.
    pub moments: &'p [f64],
    /// The tensor's shift: its scale is the row's times `2^shift`.
    pub shift: u8,
}

impl Part<'_> {
    fn factor(&self) -> f64 {
        f64::from(1u32 << self.shift)
    }

    /// The row scale with which no weight of this part is clipped.
    fn unclipped(&self) -> f64 {
        let most = self
            .weights
            .iter()
            .fold(0.0f32, |most, w| most.max(w.abs()));
        f64::from(most) / f64::from(WEIGHT_MAX) / self.factor()
    }

    /// The mean square error that row scale `scale` makes in the row's sum.
    fn error(&self, scale: f64) -> f64 {
        let scale = scale * self.factor();
        self.weights
            .iter()
            .zip(self.moments)
            .map(|(&weight, moment)| {
                let error = f64::from(weight) - f64::from(quantize(weight, scale)) * scale;
                error * error * moment
            })
            .sum()
    }
}

/// The nearest of the 255 integers of a weight.
pub(super) fn quantize(weight: f32, scale: f64) -> i8 {
    let most = f64::from(WEIGHT_MAX);
    (f64::from(weight) / scale).round().clamp(-most, most) as i8
}

/// The row scale, at least `floor`, with the least mean square error, and that error.
pub(super) fn best_scale(parts: &[Part<'_>], floor: f64) -> (f64, f64) {
    let unclipped = parts.iter().map(Part::unclipped).fold(floor, f64::max);
    CLIPS
        .iter()
        .map(|clip| (unclipped * clip).max(floor))
        .map(|scale| (scale, parts.iter().map(|part| part.error(scale)).sum()))
        .fold((unclipped, f64::INFINITY), |best, next: (f64, f64)| {
            if next.1 < best.1 { next } else { best }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_that_nothing_meets_is_clipped_and_one_that_counts_is_not() {
        let mut weights = vec![0.1f32; 64];
        weights
            .iter_mut()
            .enumerate()
            .for_each(|(i, w)| *w *= i as f32 / 64.0);
        weights[0] = 1.0;
        let mut moments = vec![1.0; 64];
        let scale = |moments: &[f64]| {
            let part = Part {
                weights: &weights,
                moments,
                shift: 0,
            };
            best_scale(&[part], 1e-9).0 * 127.0
        };
        assert!(scale(&moments) > 0.99);
        moments[0] = 0.0;
        assert!(scale(&moments) < 0.51);
    }

    #[test]
    fn a_row_of_zeros_takes_the_floor() {
        let part = Part {
            weights: &[0.0; 4],
            moments: &[1.0; 4],
            shift: 0,
        };
        assert_eq!(best_scale(&[part], 1e-6), (1e-6, 0.0));
    }
}
