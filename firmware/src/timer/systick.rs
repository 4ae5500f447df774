//! SysTick: 24 bits of processor clocks, extended by its exception.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::syst::SystClkSource;
use cortex_m::peripheral::{Peripherals, SYST};
use cortex_m_rt::exception;

use super::Count;

/// The counter runs from here down to 0, where it also starts, and raises its exception at 0.
const RELOAD: u32 = 0x00FF_FFFF;

/// How often the counter has started over.
static WRAPS: AtomicU32 = AtomicU32::new(0);

#[exception]
fn SysTick() {
    WRAPS.store(
        WRAPS.load(Ordering::Relaxed).wrapping_add(1),
        Ordering::Relaxed,
    );
}

/// SysTick, counting processor clocks.
pub struct Timer {
    last: u64,
}

impl Count for Timer {
    fn new() -> Self {
        // Taken once; a second timer would restart the first.
        if let Some(mut peripherals) = Peripherals::take() {
            let systick = &mut peripherals.SYST;
            systick.set_clock_source(SystClkSource::Core);
            systick.set_reload(RELOAD);
            systick.clear_current();
            systick.enable_interrupt();
            systick.enable_counter();
        }
        Self { last: 0 }
    }

    #[inline(never)]
    fn now(&mut self) -> u64 {
        loop {
            let wraps = WRAPS.load(Ordering::Relaxed);
            // 2^24 less the counter: 0 clocks at 0, 1 at RELOAD, RELOAD at 1.
            let elapsed = SYST::get_current().wrapping_neg() & RELOAD;
            let now = u64::from(wraps) << 24 | u64::from(elapsed);
            // The counter may start over before its exception is taken: then look again.
            if now >= self.last && wraps == WRAPS.load(Ordering::Relaxed) {
                self.last = now;
                return now;
            }
        }
    }
}
