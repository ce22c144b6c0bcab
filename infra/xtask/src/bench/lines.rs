//! The table of a measurement: what was measured, the bar it must meet, and whether it does.

use anyhow::{Result, bail};

use crate::ui;

/// One line of the table.
pub(crate) struct Line {
    what: String,
    measured: String,
    bar: String,
    is_met: bool,
}

impl Line {
    /// A value that must not be over the bar.
    pub(crate) fn at_most(what: &str, value: f64, unit: &str, bar: f64) -> Self {
        let decimals = if unit.is_empty() { 2 } else { usize::from(bar < 100.0) * 2 };
        Self {
            what: what.to_owned(),
            measured: format!("{value:.decimals$}{unit}"),
            bar: format!("at most {bar}{unit}"),
            is_met: value <= bar,
        }
    }

    /// A ratio of two rates a second that must not be under the bar.
    pub(crate) fn at_least(what: &str, ratio: f64, sides: (f64, f64), bar: f64) -> Self {
        let measured = format!("{ratio:.2} ({:.0}/s against {:.0}/s)", sides.0, sides.1);
        Self { what: what.to_owned(), measured, bar: format!("at least {bar}"), is_met: ratio >= bar }
    }
}

/// Prints the table.
///
/// # Errors
/// When a bar is missed.
pub(crate) fn report(lines: &[Line]) -> Result<()> {
    ui::say("\n| what | measured | bar | |\n| --- | --- | --- | --- |");
    for Line { what, measured, bar, is_met } in lines {
        ui::say(&format!("| {what} | {measured} | {bar} | {} |", if *is_met { "met" } else { "**missed**" }));
    }
    let missed = lines.iter().filter(|line| !line.is_met).count();
    if missed == 0 { Ok(()) } else { bail!("{missed} of {} bars are missed", lines.len()) }
}
