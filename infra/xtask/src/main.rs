//! `cargo xtask`: the developer's command. It runs the whole stack on this machine, its tests and its checks.
#![expect(clippy::print_stdout, reason = "talking to the developer is its job")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};

use crate::paths::Paths;
use crate::postgres::Durability;
use crate::stack::Options;

mod admins;
mod bench;
mod check;
mod clock;
mod contracts;
mod demo;
mod description;
mod functions;
mod gateway;
mod http;
mod keeper;
mod keys;
mod ledger;
mod local;
mod mail;
mod ministack;
mod paths;
mod postgres;
mod processes;
mod pump;
mod redis;
mod resources;
mod secrets;
mod seed;
mod simulate;
mod stack;
mod stripe;
mod template;
mod tests;
mod tools;
mod ui;

/// Roost's developer command.
#[derive(Parser)]
#[command(name = "cargo xtask", version, max_term_width = 100)]
struct Arguments {
    /// The stack's state folder, relative to the clone.
    #[arg(long, global = true, default_value = ".dev")]
    state_dir: PathBuf,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole stack until Ctrl-C.
    Dev {
        /// Port of the API on 127.0.0.1.
        #[arg(long, default_value_t = 9000)]
        port: u16,
        /// Rebuild and reload functions when their code changes.
        #[arg(long)]
        watch: bool,
        /// Copies of each HTTP function: as many of its requests run side by side.
        #[arg(long, default_value_t = 4)]
        copies: usize,
    },
    /// Stop the stack, also one whose `dev` has crashed.
    Down,
    /// Remove the data of the stopped stack; the next start begins afresh.
    Reset,
    /// Start a stack of its own, run the tests against it, stop it.
    Test {
        /// Run only the tests of this package; may be repeated.
        #[arg(short, long = "package", value_name = "NAME")]
        packages: Vec<String>,
        /// Run only tests whose names contain one of these.
        filters: Vec<String>,
    },
    /// Fill the running stack: with so many listings and bookings, or with the demo data.
    Seed {
        #[command(subcommand)]
        what: Option<SeedCommand>,
        #[command(flatten)]
        arguments: seed::SeedArguments,
    },
    /// Play seeds of the simulation against a PostgreSQL of its own: guests, hosts, workers, clocks and faults by chance.
    Simulate(simulate::SimulateArguments),
    /// Play the whole journey against the running stack: find, book, pay, cancel, stay, review.
    Demo,
    /// Write openapi.json from the code.
    Openapi,
    /// Formatting, lints, documentation, migrations, OpenAPI, template, dependencies.
    Check,
    /// Migrations are immutable once sealed.
    #[command(subcommand)]
    Migrations(MigrationsCommand),
    /// Who is an admin on the running stack.
    #[command(subcommand)]
    Admin(admins::AdminCommand),
    /// Keys that sign access tokens: which there are, and changing them without signing anybody out.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Measure.
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Move the stack's clock.
    #[command(subcommand)]
    Clock(ClockCommand),
    /// The running stack's books.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// One part of the running stack, for trying out its absence.
    #[command(subcommand)]
    Stack(StackCommand),
}

#[derive(Subcommand)]
enum ClockCommand {
    /// Move app_now() ahead (90s, 16m, 2h, 3d, 1d12h), then run the scheduler once.
    Advance {
        /// How far.
        by: String,
    },
    /// Set app_now() back to the wall clock, then run the scheduler once.
    Reset,
}

#[derive(Subcommand)]
enum LedgerCommand {
    /// Hold them against themselves and against the tables; fails when something does not agree.
    Check,
}

#[derive(Subcommand)]
enum SeedCommand {
    /// The demo accounts and a few hundred listings with photos, whatever of it is missing.
    Demo,
}

#[derive(Subcommand)]
enum MigrationsCommand {
    /// Write the checksums of new migrations into migrations/CHECKSUMS; known ones are never changed.
    Seal,
}

#[derive(Subcommand)]
enum BenchCommand {
    /// From spawning a function to its first poll, against a bare hello, in the same run.
    Start {
        /// Runs of each.
        #[arg(long, default_value_t = 30)]
        runs: usize,
        /// Cargo profile of the binaries.
        #[arg(long, default_value = "release")]
        profile: String,
    },
    /// Searching at a million listings: pages, throughput against pgbench, the whole path, deep pages, calendars.
    Search(bench::SearchArguments),
    /// Booking at ten million bookings: throughput against pgbench, spread and on one hot property; taking webhooks in.
    Bookings(bench::BookingsArguments),
    /// GET of one property through the whole path of the running stack.
    Path {
        /// Requests, one after another.
        #[arg(long, default_value_t = 300)]
        requests: usize,
    },
}

#[derive(Subcommand)]
enum StackCommand {
    /// End a part as a crash would; a function is started again at once.
    Kill {
        /// Which.
        part: Killable,
    },
    /// Start a part that was killed; returns when it answers.
    Start {
        /// Which.
        part: Part,
    },
    /// Print one field of stack.json, for example `api` or `demo.guest.email`.
    Print {
        /// Which.
        field: String,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum Killable {
    Postgres,
    Redis,
    Ministack,
    /// All copies.
    Bookings,
    /// All copies.
    Payments,
    /// All copies.
    PaymentWebhooks,
    /// All copies.
    Notifications,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    Postgres,
    Redis,
    Ministack,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Ministack => "ministack",
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<ExitCode> {
    let paths = Paths::new(&arguments.state_dir)?;
    match arguments.command {
        Command::Dev { port, watch, copies } => {
            let durability = Durability::Kept;
            dev(&paths, Options { api_port: Some(port), watch, durability, copies }).await?;
        }
        Command::Reset => stack::reset(&paths).await?,
        Command::Test { packages, filters } => return tests::run(&packages, &filters).await,
        Command::Seed { what: Some(SeedCommand::Demo), .. } => seed::run_demo(&paths).await?,
        Command::Seed { what: None, arguments } => seed::run(&paths, &arguments).await?,
        Command::Simulate(arguments) => return simulate::run(&arguments).await,
        Command::Demo => demo::run(&paths).await?,
        Command::Openapi => contracts::write(&paths)?,
        Command::Check => return check::run(&paths).await,
        Command::Migrations(MigrationsCommand::Seal) => check::migrations::seal(&paths)?,
        Command::Admin(command) => admins::run(&paths, command).await?,
        Command::Keys(command) => keys::run(&paths, command).await?,
        Command::Bench(BenchCommand::Start { runs, profile }) => bench::start(runs, &profile).await?,
        Command::Bench(BenchCommand::Path { requests }) => bench::path(&paths, requests).await?,
        Command::Bench(BenchCommand::Search(arguments)) => bench::search(&paths, &arguments).await?,
        Command::Bench(BenchCommand::Bookings(arguments)) => bench::bookings(&paths, &arguments).await?,
        Command::Down => down(&paths, &arguments.state_dir).await?,
        Command::Clock(ClockCommand::Advance { by }) => clock::advance(&paths, clock::parse(&by)?).await?,
        Command::Clock(ClockCommand::Reset) => clock::reset(&paths).await?,
        Command::Ledger(LedgerCommand::Check) => return ledger::check(&paths).await,
        Command::Stack(StackCommand::Kill { part }) => kill(&paths, part).await?,
        Command::Stack(StackCommand::Start { part }) => stack::start_part(&paths, part.name()).await?,
        Command::Stack(StackCommand::Print { field }) => description::print(&paths, &field)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn kill(paths: &Paths, what: Killable) -> Result<()> {
    match what {
        Killable::Postgres => processes::kill_now(paths, Part::Postgres.name()).await,
        Killable::Redis => processes::kill_now(paths, Part::Redis.name()).await,
        Killable::Ministack => processes::kill_now(paths, Part::Ministack.name()).await,
        Killable::Bookings => processes::kill_copies(paths, "bookings").await,
        Killable::Payments => processes::kill_copies(paths, "payments").await,
        Killable::PaymentWebhooks => processes::kill_copies(paths, "payment-webhooks").await,
        Killable::Notifications => processes::kill_copies(paths, "notifications").await,
    }
}

/// The stack that was asked for; and what crashed tests and measurements have left, unless they are just running.
async fn down(paths: &Paths, state: &Path) -> Result<()> {
    stack::down(paths).await?;
    for other in [tests::STATE, simulate::STATE, bench::STATE].map(Path::new) {
        if other != state && paths.root.join(other).is_dir() {
            let other = Paths::new(other)?;
            if stack::is_idle(&other)? {
                stack::sweep(&other).await?;
            }
        }
    }
    Ok(())
}

async fn dev(paths: &Paths, options: Options) -> Result<()> {
    let since = std::time::Instant::now();
    let mut running = tokio::select! {
        started = stack::start(paths, options) => started?,
        name = interrupted() => {
            let name = name?;
            ui::say(&format!("{name}: stopping what had been started"));
            stack::sweep(paths).await?;
            return Ok(());
        }
    };
    running.show();
    ui::say(&format!("\nReady after {:.1} s. Ctrl-C stops everything.", since.elapsed().as_secs_f64()));
    let ended = tokio::select! {
        name = interrupted() => name.map(|_| ()),
        ended = running.router_ended() => ended,
    };
    let stopped = tokio::time::timeout(Duration::from_secs(60), running.stop()).await;
    stopped.context("stopping takes too long: `cargo xtask down`")??;
    ended
}

/// Returns the name of the signal that asks this program to stop.
async fn interrupted() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map(|()| "Ctrl-C").context("waiting for Ctrl-C"),
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = hangup.recv() => Ok("SIGHUP"),
    }
}
