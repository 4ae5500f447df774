//! Progress bars on standard error, and only on a terminal; those of training wait for a second.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long something may take before it gets a bar.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a sign of life is given.
const TICK: Duration = Duration::from_millis(200);
const ITEMS: &str = "{prefix} {bar:30} {pos}/{len}  {per_sec}, {eta} left";
const TEMPLATE: &str = "{prefix} {bar:30} {percent:>3} %  {msg}, {eta} left";

/// A bar over a number of items of another kind, with their rate and the time left.
pub fn bar(items: usize, name: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(items as u64), ProgressDrawTarget::stderr())
        .with_prefix(name);
    if let Ok(style) = ProgressStyle::with_template(ITEMS) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Does `work`, whose length nobody knows, beside a sign of life and the time that it takes.
pub fn during<T>(name: &'static str, work: impl FnOnce() -> T) -> T {
    let spinner = ProgressBar::new_spinner().with_prefix(name);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {prefix} {elapsed}") {
        spinner.set_style(style);
    }
    spinner.enable_steady_tick(TICK);
    let done = work();
    spinner.finish_and_clear();
    done
}

/// A bar over a number of batches; it vanishes when dropped.
pub struct Progress {
    bar: ProgressBar,
    start: Instant,
    tokens: usize,
    shown: bool,
}

impl Progress {
    /// A bar with this name, if `enabled`.
    pub fn new(enabled: bool, name: &str) -> Self {
        let bar = ProgressBar::hidden().with_prefix(name.to_owned());
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style.progress_chars("=> "));
        }
        Self {
            bar,
            start: Instant::now(),
            tokens: 0,
            shown: !enabled,
        }
    }

    /// A bar nobody sees.
    pub fn hidden() -> Self {
        Self::new(false, "")
    }

    /// Says how many batches there will be.
    pub fn expect(&self, batches: usize) {
        self.bar.set_length(batches as u64);
    }

    /// Counts a batch of `tokens` tokens; `loss` is the mean loss so far, in nats.
    pub fn advance(&mut self, tokens: usize, loss: f64) {
        self.tokens += tokens;
        let elapsed = self.start.elapsed();
        if !self.shown && elapsed > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.shown = true;
        }
        self.bar.inc(1);
        if !self.bar.is_hidden() {
            let rate = self.tokens as f64 / elapsed.as_secs_f64();
            self.bar.set_message(message(rate, loss));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn message(tokens_per_second: f64, loss: f64) -> String {
    format!(
        "{:.0} thousand tokens/s, loss {loss:.4}",
        tokens_per_second / 1e3
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_batches_unseen() {
        let mut progress = Progress::new(false, "epoch 1/2");
        progress.expect(3);
        progress.advance(100, 0.5);
        assert_eq!(
            (progress.bar.position(), progress.bar.length()),
            (1, Some(3))
        );
        assert!(progress.bar.is_hidden());
        assert_eq!(
            message(123_456.0, 0.43214),
            "123 thousand tokens/s, loss 0.4321"
        );
    }
}
