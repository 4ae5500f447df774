//! Armv6-M, Armv7-M and Armv8-M.

use core::ops::Range;

pub use cortex_m::asm::{bkpt as breakpoint, wfi as wait};
pub use cortex_m::singleton;
pub use cortex_m_rt::entry;

/// The peripherals' half gigabyte of every memory map of these architectures.
pub const PERIPHERALS: Range<u32> = 0x4000_0000..0x6000_0000;

/// Takes two instructions for each turn, and for one more.
pub fn spin(turns: u32) {
    cortex_m::asm::delay(turns);
}

/// Where the stack ends now.
#[inline(always)]
pub fn stack_pointer() -> u32 {
    cortex_m::register::msp::read()
}

/// Makes `$handler`, a `fn(u32) -> !` of the faulting instruction's address, the handler of faults.
#[macro_export]
macro_rules! on_fault {
    ($handler:expr) => {
        #[cortex_m_rt::exception]
        #[allow(unsafe_code)]
        // SAFETY: cortex-m-rt asks for `unsafe` because the handler must not rely on the state of the
        // interrupted program; `$handler` gets an address of the pushed registers, and never returns.
        unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
            $handler(frame.pc())
        }
    };
}
