//! The whole journey as `cargo xtask demo` plays it, by REST and by GraphQL. It moves the clock, which is everybody's:
//! this binary runs alone.

use anyhow::Result;
use e2e::Stack;

#[tokio::test]
async fn whole_journey_plays_by_rest_and_by_graphql() -> Result<()> {
    Stack::load()?.play_demo().await
}
