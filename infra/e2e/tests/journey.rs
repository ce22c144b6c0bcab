//! The journey of the README: a host lists, a guest finds, quotes and books, and the nights are gone.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Draft, Provider, Stay, new_key};
use serde_json::{Value, json};

#[tokio::test]
async fn guest_finds_quotes_and_books_what_a_host_listed() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let [host, guest] = users.as_slice() else { anyhow::bail!("not two users") };
    let draft = Draft::default();
    let property = api.draft_property(host, &draft).await?;
    let stay = Stay::in_days(40, 3)?;
    let search = format!("/v1/properties?bbox={}&{}&guests=2", property.bbox(), stay.query());

    let before = api.get(&search).expect(200).await?;
    ensure!(before.at("/data")? == json!([]), "a draft is found: {before}");
    api.upload_photo(host, &property.path()).await?;
    let listed = api.post(&format!("{}/list", property.path())).by(host).expect(200).await?;
    ensure!(listed.text_at("/status")? == "listed", "not listed: {listed}");

    let found = api.get(&search).expect(200).await?;
    ensure!(found.text_at("/data/0/id")? == property.id, "not found: {found}");
    ensure!(found.at("/data/0/stay/nights")? == 3, "no stay in the hit: {found}");
    ensure!(found.at("/next_cursor")?.is_null(), "more than one page: {found}");

    let quote = api.get(&format!("{}/quote?{}&guests=2", property.path(), stay.query())).expect(200).await?;
    ensure!(quote.at("/bookable")? == true, "not bookable: {quote}");
    ensure!(quote.at("/price/total")? == found.at("/data/0/stay/total")?, "search and quote differ: {found}\n{quote}");

    let mut body = stay.body(&property);
    body["guests"]["adults"] = json!(2);
    body["quote_id"] = quote.at("/quote_id")?;
    body["expected_total"] = quote.at("/price/total")?;
    let booked = api.book(guest, &body).expect(201).await?;
    ensure!(booked.text_at("/status")? == "pending_payment", "no hold: {booked}");
    ensure!(booked.at("/price")? == quote.at("/price")?, "the price is not the quote's: {quote}\n{booked}");
    ensure!(booked.at("/nights")? == 3 && booked.text_at("/guest_id")? == guest.id, "another stay: {booked}");
    ensure!(booked.text_at("/host_id")? == host.id && booked.text_at("/property_id")? == property.id, "{booked}");

    let second = api.book(guest, &body).send().await?;
    second.expect_problem(409, "dates_unavailable")?;
    let after = api.get(&search).expect(200).await?;
    ensure!(after.at("/data")? == json!([]), "booked nights are still offered: {after}");
    let quote = api.get(&format!("{}/quote?{}&guests=2", property.path(), stay.query())).expect(200).await?;
    ensure!(quote.at("/bookable")? == false, "booked nights are still quoted: {quote}");
    ensure!(quote.text_at("/reasons/0/code")? == "dates_unavailable", "another reason: {quote}");
    quote.text_at("/nearest/0/check_in")?;

    let path = format!("/v1/bookings/{}", booked.text_at("/id")?);
    for party in [host, guest] {
        let seen = api.get(&path).by(party).expect(200).await?;
        ensure!(seen.json()? == booked.json()?, "not the booking that was answered: {seen}\n{booked}");
    }
    let listed = api.get("/v1/bookings?role=guest").by(guest).expect(200).await?;
    ensure!(listed.at("/data")?.as_array().is_some_and(|all| all.len() == 1), "not one booking: {listed}");
    ensure!(listed.text_at("/data/0/id")? == booked.text_at("/id")?, "another booking: {listed}");
    Ok(())
}

fn minor(price: &Value, pointer: &str) -> Result<i64> {
    let money = price.pointer(pointer).with_context(|| format!("no {pointer} in {price}"))?;
    ensure!(money["currency"] == "EUR", "{pointer} is not in the property's currency: {price}");
    money["amount"].as_i64().with_context(|| format!("{pointer} is not in whole minor units: {price}"))
}

#[tokio::test]
async fn price_lines_sum_to_the_total_and_follow_the_rules() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default().without("weekend_price")).await?;
    let quote = |nights: i32, guests: i32| {
        let api = api.clone();
        let path = property.path();
        async move {
            let stay = Stay::in_days(50, nights)?;
            api.get(&format!("{path}/quote?{}&guests={guests}", stay.query())).expect(200).await?.at("/price")
        }
    };
    // (nights, guests, subtotal): 100.00 a night, 33.33 cleaning, 7.77 a night for each guest beyond two,
    // 10 % off from 7 nights and 20 % off from 28.
    let cases = [
        (1, 1, 10_000 + 3_333),
        (6, 2, 60_000 + 3_333),
        (6, 4, 60_000 + 6 * 2 * 777 + 3_333),
        (7, 2, 70_000 - 7_000 + 3_333),
        (27, 2, 270_000 - 27_000 + 3_333),
        (28, 3, 280_000 - 56_000 + 28 * 777 + 3_333),
    ];
    for (nights, guests, subtotal) in cases {
        let price = quote(nights, guests).await?;
        let lines = price["lines"].as_array().context("no lines")?.clone();
        let amounts = lines.iter().map(|line| minor(line, "/amount")).collect::<Result<Vec<i64>>>()?;
        ensure!(amounts.iter().sum::<i64>() == minor(&price, "/total")?, "lines do not sum to the total: {price}");
        ensure!(minor(&price, "/subtotal")? == subtotal, "{nights} nights of {guests}: {subtotal} expected: {price}");
        // Half up to whole cents: 14.2 % of the guest, 3 % of the host.
        ensure!(minor(&price, "/guest_fee")? == (subtotal * 1_420 + 5_000) / 10_000, "guest fee: {price}");
        ensure!(minor(&price, "/host_fee")? == (subtotal * 300 + 5_000) / 10_000, "host fee: {price}");
        ensure!(minor(&price, "/host_payout")? == subtotal - minor(&price, "/host_fee")?, "payout: {price}");
        let taxes: i64 = lines
            .iter()
            .filter(|line| line["code"] == "tax")
            .map(|line| minor(line, "/amount"))
            .sum::<Result<i64>>()?;
        ensure!(taxes == minor(&price, "/taxes")?, "tax lines: {price}");
        ensure!(subtotal + minor(&price, "/guest_fee")? + taxes == minor(&price, "/total")?, "total: {price}");
    }
    Ok(())
}

#[tokio::test]
async fn back_to_back_stays_both_succeed() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(3).await?;
    let [host, first, second] = users.as_slice() else { anyhow::bail!("not three users") };
    let property = api.listed_property(host, &Draft::default()).await?;
    let middle = Stay::in_days(63, 3)?;
    api.book(first, &middle.body(&property)).expect(201).await?;
    for (guest, stay) in [(second, Stay::in_days(60, 3)?), (second, Stay::in_days(66, 3)?)] {
        api.book(guest, &stay.body(&property)).expect(201).await?;
    }
    for overlapping in [Stay::in_days(65, 1)?, Stay::in_days(62, 2)?, Stay::in_days(50, 40)?] {
        let refused = api.book(second, &overlapping.body(&property)).send().await?;
        refused.expect_problem(409, "dates_unavailable")?;
    }
    Ok(())
}

#[tokio::test]
async fn preparation_nights_keep_the_gap_after_a_stay_and_do_not_block_twice() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let [host, guest] = users.as_slice() else { anyhow::bail!("not two users") };
    let property = api.listed_property(host, &Draft::default().with("preparation_nights", json!(1))).await?;
    api.book(guest, &Stay::in_days(30, 2)?.body(&property)).expect(201).await?;
    let too_close = api.book(guest, &Stay::in_days(32, 2)?.body(&property)).send().await?;
    too_close.expect_problem(409, "dates_unavailable")?;
    api.book(guest, &Stay::in_days(33, 2)?.body(&property)).expect(201).await?;
    // Its own night of preparation, day 29, is free until day 30.
    api.book(guest, &Stay::in_days(27, 2)?.body(&property)).expect(201).await?;
    Ok(())
}

#[tokio::test]
async fn host_gets_one_mail_for_each_requested_booking() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let [host, guest] = users.as_slice() else { anyhow::bail!("not two users") };
    let property = api.listed_property(host, &Draft::default().with("instant_book", json!(false))).await?;
    let is_news = |mail: &e2e::Mail| mail.token().is_none();
    let provider = Provider::of_stack()?;
    for days in [20, 30, 40] {
        let booked = api.book(guest, &Stay::in_days(days, 2)?.body(&property)).expect(201).await?;
        let body = json!({ "booking_id": booked.text_at("/id")? });
        let payment = api.post("/v1/payments").by(guest).key(&new_key()).json(&body).expect(201).await?;
        // There is something to answer once the card is authorised.
        provider.pay(&payment.text_at("/client_secret")?, "pm_card_visa").await?;
        // A refused booking is no event.
        let refused = api.book(guest, &Stay::in_days(days, 2)?.body(&property)).send().await?;
        refused.expect_problem(409, "dates_unavailable")?;
        let mails = api.mailbox().wait_for(&host.email, usize::try_from(days / 10 - 1)?, is_news).await?;
        ensure!(mails.len() == usize::try_from(days / 10 - 1)?, "not one mail a booking: {mails:?}");
    }
    let to_guest = api.mailbox().sent_to(&guest.email).await?.into_iter().filter(is_news).count();
    ensure!(to_guest <= 3, "{to_guest} mails to the guest for 3 bookings");
    Ok(())
}
