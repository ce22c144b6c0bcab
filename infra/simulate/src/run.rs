//! One run: a seed's schedule from its first step to the last, the invariants, and then quiet, until nothing is left to
//! be done.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use futures::future::join_all;
use jiff::SignedDuration;

use crate::acts::Place;
use crate::invariants::Moment;
use crate::mishap;
use crate::schedule;
use crate::steps::{Step, Trouble};
use crate::world::World;

/// The invariants are looked at after so many steps.
const CHECK_EVERY: usize = 25;

/// So many rounds of quiet are enough for everything to come to rest.
const MAX_ROUNDS: usize = 12;

/// What a run has gone through, for people to see that it was worth it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Steps done.
    pub steps: usize,
    /// Acts done.
    pub acts: usize,
    /// Acts that were killed.
    pub killed: usize,
    /// Bookings by their state at the end.
    pub bookings: Vec<(String, i64)>,
    /// Payments captured.
    pub captured: i64,
    /// Refunds made.
    pub refunds: i64,
    /// Mails sent.
    pub mails: u32,
}

/// What must never be, and how it came to be.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// After which step.
    pub step: usize,
    /// What.
    pub fault: String,
    /// One line a step.
    pub log: Vec<String>,
}

/// Runs the first `steps` steps of a seed and what follows of them; `tell` hears each line of the log.
///
/// # Errors
/// The first thing that must never be.
pub async fn run(seed: u64, steps: usize, tell: &dyn Fn(&str)) -> Result<Report, Box<Failure>> {
    let mut run = Run { report: Report { seed, ..Report::default() }, log: Vec::new(), tell };
    // What the test's own tools cannot make sense of ends in a panic: it is told of with the seed as well.
    let outcome = AssertUnwindSafe(run.whole(steps)).catch_unwind().await;
    let fault = match outcome {
        Ok(Ok(())) => return Ok(run.report),
        Ok(Err(fault)) => fault,
        Err(panic) => match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
            (Some(text), _) => text.clone(),
            (_, Some(text)) => (*text).to_owned(),
            _ => "a panic".to_owned(),
        },
    };
    Err(Box::new(Failure { seed, step: run.report.steps, fault, log: run.log }))
}

struct Run<'run> {
    report: Report,
    log: Vec<String>,
    tell: &'run dyn Fn(&str),
}

impl Run<'_> {
    async fn whole(&mut self, steps: usize) -> Result<(), String> {
        let world = World::new().await;
        for (number, step) in schedule::of(self.report.seed, steps).iter().enumerate() {
            self.report.steps = number;
            self.step(&world, number, step).await?;
            if number % CHECK_EVERY == CHECK_EVERY - 1 {
                world.check(Moment::Always).await?;
            }
        }
        self.report.steps = steps;
        self.note("the faults end");
        self.heal(&world).await;
        self.come_to_rest(&world).await?;
        world.check(Moment::Rest).await?;
        // Every hold, request and stay runs out.
        for days in [2, 90] {
            world.wait(SignedDuration::from_hours(24 * days)).await;
            self.come_to_rest(&world).await?;
        }
        world.check(Moment::End).await?;
        self.count(&world).await;
        Ok(())
    }

    async fn step(&mut self, world: &World, number: usize, step: &Step) -> Result<(), String> {
        match step {
            Step::Acts(acts) => {
                let before = world.calm.get();
                world.calm.set(before && acts.iter().all(|act| act.mishap.is_none()));
                let place = |act| Place { seed: self.report.seed, step: number, act };
                let work = acts.iter().enumerate().map(|(at, act)| world.perform(place(at), act));
                let went = join_all(work).await;
                world.calm.set(before);
                self.report.acts += acts.len();
                for (act, went) in acts.iter().zip(&went) {
                    let shown = went.as_ref().map_or_else(|fault| format!("FAULT {fault}"), Clone::clone);
                    let mishap = act.mishap.map(|mishap| format!(", {mishap:?}")).unwrap_or_default();
                    self.note(&format!("{number}: {:?}{mishap}: {shown}", act.what));
                    self.report.killed += usize::from(went.as_deref() == Ok("killed"));
                }
                went.into_iter().collect::<Result<Vec<_>, _>>().map(drop)
            }
            Step::Story(steps) => {
                for step in steps {
                    Box::pin(self.step(world, number, step)).await?;
                }
                Ok(())
            }
            Step::Wait { minutes } => {
                self.note(&format!("{number}: {minutes} minutes go by"));
                world.wait(SignedDuration::from_mins(*minutes)).await;
                Ok(())
            }
            Step::Trouble(trouble) => {
                self.note(&format!("{number}: {trouble:?}"));
                world.calm.set(false);
                match *trouble {
                    Trouble::Provider { kind, times, path } => world.stripe.fault(kind, times, path).await,
                    Trouble::Events { times } => world.stores.events.fail(times),
                    Trouble::Webhooks { times } => world.stores.webhooks.fail(times),
                    Trouble::Mails { times } => world.stores.fail_mails(times),
                }
                Ok(())
            }
            Step::ConnectionsLost => {
                self.note(&format!("{number}: every connection to the database ends"));
                world.lose_connections().await;
                Ok(())
            }
            Step::Healed => {
                self.note(&format!("{number}: everything works again"));
                self.heal(world).await;
                Ok(())
            }
        }
    }

    async fn heal(&self, world: &World) {
        world.stripe.clear_faults().await;
        world.stores.heal();
        world.calm.set(true);
    }

    /// Minutes without any fault: the scheduler, the provider and the workers do what is theirs, until nothing changes.
    async fn come_to_rest(&mut self, world: &World) -> Result<(), String> {
        let mut failures = Vec::new();
        for round in 0..MAX_ROUNDS {
            world.wait(SignedDuration::from_mins(2)).await;
            world.deliver_all().await?;
            let report = world.kit.services.run_maintenance().await;
            if !report.failed_steps.is_empty() {
                return Err(format!("a pass failed though nothing went wrong: {report:?}"));
            }
            failures = mishap::whole(world.work_off()).await.unwrap_or_default();
            let left = world.stores.webhooks.len() + world.stores.events.len();
            let done = report.reconciled_payments + report.expired_holds + report.published_events;
            self.note(&format!("quiet {round}: {done} done, {left} left"));
            if left == 0 && self.is_settled(world).await {
                return Ok(());
            }
        }
        Err(failures.into_iter().next().unwrap_or_else(|| self.log.last().cloned().unwrap_or_default()))
    }

    async fn is_settled(&self, world: &World) -> bool {
        let sql = "SELECT NOT EXISTS (SELECT 1 FROM payments WHERE instruction IS NOT NULL)
                       AND NOT EXISTS (SELECT 1 FROM refunds WHERE status = 'pending')
                       AND NOT EXISTS (SELECT 1 FROM payouts WHERE status = 'sending')
                       AND NOT EXISTS (SELECT 1 FROM payouts_to_plan)
                       AND NOT EXISTS (SELECT 1 FROM payouts o JOIN payout_accounts a ON a.user_id = o.host_id
                                       WHERE a.status = 'enabled' AND o.status = 'pending'
                                           AND greatest(o.due_at, o.retry_at) <= app_now())
                       AND NOT EXISTS (SELECT 1 FROM payments WHERE status = 'succeeded' AND fee_minor IS NULL)
                       AND NOT EXISTS (SELECT 1 FROM outbox WHERE published_at IS NULL)";
        world.kit.database.value(sql, &[]).await
    }

    async fn count(&mut self, world: &World) {
        let sql = "SELECT status, count(*) FROM bookings GROUP BY status ORDER BY status";
        let rows = world.kit.database.rows(sql, &[]).await;
        self.report.bookings = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let count = async |sql: &str| world.kit.database.value::<i64>(sql, &[]).await;
        self.report.captured = count("SELECT count(*) FROM payments WHERE captured_minor > 0").await;
        self.report.refunds = count("SELECT count(*) FROM refunds").await;
        self.report.mails = world.stores.mails();
    }

    fn note(&mut self, line: &str) {
        (self.tell)(line);
        self.log.push(line.to_owned());
    }
}
