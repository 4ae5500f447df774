//! Trains recurrent networks in full precision and turns them into artifacts for `spinet-core`.

pub mod batch;
pub mod cli;
pub mod data;
pub mod device;
pub mod durable;
pub mod evaluation;
pub mod inference;
pub mod network;
pub mod optimizer;
pub mod quantize;
pub mod recipe;
pub mod vocabulary;
pub mod curves;
pub mod network;
pub mod optimizer;
pub mod progress;
pub mod training;
