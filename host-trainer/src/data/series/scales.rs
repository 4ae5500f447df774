//! Bringing each feature into [-1, 1], by what the training set holds.

use super::SeriesExample;

/// The share of a feature's range that is kept free above and below, for values that the
/// training set did not show.
const HEAD_ROOM: f64 = 1.0 / 16.0;

/// An affine map per feature: `(x - offset) / scale`, which lies in [-1, 1] wherever the
/// training set did, with some room left.
#[derive(Debug, Clone, PartialEq)]
pub struct Scales {
    /// `(features,)`, in the unit of the feature: what becomes 0.
    pub offset: Vec<f32>,
    /// `(features,)`, in the unit of the feature and above 0: what becomes 1.
    pub scale: Vec<f32>,
}

impl Scales {
    /// Takes the middle and half the range of each feature, widened by 1/16, over all steps of
    /// `examples`. A feature that is constant, or of no step, has scale 1.
    pub fn fit(features: usize, examples: &[SeriesExample]) -> Self {
        let mut ranges = vec![(f32::INFINITY, f32::NEG_INFINITY); features];
        for example in examples {
            for step in example.values.chunks_exact(features) {
                for (range, &value) in ranges.iter_mut().zip(step) {
                    *range = (range.0.min(value), range.1.max(value));
                }
            }
        }
        let (offset, scale) = ranges.into_iter().map(middle_and_half).unzip();
        Self { offset, scale }
    }

    /// Maps rows of features, `(time, features)`, to model values.
    pub fn normalize(&self, values: &mut [f32]) {
        self.map(values, |value, offset, scale| (value - offset) / scale);
    }

    /// Maps rows of model values, `(time, features)`, back to features.
    pub fn denormalize(&self, values: &mut [f32]) {
        self.map(values, |value, offset, scale| value * scale + offset);
    }

    fn map(&self, values: &mut [f32], of: impl Fn(f32, f32, f32) -> f32) {
        let both = self.offset.iter().zip(&self.scale);
        for (value, (&offset, &scale)) in values.iter_mut().zip(both.cycle()) {
            *value = of(*value, offset, scale);
        }
    }
}

/// In f64, where the range of any two f32 is finite.
fn middle_and_half((low, high): (f32, f32)) -> (f32, f32) {
    if low > high {
        return (0.0, 1.0);
    }
    let (low, high) = (f64::from(low), f64::from(high));
    let half = (high - low) / 2.0 * (1.0 + HEAD_ROOM);
    let scale = match half.min(f64::from(f32::MAX)) as f32 {
        0.0 => 1.0,
        scale => scale,
    };
    ((low.midpoint(high)) as f32, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(values: &[f32]) -> SeriesExample {
        SeriesExample {
            values: values.to_vec(),
            label: 0,
            group: 0,
        }
    }

    #[test]
    fn the_extremes_stay_a_sixteenth_inside() {
        let examples = [example(&[0.0, -3.0, 1.0, -3.0]), example(&[4.0, -3.0])];
        let scales = Scales::fit(2, &examples);
        assert_eq!(scales.offset, [2.0, -3.0]);
        assert_eq!(scales.scale, [2.125, 1.0]);
        let mut values = [0.0, -3.0, 4.0, -2.0];
        scales.normalize(&mut values);
        assert_eq!(values, [-16.0 / 17.0, 0.0, 16.0 / 17.0, 1.0]);
        scales.denormalize(&mut values);
        for (back, value) in values.into_iter().zip([0.0, -3.0, 4.0, -2.0]) {
            assert!((back - value).abs() < 1e-6);
        }
    }

    #[test]
    fn no_range_is_too_wide_or_too_narrow() {
        let wide = Scales::fit(1, &[example(&[f32::MIN, f32::MAX])]);
        assert_eq!((wide.offset[0], wide.scale[0]), (0.0, f32::MAX));
        let tiny = f32::from_bits(1);
        let narrow = Scales::fit(1, &[example(&[0.0, tiny])]);
        assert!(narrow.scale[0] > 0.0 && narrow.offset[0].is_finite());
        assert_eq!(Scales::fit(1, &[]).scale, [1.0]);
    }
}
