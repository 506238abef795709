//! The bar on standard error while a data set is on its way, where that is a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use merkle_kv_core::console::transfer::pace;
use std::env;
use std::time::{Duration, Instant};

/// A part of a bar that is complete, its end, and one that is missing.
const PARTS: &str = "##-";

/// Between two turns of the wheel that is shown where the end is not known.
const TURN: Duration = Duration::from_millis(100);

/// A bar. Gone from the terminal when it is dropped.
pub(super) struct Progress {
    bar: ProgressBar,
    start: Instant,
}

impl Progress {
    /// With its length, if that is known: keys or bytes, whatever `at` counts. `is_shown` is false
    /// where the terminal has something else to show.
    pub(super) fn new(length: Option<u64>, is_shown: bool) -> Progress {
        let is_dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let target = match is_shown && !is_dumb {
            true => ProgressDrawTarget::stderr(),
            false => ProgressDrawTarget::hidden(),
        };
        let bar = ProgressBar::with_draw_target(length, target);
        let template = match length {
            Some(_) => "[{bar:30}] {percent:>3} %  {msg}  {eta} left",
            None => "{spinner} {msg}",
        };
        // It would be a mistake in the lines above; the bar would look otherwise then.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars(PARTS).tick_chars("|/-\\ "));
        }
        bar.set_message(pace(0, Duration::ZERO));
        if length.is_none() && !bar.is_hidden() {
            bar.enable_steady_tick(TURN);
        }
        Progress { bar, start: Instant::now() }
    }

    /// So far, and so many keys.
    pub(super) fn at(&self, position: u64, keys: u64) {
        if !self.bar.is_hidden() {
            self.bar.set_message(pace(keys, self.start.elapsed()));
            self.bar.set_position(position);
        }
    }

    /// A line on standard error, above the bar.
    pub(super) fn tell(&self, line: &str) {
        self.bar.suspend(|| eprintln!("{line}"));
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
