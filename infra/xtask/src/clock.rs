//! The stack's time: `app_now()` moved ahead of the wall clock by what the table `local_clock` says. Only local and
//! test databases have that table; tokens and signatures keep to the wall clock. The simulated provider's time goes along.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::description::Description;
use crate::functions;
use crate::paths::Paths;
use crate::postgres::DATABASE;
use crate::pump;
use crate::ui;

/// Replaces production's plain `now()`. The row is made once, so a moved clock outlives a restart.
const SHIFTABLE: &str = r#"
    CREATE TABLE IF NOT EXISTS local_clock ("offset" interval NOT NULL);
    INSERT INTO local_clock SELECT interval '0' WHERE NOT EXISTS (SELECT 1 FROM local_clock);
    GRANT SELECT ON local_clock TO roost_app;
    CREATE OR REPLACE FUNCTION app_now() RETURNS timestamptz
        LANGUAGE sql STABLE PARALLEL SAFE
        AS 'SELECT now() + (SELECT "offset" FROM local_clock)';
"#;

/// Makes the database's clock movable; returns by how much it is ahead already, in words.
pub(crate) async fn install(client: &tokio_postgres::Client) -> Result<String> {
    client.batch_execute(SHIFTABLE).await.context("making app_now() movable")?;
    let row = client.query_one(r#"SELECT "offset"::text FROM local_clock"#, &[]).await?;
    Ok(row.get(0))
}

/// Moves `app_now()` ahead by `by` more, then runs one pass of the scheduler.
pub(crate) async fn advance(paths: &Paths, by: Duration) -> Result<()> {
    let statement = r#"UPDATE local_clock SET "offset" = "offset" + make_interval(secs => $1)"#;
    change(paths, statement, by.as_secs_f64()).await
}

/// Sets `app_now()` back to the wall clock.
pub(crate) async fn reset(paths: &Paths) -> Result<()> {
    change(paths, r#"UPDATE local_clock SET "offset" = make_interval(secs => $1)"#, 0.0).await
}

async fn change(paths: &Paths, statement: &str, seconds: f64) -> Result<()> {
    let description = Description::read(paths)?;
    let postgres = description.postgres(paths)?;
    let client = postgres.connect("roost_owner", DATABASE).await.context("logging in to PostgreSQL")?;
    client.execute(statement, &[&seconds]).await.context("moving the clock")?;
    let row = client
        .query_one(r#"SELECT app_now()::text, extract(epoch FROM "offset")::bigint FROM local_clock"#, &[])
        .await?;
    let (now, ahead_seconds): (String, i64) = (row.get(0), row.get(1));
    advance_provider(&reqwest::Client::new(), description.stripe().0, ahead_seconds).await?;
    run_scheduled(paths, &description).await?;
    ui::say(&format!("app_now() is {now}"));
    Ok(())
}

/// Runs each function that has a schedule once.
pub(crate) async fn run_scheduled(paths: &Paths, description: &Description) -> Result<()> {
    let (functions, http) = (description.functions(paths)?, reqwest::Client::new());
    for name in pump::scheduled(&functions) {
        let event = pump::schedule_event(name);
        functions::invoke(&http, description.ports().router, name, &event, functions::BUILD_LIMIT)
            .await
            .with_context(|| format!("running {name}"))?;
    }
    Ok(())
}

/// Moves the payment provider's clock as far ahead: authorisations run out there, and charges become available. It only
/// goes forward, so after a reset it stays where it is.
async fn advance_provider(http: &reqwest::Client, stripe: &str, ahead_seconds: i64) -> Result<()> {
    let clock = format!("{stripe}/_sim/clock");
    let known: Value = http.get(&clock).send().await?.error_for_status()?.json().await?;
    let missing = ahead_seconds - known["ahead_seconds"].as_i64().unwrap_or_default();
    if missing > 0 {
        let body = json!({ "advance_seconds": missing });
        http.post(&clock).json(&body).send().await?.error_for_status().context("moving the provider's clock")?;
    }
    Ok(())
}

/// `90s`, `16m`, `2h`, `3d`, `1w`, or several in a row: `1d12h`.
pub(crate) fn parse(text: &str) -> Result<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text.trim();
    if rest.is_empty() {
        bail!("say how far, for example 16m or 3d");
    }
    while !rest.is_empty() {
        let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
        let count: u64 = rest[..digits].parse().with_context(|| format!("{text:?} is not like 16m or 3d"))?;
        let unit_seconds = match rest[digits..].chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            _ => bail!("{text:?} needs a unit: s, m, h, d or w"),
        };
        let seconds = count.checked_mul(unit_seconds).filter(|seconds| *seconds <= 315_360_000);
        total += Duration::from_secs(seconds.with_context(|| format!("{text:?} is more than ten years"))?);
        rest = &rest[digits + 1..];
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_units_and_nothing_else() {
        assert_eq!(parse("16m").expect("minutes"), Duration::from_secs(960));
        assert_eq!(parse("1d12h").expect("two units"), Duration::from_secs(129_600));
        for wrong in ["", "16", "m", "3x", "-1d", "99999999999999999999d", "9999999w"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
