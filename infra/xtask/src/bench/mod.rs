//! Measurements with numbers that can be compared: both sides in one run, interleaved, medians.

mod bookings;
mod lines;
mod path;
mod search;
mod start;

pub(crate) use bookings::{BookingsArguments, bookings};
pub(crate) use path::path;
pub(crate) use search::{SearchArguments, search};
pub(crate) use start::{STATE, start};

use std::time::Duration;

/// The middle of the values, and the one that 95 of 100 stay below.
fn median_and_p95(mut values: Vec<Duration>) -> Option<(Duration, Duration)> {
    values.sort_unstable();
    let at = |share: usize| values.get((values.len() * share / 100).min(values.len().saturating_sub(1))).copied();
    Some((at(50)?, at(95)?))
}

/// The middle of some rates.
fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        let values = [9, 1, 5].map(Duration::from_millis).to_vec();
        assert_eq!(median_and_p95(values), Some((Duration::from_millis(5), Duration::from_millis(9))));
        assert_eq!(median_and_p95(Vec::new()), None);
    }
}
