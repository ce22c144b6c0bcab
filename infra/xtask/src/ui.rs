//! What the developer sees: steps with a spinner on a terminal, plain lines elsewhere, and tables.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// One step under way. Dropped without `done`, it leaves its line to the error that follows.
pub(crate) struct Step {
    name: String,
    bar: Option<ProgressBar>,
    since: Instant,
}

impl Step {
    /// Shows that `name` has begun.
    pub(crate) fn start(name: impl Into<String>) -> Self {
        let name = name.into();
        let bar = std::io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_message(name.clone());
            if let Ok(style) = ProgressStyle::with_template("  {spinner} {msg} {elapsed:.dim}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        if bar.is_none() {
            println!("  … {name}");
        }
        Self { name, bar, since: Instant::now() }
    }

    /// Shows how it ended.
    pub(crate) fn done(self, outcome: &str) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        println!("  ✓ {}: {outcome} ({:.1} s)", self.name, self.since.elapsed().as_secs_f64());
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A line that is not part of a step.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// Something went wrong that does not end the stack.
pub(crate) fn warn(line: &str) {
    println!("  ! {line}");
}

/// Two columns, the first padded.
pub(crate) fn table(rows: &[(&str, String)]) {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    for (label, value) in rows {
        println!("  {label:width$}  {value}");
    }
}
