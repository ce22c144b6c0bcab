//! The host's calendar: blocks and overrides, what they do to search, quote and booking, and who wins a race for a night.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay, User};
use jiff::ToSpan;
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};

async fn put(api: &Api, property: &Property, by: &User, days: Value) -> Result<Answer> {
    api.call(Method::PUT, &format!("{}/calendar", property.path())).by(by).json(&json!({ "days": days })).send().await
}

/// The days of a stay as a host's calendar has them, `to` out, with these settings.
fn days(stay: &Stay, settings: &Value) -> Value {
    let mut entry = json!({ "from": stay.check_in.to_string(), "to": stay.check_out.to_string() });
    for (name, value) in settings.as_object().into_iter().flatten() {
        entry[name] = value.clone();
    }
    entry
}

async fn read(api: &Api, property: &Property, stay: &Stay) -> Result<Vec<Value>> {
    let path = format!("{}/calendar?from={}&to={}", property.path(), stay.check_in, stay.check_out);
    let answer = api.get(&path).expect(200).await?;
    let days = answer.at("/data").or_else(|_| answer.at("/days"))?;
    Ok(days.as_array().with_context(|| format!("no list of days: {answer}"))?.clone())
}

fn available(days: &[Value]) -> Vec<bool> {
    days.iter().map(|day| day["available"] == true).collect()
}

async fn quote(api: &Api, property: &Property, stay: &Stay) -> Result<Answer> {
    api.get(&format!("{}/quote?{}&guests=1", property.path(), stay.query())).expect(200).await
}

async fn is_found(api: &Api, property: &Property, stay: &Stay) -> Result<bool> {
    let found = api.get(&format!("/v1/properties?bbox={}&{}", property.bbox(), stay.query())).expect(200).await?;
    Ok(found.ids()?.contains(&property.id))
}

/// Search, quote and booking say the same of a stay.
async fn expect_bookable(api: &Api, property: &Property, guest: &User, stay: &Stay, expected: bool) -> Result<()> {
    let quoted = quote(api, property, stay).await?;
    ensure!(quoted.at("/bookable")? == expected, "quote: {quoted}");
    ensure!(is_found(api, property, stay).await? == expected, "search differs from {quoted}");
    if !expected {
        let answer = api.book(guest, &stay.body(property)).send().await?;
        ensure!(matches!(answer.status, 409 | 422), "booked: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn calendar_shows_price_and_minimum_of_every_day() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let stay = Stay::in_days(20, 14)?;
    let calendar = read(&api, &property, &stay).await?;
    ensure!(calendar.len() == 14, "not a day each: {calendar:?}");
    for (number, day) in calendar.iter().enumerate() {
        let date: Date = day["date"].as_str().context("no date")?.parse()?;
        ensure!(date == stay.check_in.checked_add(i32::try_from(number)?.days())?, "not in order: {calendar:?}");
        // Friday and Saturday nights.
        let is_weekend = [5, 6].contains(&date.weekday().to_monday_one_offset());
        let amount = if is_weekend { 12_050 } else { 10_000 };
        ensure!(day["price"] == json!({ "amount": amount, "currency": "EUR" }), "{day}");
        ensure!(day["available"] == true && day["min_nights"] == 1, "{day}");
    }
    let year = Stay::in_days(0, 400)?;
    ensure!(read(&api, &property, &year).await?.len() == 400, "not 400 days");
    Ok(())
}

#[tokio::test]
async fn blocked_days_are_neither_found_nor_quoted_nor_booked() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, guest) = (&users[0], &users[1]);
    let property = api.listed_property(host, &Draft::default().with("preparation_nights", json!(1))).await?;
    let blocked = Stay::in_days(42, 2)?;
    // Asked before, so that something may be kept.
    expect_bookable(&api, &property, guest, &blocked, true).await?;
    let note = json!({ "available": false, "note": "Our own holiday" });
    put(&api, &property, host, json!([days(&blocked, &note)])).await?.expect_status(200)?;
    let around = read(&api, &property, &Stay::in_days(40, 6)?).await?;
    ensure!(available(&around) == [true, true, false, false, true, true], "{around:?}");
    ensure!(around[2]["reason"].is_string(), "no reason: {around:?}");
    let shown = serde_json::to_string(&around)?;
    ensure!(!shown.contains("holiday"), "the host's note is for the host: {shown}");
    // A stay needs its preparation night free as well.
    for (start, nights, expected) in
        [(40, 1, true), (40, 2, false), (41, 1, false), (42, 1, false), (43, 3, false), (44, 2, true), (38, 10, false)]
    {
        expect_bookable(&api, &property, guest, &Stay::in_days(start, nights)?, expected).await?;
    }
    let refused = quote(&api, &property, &Stay::in_days(42, 2)?).await?;
    ensure!(refused.text_at("/reasons/0/code").is_ok() && refused.text_at("/reasons/0/detail").is_ok(), "{refused}");
    for nearest in refused.at("/nearest")?.as_array().context("no nearest")? {
        let date = |name: &str| -> Result<Date> { Ok(nearest[name].as_str().context("no date")?.parse()?) };
        let stay = Stay { check_in: date("check_in")?, check_out: date("check_out")? };
        ensure!(stay.check_out == stay.check_in.checked_add(2.days())?, "another length: {refused}");
        expect_bookable(&api, &property, guest, &stay, true).await?;
    }
    let booked = api.book(guest, &blocked.body(&property)).send().await?;
    booked.expect_problem(409, "dates_unavailable")?;

    put(&api, &property, host, json!([days(&blocked, &json!({ "available": true }))])).await?.expect_status(200)?;
    expect_bookable(&api, &property, guest, &blocked, true).await?;
    api.book(guest, &blocked.body(&property)).expect(201).await?;
    Ok(())
}

#[tokio::test]
async fn booked_night_cannot_be_blocked_and_then_nothing_changes() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, guest) = (&users[0], &users[1]);
    let property = api.listed_property(host, &Draft::default().with("preparation_nights", json!(1))).await?;
    let booked = Stay::in_days(50, 2)?;
    api.book(guest, &booked.body(&property)).expect(201).await?;
    let before = read(&api, &property, &Stay::in_days(40, 20)?).await?;
    let no = json!({ "available": false });
    for (start, nights) in [(50, 1), (51, 1), (48, 3), (51, 5), (45, 12)] {
        let entries = json!([days(&Stay::in_days(42, 1)?, &no), days(&Stay::in_days(start, nights)?, &no)]);
        let answer = put(&api, &property, host, entries).await?;
        let problem = answer.expect_problem(409, "night_booked")?;
        let first = booked.check_in.max(Stay::in_days(start, 1)?.check_in);
        ensure!(problem.json.to_string().contains(&first.to_string()), "{first} is not named: {answer}");
        let after = read(&api, &property, &Stay::in_days(40, 20)?).await?;
        ensure!(after == before, "something has changed: {after:?}");
    }
    // Another price of a booked night is for a later guest, and no harm.
    let price = json!({ "price": { "amount": 20_000, "currency": "EUR" } });
    put(&api, &property, host, json!([days(&booked, &price)])).await?.expect_status(200)?;
    // The day of departure's night is kept for preparation only: the nights beyond are free to block.
    let after = Stay::in_days(53, 2)?;
    put(&api, &property, host, json!([days(&after, &no)])).await?.expect_status(200)?;
    Ok(())
}

#[tokio::test]
async fn price_of_a_date_goes_before_weekend_and_base_price() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, guest) = (&users[0], &users[1]);
    let draft = Draft::default().priced(10_000).with("cleaning_fee", json!({ "amount": 0, "currency": "EUR" }));
    let property = api.listed_property(host, &draft).await?;
    let stay = Stay::in_days(60, 3)?;
    let plain = quote(&api, &property, &stay).await?;
    ensure!(plain.at("/price/subtotal/amount")? == 30_000, "{plain}");
    let price = json!({ "price": { "amount": 17_777, "currency": "EUR" } });
    put(&api, &property, host, json!([days(&Stay::in_days(61, 1)?, &price)])).await?.expect_status(200)?;
    let changed = quote(&api, &property, &stay).await?;
    ensure!(changed.at("/price/subtotal/amount")? == 37_777, "{changed}");
    let found = api.get(&format!("/v1/properties?bbox={}&{}", property.bbox(), stay.query())).expect(200).await?;
    ensure!(found.at("/data/0/stay/total")? == changed.at("/price/total")?, "search has another price: {found}");
    // The price that was shown before is no longer today's.
    let mut body = stay.body(&property);
    body["expected_total"] = plain.at("/price/total")?;
    api.book(guest, &body).send().await?.expect_problem(409, "quote_changed")?;
    body["expected_total"] = changed.at("/price/total")?;
    api.book(guest, &body).expect(201).await?;
    let clear = days(&Stay::in_days(61, 1)?, &json!({ "price": null }));
    put(&api, &property, host, json!([clear])).await?.expect_status(200)?;
    let calendar = read(&api, &property, &Stay::in_days(61, 1)?).await?;
    ensure!(calendar[0]["price"]["amount"] == 10_000, "not cleared: {calendar:?}");
    Ok(())
}

#[tokio::test]
async fn minimum_of_a_date_counts_on_the_day_of_arrival_only() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, guest) = (&users[0], &users[1]);
    let property = api.listed_property(host, &Draft::default().with("min_nights", json!(2))).await?;
    let entries = json!([
        days(&Stay::in_days(70, 1)?, &json!({ "min_nights": 5 })),
        days(&Stay::in_days(80, 1)?, &json!({ "min_nights": 1 })),
    ]);
    put(&api, &property, host, entries).await?.expect_status(200)?;
    let cases =
        [(70, 4, false), (70, 5, true), (69, 2, true), (71, 2, true), (71, 1, false), (80, 1, true), (79, 1, false)];
    for (start, nights, expected) in cases {
        expect_bookable(&api, &property, guest, &Stay::in_days(start, nights)?, expected).await?;
    }
    let short = quote(&api, &property, &Stay::in_days(70, 4)?).await?;
    ensure!(short.text_at("/reasons/0/code")? == "too_short", "{short}");
    let calendar = read(&api, &property, &Stay::in_days(70, 2)?).await?;
    ensure!(calendar[0]["min_nights"] == 5 && calendar[1]["min_nights"] == 2, "{calendar:?}");
    Ok(())
}

#[tokio::test]
async fn bad_calendars_are_validation_failures() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let host = &users[0];
    let property = api.listed_property(host, &Draft::default()).await?;
    let path = format!("{}/calendar", property.path());
    for query in [
        "from=2027-01-02&to=2027-01-01",
        "from=2027-01-01&to=2027-01-01",
        "from=2027-01-01&to=2028-02-06",
        "from=x&to=y",
        "from=2027-02-30&to=2027-03-01",
        "from=&to=",
        "from=0000-01-01&to=0000-01-02",
        "from=2027-01-01&to=2027-01-02&colour=red",
        "from=%00&to=2027-01-01",
        "from=2027-01-01&from=2027-01-01&to=2027-01-02",
        "from=-2027-01-01&to=2027-01-01",
        "from=0001-01-01&to=9999-12-31",
        "from=2027-01-01T00:00:00Z&to=2027-01-02",
    ] {
        api.get(&format!("{path}?{query}")).send().await?.expect_problem(422, "validation_failed").context(query)?;
    }
    for far in ["from=9999-12-30&to=9999-12-31", "from=1970-01-01&to=1970-01-03"] {
        let answer = api.get(&format!("{path}?{far}")).send().await?;
        ensure!(matches!(answer.status, 200 | 422), "{answer}");
    }
    let good = Stay::in_days(30, 2)?;
    let with = |name: &str, value: Value| json!({ "days": [days(&good, &json!({ name: value }))] });
    let money = |amount: Value, currency: &str| json!({ "amount": amount, "currency": currency });
    let bad = [
        json!({}),
        json!({ "days": null }),
        json!({ "days": {} }),
        json!({ "days": [null] }),
        json!({ "days": [{}] }),
        json!({ "days": [{ "from": "2027-01-02", "to": "2027-01-02", "available": false }] }),
        json!({ "days": [{ "from": "2027-01-02", "to": "2027-01-01", "available": false }] }),
        json!({ "days": [{ "from": "0001-01-01", "to": "9999-12-31", "available": false }] }),
        json!({ "days": [{ "from": "2027-02-30", "to": "2027-03-01", "available": false }] }),
        with("colour", json!("red")),
        with("available", json!("no")),
        with("min_nights", json!(0)),
        with("min_nights", json!(-1)),
        with("min_nights", json!(1.5)),
        with("min_nights", json!(100_000)),
        with("min_nights", json!(9_223_372_036_854_775_807_u64)),
        with("price", money(json!(0), "EUR")),
        with("price", money(json!(-1), "EUR")),
        with("price", money(json!(1_000), "USD")),
        with("price", json!(1_000)),
        with("price", money(json!(9_223_372_036_854_775_807_i64), "EUR")),
        with("price", money(json!(1.5), "EUR")),
        with("note", json!("a\0b")),
        with("note", json!("x".repeat(10_000))),
        with("note", json!(7)),
    ];
    for body in bad {
        let answer = api.call(Method::PUT, &path).by(host).json(&body).send().await?;
        answer.expect_problem(422, "validation_failed")?;
    }
    let surrogate =
        format!("{{\"days\":[{{\"from\":\"{}\",\"to\":\"{}\",\"note\":\"\\ud800\"}}]}}", good.check_in, good.check_out);
    let answer = api.call(Method::PUT, &path).by(host).json_text(surrogate).send().await?;
    answer.expect_problem(422, "validation_failed")?;
    let calendar = read(&api, &property, &good).await?;
    ensure!(available(&calendar) == [true, true], "a refused calendar has changed something: {calendar:?}");
    put(&api, &property, &users[1], json!([days(&good, &json!({ "available": false }))]))
        .await?
        .expect_problem(403, "forbidden")?;
    Ok(())
}

#[tokio::test]
async fn of_a_block_and_a_booking_at_once_one_wins() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, guest) = (&users[0], &users[1]);
    let property = api.listed_property(host, &Draft::default()).await?;
    let no = json!({ "available": false });
    let (mut blocked, mut booked) = (0, 0);
    for round in 0..8 {
        let stay = Stay::in_days(20 + round * 4, 3)?;
        let body = stay.body(&property);
        let block = put(&api, &property, host, json!([days(&Stay::in_days(21 + round * 4, 1)?, &no)]));
        let (block, booking) = futures::future::join(block, api.book(guest, &body).send()).await;
        let (block, booking) = (block?, booking?);
        match (block.status, booking.status) {
            (200, 409) => {
                booking.expect_problem(409, "dates_unavailable")?;
                blocked += 1;
            }
            (409, 201) => {
                block.expect_problem(409, "night_booked")?;
                booked += 1;
            }
            _ => anyhow::bail!("both or neither: {block}\n{booking}"),
        }
    }
    ensure!(blocked + booked == 8, "{blocked} and {booked}");
    Ok(())
}
