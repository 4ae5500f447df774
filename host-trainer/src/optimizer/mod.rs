//! From gradients to new weights: Adam and the schedules of its learning rate.

mod adam;
mod schedule;

pub use adam::{Adam, AdamConfig};
pub use schedule::{Schedule, ScheduleError};
