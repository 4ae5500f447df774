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
#[inline(always)]
fn fault(pc: u32) -> ! {
    defmt::error!("fault at {=u32:#x}", pc);
    stop()
}

spinet_firmware::on_fault!(fault);

/// Tells the emulator or debugger that the program has failed.
#[cfg(feature = "semihosting")]
fn stop() -> ! {
    semihosting::process::exit(1)
}

/// Parks the core, for the probe to find.
#[cfg(not(feature = "semihosting"))]
fn stop() -> ! {
    loop {
        spinet_firmware::arch::wait();
    }
}
