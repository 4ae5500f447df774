//! RV32 in machine mode, on a single hart.

use core::ops::Range;

pub use riscv::asm::wfi as wait;
pub use riscv::singleton;
pub use riscv_rt::entry;

/// Where QEMU's `virt` has its serial port and the devices after it: the architecture prescribes no
/// memory map.
pub const PERIPHERALS: Range<u32> = 0x1000_0000..0x2000_0000;

/// Stops at a debugger.
#[inline(always)]
#[allow(unsafe_code)]
pub fn breakpoint() {
    // SAFETY: a debugger stops here, or the trap's handler does; neither changes memory.
    unsafe { riscv::asm::ebreak() };
}

/// Takes two instructions for each turn, and for one more.
pub fn spin(turns: u32) {
    riscv::asm::delay(2 * turns);
}

/// Where the stack ends now.
#[inline(always)]
#[allow(unsafe_code)]
pub fn stack_pointer() -> u32 {
    let pointer;
    // SAFETY: copies a register; touches neither memory nor the stack.
    unsafe { core::arch::asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack)) };
    pointer
}

/// Makes `$handler`, a `fn(u32) -> !` of the faulting instruction's address, the handler of faults.
#[macro_export]
macro_rules! on_fault {
    ($handler:expr) => {
        #[allow(unsafe_code)]
        // SAFETY: the name and the signature are those that riscv-rt calls for exceptions; no other
        // function has this name, or linking fails.
        #[unsafe(export_name = "ExceptionHandler")]
        extern "C" fn exception(_: &riscv_rt::TrapFrame) -> ! {
            $handler(riscv::register::mepc::read() as u32)
        }
    };
}
