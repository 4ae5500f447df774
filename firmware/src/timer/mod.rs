//! The timer that counts ticks, one driver for each kind, and the stopwatch over it.

#[cfg_attr(timer = "mcycle", path = "mcycle.rs")]
#[cfg_attr(timer = "nrf51", path = "nrf51.rs")]
#[cfg_attr(timer = "systick", path = "systick.rs")]
mod driver;

pub use driver::Timer;

/// A free-running count of processor clocks.
pub trait Count {
    /// Starts counting.
    fn new() -> Self;

    /// The ticks since the start. Never less than the time before; never inlined, so that an
    /// empty measurement costs what any other does.
    fn now(&mut self) -> u64;
}

/// How many empty measurements are averaged for the cost of one.
const EMPTY_RUNS: u32 = 64;

/// Adds up the ticks spent in some calls, without what measuring itself costs.
pub struct Stopwatch {
    timer: Timer,
    /// The ticks of `EMPTY_RUNS` measurements of nothing.
    empty: u64,
    ticks: u64,
    runs: u64,
}

impl Stopwatch {
    /// Starts the timer and measures what a measurement costs.
    pub fn new() -> Self {
        let mut stopwatch = Self {
            timer: Timer::new(),
            empty: 0,
            ticks: 0,
            runs: 0,
        };
        for _ in 0..EMPTY_RUNS {
            stopwatch.time(|| ());
        }
        stopwatch.empty = stopwatch.ticks;
        stopwatch.reset();
        stopwatch
    }

    /// Begins a new sum.
    pub fn reset(&mut self) {
        self.ticks = 0;
        self.runs = 0;
    }

    /// Adds the ticks that `work` takes.
    #[inline(always)]
    pub fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = self.timer.now();
        let result = work();
        self.ticks += self.timer.now() - start;
        self.runs += 1;
        result
    }

    /// The sum, less the cost of as many empty measurements.
    pub fn ticks(&self) -> u64 {
        let cost = self.runs * self.empty / u64::from(EMPTY_RUNS);
        self.ticks.saturating_sub(cost)
    }
}
