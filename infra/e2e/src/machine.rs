//! Time on a machine that shares its processors: others may hold them for seconds, and then a limit in real time is
//! missed without anybody's fault. The kernel counts what was stolen (`proc_stat(5)`), so limits can leave it out.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// From this share of stolen time on, a `503` may be the machine's doing.
const STARVED_FROM: f64 = 0.05;
/// What was stolen is looked for in at least this much of the past.
const LATELY: Duration = Duration::from_secs(10);

/// A watch that slows down as others hold the processors.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    since: Instant,
    ticks: Option<Ticks>,
}

/// What the processors have spent since the machine was started, in ticks of all of them together.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    stolen: u64,
    all: u64,
}

impl Watch {
    /// A watch that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self { since: Instant::now(), ticks: Ticks::now() }
    }

    /// The time since the start, less the share that was stolen.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed().mul_f64(1.0 - self.stolen())
    }

    /// The share of time that others had the processors since the start, from 0 to 1; 0 where nobody counts it.
    fn stolen(&self) -> f64 {
        let since = |then: u64, now: u64| f64::from(u32::try_from(now.saturating_sub(then)).unwrap_or(u32::MAX));
        let share = |then: Ticks, now: Ticks| since(then.stolen, now.stolen) / since(then.all, now.all).max(1.0);
        self.ticks.zip(Ticks::now()).map_or(0.0, |(then, now)| share(then, now).min(1.0))
    }
}

impl Ticks {
    /// `None` where there is no `/proc/stat`.
    fn now() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    fn parse(stat: &str) -> Option<Self> {
        // user nice system idle iowait irq softirq steal; what follows is counted in the first two already.
        let ticks: Vec<u64> =
            stat.lines().next()?.split_whitespace().skip(1).map_while(|text| text.parse().ok()).collect();
        Some(Self { stolen: *ticks.get(7)?, all: ticks.iter().take(8).sum() })
    }
}

/// Whether others held the processors lately: within the last 10 to 20 seconds, or since this was first asked.
pub(crate) fn starved() -> bool {
    static LAST: Mutex<Option<[Watch; 2]>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    let [older, newer] = last.unwrap_or_else(|| [Watch::start(); 2]);
    *last = Some(if newer.since.elapsed() > LATELY { [newer, Watch::start()] } else { [older, newer] });
    older.stolen() > STARVED_FROM
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_stolen_is_read_as_proc_stat_writes_it() {
        let ticks = Ticks::parse("cpu  100 20 30 400 5 0 6 39 7 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n").expect("eight counts");
        assert_eq!((ticks.stolen, ticks.all), (39, 600));
        assert!(Ticks::parse("cpu  100 20 30 400\n").is_none());
        assert!(Ticks::parse("").is_none());
    }

    #[test]
    fn a_watch_never_runs_ahead_of_the_clock() {
        let (clock, watch) = (Instant::now(), Watch::start());
        assert!(watch.elapsed() <= clock.elapsed());
    }
}
