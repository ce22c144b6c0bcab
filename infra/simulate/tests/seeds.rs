//! The seeds that are always played, and some that nobody has seen. Two threads, as on the smallest machine.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use simulate::{Failure, Report, run_here};

const STEPS: usize = 500;

/// Those that are always played; the third repeats a refund after the provider has forgotten that it was made.
const FIXED: [u64; 4] = [1, 2, 3, 4];

/// How many fresh ones are played beside them.
const FRESH: u64 = 2;

#[test]
fn whatever_happens_nights_and_money_are_promised_once() {
    let first = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let seeds: Vec<u64> = FIXED.into_iter().chain(first..first + FRESH).collect();
    let reports = play(&seeds).unwrap_or_else(|failure| {
        let Failure { seed, step, fault, log } = *failure;
        let latest = log[log.len().saturating_sub(200)..].join("\n  ");
        panic!(
            "seed {seed} fails after step {step}: {fault}\n  {latest}\n\
             again: cargo xtask simulate --seed {seed} --steps {STEPS}"
        );
    });
    // It would hold as well if nothing had happened.
    let count = |of: fn(&Report) -> i64| reports.iter().map(of).sum::<i64>();
    let ended = |status: &str| -> i64 {
        let bookings = reports.iter().flat_map(|report| &report.bookings);
        bookings.filter(|(name, _)| name == status).map(|(_, count)| *count).sum()
    };
    for status in ["completed", "cancelled", "declined", "expired"] {
        assert!(ended(status) > 0, "of the seeds {seeds:?} no booking is {status}");
    }
    assert!(count(|report| report.captured) > 20 && count(|report| report.refunds) > 10, "{reports:?}");
    assert!(reports.iter().map(|report| report.killed).sum::<usize>() > 40, "{reports:?}");
}

/// Plays the seeds, two at a time, until one fails.
fn play(seeds: &[u64]) -> Result<Vec<Report>, Box<Failure>> {
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
            let outcome = run_here(*seed, STEPS, &|_| {});
            let failed = outcome.is_err();
            outcomes.lock().expect("nobody panics with it").push(outcome);
            if failed {
                next.store(seeds.len(), Ordering::Relaxed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    outcomes.into_inner().expect("nobody panics with it").into_iter().collect()
}
