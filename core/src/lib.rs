//! Streaming recurrent networks in fixed-point arithmetic.
#![no_std]
