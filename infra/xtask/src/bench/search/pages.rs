//! How many pages of 8 KB a search reads: of the plan that is good for all values, as the functions use it.

use anyhow::{Context as _, Result};
use serde_json::Value;
use services::search::SearchFilter;
use store::listing_search::{Statement, statements};
use tokio_postgres::Client;

/// Pages read and hits found by a search, both of its statements if it needs both.
pub(crate) async fn of(client: &Client, filter: &SearchFilter) -> Result<(i64, i64)> {
    // The use case asks for one more, to know whether there is another page.
    let filter = SearchFilter { limit: filter.limit + 1, ..filter.clone() };
    let [first, rest] = statements(&filter);
    let (pages, hits) = of_statement(client, &first).await?;
    if hits >= filter.limit {
        return Ok((pages, hits));
    }
    let (more, hits) = of_statement(client, &rest).await?;
    Ok((pages + more, hits))
}

async fn of_statement(client: &Client, statement: &Statement) -> Result<(i64, i64)> {
    client.batch_execute("SET plan_cache_mode = force_generic_plan").await?;
    client.batch_execute(&format!("PREPARE measured AS {}", statement.sql)).await?;
    let explain =
        format!("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE measured ({})", statement.literals().join(", "));
    // The first run reads the catalogs for the plan; the second what the search itself reads.
    client.query_one(&explain, &[]).await?;
    let plan: Value = client.query_one(&explain, &[]).await?.get(0);
    client.batch_execute("DEALLOCATE measured").await?;
    let number = |name: &str| plan[0]["Plan"][name].as_i64().with_context(|| format!("a plan without {name}"));
    Ok((number("Shared Hit Blocks")? + number("Shared Read Blocks")?, number("Actual Rows")?))
}
