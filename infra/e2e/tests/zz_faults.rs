//! Parts of the stack die and come back: nothing is lost, nothing half done, and nobody restarts anything by hand.
//! One test, since a dead database is everybody's; its name makes cargo run this binary last.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stack, Stay, User, Watch, new_key};
use futures::future::try_join_all;
use tokio::time::{Instant, interval};

/// How long an outage lasts at least.
const OUTAGE_SECONDS: u64 = 10;
/// A failure must be told within this time.
const TOLD_SECONDS: u64 = 3;
/// Service must be back within this time after the part is.
const BACK_SECONDS: u64 = 5;

#[derive(Clone)]
struct Town {
    api: Api,
    stack: Stack,
    property: Property,
    guest: User,
}

impl Town {
    async fn build() -> Result<Self> {
        let (stack, api) = (Stack::load()?, Api::connect().await?);
        let [host, guest] = api.two_users().await?;
        let property = api.listed_property(&host, &Draft::default()).await?;
        Ok(Self { api, stack, property, guest })
    }

    /// The same, to hear of each outage.
    fn without_patience(&self) -> Self {
        Self { api: self.api.without_patience(), ..self.clone() }
    }

    async fn book(&self, days: i32, key: &str) -> Result<Answer> {
        let body = Stay::in_days(days, 1)?.body(&self.property);
        self.api.post("/v1/bookings").by(&self.guest).key(key).json(&body).send().await
    }

    async fn booked(&self) -> Result<usize> {
        let path = "/v1/bookings?role=guest&limit=100";
        let listed = self.api.get(path).by(&self.guest).expect(200).await?;
        Ok(listed.at("/data")?.as_array().map(Vec::len).unwrap_or_default())
    }
}

/// Asks until the answer is no `503`, at most for the time that service may take to come back.
async fn until_served(ask: impl AsyncFn() -> Result<Answer>) -> Result<Answer> {
    let since = Watch::start();
    let mut pace = interval(Duration::from_millis(100));
    loop {
        pace.tick().await;
        let answer = ask().await?;
        if answer.status != 503 {
            return Ok(answer);
        }
        ensure!(since.elapsed().as_secs() < BACK_SECONDS, "no service {BACK_SECONDS} s after the return: {answer}");
    }
}

/// The answer to a call, which must come within the time in which a failure must be told.
async fn in_time(call: impl Future<Output = Result<Answer>>) -> Result<Answer> {
    let answer = call.await?;
    ensure!(answer.took <= Duration::from_secs(TOLD_SECONDS), "told after {:?}: {answer}", answer.took);
    Ok(answer)
}

fn expect_unavailable(answer: &Answer) -> Result<()> {
    answer.expect_problem(503, "unavailable")?;
    let seconds: u32 = answer.require_header("retry-after")?.parse()?;
    ensure!((1..=60).contains(&seconds), "come again when? {answer}");
    Ok(())
}

#[tokio::test]
async fn outages_lose_nothing_and_mend_themselves() -> Result<()> {
    let redis = without_redis(&Town::build().await?).await;
    let ministack = without_ministack(&Town::build().await?).await;
    let postgres = without_postgres(&Town::build().await?).await;
    // All three are told, also when the first one failed.
    let failures: Vec<String> = [("redis", redis), ("ministack", ministack), ("postgres", postgres)]
        .into_iter()
        .filter_map(|(part, outcome)| outcome.err().map(|error| format!("without {part}: {error:#}")))
        .collect();
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

/// Redis holds only what may vanish: every answer is as right without it.
async fn without_redis(town: &Town) -> Result<()> {
    let (api, path) = (&town.api, town.property.path());
    let search = format!("/v1/properties?bbox={}", town.property.bbox());
    // What is read twice may be kept.
    for _ in 0..2 {
        api.get(&path).expect(200).await?;
        api.get(&search).expect(200).await?;
    }
    town.stack.kill("redis").await?;
    let outcome = async {
        in_time(town.book(20, &new_key())).await?.expect_status(201)?;
        in_time(town.book(20, &new_key())).await?.expect_problem(409, "dates_unavailable")?;
        in_time(api.get(&path).expect(200)).await?;
        let found = in_time(api.get(&search).expect(200)).await?;
        ensure!(found.text_at("/data/0/id")? == town.property.id, "not found: {found}");
        let booked = format!("{search}&{}", Stay::in_days(20, 1)?.query());
        let found = in_time(api.get(&booked).expect(200)).await?;
        ensure!(found.at("/data")?.as_array().is_some_and(Vec::is_empty), "booked nights are offered: {found}");
        api.login(&town.guest.email, &town.guest.password).await?;
        in_time(api.post(&format!("{path}/unlist")).by(&town.property.host).expect(200)).await?;
        in_time(api.get(&path).send()).await?.expect_problem(404, "not_found")
    }
    .await;
    town.stack.start("redis").await?;
    outcome?;
    // Nothing from before comes up again.
    api.get(&path).send().await?.expect_problem(404, "not_found")?;
    let found = api.get(&search).expect(200).await?;
    ensure!(found.at("/data")?.as_array().is_some_and(Vec::is_empty), "a property unlisted meanwhile: {found}");
    Ok(())
}

/// Without queues and mail, bookings commit; the mails come when they are back.
async fn without_ministack(town: &Town) -> Result<()> {
    const MEANWHILE: i32 = 8;
    let guest = &town.guest;
    let login = serde_json::json!({ "email": guest.email, "password": guest.password });
    town.stack.kill("ministack").await?;
    let outcome = async {
        for number in 0..MEANWHILE {
            let booked = in_time(town.book(20 + number, &new_key())).await?.expect_status(201)?;
            // The guest hears of it by mail.
            let path = format!("/v1/bookings/{}/cancel", booked.text_at("/id")?);
            let body = serde_json::json!({ "reason": "Plans changed." });
            in_time(town.api.post(&path).by(&town.guest).json(&body).expect(200)).await?;
        }
        in_time(town.api.get("/v1/users/me").by(&town.guest).expect(200)).await?;
        // Signing in needs the store of sessions.
        expect_unavailable(&in_time(town.api.without_patience().post("/v1/auth/login").json(&login).send()).await?)
    }
    .await;
    town.stack.start("ministack").await?;
    outcome?;
    let wanted = usize::try_from(MEANWHILE)?;
    let mails = town.api.mailbox().wait_for(&guest.email, wanted, |mail| mail.token().is_none()).await?;
    ensure!(mails.len() == wanted, "{} mails for {wanted} bookings: {mails:?}", mails.len());
    until_served(async || town.api.post("/v1/auth/login").json(&login).send().await).await?.expect_status(200)?;
    Ok(())
}

/// Without the database every answer is a quick `503`; what was under way is done once or not at all.
async fn without_postgres(town: &Town) -> Result<()> {
    const UNDER_WAY: i32 = 60;
    let keys: Vec<String> = (0..UNDER_WAY).map(|_| new_key()).collect();
    let (answers, killed) =
        futures::future::join(storm(&town.without_patience(), &keys), town.stack.kill("postgres")).await;
    let outcome = async {
        killed?;
        for answer in answers? {
            ensure!(matches!(answer.status, 201 | 503), "neither done nor unavailable: {answer}");
        }
        outage(town).await
    }
    .await;
    town.stack.start("postgres").await?;
    outcome?;

    until_served(async || town.book(10, "after the outage").await).await?.expect_status(201)?;
    // Whoever was told 503 tries again with the same key; whoever was told 201 may do so too.
    for answer in storm(town, &keys).await? {
        answer.expect_status(201)?;
    }
    let booked = town.booked().await?;
    ensure!(booked == keys.len() + 1, "{booked} bookings for {} requests", keys.len() + 1);
    Ok(())
}

/// A booking with each key at once, each of another night.
async fn storm(town: &Town, keys: &[String]) -> Result<Vec<Answer>> {
    try_join_all(keys.iter().zip(20..).map(|(key, days)| town.book(days, key))).await
}

async fn outage(town: &Town) -> Result<()> {
    let (api, guest, path) = (&town.api.without_patience(), &town.guest, town.property.path());
    let body = Stay::in_days(300, 1)?.body(&town.property);
    let login = serde_json::json!({ "email": guest.email, "password": guest.password });
    let quote = format!("{path}/quote?{}&guests=1", Stay::in_days(300, 1)?.query());
    let search = format!("/v1/properties?bbox={}", town.property.bbox());
    let end = Instant::now() + Duration::from_secs(OUTAGE_SECONDS);
    let mut pace = interval(Duration::from_millis(250));
    while Instant::now() < end {
        pace.tick().await;
        let needing = [
            api.book(guest, &body),
            api.get("/v1/users/me").by(guest),
            api.get("/v1/bookings").by(guest),
            api.post("/v1/auth/login").json(&login),
            api.post("/v1/properties").by(guest).json(Draft::default().body()),
            api.get(&quote),
        ];
        for answer in try_join_all(needing.into_iter().map(|call| in_time(call.send()))).await? {
            expect_unavailable(&answer)?;
        }
        for kept in [api.get(&path), api.get(&search)] {
            let answer = in_time(kept.send()).await?;
            // What Redis has may still be told.
            if answer.status != 200 {
                expect_unavailable(&answer)?;
            }
        }
    }
    Ok(())
}
