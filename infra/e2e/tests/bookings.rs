//! The rules of a booking: each broken one is named, and the price is never the client's.

use anyhow::{Result, ensure};
use e2e::{Api, Draft, Property, Stay, User};
use serde_json::{Value, json};

/// Listed for 2 to 5 nights, 48 hours ahead at least and 100 days at most, for 4 guests, no pets.
async fn strict_property(api: &Api, host: &User) -> Result<Property> {
    let draft = Draft::default()
        .with("min_nights", json!(2))
        .with("max_nights", json!(5))
        .with("advance_notice_hours", json!(48))
        .with("booking_window_days", json!(100));
    api.listed_property(host, &draft).await
}

fn guests(mut body: Value, adults: i32, children: i32, infants: i32, pets: i32) -> Value {
    body["guests"] = json!({ "adults": adults, "children": children, "infants": infants, "pets": pets });
    body
}

#[tokio::test]
async fn every_broken_rule_is_named() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = strict_property(&api, &host).await?;
    let stay = |days, nights| Ok::<Value, anyhow::Error>(Stay::in_days(days, nights)?.body(&property));
    let cases: [(Value, &[&str]); 11] = [
        (stay(-10, 3)?, &["in_the_past"]),
        (stay(20, 0)?, &["check_out_not_after_check_in"]),
        (stay(20, -2)?, &["check_out_not_after_check_in"]),
        (stay(20, 1)?, &["too_short"]),
        (stay(20, 6)?, &["too_long"]),
        (stay(0, 3)?, &["too_soon"]),
        (stay(130, 3)?, &["too_far_ahead"]),
        (guests(stay(20, 3)?, 3, 2, 0, 0), &["too_many_guests"]),
        (guests(stay(20, 3)?, 1, 0, 0, 1), &["pets_not_allowed"]),
        (guests(stay(20, 6)?, 5, 0, 0, 1), &["too_long", "too_many_guests", "pets_not_allowed"]),
        (guests(stay(130, 1)?, 9, 0, 0, 0), &["too_short", "too_far_ahead", "too_many_guests"]),
    ];
    for (body, expected) in cases {
        let answer = api.book(&guest, &body).send().await?;
        let problem = answer.expect_problem(422, "validation_failed")?;
        for code in expected {
            ensure!(problem.fault_codes().contains(code), "{code} is not named: {answer}");
        }
    }
    let own = api.book(&host, &stay(20, 3)?).send().await?;
    ensure!(own.status == 422 && own.problem()?.fault_codes() == ["own_property"], "{own}");
    Ok(())
}

#[tokio::test]
async fn rules_hold_to_their_boundaries() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = strict_property(&api, &host).await?;
    let good = [
        (Stay::in_days(20, 2)?, (1, 0, 0)),
        (Stay::in_days(30, 5)?, (1, 0, 0)),
        (Stay::in_days(95, 3)?, (1, 0, 0)),
        (Stay::in_days(3, 2)?, (1, 0, 0)),
        (Stay::in_days(40, 2)?, (2, 2, 0)),
        // Infants are no guests.
        (Stay::in_days(50, 2)?, (2, 2, 3)),
    ];
    for (stay, (adults, children, infants)) in good {
        let body = guests(stay.body(&property), adults, children, infants, 0);
        api.book(&guest, &body).expect(201).await?;
    }
    Ok(())
}

#[tokio::test]
async fn quote_names_the_rules_that_a_booking_would_break() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = strict_property(&api, &host).await?;
    let cases: [(Stay, i32, &[&str]); 6] = [
        (Stay::in_days(-10, 3)?, 1, &["in_the_past"]),
        (Stay::in_days(20, 1)?, 1, &["too_short"]),
        (Stay::in_days(20, 6)?, 1, &["too_long"]),
        (Stay::in_days(0, 3)?, 1, &["too_soon"]),
        (Stay::in_days(130, 3)?, 1, &["too_far_ahead"]),
        (Stay::in_days(20, 6)?, 5, &["too_long", "too_many_guests"]),
    ];
    for (stay, count, expected) in cases {
        let path = format!("{}/quote?{}&guests={count}", property.path(), stay.query());
        let answer = api.get(&path).by(&guest).expect(200).await?;
        ensure!(answer.at("/bookable")? == false, "{answer}");
        let reasons = answer.at("/reasons")?;
        let codes: Vec<&str> = reasons.as_array().into_iter().flatten().filter_map(|it| it["code"].as_str()).collect();
        ensure!(expected.iter().all(|code| codes.contains(code)), "{expected:?} expected: {answer}");
        ensure!(answer.at("/nearest")?.is_array() && answer.json()?.get("price").is_none(), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn nearest_dates_of_a_quote_can_be_booked() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let stay = Stay::in_days(20, 3)?;
    api.book(&guest, &stay.body(&property)).expect(201).await?;
    let quote = api.get(&format!("{}/quote?{}&guests=1", property.path(), stay.query())).expect(200).await?;
    let mut body = stay.body(&property);
    body["check_in"] = quote.at("/nearest/0/check_in")?;
    body["check_out"] = quote.at("/nearest/0/check_out")?;
    let booked = api.book(&guest, &body).expect(201).await?;
    ensure!(booked.at("/nights")? == 3, "not of the same length: {quote}");
    Ok(())
}

#[tokio::test]
async fn price_that_the_guest_was_not_shown_is_refused_with_the_new_one() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let stay = Stay::in_days(20, 2)?;
    let quote = api.get(&format!("{}/quote?{}&guests=1", property.path(), stay.query())).expect(200).await?;
    let total = quote.at("/price/total")?;
    let mut body = stay.body(&property);
    body["expected_total"] = json!({ "amount": total["amount"].as_i64().unwrap_or_default() - 1, "currency": "EUR" });
    let refused = api.book(&guest, &body).send().await?;
    let problem = refused.expect_problem(409, "quote_changed")?;
    ensure!(problem.json["quote"]["price"]["total"] == total, "not the new price: {refused}");

    // A quote that was signed for other dates, or by nobody, is worth nothing.
    let other = Stay::in_days(40, 2)?;
    let other = api.get(&format!("{}/quote?{}&guests=1", property.path(), other.query())).expect(200).await?;
    for quote_id in [other.at("/quote_id")?, json!("quote_of_mine"), json!("")] {
        let mut body = stay.body(&property);
        body["quote_id"] = quote_id;
        let answer = api.book(&guest, &body).send().await?;
        ensure!(matches!(answer.status, 409 | 422), "a false quote is taken: {answer}");
    }
    body["expected_total"] = total.clone();
    let booked = api.book(&guest, &body).expect(201).await?;
    ensure!(booked.at("/price/total")? == total, "another price: {booked}");
    Ok(())
}

#[tokio::test]
async fn unverified_address_may_draft_but_not_publish_or_book() -> Result<()> {
    let api = Api::connect().await?;
    let (host, newcomer) = futures::future::try_join(api.register_verified_user(), api.register_user()).await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let refused = api.book(&newcomer, &Stay::in_days(20, 2)?.body(&property)).send().await?;
    refused.expect_problem(403, "email_unverified")?;
    let draft = api.draft_property(&newcomer, &Draft::default()).await?;
    let refused = api.post(&format!("{}/list", draft.path())).by(&newcomer).send().await?;
    refused.expect_problem(403, "email_unverified")?;
    Ok(())
}

#[tokio::test]
async fn unlisted_property_is_neither_found_nor_quoted_nor_booked() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let (stay, path) = (Stay::in_days(20, 2)?, property.path());
    api.post(&format!("{path}/unlist")).by(&host).expect(200).await?;
    let found = api.get(&format!("/v1/properties?bbox={}", property.bbox())).expect(200).await?;
    ensure!(found.at("/data")? == json!([]), "{found}");
    api.get(&path).by(&guest).send().await?.expect_problem(404, "not_found")?;
    api.get(&format!("{path}/quote?{}&guests=1", stay.query()))
        .by(&guest)
        .send()
        .await?
        .expect_problem(404, "not_found")?;
    let refused = api.book(&guest, &stay.body(&property)).send().await?;
    refused.expect_problem(422, "validation_failed")?.expect_fault("/property_id", "not_found")?;
    api.get(&path).by(&host).expect(200).await?;
    api.post(&format!("{path}/list")).by(&host).expect(200).await?;
    api.book(&guest, &stay.body(&property)).expect(201).await?;
    Ok(())
}

#[tokio::test]
async fn listing_that_lacks_something_is_not_ready() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    for (field, value) in [("title", json!("")), ("base_price", Value::Null)] {
        let body = Draft::default().with(field, value);
        let made = api.post("/v1/properties").by(&host).json(body.body()).send().await?;
        // A draft may be refused at once for it; if it is taken, publishing is where it fails.
        if made.status == 201 {
            let list = format!("/v1/properties/{}/list", made.text_at("/id")?);
            let refused = api.post(&list).by(&host).send().await?;
            let problem = refused.expect_problem(409, "not_ready")?;
            ensure!(problem.json["missing"].to_string().contains(field), "{field} is not named: {refused}");
        } else {
            made.expect_problem(422, "validation_failed")?.expect_pointer(&format!("/{field}"))?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn prices_of_a_property_are_in_its_currency() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    for (field, value) in [
        ("base_price", json!({ "amount": 100, "currency": "USD" })),
        ("cleaning_fee", json!({ "amount": 100, "currency": "USD" })),
        ("base_price", json!({ "amount": 100, "currency": "ZZZ" })),
        ("base_price", json!({ "amount": 100, "currency": "eur" })),
        ("base_price", json!(100)),
        ("base_price", json!("100.00")),
        ("currency", json!("EURO")),
    ] {
        let body = Draft::default().with(field, value);
        let answer = api.post("/v1/properties").by(&host).json(body.body()).send().await?;
        let problem = answer.expect_problem(422, "validation_failed")?;
        ensure!(problem.faults.iter().any(|(at, _)| at.starts_with(&format!("/{field}"))), "{answer}");
    }
    Ok(())
}

#[tokio::test]
async fn own_bookings_are_listed_by_role_page_by_page() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let mut made = Vec::new();
    for days in [20, 30, 40] {
        made.push(api.book(&guest, &Stay::in_days(days, 2)?.body(&property)).expect(201).await?.text_at("/id")?);
    }
    for (user, role) in [(&guest, "guest"), (&host, "host")] {
        let (mut path, mut seen) = (format!("/v1/bookings?role={role}&limit=2"), Vec::new());
        loop {
            let page = api.get(&path).by(user).expect(200).await?;
            let data = page.at("/data")?;
            seen.extend(data.as_array().into_iter().flatten().filter_map(|it| it["id"].as_str().map(str::to_owned)));
            ensure!(seen.len() <= 3, "pages without end: {page}");
            let Some(cursor) = page.at("/next_cursor")?.as_str().map(str::to_owned) else {
                break;
            };
            page.require_header("link")?;
            path = format!("/v1/bookings?role={role}&limit=2&cursor={cursor}");
        }
        seen.sort();
        made.sort();
        ensure!(seen == made, "{role}: {seen:?} instead of {made:?}");
    }
    for (user, role) in [(&guest, "host"), (&host, "guest")] {
        let none = api.get(&format!("/v1/bookings?role={role}")).by(user).expect(200).await?;
        ensure!(none.at("/data")? == json!([]), "another's bookings: {none}");
    }
    Ok(())
}
