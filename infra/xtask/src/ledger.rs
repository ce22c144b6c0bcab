//! `cargo xtask ledger check`: the running stack's books against themselves and against its tables.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use store::ledger_check::{self, Imbalance};

use crate::description::Description;
use crate::paths::Paths;
use crate::postgres::DATABASE;
use crate::ui;

/// More are not shown: the first ones say what is wrong.
const SHOWN: i64 = 1_000;

/// Says each imbalance; ends well when there is none.
pub(crate) async fn check(paths: &Paths) -> Result<ExitCode> {
    let postgres = Description::read(paths)?.postgres(paths)?;
    // Without the functions' time limits: this reads everything there is.
    let client = postgres.connect("roost_owner", DATABASE).await.context("logging in to PostgreSQL")?;
    let found = ledger_check::imbalances(&client, None, SHOWN).await.context("reading the books")?;
    for Imbalance { rule, booking_id, expected, posted } in &found {
        ui::say(&format!("{booking_id}: {rule}: expected {expected}, posted {posted}"));
    }
    ui::say(&format!("{} imbalances", found.len()));
    Ok(if found.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
