//! Where logs go, and how a program that cannot go on ends.
//!
//! One feature decides: `semihosting`, for the emulator or a debugger, or `rtt`, for a probe.

use core::panic::PanicInfo;

use spinet_core::ArtifactError;

#[cfg(feature = "rtt")]
use defmt_rtt as _;
#[cfg(feature = "semihosting")]
use defmt_semihosting as _;

#[cfg(all(feature = "rtt", feature = "semihosting"))]
compile_error!("rtt is instead of semihosting: add --no-default-features");
#[cfg(not(any(feature = "rtt", feature = "semihosting")))]
compile_error!("logs need one of the features semihosting and rtt");

/// Ends a program whose model cannot be used.
pub fn fail(error: ArtifactError) -> ! {
    defmt::error!("the model cannot be used: {}", error);
    stop()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    match info.location() {
        Some(location) => {
            defmt::error!("panic at {=str}:{=u32}", location.file(), location.line());
        }
        None => defmt::error!("panic"),
    }
    stop()
}

/// A fault ends the program too: without this, the emulator would wait for ever.
#[cortex_m_rt::exception]
#[allow(unsafe_code)]
// SAFETY: cortex-m-rt asks for `unsafe` because the handler must not rely on the state of the
// interrupted program; this one logs constants and the pushed registers, and never returns.
unsafe fn HardFault(frame: &cortex_m_rt::ExceptionFrame) -> ! {
    defmt::error!("hard fault at {=u32:#x}", frame.pc());
    stop()
}

/// Tells the emulator or debugger that the program has failed.
#[cfg(feature = "semihosting")]
fn stop() -> ! {
    semihosting::process::exit(1)
}

/// Parks the core, for the probe to find.
#[cfg(not(feature = "semihosting"))]
fn stop() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
