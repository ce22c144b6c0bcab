//! What is kept in a cache is never seen: whoever asks after a write finds what was written.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Draft, Property, Stay};
use reqwest::Method;
use serde_json::json;
use tokio::task::JoinSet;

const CHANGES: i64 = 12;
const READERS: usize = 6;

/// Base price by the property's own page and by a search of its spot, as a stranger sees them.
async fn prices(api: &Api, property: &Property) -> Result<[i64; 2]> {
    let page = api.get(&property.path()).expect(200).await?;
    let hits = api.get(&format!("/v1/properties?bbox={}", property.bbox())).expect(200).await?;
    let minor = |price: serde_json::Value| price.as_i64().context("no price");
    Ok([minor(page.at("/base_price/amount")?)?, minor(hits.at("/data/0/base_price/amount")?)?])
}

#[tokio::test]
async fn a_reader_who_asks_after_a_write_sees_it() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default().priced(5_000)).await?;
    for change in 1..=CHANGES {
        let price = 5_000 + change;
        let body = json!({ "base_price": { "amount": price, "currency": "EUR" } });
        api.call(Method::PATCH, &property.path()).by(&host).json(&body).expect(200).await?;
        for _ in 0..2 {
            ensure!(prices(&api, &property).await? == [price; 2], "change {change} is not seen");
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_price_survives_the_commit_of_another_however_many_read() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default().priced(5_000)).await?;
    let (committed, watch) = tokio::sync::watch::channel(5_000);
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (watch, property) = (watch.clone(), property.clone());
        readers.spawn(async move {
            let api = Api::connect().await?;
            while watch.has_changed().is_ok() {
                let least = *watch.borrow();
                let seen = prices(&api, &property).await?;
                // Prices only rise: less than what was committed before the question is stale.
                ensure!(seen.iter().all(|price| *price >= least), "{seen:?} after {least} was committed");
            }
            anyhow::Ok(())
        });
    }
    drop(watch);
    for change in 1..=CHANGES {
        let body = json!({ "base_price": { "amount": 5_000 + change, "currency": "EUR" } });
        api.call(Method::PATCH, &property.path()).by(&host).json(&body).expect(200).await?;
        committed.send_replace(5_000 + change);
    }
    drop(committed);
    for outcome in readers.join_all().await {
        outcome?;
    }
    Ok(())
}

#[tokio::test]
async fn booked_nights_are_gone_from_the_next_search_and_back_after_the_cancellation() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = [api.register_verified_user().await?, api.register_verified_user().await?];
    let property = api.listed_property(&host, &Draft::default()).await?;
    let stay = Stay::in_days(40, 3)?;
    let path = format!("/v1/properties?bbox={}&{}", property.bbox(), stay.query());
    for _ in 0..3 {
        ensure!(api.get(&path).expect(200).await?.ids()? == [property.id.clone()], "free nights are not found");
        let booking = api.book(&guest, &stay.body(&property)).expect(201).await?.text_at("/id")?;
        ensure!(api.get(&path).expect(200).await?.ids()?.is_empty(), "held nights are found");
        let cancel = format!("/v1/bookings/{booking}/cancel");
        api.post(&cancel).by(&guest).json(&json!({ "reason": "Another plan." })).expect(200).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_still_the_same_is_not_sent_again() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    for path in [property.path(), format!("/v1/properties?bbox={}", property.bbox())] {
        let first = api.get(&path).expect(200).await?;
        let tag = first.require_header("etag")?.to_owned();
        let again = api.get(&path).header("if-none-match", tag.as_bytes()).expect(304).await?;
        ensure!(again.body.is_empty() && again.require_header("etag")? == tag, "not the same page: {again}");
        let body = json!({ "title": "Another title" });
        api.call(Method::PATCH, &property.path()).by(&host).json(&body).expect(200).await?;
        let changed = api.get(&path).header("if-none-match", tag.as_bytes()).expect(200).await?;
        ensure!(changed.require_header("etag")? != tag, "another page, the same tag: {changed}");
        let body = json!({ "title": "Rooms over the bakery" });
        api.call(Method::PATCH, &property.path()).by(&host).json(&body).expect(200).await?;
    }
    Ok(())
}
