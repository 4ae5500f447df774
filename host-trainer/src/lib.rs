//! Trains recurrent networks in full precision and turns them into artifacts for `spinet-core`.
//!
//! The data flows one way:
//!
//! ```text
//! data -> vocabulary -> batch -> network + optimizer (training) -> quantize -> artifact
//!                                                                                  |
//!                        evaluation <- inference (the core, on the host) <---------+
//!                        cli::run   <- device (firmware, emulator)       <---------+
//! ```
//!
//! [`pipeline`] joins the steps, [`recipe`] parametrises them, [`record`] keeps what came out,
//! [`ensemble`] makes one artifact of two, [`search`] tries recipes, and [`cli`] is the `spinet` command.

pub mod batch;
pub mod cli;
pub mod curves;
pub mod data;
pub mod device;
pub mod durable;
pub mod ensemble;
pub mod evaluation;
pub mod inference;
pub mod linear;
pub mod network;
pub mod ngrams;
pub mod optimizer;
pub mod perfect_hash;
pub mod pipeline;
pub mod progress;
pub mod quantize;
pub mod recipe;
pub mod record;
pub mod render;
pub mod search;
pub mod symbols;
pub mod teacher;
pub mod training;
pub mod vocabulary;
