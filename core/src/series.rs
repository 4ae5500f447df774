//! Sequences of vectors of numbers: how a measured value becomes a Q0.15 component of `x_t`.
//!
//! ```text
//! x_f = round(32768 (value_f - offset_f) / scale_f), saturated
//! ```
//!
//! Offsets and scales were calibrated on the training data, so that these lie within [-1, 1].
//! The arithmetic is one subtraction, one division, one multiplication by a power of two and one
//! rounding in `f32`: IEEE 754 defines each to the bit, so that an FPU, a soft-float library and
//! a host agree.

use crate::{
    data::{Blob, Data},
    emit::parts,
    error::ArtifactError,
    fixed::{STATE_FRACTION, STATE_MAX},
};
use core::fmt;
use serde::{Deserialize, Serialize};

const ONE: f32 = (1u32 << STATE_FRACTION) as f32;

/// Where a series' calibration lies in an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesSpec {
    /// Numbers in a vector.
    pub features: u16,
    /// The value that becomes 0, of each feature, `f32`.
    pub offsets: Blob,
    /// The distance from it that becomes 1, of each feature, `f32`.
    pub scales: Blob,
}

impl SeriesSpec {
    /// Borrows the calibration.
    ///
    /// # Errors
    /// If it is not there, not finite, or a scale is not positive.
    pub fn resolve<'a>(&self, data: Data<'a>) -> Result<Series<'a>, ArtifactError> {
        const TENSOR: &str = "series";
        let offsets = data.slice::<f32>(self.offsets, self.features.into(), TENSOR)?;
        let scales = data.slice::<f32>(self.scales, self.features.into(), TENSOR)?;
        let finite = offsets.iter().all(|offset| offset.is_finite());
        let positive = scales
            .iter()
            .all(|&scale| scale >= f32::MIN_POSITIVE && scale.is_finite());
        match finite && positive && self.features > 0 {
            true => Ok(Series { offsets, scales }),
            false => Err(ArtifactError::OutOfRange(TENSOR)),
        }
    }
}

/// A series' calibration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Series<'a> {
    /// The value that becomes 0, of each feature.
    pub offsets: &'a [f32],
    /// The distance from it that becomes 1, of each feature.
    pub scales: &'a [f32],
}

parts!("series", Series { offsets: &'a [f32], scales: &'a [f32] });

/// A value that is not a number, or not as many as there are features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum VectorError {
    /// This feature's value is not a number.
    NotANumber {
        /// Index of the feature, from 0.
        feature: usize,
    },
    /// The vector has another number of values than the model has features.
    Length {
        /// Values given.
        found: usize,
        /// Features of the model.
        expected: usize,
    },
}

impl fmt::Display for VectorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber { feature } => write!(f, "feature {feature} is not a number"),
            Self::Length { found, expected } => {
                write!(f, "{found} values where the model has {expected} features")
            }
        }
    }
}

impl core::error::Error for VectorError {}

impl Series<'_> {
    /// Numbers in a vector.
    pub fn features(&self) -> u16 {
        self.offsets.len() as u16
    }

    /// Writes `values (features,)` to `x (features,)` in Q0.15. Infinite values saturate.
    ///
    /// # Errors
    /// [`VectorError`] for a NaN or another length; what was written until then stays.
    pub fn quantize(&self, values: &[f32], x: &mut [i16]) -> Result<(), VectorError> {
        let expected = self.offsets.len();
        for found in [values.len(), x.len()] {
            if found != expected {
                return Err(VectorError::Length { found, expected });
            }
        }
        let calibration = self.offsets.iter().zip(self.scales);
        let pairs = x.iter_mut().zip(values).zip(calibration);
        for (feature, ((x, &value), (&offset, &scale))) in pairs.enumerate() {
            let scaled = libm::roundf((value - offset) / scale * ONE);
            if scaled.is_nan() {
                return Err(VectorError::NotANumber { feature });
            }
            let most = f32::from(STATE_MAX);
            *x = scaled.clamp(-most, most) as i16;
        }
        Ok(())
    }

    /// The value that a component with 15 fraction bits (`x_f`, or a logit that predicts it)
    /// stands for; not a number for a feature that there is not.
    pub fn value(&self, feature: usize, component: i32) -> f32 {
        match (self.offsets.get(feature), self.scales.get(feature)) {
            (Some(offset), Some(scale)) => component as f32 / ONE * scale + offset,
            _ => f32::NAN,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERIES: Series<'_> = Series {
        offsets: &[10.0, -0.5],
        scales: &[4.0, 1e-3],
    };

    #[test]
    fn values_are_scaled_rounded_and_saturated() {
        let mut x = [0; 2];
        for (values, expected) in [
            ([10.0, -0.5], [0, 0]),
            ([12.0, -0.5005], [16_384, -16_384]),
            ([1e9, f32::NEG_INFINITY], [32_767, -32_767]),
            ([10.0 + 4.0 * 1.5 / 32_768.0, -0.5], [2, 0]),
        ] {
            SERIES.quantize(&values, &mut x).unwrap();
            assert_eq!(i32::from(x[0]), expected[0], "{values:?}");
            assert!((i32::from(x[1]) - expected[1]).abs() <= 1, "{values:?}");
        }
        assert_eq!(SERIES.value(0, 16_384), 12.0);
        assert!(SERIES.value(2, 0).is_nan());
    }

    #[test]
    fn what_is_no_vector_is_named() {
        let mut x = [0; 2];
        let error = SERIES.quantize(&[1.0, f32::NAN], &mut x).unwrap_err();
        assert_eq!(error, VectorError::NotANumber { feature: 1 });
        let (found, expected) = (1, 2);
        let error = SERIES.quantize(&[1.0], &mut x).unwrap_err();
        assert_eq!(error, VectorError::Length { found, expected });
    }
}
