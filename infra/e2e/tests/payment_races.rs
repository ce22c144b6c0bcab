//! Money and nights wanted by several at once, from outside: one of them gets them, and what is told twice happens once.

use anyhow::{Context, Result, ensure};
use e2e::{Draft, Paying, Provider, new_key, random_below};
use futures::future::{try_join, try_join_all, try_join3};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn of_two_full_refunds_at_once_one_wins() -> Result<()> {
    let paying = Paying::start(&Draft::default()).await?;
    ensure!(paying.pay("pm_card_visa").await? == 200, "the card was not charged");
    paying.until_booking("confirmed").await?;
    let path = format!("{}/refunds", paying.payment_path()?);
    let body = json!({ "amount": paying.payment.at("/amount")?, "reason": "The heating failed." });
    let refund = || paying.api.post(&path).by(&paying.host).key(&new_key()).json(&body).send();
    let (one, two) = try_join(refund(), refund()).await?;
    let (won, lost) = if one.status == 201 { (one, two) } else { (two, one) };
    let won = won.expect_status(201)?;
    lost.expect_problem(409, "invalid_state")?;
    let payment = paying.until_payment(&paying.host, "refunded").await?;
    ensure!(payment.at("/refunds")?.as_array().is_some_and(|all| all.len() == 1), "not one refund: {payment}");
    ensure!(payment.at("/refunds/0/id")? == won.at("/id")?, "another refund than was answered: {payment}");
    Ok(())
}

/// All events that the provider has sent of an attempt, as it sent them.
async fn events_of(provider: &Provider, client_secret: &str) -> Result<Vec<String>> {
    let intent = client_secret.split("_secret").next().unwrap_or_default();
    let listed = provider.get("/v1/events?limit=100").await?;
    let all = listed["data"].as_array().context("no list of events")?.iter();
    Ok(all.map(ToString::to_string).filter(|event| event.contains(intent)).collect())
}

#[tokio::test]
async fn a_webhook_that_comes_five_times_and_shuffled_is_one_capture_and_one_mail() -> Result<()> {
    const DELIVERIES: usize = 5;
    let paying = Paying::start(&Draft::default()).await?;
    ensure!(paying.pay("pm_card_visa").await? == 200, "the card was not charged");
    let events = events_of(&paying.provider, &paying.payment.text_at("/client_secret")?).await?;
    ensure!(!events.is_empty(), "the provider has sent nothing");
    let mut deliveries: Vec<&String> = events.iter().flat_map(|event| [event; DELIVERIES]).collect();
    for place in (1..deliveries.len()).rev() {
        deliveries.swap(place, usize::try_from(random_below(u32::try_from(place + 1)?))?);
    }
    let deliver = |event: &String| {
        let signature = paying.provider.sign(event);
        let call = paying.api.post("/v1/webhooks/stripe").header("stripe-signature", signature.as_bytes());
        call.json_text(event.clone()).expect(200)
    };
    try_join_all(deliveries.into_iter().map(deliver)).await?;
    let booking = paying.until_booking("confirmed").await?;
    // Behind all of them in the queue: when this is settled, so are they.
    let later = Paying::start(&Draft::default()).await?;
    ensure!(later.pay("pm_card_visa").await? == 200, "the card was not charged");
    later.until_booking("confirmed").await?;
    let confirmed = |mail: &e2e::Mail| mail.subject.contains("is confirmed");
    later.api.mailbox().wait_for(&later.guest.email, 1, confirmed).await?;
    let mails = paying.api.mailbox().wait_for(&paying.guest.email, 1, confirmed).await?;
    ensure!(mails.len() == 1, "not one mail: {mails:?}");
    let timeline = booking.at("/timeline")?;
    let paid = timeline.as_array().map(|all| all.iter().filter(|entry| entry["event"] == "paid").count());
    ensure!(paid == Some(1), "not paid once: {booking}");
    let payments = paying.api.get(&format!("/v1/payments?booking_id={}", booking.text_at("/id")?));
    let payments = payments.by(&paying.guest).expect(200).await?;
    ensure!(payments.at("/data")?.as_array().is_some_and(|all| all.len() == 1), "not one payment: {payments}");
    ensure!(payments.text_at("/data/0/status")? == "succeeded", "{payments}");
    Ok(())
}

/// The card is charged, the guest cancels and the host blocks the nights, all at once.
async fn race_for_a_stay() -> Result<&'static str> {
    let paying = Paying::start(&Draft::default()).await?;
    let (from, to) = (paying.stay.check_in.to_string(), paying.stay.check_out.to_string());
    let block = json!({ "days": [{ "from": from, "to": to, "available": false }] });
    let calendar = format!("{}/calendar", paying.property.path());
    let cancel = format!("{}/cancel", paying.booking);
    let (charged, cancelled, blocked) = try_join3(
        paying.pay("pm_card_visa"),
        paying.api.post(&cancel).by(&paying.guest).json(&json!({})).send(),
        paying.api.call(Method::PUT, &calendar).by(&paying.host).json(&block).send(),
    )
    .await?;
    ensure!(cancelled.status == 200, "nothing stood in the way of cancelling: {cancelled}");
    if blocked.status != 200 {
        blocked.expect_problem(409, "night_booked")?;
    }
    let booking = paying.api.get(&paying.booking).by(&paying.guest).expect(200).await?;
    ensure!(booking.text_at("/status")? == "cancelled", "cancelled, and yet not: {booking}");
    // Whatever the provider was told first: in the end nothing of the guest's money is kept.
    let ended = if charged == 200 { "refunded" } else { "canceled" };
    paying.until_payment(&paying.guest, ended).await?;
    let nights = paying.api.get(&format!("{calendar}?from={from}&to={to}")).by(&paying.host).expect(200).await?;
    let nights = nights.at("/data").or_else(|_| nights.at("/days"))?;
    let is_free = nights.as_array().is_some_and(|all| all.iter().all(|night| night["available"] == true));
    ensure!(is_free == (blocked.status != 200), "blocked {}, and the nights are {nights}", blocked.status);
    Ok(ended)
}

#[tokio::test]
async fn confirming_cancelling_and_blocking_at_once_end_in_one_state() -> Result<()> {
    const ROUNDS: usize = 6;
    let outcomes = try_join_all((0..ROUNDS).map(|_| race_for_a_stay())).await?;
    eprintln!("{ROUNDS} races: {outcomes:?}");
    Ok(())
}
