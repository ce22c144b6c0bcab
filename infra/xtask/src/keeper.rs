//! Watches the parts that keep data: says when one is gone or back, and gives a local AWS that lost its memory in a
//! crash its queues, tables and secrets again. It restarts nothing: whether the functions heal by themselves is theirs.

use std::time::Duration;

use anyhow::Result;

use crate::paths::Paths;
use crate::postgres::Postgres;
use crate::processes;
use crate::resources::Aws;
use crate::secrets::Secrets;
use crate::template::Template;
use crate::{local, ui};

const INTERVAL: Duration = Duration::from_secs(1);
const PARTS: [&str; 3] = ["postgres", "redis", "ministack"];

/// Watches until dropped.
pub(crate) async fn watch(paths: Paths, aws: Aws, template: Template, postgres: Postgres) {
    let mut up = [true; PARTS.len()];
    let mut clock = tokio::time::interval(INTERVAL);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        for (part, was_up) in PARTS.iter().zip(&mut up) {
            let is_up = processes::is_alive(&paths, part);
            match (std::mem::replace(was_up, is_up), is_up) {
                (true, false) => ui::warn(&format!(
                    "{part} is gone, see {}; start it again: `cargo xtask stack start {part}`",
                    paths.shown(&paths.log(part))
                )),
                (false, true) => ui::say(&format!("  ✓ {part} is back")),
                _ => {}
            }
        }
        // An error here means that it does not answer at this moment: the next round asks again.
        if matches!(aws.has_resources(&template).await, Ok(false)) {
            match refill(&paths, &aws, &template, &postgres).await {
                Ok(made) => ui::say(&format!("  ✓ the local AWS had lost its memory and has again: {made}")),
                Err(error) => ui::warn(&format!("the local AWS has lost its memory: {error:#}")),
            }
        }
    }
}

/// With the secrets as they are by now: keys may have been rotated.
async fn refill(paths: &Paths, aws: &Aws, template: &Template, postgres: &Postgres) -> Result<String> {
    let values = local::secret_values(&local::functions(template)?, postgres, &Secrets::load_or_create(paths)?);
    aws.ensure(template, &values).await
}
