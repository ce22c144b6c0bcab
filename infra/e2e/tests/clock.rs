//! What time does, tried by moving the database's clock. Time is everybody's: this binary runs alone.

use anyhow::{Result, ensure};
use e2e::{Api, Draft, Stack, Stay, User};
use serde_json::json;

#[tokio::test]
async fn holds_run_out_by_the_clock_of_the_database() -> Result<()> {
    // One after the other: each moves the clock of both.
    expired_hold_frees_its_nights_at_once().await?;
    expired_hold_no_longer_counts_as_a_hold().await
}

async fn expired_hold_frees_its_nights_at_once() -> Result<()> {
    let (stack, api) = (Stack::load()?, Api::connect().await?);
    let [host, first, second] = <[User; 3]>::try_from(api.register_verified_users(3).await?)
        .map_err(|users| anyhow::anyhow!("{} users", users.len()))?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let stay = Stay::in_days(30, 3)?;
    let held = api.book(&first, &stay.body(&property)).expect(201).await?;
    let path = format!("/v1/bookings/{}", held.text_at("/id")?);
    let quote = format!("{}/quote?{}&guests=1", property.path(), stay.query());

    let still_held = stack.with_clock_ahead("14m", async {
        api.book(&second, &stay.body(&property)).send().await?.expect_problem(409, "dates_unavailable")?;
        let seen = api.get(&path).by(&first).expect(200).await?;
        ensure!(seen.text_at("/status")? == "pending_payment", "expired too early: {seen}");
        Ok(())
    });
    still_held.await?;

    let expired = stack.with_clock_ahead("16m", async {
        let offered = api.get(&quote).expect(200).await?;
        ensure!(offered.at("/bookable")? == true, "an expired hold blocks: {offered}");
        let found = api.get(&format!("/v1/properties?bbox={}&{}", property.bbox(), stay.query())).expect(200).await?;
        ensure!(found.text_at("/data/0/id")? == property.id, "an expired hold hides: {found}");
        let booked = api.book(&second, &stay.body(&property)).expect(201).await?;
        ensure!(booked.text_at("/status")? == "pending_payment", "{booked}");
        let seen = api.get(&path).by(&first).expect(200).await?;
        ensure!(seen.text_at("/status")? == "expired", "not shown as expired: {seen}");
        let listed = api.get("/v1/bookings?role=guest&status=expired").by(&first).expect(200).await?;
        ensure!(listed.at("/data/0/id")? == held.at("/id")?, "not listed as expired: {listed}");
        let timeline = seen.at("/timeline")?.to_string();
        ensure!(timeline.contains("expired"), "the timeline does not tell: {seen}");
        Ok(())
    });
    expired.await
}

async fn expired_hold_no_longer_counts_as_a_hold() -> Result<()> {
    let (stack, api) = (Stack::load()?, Api::connect().await?);
    let [host, guest] = api.two_users().await?;
    let property = api.listed_property(&host, &Draft::default().with("max_nights", json!(1))).await?;
    for number in 0..200 {
        api.book(&guest, &Stay::in_days(30 + number, 1)?.body(&property)).expect(201).await?;
    }
    let one_more = Stay::in_days(300, 1)?.body(&property);
    api.book(&guest, &one_more).send().await?.expect_problem(409, "too_many_holds")?;
    let later = stack.with_clock_ahead("16m", async { api.book(&guest, &one_more).expect(201).await });
    later.await?;
    Ok(())
}
