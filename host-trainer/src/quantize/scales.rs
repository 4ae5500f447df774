//! Choosing the scale of a row.
//!
//! The largest weight fixes the scale that clips nothing; a smaller one rounds all others more
//! finely. Which is better depends on what the weights are multiplied with, so the error of a
//! weight counts by the mean square of its input, measured on training data.

/// Shares of the unclipped scale that are tried; the low ones matter to 4-bit weights.
const CLIPS: [f64; 15] = [
    1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4, 0.35, 0.3,
];

/// The weights that one tensor has in a row.
pub(super) struct RowPart<'p> {
    /// The weights, in the order of the columns.
    pub weights: &'p [f64],
    /// The mean square of each column's input.
    pub moments: &'p [f64],
    /// The largest integer of a weight.
    pub weight_max: f64,
    /// The tensor's scale is the row's times this.
    pub factor: f64,
}

impl RowPart<'_> {
    /// The row scale with which no weight of this part is clipped.
    fn unclipped(&self) -> f64 {
        let most = self
            .weights
            .iter()
            .fold(0.0f64, |most, w| most.max(w.abs()));
        most / self.weight_max / self.factor
    }

    /// The mean square error that row scale `scale` makes in the row's sum.
    fn error(&self, scale: f64) -> f64 {
        let scale = scale * self.factor;
        let inverse = 1.0 / scale;
        self.weights
            .iter()
            .zip(self.moments)
            .map(|(&weight, moment)| {
                let error = weight - integer(weight * inverse, self.weight_max) * scale;
                error * error * moment
            })
            .sum()
    }
}

/// The nearest integer within `+-most`; halves to the even one.
#[inline]
pub(super) fn integer(value: f64, most: f64) -> f64 {
    // Adding and subtracting 1.5 * 2^52 rounds to the nearest, and is vectorised.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    (value.clamp(-most, most) + ROUNDER) - ROUNDER
}

/// The row scale, at least `floor`, with the least mean square error, and that error.
pub(super) fn best_scale(parts: &[RowPart<'_>], floor: f64) -> (f64, f64) {
    let unclipped = parts.iter().map(RowPart::unclipped).fold(floor, f64::max);
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

    fn part<'p>(weights: &'p [f64], moments: &'p [f64]) -> RowPart<'p> {
        RowPart {
            weights,
            moments,
            weight_max: 127.0,
            factor: 1.0,
        }
    }

    #[test]
    fn an_outlier_that_nothing_meets_is_clipped_and_one_that_counts_is_not() {
        let mut weights: Vec<f64> = (0..64).map(|i| 0.1 * f64::from(i) / 64.0).collect();
        weights[0] = 1.0;
        let mut moments = vec![1.0; 64];
        assert!(best_scale(&[part(&weights, &moments)], 1e-9).0 * 127.0 > 0.99);
        moments[0] = 0.0;
        assert!(best_scale(&[part(&weights, &moments)], 1e-9).0 * 127.0 < 0.31);
    }

    #[test]
    fn a_row_of_zeros_takes_the_floor() {
        assert_eq!(best_scale(&[part(&[0.0; 4], &[1.0; 4])], 1e-6), (1e-6, 0.0));
    }

    #[test]
    fn integers_are_the_nearest() {
        for (value, expected) in [
            (0.4, 0.0),
            (-0.6, -1.0),
            (6.6, 7.0),
            (99.0, 7.0),
            (-8.0, -7.0),
        ] {
            assert_eq!(integer(value, 7.0), expected);
        }
    }
}
