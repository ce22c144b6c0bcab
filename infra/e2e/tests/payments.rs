//! Money from outside: a guest pays with a test card at the provider, the webhook confirms, the mail comes.

use std::time::Instant;

use anyhow::{Result, ensure};
use e2e::{Api, Draft, Paying, Provider, Stay, new_key, until};
use serde_json::{Value, json};

#[tokio::test]
async fn a_card_that_is_charged_confirms_the_booking_and_both_sides_get_one_mail() -> Result<()> {
    let paying = Paying::start(&Draft::default()).await?;
    ensure!(paying.pay("pm_card_visa_chargeDeclined").await? == 402, "the card was not refused");
    ensure!(paying.pay("pm_card_visa").await? == 200, "the card was not charged");
    let booking = paying.until_booking("confirmed").await?;
    ensure!(booking.at("/payment_id")? == paying.payment.at("/id")?, "another payment: {booking}");
    for person in [&paying.guest, &paying.host] {
        let is_news = |mail: &e2e::Mail| ["is confirmed", "is coming"].iter().any(|words| mail.subject.contains(words));
        let mails = paying.api.mailbox().wait_for(&person.email, 1, is_news).await?;
        ensure!(mails.len() == 1, "not one mail: {mails:?}");
    }
    let payment = paying.api.get(&paying.payment_path()?).by(&paying.guest).expect(200).await?;
    ensure!(payment.text_at("/status")? == "succeeded", "{payment}");
    Ok(())
}

#[tokio::test]
async fn a_cancelled_booking_gives_back_what_the_preview_said() -> Result<()> {
    let paying = Paying::start(&Draft::default()).await?;
    ensure!(paying.pay("pm_card_visa").await? == 200, "the card was not charged");
    paying.until_booking("confirmed").await?;
    let preview = paying.api.get(&format!("{}/cancellation", paying.booking)).by(&paying.guest).expect(200).await?;
    ensure!(preview.at("/refund")? == paying.payment.at("/amount")?, "not all back within the grace: {preview}");
    let cancel = format!("{}/cancel", paying.booking);
    paying.api.post(&cancel).by(&paying.guest).json(&json!({})).expect(200).await?;
    let again = paying.api.post(&cancel).by(&paying.host).json(&json!({})).send().await?;
    again.expect_problem(409, "invalid_state")?;
    let payment = paying.until_payment(&paying.guest, "refunded").await?;
    ensure!(payment.at("/refunds/0/amount")? == preview.at("/refund")?, "not as previewed: {payment}");
    ensure!(payment.at("/refunds")?.as_array().is_some_and(|all| all.len() == 1), "not one refund: {payment}");
    Ok(())
}

#[tokio::test]
async fn a_request_is_authorised_and_captured_when_its_host_accepts() -> Result<()> {
    let paying = Paying::start(&Draft::default().with("instant_book", json!(false))).await?;
    ensure!(paying.pay("pm_card_visa").await? == 200, "the card was not authorised");
    paying.until_booking("pending_host").await?;
    let payment = paying.api.get(&paying.payment_path()?).by(&paying.guest).expect(200).await?;
    ensure!(payment.text_at("/status")? == "requires_capture", "{payment}");
    let accept = format!("{}/accept", paying.booking);
    paying.api.post(&accept).by(&paying.guest).send().await?.expect_problem(403, "forbidden")?;
    paying.api.post(&accept).by(&paying.host).expect(200).await?;
    paying.until_booking("confirmed").await?;
    paying.until_payment(&paying.host, "succeeded").await?;
    Ok(())
}

/// A stay as the body of a change.
fn change(days: i32, nights: i32) -> Result<Value> {
    let stay = Stay::in_days(days, nights)?;
    Ok(
        json!({ "check_in": stay.check_in.to_string(), "check_out": stay.check_out.to_string(), "guests": { "adults": 1 } }),
    )
}

#[tokio::test]
async fn a_stay_made_longer_is_paid_for_and_made_shorter_again_is_refunded() -> Result<()> {
    let paying = Paying::start(&Draft::default()).await?;
    let (api, guest, host) = (&paying.api, &paying.guest, &paying.host);
    ensure!(paying.pay("pm_card_visa").await? == 200, "the card was not charged");
    let booked = paying.until_booking("confirmed").await?;
    let path = format!("{}/change", paying.booking);
    let proposed = api.post(&path).by(guest).json(&change(40, 5)?).expect(201).await?;
    ensure!(proposed.require_header("location")?.ends_with(&path), "another address: {proposed}");
    let second = api.post(&path).by(host).json(&change(40, 4)?).send().await?;
    second.expect_problem(409, "change_open")?;
    let accept = format!("{path}/accept");
    api.post(&accept).by(guest).send().await?.expect_problem(403, "forbidden")?;
    let accepted = api.post(&accept).by(host).expect(200).await?;
    ensure!(accepted.text_at("/status")? == "accepted", "{accepted}");

    let due = json!({ "booking_id": booked.at("/id")? });
    let difference = api.post("/v1/payments").by(guest).key(&new_key()).json(&due).expect(201).await?;
    ensure!(difference.at("/amount")? == proposed.at("/difference")?, "not the difference: {difference}");
    ensure!(difference.at("/change_id")? == proposed.at("/id")?, "of another change: {difference}");
    let secret = difference.text_at("/client_secret")?;
    ensure!(paying.provider.pay(&secret, "pm_card_visa").await? == 200, "the card was not charged");
    until(api, guest, &path, "/status", "applied").await?;
    let longer = api.get(&paying.booking).by(host).expect(200).await?;
    ensure!(longer.at("/nights")? == 5 && longer.at("/price")? == proposed.at("/price")?, "not longer: {longer}");

    api.post(&path).by(host).json(&change(40, 3)?).expect(201).await?;
    let applied = api.post(&accept).by(guest).expect(200).await?;
    ensure!(applied.text_at("/status")? == "applied", "{applied}");
    let path = format!("/v1/payments/{}", difference.text_at("/id")?);
    let refunded = until(api, guest, &path, "/status", "refunded").await?;
    ensure!(refunded.at("/refunds/0/amount")? == difference.at("/amount")?, "not all of it: {refunded}");
    let shorter = api.get(&paying.booking).by(guest).expect(200).await?;
    ensure!(shorter.at("/price")? == booked.at("/price")?, "not as it was: {shorter}");
    Ok(())
}

#[tokio::test]
async fn signed_webhooks_are_taken_and_forged_ones_are_not() -> Result<()> {
    const WEBHOOKS: usize = 50;
    let (api, provider) = (Api::connect().await?, Provider::of_stack()?);
    let body =
        r#"{ "id": "evt_e2e", "type": "payout.paid", "data": { "object": { "object": "payout", "id": "po_1" } } }"#;
    let post = |signature: String| api.post("/v1/webhooks/stripe").header("stripe-signature", signature.as_bytes());
    post(provider.sign(body)).json_text(body).expect(200).await?;
    let mut micros = Vec::new();
    for _ in 0..WEBHOOKS {
        let (call, started) = (post(provider.sign(body)).json_text(body), Instant::now());
        call.expect(200).await?;
        micros.push(started.elapsed().as_micros());
    }
    micros.sort_unstable();
    eprintln!("{WEBHOOKS} webhooks: median {} µs, slowest {} µs", micros[WEBHOOKS / 2], micros[WEBHOOKS - 1]);
    let forged = post(provider.sign("{}")).json_text(body).send().await?;
    forged.expect_problem(400, "webhook_signature_invalid")?;
    let bare = api.post("/v1/webhooks/stripe").json_text(body).send().await?;
    bare.expect_problem(400, "webhook_signature_invalid")?;
    Ok(())
}
