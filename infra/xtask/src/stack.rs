//! One stack from nothing to answering requests, and back. It puts the other modules in order and owns no detail.

use std::fs::{self, File};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::net::TcpListener;
use tokio::process::Child;
use tokio::task::JoinSet;

use crate::description::Description;
use crate::functions::{self, Fleet};
use crate::local::{self, Function, Ports};
use crate::paths::{Paths, port_is_free};
use crate::postgres::{DATABASE, Durability, Postgres};
use crate::resources::Aws;
use crate::secrets::Secrets;
use crate::seed::Demo;
use crate::template::Template;
use crate::ui::{self, Step};
use crate::{clock, gateway, keeper, mail, ministack, postgres, processes, pump, redis, seed, stripe, tools};

/// How a stack is to run.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// The API's port; without one, any free one that is then kept.
    pub(crate) api_port: Option<u16>,
    /// Build and run the functions under plain `cargo lambda watch`.
    pub(crate) watch: bool,
    /// Whether data must survive a power cut.
    pub(crate) durability: Durability,
    /// Copies of each HTTP function: as many requests of it run side by side.
    pub(crate) copies: usize,
}

/// A stack that answers requests.
pub(crate) struct Running {
    paths: Paths,
    /// What its stack.json says.
    pub(crate) description: Description,
    router: Child,
    fleet: Option<Fleet>,
    tasks: JoinSet<()>,
    /// How far the clock had been moved before.
    clock_offset: String,
    _lock: File,
}

/// Takes the stack's lock for as long as the file is held, or says where the running one is.
pub(crate) fn lock(paths: &Paths) -> Result<File> {
    let file = File::create(paths.run().join("lock")).context("opening the stack's lock")?;
    if file.try_lock().is_ok() {
        return Ok(file);
    }
    ui::say("A stack of this clone runs already:");
    match Description::read(paths) {
        Ok(description) => description.show(paths),
        Err(_) => ui::say("  (it is still starting)"),
    }
    bail!("stop it first with `cargo xtask down`, or use it as it is");
}

/// Whether nobody holds the stack's lock.
pub(crate) fn is_idle(paths: &Paths) -> Result<bool> {
    let file = File::create(paths.run().join("lock")).context("opening the stack's lock")?;
    Ok(file.try_lock().is_ok())
}

/// Starts everything; on failure nothing is left running.
pub(crate) async fn start(paths: &Paths, options: Options) -> Result<Running> {
    let lock = lock(paths)?;
    processes::record(paths, processes::SUPERVISOR, i32::try_from(std::process::id())?, "cargo xtask")?;
    let leftovers = sweep(paths).await?;
    if leftovers > 0 {
        ui::say(&format!("  stopped {leftovers} processes that an earlier run had left behind"));
    }
    for log in fs::read_dir(paths.logs())? {
        fs::remove_file(log?.path())?;
    }
    match start_parts(paths, options, lock).await {
        Ok(running) => Ok(running),
        Err(error) => {
            sweep(paths).await.context("stopping what had been started")?;
            processes::forget(paths, processes::SUPERVISOR)?;
            Err(error)
        }
    }
}

/// Stops every process of this stack, whoever started it.
pub(crate) async fn sweep(paths: &Paths) -> Result<usize> {
    let stopped = processes::stop_all(paths).await?;
    postgres::stop_stray(paths).await?;
    let file = paths.stack_file();
    if file.exists() {
        fs::remove_file(&file).with_context(|| format!("removing {}", file.display()))?;
    }
    Ok(stopped)
}

async fn start_parts(paths: &Paths, options: Options, lock: File) -> Result<Running> {
    let api_port = match options.api_port {
        Some(port) if !port_is_free(port) => {
            bail!("port {port} is taken by another program; choose another: `cargo xtask dev --port {}`", port + 1)
        }
        Some(port) => {
            paths.keep_port("api", port)?;
            port
        }
        None => paths.port("api")?,
    };
    // Cargo shows its own progress.
    ui::say("  … Building");
    // Watched functions are built by who watches them.
    functions::build(paths, options.watch.then_some("stripe-sim")).await?;
    let Stores { secrets, postgres, ports, aws, template, functions, clock_offset } =
        start_stores(paths, api_port, options.durability).await?;
    let aws_port = ports.aws;
    let step = Step::start("Functions");
    stripe::start(paths, ports.stripe, api_port).await?;
    let watched = options.watch.then_some(functions.as_slice());
    let listener = gateway::listen(api_port).await?;
    let router = functions::start_router(paths, ports.router, watched, aws_port).await?;
    let fleet = (!options.watch).then(|| Fleet::start(paths, &functions, ports.router, aws_port, options.copies));
    let mut tasks = pump::start(&functions, &template, &aws, ports.router, options.watch)?;
    tasks.spawn(async move {
        if let Err(error) = gateway::run(listener, ports.router).await {
            ui::warn(&format!("the API's door ended: {error:#}"));
        }
    });
    let api = format!("http://127.0.0.1:{api_port}");
    // The first request of a watched function builds it.
    let limit = Duration::from_secs(if options.watch { 1_800 } else { 30 });
    wait_for_health(paths, &api, limit).await?;
    step.done(&format!("{} functions, health answers", functions.len()));

    let step = Step::start("Demo data");
    let demo = Demo::new(&secrets);
    match seed::fill(&api, &postgres, &demo).await {
        Ok(()) => step.done("3 accounts, 1 property"),
        // A function under work may be the cause, and the stack the means to find it.
        Err(error) => {
            drop(step);
            ui::warn(&format!("the demo data is not complete: {error:#}; then again: `cargo xtask seed demo`"));
        }
    }

    let listener = TcpListener::bind(("127.0.0.1", paths.port("mail")?)).await.context("listening for mail readers")?;
    let mail_address = format!("http://{}", listener.local_addr()?);
    tasks.spawn(async move {
        if let Err(error) = mail::run(listener, aws_port).await {
            ui::warn(&format!("the mail handle ended: {error:#}"));
        }
    });
    tasks.spawn(keeper::watch(paths.clone(), aws, template, postgres.clone()));
    let description = Description::new(&postgres, ports, options.durability, mail_address, demo);
    description.write(paths)?;
    Ok(Running { paths: paths.clone(), description, router, fleet, tasks, clock_offset, _lock: lock })
}

/// What the functions need around them, running and filled.
pub(crate) struct Stores {
    /// The stack's secrets.
    pub(crate) secrets: Secrets,
    /// Its PostgreSQL, migrated.
    pub(crate) postgres: Postgres,
    /// Where everything listens.
    pub(crate) ports: Ports,
    aws: Aws,
    template: Template,
    /// The functions with their environments.
    pub(crate) functions: Vec<Function>,
    clock_offset: String,
}

/// Starts PostgreSQL, Redis and the local AWS, and fills them.
pub(crate) async fn start_stores(paths: &Paths, api_port: u16, durability: Durability) -> Result<Stores> {
    let secrets = Secrets::load_or_create(paths)?;
    tools::python_tools(paths).await?;
    let step = Step::start("PostgreSQL, Redis and the local AWS");
    let (postgres, redis_port, aws_port) =
        tokio::try_join!(postgres::start(paths, &secrets, durability), redis::start(paths), ministack::start(paths))?;
    let stripe_port = paths.port("stripe")?;
    let router_port = paths.port("router")?;
    let ports = Ports {
        api: api_port,
        router: router_port,
        postgres: postgres.port,
        redis: redis_port,
        aws: aws_port,
        stripe: stripe_port,
        calendars: paths.port("calendars")?,
    };
    step.done(&format!("ports {}, {redis_port}, {aws_port}", postgres.port));

    let step = Step::start("Database");
    let (outcome, clock_offset) = migrate(&postgres).await?;
    step.done(&outcome);

    let step = Step::start("What template.yaml declares");
    let template = local::template(paths, ports)?;
    let functions = local::functions(&template)?;
    let values = local::secret_values(&functions, &postgres, &secrets);
    let aws = Aws::new(aws_port).await;
    step.done(&aws.ensure(&template, &values).await?);
    Ok(Stores { secrets, postgres, ports, aws, template, functions, clock_offset })
}

/// Roles, database, migrations and the movable clock; says what was done and how far the clock is ahead.
async fn migrate(postgres: &Postgres) -> Result<(String, String)> {
    postgres.create_database().await?;
    let (owner, app) = (postgres.target("roost_owner", DATABASE), postgres.target("roost_app", DATABASE));
    let migrated = store::migrations::migrate(&owner, &app).await.map_err(|error| {
        // The cause may quote a whole migration.
        let cause: String = format!("{error:?}").chars().take(500).collect();
        anyhow::anyhow!("applying migrations: {cause}…\nIf an unpublished migration was edited: `cargo xtask reset`")
    })?;
    store::places::load_extract(&owner).await.map_err(|error| anyhow::anyhow!("loading places: {error:?}"))?;
    let client = postgres.connect("roost_owner", DATABASE).await?;
    let offset = clock::install(&client).await?;
    Ok((format!("{} migrations applied", migrated.applied.len()), offset))
}

async fn wait_for_health(paths: &Paths, api: &str, limit: Duration) -> Result<()> {
    let client = reqwest::Client::new();
    let since = Instant::now();
    loop {
        let answer = client.get(format!("{api}/health")).timeout(limit).send().await;
        let seen = match answer {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => format!("{}: {}", answer.status(), answer.text().await.unwrap_or_default()),
            Err(error) => error.to_string(),
        };
        if since.elapsed() > limit {
            bail!(
                "GET {api}/health does not succeed ({seen}); the functions' own words are in {}",
                paths.shown(&paths.logs())
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

impl Running {
    /// Prints where everything is.
    pub(crate) fn show(&self) {
        ui::say("");
        self.description.show(&self.paths);
        if self.clock_offset != "00:00:00" {
            ui::say(&format!("  app_now() is ahead by {}: `cargo xtask clock reset`", self.clock_offset));
        }
    }

    /// Returns when the router has ended, which it does not do by itself.
    pub(crate) async fn router_ended(&mut self) -> Result<()> {
        let status = self.router.wait().await?;
        bail!("`cargo lambda watch` ended ({status}); see {}", self.paths.shown(&self.paths.log("router")))
    }

    /// Stops everything.
    pub(crate) async fn stop(mut self) -> Result<()> {
        let step = Step::start("Stopping");
        self.tasks.shutdown().await;
        if let Some(fleet) = self.fleet.take() {
            fleet.release().await;
        }
        let stopped = sweep(&self.paths).await?;
        processes::forget(&self.paths, processes::SUPERVISOR)?;
        step.done(&format!("{stopped} processes"));
        Ok(())
    }
}

/// `cargo xtask down`: asks the running command to stop, then stops what a crashed one left.
pub(crate) async fn down(paths: &Paths) -> Result<()> {
    const LIMIT: Duration = Duration::from_secs(40);
    let supervisor = processes::find(paths, processes::SUPERVISOR);
    let asked = match &supervisor {
        Some(record) if record.is_alive() => {
            record.ask_to_stop()?;
            processes::wait_until_gone(record, LIMIT).await
        }
        _ => false,
    };
    let left = sweep(paths).await?;
    processes::forget(paths, processes::SUPERVISOR)?;
    ui::say(match (asked, left) {
        (true, _) => "The stack is stopped.",
        (false, 0) => "Nothing was running.",
        (false, _) => "What an earlier run had left behind is stopped.",
    });
    Ok(())
}

/// `cargo xtask reset`: a stopped stack without its data, as at the first start.
pub(crate) async fn reset(paths: &Paths) -> Result<()> {
    let _lock = lock(paths)?;
    sweep(paths).await?;
    for folder in [postgres::data_location(paths), paths.state.join("ministack"), paths.state.join("redis")] {
        if folder.exists() {
            fs::remove_dir_all(&folder).with_context(|| format!("removing {}", folder.display()))?;
        }
    }
    let account = stripe::data_file(paths);
    if account.exists() {
        fs::remove_file(&account).with_context(|| format!("removing {}", account.display()))?;
    }
    Ok(())
}

/// `cargo xtask stack start`: one part of a running stack, after it was killed.
pub(crate) async fn start_part(paths: &Paths, part: &str) -> Result<()> {
    let description = Description::read(paths)?;
    if processes::is_alive(paths, part) {
        bail!("{part} runs already");
    }
    match part {
        "postgres" => {
            postgres::start(paths, &Secrets::load_or_create(paths)?, description.durability()).await?;
        }
        "redis" => {
            redis::start(paths).await?;
        }
        _ => {
            ministack::start(paths).await?;
            let template = local::template(paths, description.ports())?;
            let postgres = description.postgres(paths)?;
            let functions = local::functions(&template)?;
            let values = local::secret_values(&functions, &postgres, &Secrets::load_or_create(paths)?);
            Aws::new(description.ports().aws).await.ensure(&template, &values).await?;
        }
    }
    ui::say(&format!("{part} runs again"));
    Ok(())
}
