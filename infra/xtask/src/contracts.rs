//! `openapi.json` and `schema.graphql`: made from the code, checked in, and the same as what the code says.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use utoipa_axum::router::OpenApiRouter;

use crate::paths::{Paths, write_atomically};
use crate::ui;

/// Writes both.
pub(crate) fn write(paths: &Paths) -> Result<()> {
    for (file, text) in contracts(paths)? {
        write_atomically(&file, text.as_bytes(), 0o644)?;
        ui::say(&format!("{} is written", paths.shown(&file)));
    }
    Ok(())
}

/// Fails when one that is checked in is not what the code says.
pub(crate) fn verify(paths: &Paths) -> Result<()> {
    for (file, text) in contracts(paths)? {
        let kept = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        if kept != text {
            let shown = paths.shown(&file);
            bail!("{shown} is not what the code says: `cargo xtask openapi`, then look at the difference")
        }
    }
    Ok(())
}

fn contracts(paths: &Paths) -> Result<[(PathBuf, String); 2]> {
    Ok([(paths.root.join("openapi.json"), document()?), (paths.root.join("schema.graphql"), graphql::sdl())])
}

/// Every HTTP function by its name. A new one is one line here and no other in this command.
fn functions() -> Vec<(&'static str, OpenApiRouter<web::AppState>)> {
    vec![
        ("users", users::routes()),
        ("properties", properties::routes()),
        ("bookings", bookings::routes()),
        ("payments", payments::routes()),
        ("reviews", reviews::routes()),
        ("admin", admin::routes()),
        ("graphql", graphql::routes()),
        ("docs", docs::routes()),
    ]
}

fn document() -> Result<String> {
    let functions = functions().into_iter().map(|(_, routes)| routes);
    let mut text = web::openapi::document(functions).to_pretty_json().context("writing OpenAPI as JSON")?;
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
#[path = "contracts_tests.rs"]
mod tests;
