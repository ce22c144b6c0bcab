//! A host's calendar from outside: what is blocked can't be booked, what is booked can't be blocked.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay};
use reqwest::Method;
use serde_json::{Value, json};

async fn put(api: &Api, property: &Property, days: Value) -> Result<Answer> {
    let path = format!("{}/calendar", property.path());
    api.call(Method::PUT, &path).by(&property.host).json(&json!({ "days": days })).send().await
}

fn day<'a>(calendar: &'a Value, date: &str) -> Result<&'a Value> {
    let days = calendar["data"].as_array().context("no days")?;
    days.iter().find(|day| day["date"] == date).with_context(|| format!("no {date}"))
}

#[tokio::test]
async fn blocks_prices_and_shortest_stays_are_what_quotes_and_bookings_go_by() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (guest, host) = (&users[0], &users[1]);
    let property = api.listed_property(host, &Draft::default()).await?;
    let stay = Stay::in_days(40, 3)?;
    let body = stay.body(&property);
    let (check_in, check_out) = (body["check_in"].clone(), body["check_out"].clone());
    let quote = format!("{}/quote?{}&guests=1", property.path(), stay.query());

    let priced = json!([{ "from": check_in, "to": check_out, "price": { "amount": 33_300, "currency": "EUR" } }]);
    put(&api, &property, priced).await?.expect_status(200)?;
    let quoted = api.get(&quote).expect(200).await?;
    ensure!(quoted.at("/price/lines/0/amount/amount")? == 99_900, "not the calendar's price: {quoted}");

    put(&api, &property, json!([{ "from": check_in, "to": check_out, "min_nights": 4 }])).await?.expect_status(200)?;
    let refused = api.get(&quote).expect(200).await?;
    ensure!(refused.at("/reasons/0/code")? == "too_short", "min nights of the day are not asked for: {refused}");
    ensure!(!refused.at("/nearest")?.as_array().context("no list")?.is_empty(), "nothing is offered: {refused}");
    api.book(guest, &body).send().await?.expect_problem(422, "validation_failed")?;

    let blocked = json!([{ "from": check_in, "to": check_out, "min_nights": null, "available": false }]);
    put(&api, &property, blocked).await?.expect_status(200)?;
    api.book(guest, &body).send().await?.expect_problem(409, "dates_unavailable")?;
    let refused = api.get(&quote).expect(200).await?;
    ensure!(refused.at("/reasons/0/code")? == "dates_unavailable", "a blocked stay is quoted: {refused}");

    let from = check_in.as_str().context("a date")?;
    let to = check_out.as_str().context("a date")?;
    put(&api, &property, json!([{ "from": from, "to": to, "available": true }])).await?.expect_status(200)?;
    api.book(guest, &body).expect(201).await?;
    let refused = put(&api, &property, json!([{ "from": from, "to": to, "available": false }])).await?;
    refused.expect_problem(409, "night_booked")?;
    ensure!(refused.at("/dates")?.as_array().is_some_and(|dates| dates.len() == 3), "not each night: {refused}");

    let calendar = api.get(&format!("{}/calendar?from={from}&to={to}", property.path())).expect(200).await?.json()?;
    let first = day(&calendar, from)?;
    ensure!(first["available"] == false && first["reason"] == "booked", "a booked night is open: {first}");
    ensure!(first["price"] == json!({ "amount": 33_300, "currency": "EUR" }), "another price: {first}");
    ensure!(first.get("booking_id").is_none(), "strangers see the booking: {first}");
    Ok(())
}
