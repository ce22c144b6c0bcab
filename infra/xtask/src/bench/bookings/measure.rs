//! The measurements, in the process that holds the use cases.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use jiff::Zoned;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use services::Services;
use tokio_postgres::Client;

use super::calls::{self, Came, STAYS_EACH, Target, book, dates, targets, try_to_book};
use super::script::{self, Captured, Script};
use super::{BookingsArguments, Part, webhooks};
use crate::bench::lines::{Line, report};
use crate::bench::search::capture::{self, Sent};
use crate::bench::search::{pgbench, server_log};
use crate::bench::{middle, milliseconds};
use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::{DATABASE, Postgres};
use crate::ui::Step;

/// Who all want the nights of one listing.
pub(crate) const HOT_CLIENTS: usize = 64;
/// Listings that are booked.
const TARGETS: i64 = 5_000;

/// What the measurements work with.
struct Bench<'a> {
    paths: &'a Paths,
    arguments: &'a BookingsArguments,
    postgres: Postgres,
    admin: Client,
    services: Arc<Services>,
    targets: Arc<Vec<Target>>,
    today: Date,
}

/// Measures everything and prints the table.
///
/// # Errors
/// When a bar is missed.
pub(super) async fn all(paths: &Paths, description: &Description, arguments: &BookingsArguments) -> Result<()> {
    let mut lines = Vec::new();
    if arguments.measures(Part::Spread) || arguments.measures(Part::Hot) {
        lines.extend(booking(paths, description, arguments).await?);
    }
    if arguments.measures(Part::Webhooks) {
        lines.push(webhooks::ingress(paths, description, (arguments.round(), arguments.rounds)).await?);
    }
    report(&lines)
}

async fn booking(paths: &Paths, description: &Description, arguments: &BookingsArguments) -> Result<Vec<Line>> {
    let postgres = description.postgres(paths)?;
    let admin = postgres.connect("postgres", DATABASE).await?;
    let services = Arc::new(calls::services()?);
    let targets = Arc::new(targets(&admin, TARGETS).await?);
    if targets.len() < HOT_CLIENTS {
        bail!("only {} listings can be booked: seed more", targets.len());
    }
    let today = Zoned::now().with_time_zone(TimeZone::UTC).date();
    let bench = Bench { paths, arguments, postgres, admin, services, targets, today };
    bench.write_targets().await?;
    let measured = bench.measure().await;
    // Also when something failed: what was booked here is nobody's.
    calls::sweep(&bench.admin).await?;
    bench.admin.batch_execute("DROP TABLE bench_targets, bench_guests").await?;
    measured
}

impl Bench<'_> {
    async fn measure(&self) -> Result<Vec<Line>> {
        let sent = self.captured().await?;
        let mut lines = Vec::new();
        if self.arguments.measures(Part::Spread) {
            lines.push(self.spread(&sent).await?);
        }
        if self.arguments.measures(Part::Hot) {
            lines.extend(self.hot(&sent).await?);
        }
        Ok(lines)
    }

    /// The listings and guests once more, for pgbench to draw from.
    async fn write_targets(&self) -> Result<()> {
        self.admin
            .batch_execute(
                "DROP TABLE IF EXISTS bench_targets, bench_guests;
                 CREATE TABLE bench_targets (number int PRIMARY KEY, property_id text, host_id text, guest_id text,
                                             properties text, caller text);
                 CREATE TABLE bench_guests (data text PRIMARY KEY);
                 GRANT SELECT ON bench_targets TO roost_app",
            )
            .await?;
        for (number, target) in (1_i32..).zip(self.targets.iter()) {
            let property_id = target.property_id.uuid().to_string();
            let (host_id, guest_id) = (target.host_id.uuid().to_string(), target.guest_id.uuid().to_string());
            let (properties, caller) = (format!("{{{property_id}}}"), target.guest_id.to_string());
            let sql = "INSERT INTO bench_targets VALUES ($1, $2, $3, $4, $5, $6)";
            self.admin.execute(sql, &[&number, &property_id, &host_id, &guest_id, &properties, &caller]).await?;
            self.admin.execute("INSERT INTO bench_guests VALUES ($1) ON CONFLICT DO NOTHING", &[&caller]).await?;
        }
        Ok(())
    }

    /// What one booking that succeeds sends, from the first statement of its transaction to the last after it.
    async fn captured(&self) -> Result<(Target, (Date, Date), Vec<Sent>)> {
        let log = server_log(self.paths);
        capture::begin(&self.admin).await?;
        // Sessions that begin now are logged.
        let services = calls::services()?;
        let mut found = None;
        for (number, target) in (0..).zip(self.targets.iter().take(50)) {
            let (position, nights) = (capture::position(&log)?, dates(self.today, number));
            if book(&services, target, nights).await? == Came::Booked {
                let sent = capture::sent_since(&log, position, "-- idempotency_keys.lock")?;
                found = Some((target.clone(), nights, sent));
                break;
            }
        }
        capture::end(&self.admin).await?;
        calls::sweep(&self.admin).await?;
        found.context("none of fifty listings could be booked")
    }

    /// Bookings spread over many listings, against the same statements by pgbench.
    async fn spread(&self, (target, nights, sent): &(Target, (Date, Date), Vec<Sent>)) -> Result<Line> {
        let step = Step::start("bookings spread over listings");
        let captured = Captured { target, dates: *nights, sent };
        let script = script::whole(&captured, self.targets.len(), dates(self.today, 0).0)?;
        let file = self.write("spread", &script)?;
        let (mut ours, mut theirs, mut taken) = (Vec::new(), Vec::new(), 0.0);
        for round in 0..self.arguments.rounds.max(1) {
            let (rate, share) = self.spread_round(round as u64).await?;
            ours.push(rate);
            taken += share / self.arguments.rounds.max(1) as f64;
            calls::sweep(&self.admin).await?;
            let mut variables = script.variables.clone();
            let base = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() * 1_000_000;
            variables.push(("base".to_owned(), base.to_string()));
            let clients = (pgbench::CLIENTS, self.arguments.round());
            theirs.push(pgbench::rate(&self.postgres, DATABASE, &[&file], &variables, clients).await?);
            calls::sweep(&self.admin).await?;
        }
        step.done(&format!("{} statements a booking, {:.1} % found taken", sent.len(), taken * 100.0));
        let sides = (middle(ours), middle(theirs));
        Ok(Line::at_least("bookings spread over listings against pgbench", sides.0 / sides.1, sides, 0.8))
    }

    /// Bookings a second, and the share that found their nights taken.
    async fn spread_round(&self, round: u64) -> Result<(f64, f64)> {
        let since = Instant::now();
        let length = self.arguments.round();
        let clients: Vec<_> = (0..pgbench::CLIENTS as u64)
            .map(|client| {
                let (services, targets, today) = (Arc::clone(&self.services), Arc::clone(&self.targets), self.today);
                tokio::spawn(async move {
                    let (mut done, mut taken) = (0_u64, 0_u64);
                    while since.elapsed() < length {
                        // Another listing and guest for each so many stays, and other ones for each client.
                        let own = targets.len() as u64 / pgbench::CLIENTS as u64;
                        let turn = own * client + (done / STAYS_EACH + 37 * round) % own;
                        let target = &targets[usize::try_from(turn)?];
                        let came = book(&services, target, dates(today, done)).await?;
                        taken += u64::from(came == Came::Taken);
                        done += 1;
                    }
                    Ok::<_, anyhow::Error>((done, taken))
                })
            })
            .collect();
        let (mut done, mut taken) = (0, 0);
        for client in clients {
            let (of_client, taken_of_client) = client.await??;
            done += of_client;
            taken += taken_of_client;
        }
        let share = taken as f64 / done.max(1) as f64;
        Ok((done as f64 / since.elapsed().as_secs_f64(), share))
    }

    /// Everybody wants the same nights: attempts a second against the INSERT alone, how long they take, and deadlocks.
    async fn hot(&self, (.., sent): &(Target, (Date, Date), Vec<Sent>)) -> Result<Vec<Line>> {
        let step = Step::start("attempts on one listing's nights");
        let script = script::insert_alone(sent)?;
        let file = self.write("hot", &script)?;
        let (mut ours, mut theirs, mut times) = (Vec::new(), Vec::new(), Vec::new());
        let deadlocks = self.deadlocks().await?;
        for _ in 0..self.arguments.rounds.max(1) {
            let (rate, took) = self.hot_round().await?;
            ours.push(rate);
            times.extend(took);
            calls::sweep(&self.admin).await?;
            let clients = (HOT_CLIENTS, self.arguments.round());
            theirs.push(pgbench::rate(&self.postgres, DATABASE, &[&file], &script.variables, clients).await?);
            calls::sweep(&self.admin).await?;
        }
        times.sort_unstable();
        let p99 = times.get(times.len() * 99 / 100).copied().context("at least one attempt")?;
        // The server counts with a delay of its own.
        tokio::time::sleep(Duration::from_secs(1)).await;
        let deadlocks = self.deadlocks().await? - deadlocks;
        step.done(&format!("{} attempts, p99 {}", times.len(), milliseconds(p99)));
        let sides = (middle(ours), middle(theirs));
        Ok(vec![
            Line::at_least("attempts on hot nights against the INSERT alone", sides.0 / sides.1, sides, 0.7),
            Line::at_most("attempt on hot nights, p99", p99.as_secs_f64() * 1_000.0, " ms", 50.0),
            Line::at_most("deadlocks", deadlocks as f64, "", 0.0),
        ])
    }

    async fn hot_round(&self) -> Result<(f64, Vec<Duration>)> {
        let (since, length) = (Instant::now(), self.arguments.round());
        let clients: Vec<_> = (0..HOT_CLIENTS)
            .map(|client| {
                let (services, today) = (Arc::clone(&self.services), self.today);
                // Everybody at the same listing, each for their own.
                let target = Target { guest_id: self.targets[client].guest_id, ..self.targets[0].clone() };
                tokio::spawn(async move {
                    let mut times = Vec::new();
                    while since.elapsed() < length {
                        let begun = Instant::now();
                        try_to_book(&services, &target, dates(today, (times.len() % 3) as u64)).await?;
                        times.push(begun.elapsed());
                    }
                    Ok::<_, anyhow::Error>(times)
                })
            })
            .collect();
        let mut times = Vec::new();
        for client in clients {
            times.extend(client.await??);
        }
        Ok((times.len() as f64 / since.elapsed().as_secs_f64(), times))
    }

    async fn deadlocks(&self) -> Result<i64> {
        let sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        Ok(self.admin.query_one(sql, &[]).await?.get(0))
    }

    fn write(&self, name: &str, script: &Script) -> Result<PathBuf> {
        let folder = self.paths.state.join("pgbench");
        std::fs::create_dir_all(&folder)?;
        let file = folder.join(format!("bookings-{name}.sql"));
        std::fs::write(&file, &script.text)?;
        Ok(file)
    }
}
