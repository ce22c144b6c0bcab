//! Functions are killed in the middle, between what they have committed and their answer: whoever asks again with the
//! same key gets the one booking, the one payment, the one cancellation. Workers are killed with batches in hand: all of
//! it is done, once. Run last, as `zz_faults` is: what is killed is
//! everybody's.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::{Answer, Api, Call, Draft, Property, Provider, Stack, Stay, User, Watch, new_key};
use futures::future::{join, join_all, try_join_all};
use serde_json::{Value, json};
use tokio::time::{interval, timeout};

/// Service must be back within this time after a kill.
const BACK_SECONDS: u64 = 20;
/// Queues give again within this time what a worker took and did not finish, and the scheduler has come by.
const TAKEN_BACK_SECONDS: u64 = 240;
/// Nobody waits longer for an answer that a killed function owes.
const GIVEN_UP: Duration = Duration::from_secs(4);

struct Town {
    api: Api,
    stack: Stack,
    provider: Provider,
    property: Property,
    guest: User,
}

impl Town {
    async fn build() -> Result<Self> {
        let (stack, api) = (Stack::load()?, Api::connect().await?);
        let [host, guest] = api.two_users().await?;
        let property = api.listed_property(&host, &Draft::default()).await?;
        Ok(Self { provider: Provider::of_stack()?, api, stack, property, guest })
    }

    /// Asks with the same key until there is an answer other than "not now".
    async fn until_answered<'a>(&self, call: impl Fn() -> Call<'a>) -> Result<Answer> {
        let since = Watch::start();
        let mut pace = interval(Duration::from_millis(100));
        loop {
            pace.tick().await;
            if let Ok(answer) = timeout(GIVEN_UP, call().send()).await {
                let answer = answer?;
                let in_progress = answer.status == 409 && answer.text_at("/code")? == "idempotency_in_progress";
                if answer.status != 503 && !in_progress {
                    return Ok(answer);
                }
            }
            ensure!(since.elapsed().as_secs() < BACK_SECONDS, "no answer {BACK_SECONDS} s after the kill");
        }
    }

    /// Sends a call, kills the function while the provider holds its answer, and asks again with the same key.
    async fn killed_at_the_provider<'a>(
        &self,
        function: &str,
        provider_path: &str,
        call: impl Fn() -> Call<'a>,
    ) -> Result<Answer> {
        self.provider.hold_the_answer(provider_path).await?;
        let kill = async {
            self.provider.holding(provider_path).await?;
            self.stack.kill(function).await
        };
        let (unanswered, killed) = join(timeout(GIVEN_UP, call().send()), kill).await;
        killed?;
        if let Ok(Ok(answer)) = unanswered {
            ensure!(answer.status >= 500, "answered although its function was killed: {answer}");
        }
        self.until_answered(call).await
    }
}

#[tokio::test]
async fn a_killed_function_has_done_its_work_once_or_not_at_all() -> Result<()> {
    let town = Town::build().await?;
    pay_and_cancel(&town).await?;
    book_in_a_storm(&town).await?;
    confirm_with_dying_workers(&town).await
}

async fn pay_and_cancel(town: &Town) -> Result<()> {
    let Town { api, provider, guest, .. } = town;
    let booked = api.book(guest, &Stay::in_days(30, 2)?.body(&town.property)).expect(201).await?;
    let booking = booked.text_at("/id")?;

    let (key, body) = (new_key(), json!({ "booking_id": booking }));
    let pay = || api.post("/v1/payments").by(guest).key(&key).json(&body);
    let paid = town.killed_at_the_provider("payments", "/v1/payment_intents", pay).await?;
    ensure!(matches!(paid.status, 200 | 201) && paid.at("/client_secret")?.is_string(), "no attempt: {paid}");
    ensure!(provider.intents_of(&booking).await?.len() == 1, "not one intent for {booking}");
    let attempts = api.get(&format!("/v1/payments?booking_id={booking}")).by(guest).expect(200).await?;
    ensure!(attempts.ids()?.len() == 1, "not one attempt: {attempts}");

    let (key, path) = (new_key(), format!("/v1/bookings/{booking}/cancel"));
    let cancel = || api.post(&path).by(guest).key(&key).json(&json!({}));
    let cancelled = town.killed_at_the_provider("bookings", "/cancel", cancel).await?.expect_status(200)?;
    ensure!(cancelled.text_at("/status")? == "cancelled", "{cancelled}");
    ensure!(cancelled.header("idempotent-replayed") == Some("true"), "done again: {cancelled}");
    let intents = provider.intents_of(&booking).await?;
    ensure!(intents.iter().all(|intent| intent["status"] == "canceled"), "an intent is left: {intents:?}");
    Ok(())
}

async fn book_in_a_storm(town: &Town) -> Result<()> {
    const UNDER_WAY: i32 = 40;
    let keys: Vec<String> = (0..UNDER_WAY).map(|_| new_key()).collect();
    let stays: Vec<_> =
        (0..UNDER_WAY).map(|number| Ok(Stay::in_days(60 + number, 1)?.body(&town.property))).collect::<Result<_>>()?;
    let book = |at: usize| town.api.post("/v1/bookings").by(&town.guest).key(&keys[at]).json(&stays[at]);
    let storm = join_all((0..keys.len()).map(|at| timeout(GIVEN_UP, book(at).send())));
    let (answers, killed) = join(storm, town.stack.kill("bookings")).await;
    killed?;
    let again = try_join_all((0..keys.len()).map(|at| town.until_answered(move || book(at)))).await?;
    for (first, again) in answers.into_iter().zip(again) {
        let again = again.expect_status(201)?;
        if let Ok(Ok(first)) = first
            && first.status == 201
        {
            ensure!(first.at("/id")? == again.at("/id")?, "two bookings: {first} {again}");
        }
    }
    let path = format!("/v1/bookings?role=guest&limit=100&property_id={}", town.property.id);
    let booked = town.api.get(&path).by(&town.guest).expect(200).await?.ids()?.len();
    // And the one that was cancelled before.
    ensure!(booked == keys.len() + 1, "{booked} bookings for {} requests", keys.len() + 1);
    Ok(())
}

/// Workers die again and again while they have batches of webhooks and of events in hand.
async fn confirm_with_dying_workers(town: &Town) -> Result<()> {
    const STAYS: i32 = 12;
    const DEATHS: usize = 3;
    let Town { api, provider, guest, stack, property } = town;
    let (mut bookings, mut secrets) = (Vec::new(), Vec::new());
    for number in 0..STAYS {
        let booked = api.book(guest, &Stay::in_days(120 + number, 1)?.body(property)).expect(201).await?;
        let body = json!({ "booking_id": booked.at("/id")? });
        let payment = api.post("/v1/payments").by(guest).key(&new_key()).json(&body).expect(201).await?;
        bookings.push(booked.text_at("/id")?);
        secrets.push(payment.text_at("/client_secret")?);
    }
    let pay = try_join_all(secrets.iter().map(|secret| provider.pay(secret, "pm_card_visa")));
    let kill = async {
        for _ in 0..DEATHS {
            kill_once_alive(stack, "payment-webhooks").await?;
            kill_once_alive(stack, "notifications").await?;
        }
        anyhow::Ok(())
    };
    let (paid, killed) = join(pay, kill).await;
    killed?;
    ensure!(paid?.iter().all(|status| *status == 200), "a card was not charged");

    // What a dead worker had in hand is given to another when its queue takes it back.
    let since = Watch::start();
    let mut pace = interval(Duration::from_millis(200));
    loop {
        pace.tick().await;
        let inbox = api.get("/v1/notifications?limit=100").by(guest).expect(200).await?;
        let entries = inbox.at("/data")?;
        let entries = entries.as_array().context("no list")?;
        let told = |booking: &String| {
            let is_of =
                |entry: &&Value| entry["kind"] == "booking.confirmed" && entry["data"]["booking_id"] == *booking;
            entries.iter().filter(is_of).count()
        };
        ensure!(bookings.iter().all(|booking| told(booking) <= 1), "told twice: {inbox}");
        if bookings.iter().all(|booking| told(booking) == 1) {
            break;
        }
        let waited = since.elapsed().as_secs();
        ensure!(waited < TAKEN_BACK_SECONDS, "not all confirmed {waited} s after the deaths: {inbox}");
    }
    for booking in &bookings {
        let booking = api.get(&format!("/v1/bookings/{booking}")).by(guest).expect(200).await?;
        ensure!(booking.text_at("/status")? == "confirmed", "{booking}");
    }
    Ok(())
}

/// Kills a function, as soon as there are copies of it.
async fn kill_once_alive(stack: &Stack, function: &str) -> Result<()> {
    let since = Watch::start();
    let mut pace = interval(Duration::from_millis(100));
    loop {
        pace.tick().await;
        match stack.kill(function).await {
            Err(_) if since.elapsed().as_secs() < BACK_SECONDS => {}
            killed => return killed,
        }
    }
}
