//! The nRF51's TIMER0, 32 bits at 16 MHz, because the chip has no SysTick.
//!
//! Registers: nRF51 Series Reference Manual 3.0, chapter 18.

use super::Count;
use crate::register::Register;

const TASKS_START: Register = Register::at(0x4000_8000);
const TASKS_CLEAR: Register = Register::at(0x4000_800C);
const TASKS_CAPTURE_0: Register = Register::at(0x4000_8040);
const MODE: Register = Register::at(0x4000_8504);
const BITMODE: Register = Register::at(0x4000_8508);
const PRESCALER: Register = Register::at(0x4000_8510);
const CC_0: Register = Register::at(0x4000_8540);

const MODE_TIMER: u32 = 0;
const BITMODE_32: u32 = 3;
const NO_PRESCALER: u32 = 0;

/// TIMER0, counting clocks of the 16 MHz crystal.
pub struct Timer {
    last: u64,
}

impl Count for Timer {
    fn new() -> Self {
        MODE.write(MODE_TIMER);
        BITMODE.write(BITMODE_32);
        PRESCALER.write(NO_PRESCALER);
        TASKS_CLEAR.write(1);
        TASKS_START.write(1);
        Self { last: 0 }
    }

    /// Right for intervals below 2^32 ticks, 268 s.
    #[inline(never)]
    fn now(&mut self) -> u64 {
        TASKS_CAPTURE_0.write(1);
        let elapsed = CC_0.read().wrapping_sub(self.last as u32);
        self.last += u64::from(elapsed);
        self.last
    }
}
