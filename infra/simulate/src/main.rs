//! The command behind `cargo xtask simulate`, which starts the PostgreSQL that it needs.
#![expect(clippy::print_stdout, reason = "talking to the developer is its job")]

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use simulate::{Failure, Report, run_here};

/// The latest lines of a failing run that are shown.
const LINES_SHOWN: usize = 400;

/// Plays seeds of the simulation.
#[derive(Parser)]
struct Arguments {
    /// How many seeds, fresh ones unless `--from` says where they begin.
    #[arg(long, default_value_t = 10)]
    seeds: u64,
    /// The first of them.
    #[arg(long)]
    from: Option<u64>,
    /// This seed alone, with every step as it is played.
    #[arg(long)]
    seed: Option<u64>,
    /// Steps of each.
    #[arg(long, default_value_t = 2_000)]
    steps: usize,
    /// How many are played at once.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> ExitCode {
    let Arguments { seeds, from, seed, steps, threads } = Arguments::parse();
    if let Some(seed) = seed {
        return match run_here(seed, steps, &|line| println!("{line}")) {
            Ok(report) => {
                println!("{}", shown(&report));
                ExitCode::SUCCESS
            }
            Err(failure) => {
                println!("seed {seed} fails after step {}: {}", failure.step, failure.fault);
                ExitCode::FAILURE
            }
        };
    }
    let first = from.unwrap_or_else(fresh);
    println!("seeds {first} to {}, {steps} steps each", first + seeds.saturating_sub(1));
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= seeds || failed.load(Ordering::Relaxed) {
                return;
            }
            match run_here(first + number, steps, &|_| {}) {
                Ok(report) => println!("{}", shown(&report)),
                Err(failure) => {
                    failed.store(true, Ordering::Relaxed);
                    tell(&failure, steps);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    if failed.load(Ordering::Relaxed) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Seeds that nobody has seen: seconds since 1970, so that they are short.
fn fresh() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn tell(failure: &Failure, steps: usize) {
    for line in &failure.log[failure.log.len().saturating_sub(LINES_SHOWN)..] {
        println!("  {line}");
    }
    println!("seed {} fails after step {}: {}", failure.seed, failure.step, failure.fault);
    println!("again: cargo xtask simulate --seed {} --steps {steps}", failure.seed);
}

fn shown(report: &Report) -> String {
    let Report { seed, steps, acts, killed, bookings, captured, refunds, mails } = report;
    let bookings: Vec<String> = bookings.iter().map(|(status, count)| format!("{count} {status}")).collect();
    format!(
        "seed {seed}: {steps} steps, {acts} acts, {killed} killed; {}; {captured} captured, {refunds} refunds, {mails} mails",
        bookings.join(", ")
    )
}
