//! Deterministic simulation: a seed is a schedule of guests, hosts, workers, clocks and faults, which is played against
//! the real routes and use cases on a real PostgreSQL and a simulated payment provider; the invariants of `invariants`
//! hold while it is played and when it has come to rest.
//!
//! What is decided follows from the seed alone. Acts of one step run at the same time, in the order that the database
//! gives them. `cargo xtask simulate --seed N` plays a seed again, step by step.
//!
//! ```text
//! schedule (seed) ─ run ─ acts, workers ─ routes and use cases ─ PostgreSQL, stripe-sim, stores
//!                     └ invariants          └ mishap: killed, connections lost
//! ```

mod acts;
mod invariants;
mod later_acts;
mod mishap;
mod random;
mod run;
mod schedule;
mod steps;
mod stores;
mod workers;
mod world;

pub use run::{Failure, Report, run};

/// Runs one seed on this thread to its end; see [`run()`].
///
/// # Errors
/// The first thing that must never be.
pub fn run_here(seed: u64, steps: usize, tell: &dyn Fn(&str)) -> Result<Report, Box<Failure>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(run(seed, steps, tell))
}
