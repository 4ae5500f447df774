//! Trains recurrent networks in full precision and turns them into artifacts for `spinet-core`.
