//! RISC-V's `mcycle`, 64 bits of processor clocks.
//!
//! QEMU counts a nanosecond of virtual time as a clock, if instructions drive the time (`-icount`).

use riscv::register::mcycle;

use super::Count;

/// `mcycle`, which counts from the reset on.
pub struct Timer(());

impl Count for Timer {
    fn new() -> Self {
        Self(())
    }

    #[inline(never)]
    fn now(&mut self) -> u64 {
        mcycle::read64()
    }
}
