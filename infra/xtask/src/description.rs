//! `stack.json`: where a running stack's parts are. Clients rely on its upper fields; this command reads it back.

use std::fs;

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::local::{self, Function, Ports};
use crate::paths::{Paths, write_atomically};
use crate::postgres::{DATABASE, Durability, Postgres};
use crate::secrets::Secrets;
use crate::seed::Demo;
use crate::{ministack, redis, stripe, ui};

/// What `stack.json` says: the handles that clients may rely on, and below `local` what this command needs itself.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Description {
    api: String,
    stripe: String,
    stripe_key: String,
    stripe_webhook_secret: String,
    aws: String,
    postgres: String,
    /// Administrator's URL of the same server: tests make databases with it.
    postgres_admin: String,
    redis: String,
    mail: String,
    /// Where calendars to import may be served from; nothing of the stack listens there.
    calendars: String,
    demo: Demo,
    local: Local,
}

#[derive(Clone, Serialize, Deserialize)]
struct Local {
    api_port: u16,
    router_port: u16,
    postgres_port: u16,
    redis_port: u16,
    aws_port: u16,
    stripe_port: u16,
    calendars_port: u16,
    throwaway: bool,
}

impl Description {
    /// The description of a stack that is up.
    pub(crate) fn new(postgres: &Postgres, ports: Ports, durability: Durability, mail: String, demo: Demo) -> Self {
        Self {
            api: format!("http://127.0.0.1:{}", ports.api),
            stripe: stripe::address(ports.stripe),
            stripe_key: stripe::KEY.to_owned(),
            stripe_webhook_secret: stripe::WEBHOOK_SECRET.to_owned(),
            aws: ministack::endpoint(ports.aws),
            postgres: postgres.url("roost_owner", DATABASE),
            postgres_admin: postgres.url("postgres", "postgres"),
            redis: redis::url(ports.redis),
            mail,
            calendars: format!("http://127.0.0.1:{}", ports.calendars),
            demo,
            local: Local {
                api_port: ports.api,
                router_port: ports.router,
                postgres_port: ports.postgres,
                redis_port: ports.redis,
                aws_port: ports.aws,
                stripe_port: ports.stripe,
                calendars_port: ports.calendars,
                throwaway: durability == Durability::Throwaway,
            },
        }
    }

    /// Writes it for this user only, since it holds passwords.
    pub(crate) fn write(&self, paths: &Paths) -> Result<()> {
        write_atomically(&paths.stack_file(), &serde_json::to_vec_pretty(self)?, 0o600)
    }

    /// Reads the description of the stack that runs here.
    pub(crate) fn read(paths: &Paths) -> Result<Self> {
        let file = paths.stack_file();
        let bytes = fs::read(&file)
            .with_context(|| format!("no stack runs here ({} is missing): `cargo xtask dev`", paths.shown(&file)))?;
        serde_json::from_slice(&bytes).with_context(|| format!("reading {}", file.display()))
    }

    /// Its ports.
    pub(crate) fn ports(&self) -> Ports {
        let Local { api_port, router_port, postgres_port, redis_port, aws_port, stripe_port, calendars_port, .. } =
            self.local;
        Ports {
            api: api_port,
            router: router_port,
            postgres: postgres_port,
            redis: redis_port,
            aws: aws_port,
            stripe: stripe_port,
            calendars: calendars_port,
        }
    }

    /// Its PostgreSQL.
    pub(crate) fn postgres(&self, paths: &Paths) -> Result<Postgres> {
        Ok(Postgres::new(self.local.postgres_port, &Secrets::load_or_create(paths)?))
    }

    /// Its functions.
    pub(crate) fn functions(&self, paths: &Paths) -> Result<Vec<Function>> {
        local::functions(&local::template(paths, self.ports())?)
    }

    /// Whether its data need not survive a power cut.
    pub(crate) fn durability(&self) -> Durability {
        if self.local.throwaway { Durability::Throwaway } else { Durability::Kept }
    }

    /// Address of the list of sent mails.
    pub(crate) fn mail(&self) -> &str {
        &self.mail
    }

    /// Address of Stripe's simulator, and the account's key.
    pub(crate) fn stripe(&self) -> (&str, &str) {
        (&self.stripe, &self.stripe_key)
    }

    /// Address of the API.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    /// Address of Redis.
    pub(crate) fn redis(&self) -> &str {
        &self.redis
    }

    /// Administrator's address of PostgreSQL.
    pub(crate) fn postgres_admin(&self) -> &str {
        &self.postgres_admin
    }

    /// The table that is printed.
    pub(crate) fn show(&self, paths: &Paths) {
        ui::table(&[
            ("API", self.api.clone()),
            ("PostgreSQL", self.postgres.clone()),
            ("Redis", self.redis.clone()),
            ("AWS", self.aws.clone()),
            ("Stripe", self.stripe.clone()),
            ("sent mail", self.mail.clone()),
            ("demo guest", self.demo.guest.to_string()),
            ("demo host", self.demo.host.to_string()),
            ("demo admin", self.demo.admin.to_string()),
            ("logs", paths.shown(&paths.logs())),
            ("handles", paths.shown(&paths.stack_file())),
        ]);
    }
}

/// Prints one field of the description, for scripts.
pub(crate) fn print(paths: &Paths, field: &str) -> Result<()> {
    let value: Value = json!(Description::read(paths)?);
    match value.pointer(&format!("/{}", field.replace('.', "/"))) {
        Some(Value::String(text)) => ui::say(text),
        Some(other) => ui::say(&other.to_string()),
        None => bail!("{} has no {field}", paths.shown(&paths.stack_file())),
    }
    Ok(())
}
