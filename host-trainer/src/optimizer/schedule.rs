//! The learning rate over the steps of a training.

use serde::{Deserialize, Serialize};

/// How the learning rate changes; every number is relative to the base rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Schedule {
    /// It does not.
    Constant,
    /// Rises linearly over the first steps, then falls along half a cosine.
    Cosine {
        /// Share of all steps in which it rises, 0 to below 1.
        warm_up: f32,
        /// What it ends at, 0 to 1.
        floor: f32,
    },
    /// Multiplied by `factor` after every `epochs` epochs.
    Step {
        /// Epochs between two changes.
        epochs: usize,
        /// Above 0, at most 1.
        factor: f32,
    },
    /// Multiplied by `factor` over every epoch, a little at every step.
    Exponential {
        /// Above 0, at most 1.
        factor: f32,
    },
}

/// A schedule that cannot be followed.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// A number outside its range.
    #[error("schedule: {name} is {value}; it must be {range}")]
    Range {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f32,
        /// What it may be.
        range: &'static str,
    },
    /// A step of no epochs.
    #[error("schedule: epochs must be at least 1")]
    NoEpochs,
}

impl Schedule {
    /// Says what is wrong with the schedule, if anything.
    pub fn validate(&self) -> Result<(), ScheduleError> {
        let check = |good: bool, name, value, range| {
            if good {
                Ok(())
            } else {
                Err(ScheduleError::Range { name, value, range })
            }
        };
        match *self {
            Self::Constant => Ok(()),
            Self::Cosine { warm_up, floor } => {
                let range = "at least 0 and below 1";
                check((0.0..1.0).contains(&warm_up), "warm_up", warm_up, range)?;
                check((0.0..=1.0).contains(&floor), "floor", floor, "0 to 1")
            }
            Self::Step { epochs: 0, .. } => Err(ScheduleError::NoEpochs),
            Self::Step { factor, .. } | Self::Exponential { factor } => {
                let range = "above 0 and at most 1";
                check(factor > 0.0 && factor <= 1.0, "factor", factor, range)
            }
        }
    }

    /// The factor of the base rate at `step` (from 0) of `total`, `per_epoch` to an epoch.
    pub fn factor(&self, step: usize, per_epoch: usize, total: usize) -> f32 {
        let epochs = step as f64 / per_epoch.max(1) as f64;
        let factor = match *self {
            Self::Constant => 1.0,
            Self::Cosine { warm_up, floor } => {
                let rising = f64::from(warm_up) * total as f64;
                if (step as f64) < rising {
                    return ((step + 1) as f64 / rising).min(1.0) as f32;
                }
                let share = (step as f64 - rising) / (total as f64 - rising).max(1.0);
                let wave = 0.5 + 0.5 * libm::cos(core::f64::consts::PI * share.min(1.0));
                f64::from(floor) + (1.0 - f64::from(floor)) * wave
            }
            Self::Step {
                epochs: every,
                factor,
            } => libm::pow(f64::from(factor), libm::floor(epochs / every.max(1) as f64)),
            Self::Exponential { factor } => libm::pow(f64::from(factor), epochs),
        };
        factor as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_rises_then_falls_to_its_floor() {
        let cosine = Schedule::Cosine {
            warm_up: 0.1,
            floor: 0.2,
        };
        let factor = |step| cosine.factor(step, 10, 100);
        assert_eq!(
            [factor(0), factor(4), factor(9), factor(10)],
            [0.1, 0.5, 1.0, 1.0]
        );
        assert!((factor(55) - 0.6).abs() < 1e-6);
        assert!((factor(100) - 0.2).abs() < 1e-6);
        assert!((10..99).all(|step| factor(step) > factor(step + 1)));
    }

    #[test]
    fn decays_follow_the_epochs() {
        let step = Schedule::Step {
            epochs: 2,
            factor: 0.5,
        };
        let factors: Vec<f32> = [0, 19, 20, 39, 40].map(|s| step.factor(s, 10, 100)).into();
        assert_eq!(factors, [1.0, 1.0, 0.5, 0.5, 0.25]);
        let smooth = Schedule::Exponential { factor: 0.25 };
        assert_eq!(
            [smooth.factor(0, 10, 100), smooth.factor(5, 10, 100)],
            [1.0, 0.5]
        );
        assert_eq!(Schedule::Constant.factor(99, 10, 100), 1.0);
    }

    #[test]
    fn impossible_schedules_are_named() {
        let error = Schedule::Exponential { factor: 0.0 }
            .validate()
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "schedule: factor is 0; it must be above 0 and at most 1"
        );
        assert!(
            Schedule::Step {
                epochs: 0,
                factor: 0.5
            }
            .validate()
            .is_err()
        );
        assert!(
            Schedule::Cosine {
                warm_up: 1.0,
                floor: 0.0
            }
            .validate()
            .is_err()
        );
        assert!(
            Schedule::Cosine {
                warm_up: 0.1,
                floor: 0.0
            }
            .validate()
            .is_ok()
        );
    }
}
