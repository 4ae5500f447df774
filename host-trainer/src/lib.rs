//! Trains recurrent networks in full precision and turns them into artifacts for `spinet-core`.

pub mod batch;
pub mod network;
pub mod optimizer;
pub mod data;
pub mod durable;
pub mod device;
