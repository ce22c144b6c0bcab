//! A stay that cannot be booked: every rule it breaks, and the nearest stays of its length that can.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay};
use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::json;

/// How far from the dates asked for others are offered, in days.
const REACH_DAYS: i32 = 60;

async fn quote(api: &Api, property: &Property, stay: &Stay, guests: u32) -> Result<Answer> {
    api.get(&format!("{}/quote?{}&guests={guests}", property.path(), stay.query())).expect(200).await
}

fn reasons(quote: &Answer) -> Result<Vec<String>> {
    let reasons = quote.at("/reasons")?;
    let reasons = reasons.as_array().with_context(|| format!("no reasons: {quote}"))?;
    ensure!(reasons.iter().all(|reason| reason["detail"].is_string()), "a reason without words: {quote}");
    let mut codes: Vec<String> =
        reasons.iter().filter_map(|reason| reason["code"].as_str().map(str::to_owned)).collect();
    codes.sort();
    Ok(codes)
}

fn nearest(quote: &Answer) -> Result<Vec<Stay>> {
    let nearest = quote.at("/nearest")?;
    let date = |value: &serde_json::Value| -> Result<Date> { Ok(value.as_str().context("no date")?.parse()?) };
    let stays = nearest.as_array().with_context(|| format!("no nearest: {quote}"))?.iter();
    stays.map(|it| Ok(Stay { check_in: date(&it["check_in"])?, check_out: date(&it["check_out"])? })).collect()
}

fn days_between(from: Date, to: Date) -> Result<i32> {
    Ok(from.until(to)?.get_days())
}

#[tokio::test]
async fn every_broken_rule_is_named_at_once() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let draft = Draft::default()
        .with("min_nights", json!(3))
        .with("max_nights", json!(5))
        .with("advance_notice_hours", json!(72))
        .with("booking_window_days", json!(100));
    let property = api.listed_property(&host, &draft).await?;
    let cases: [(i32, i32, u32, &[&str]); 8] = [
        (20, 3, 4, &[]),
        (20, 2, 4, &["too_short"]),
        (20, 6, 4, &["too_long"]),
        (20, 3, 5, &["too_many_guests"]),
        (1, 3, 4, &["too_soon"]),
        (120, 3, 4, &["too_far_ahead"]),
        (120, 1, 9, &["too_far_ahead", "too_many_guests", "too_short"]),
        (1, 9, 5, &["too_long", "too_many_guests", "too_soon"]),
    ];
    for (days, nights, guests, expected) in cases {
        let quoted = quote(&api, &property, &Stay::in_days(days, nights)?, guests).await?;
        if expected.is_empty() {
            ensure!(quoted.at("/bookable")? == true, "{quoted}");
            continue;
        }
        ensure!(quoted.at("/bookable")? == false && reasons(&quoted)? == expected, "{expected:?}: {quoted}");
        ensure!(quoted.json()?.get("quote_id").is_none_or(|id| id.is_null()), "a price for what cannot be: {quoted}");
    }
    let past = quote(&api, &property, &Stay::in_days(-10, 3)?, 1).await?;
    ensure!(reasons(&past)?.contains(&"in_the_past".to_owned()), "{past}");
    Ok(())
}

#[tokio::test]
async fn nearest_stays_are_the_nearest_that_can_be_booked() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let property = api.listed_property(&users[0], &Draft::default().with("preparation_nights", json!(1))).await?;
    for (days, nights) in [(40, 4), (46, 3), (33, 5)] {
        api.book(&users[1], &Stay::in_days(days, nights)?.body(&property)).expect(201).await?;
    }
    let wanted = Stay::in_days(41, 3)?;
    let quoted = quote(&api, &property, &wanted, 1).await?;
    ensure!(quoted.at("/bookable")? == false && reasons(&quoted)? == ["dates_unavailable"], "{quoted}");
    let offered = nearest(&quoted)?;
    ensure!(!offered.is_empty(), "nothing is offered: {quoted}");
    let mut distances = Vec::new();
    for stay in &offered {
        ensure!(days_between(stay.check_in, stay.check_out)? == 3, "another length: {quoted}");
        let again = quote(&api, &property, stay, 1).await?;
        ensure!(again.at("/bookable")? == true, "offered, but not bookable: {again}");
        distances.push(days_between(wanted.check_in, stay.check_in)?);
    }
    // By asking about each day: the first that is free on either side.
    for direction in [-1, 1] {
        let mut free = None;
        for step in 1..=20 {
            let check_in = wanted.check_in.checked_add((direction * step).days())?;
            let stay = Stay { check_in, check_out: check_in.checked_add(3.days())? };
            if quote(&api, &property, &stay, 1).await?.at("/bookable")? == true {
                free = Some(direction * step);
                break;
            }
        }
        let free = free.context("twenty days without a free one")?;
        let on_this_side = distances.iter().copied().filter(|days| days.signum() == direction);
        let offered = on_this_side.min_by_key(|days| days.abs());
        let nearer_on_other = distances.iter().filter(|days| days.abs() <= free.abs()).count();
        ensure!(offered == Some(free) || nearer_on_other == distances.len(), "{free} days is nearer: {distances:?}");
    }
    Ok(())
}

#[tokio::test]
async fn nothing_is_offered_beyond_sixty_days_or_the_booking_window() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(3).await?;
    let property = api.listed_property(&users[0], &Draft::default().with("max_nights", json!(90))).await?;
    for (guest, days) in [(1, 10), (2, 100)] {
        api.book(&users[guest], &Stay::in_days(days, 90)?.body(&property)).expect(201).await?;
    }
    // Taken from the 10th to the 190th day.
    let middle = quote(&api, &property, &Stay::in_days(100, 5)?, 1).await?;
    ensure!(nearest(&middle)?.is_empty(), "beyond {REACH_DAYS} days: {middle}");
    let late = quote(&api, &property, &Stay::in_days(150, 5)?, 1).await?;
    let offered = nearest(&late)?;
    ensure!(
        offered.first().is_some_and(|stay| Stay::in_days(190, 5).is_ok_and(|it| it.check_in == stay.check_in)),
        "{late}"
    );
    let reach = Draft::default().with("booking_window_days", json!(30));
    let property = api.listed_property(&users[0], &reach).await?;
    let far = quote(&api, &property, &Stay::in_days(60, 2)?, 1).await?;
    for stay in nearest(&far)? {
        let again = quote(&api, &property, &stay, 1).await?;
        ensure!(again.at("/bookable")? == true, "offered, but not bookable: {again}");
    }
    // So many guests never fit, whenever.
    let many = quote(&api, &property, &Stay::in_days(10, 2)?, 9).await?;
    ensure!(nearest(&many)?.is_empty(), "offered to too many guests: {many}");
    Ok(())
}

#[tokio::test]
async fn lines_add_up_and_taxes_come_last() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    for (latitude, longitude, city, country) in [
        (38.72, -9.14, "Lisboa", "PT"),
        (40.71, -74.0, "New York", "US"),
        (52.37, 4.9, "Amsterdam", "NL"),
        (0.0, 0.0, "X", "GH"),
    ] {
        let location = json!({ "latitude": latitude, "longitude": longitude, "city": city, "country": country });
        let property = api.listed_property(&host, &Draft::default().with("location", location)).await?;
        let quoted = quote(&api, &property, &Stay::in_days(30, 8)?, 3).await?;
        let price = quoted.at("/price")?;
        let lines = price["lines"].as_array().context("no lines")?;
        let amount = |value: &serde_json::Value| value["amount"].as_i64().context("no amount");
        let (mut total, mut taxes) = (0, 0);
        for line in lines {
            total += amount(&line["amount"])?;
            taxes += if line["code"] == "tax" { amount(&line["amount"])? } else { 0 };
        }
        ensure!(total == amount(&price["total"])? && taxes == amount(&price["taxes"])?, "{quoted}");
        let codes: Vec<&str> = lines.iter().filter_map(|line| line["code"].as_str()).collect();
        let last_untaxed = codes.iter().rposition(|code| *code != "tax" && *code != "rounding");
        let first_tax = codes.iter().position(|code| *code == "tax");
        ensure!(first_tax.is_none_or(|at| Some(at) > last_untaxed), "a tax before {codes:?}");
        let fee = (amount(&price["subtotal"])? * 142 + 500) / 1_000;
        ensure!(amount(&price["guest_fee"])? == fee, "14.2 % of the subtotal is {fee}: {quoted}");
    }
    Ok(())
}
