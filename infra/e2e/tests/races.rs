//! Many clients at once, over the real router: nights are promised once, and nobody sees an accident.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay, User, new_key, random_below};
use futures::future::try_join_all;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

/// Calls under way at a time where the number of calls, not their simultaneity, is the point.
const SIDE_BY_SIDE: usize = 32;

async fn market(api: &Api, guests: usize) -> Result<(Property, Vec<User>)> {
    let mut users = api.register_verified_users(guests + 1).await?;
    let host = users.pop().context("no users")?;
    Ok((api.listed_property(&host, &Draft::default()).await?, users))
}

fn by_outcome(answers: &[Answer]) -> Result<BTreeMap<String, usize>> {
    let mut counted = BTreeMap::new();
    for answer in answers {
        let outcome = match answer.status {
            201 => "201".to_owned(),
            status => format!("{status} {}", answer.problem()?.code),
        };
        *counted.entry(outcome).or_default() += 1;
    }
    Ok(counted)
}

#[tokio::test]
async fn one_of_200_parallel_bookings_wins_and_199_conflict() -> Result<()> {
    let api = Api::connect().await?;
    let (property, guests) = market(&api, 10).await?;
    let body = Stay::in_days(90, 4)?.body(&property);
    let calls = (0..200).map(|number| api.book(&guests[number % guests.len()], &body).send());
    let answers = try_join_all(calls).await?;
    let expected = BTreeMap::from([("201".to_owned(), 1), ("409 dates_unavailable".to_owned(), 199)]);
    ensure!(by_outcome(&answers)? == expected, "{:?}", by_outcome(&answers)?);
    let held = api.get("/v1/bookings?role=host&limit=100").by(&property.host).expect(200).await?;
    ensure!(held.at("/data")?.as_array().is_some_and(|all| all.len() == 1), "not one booking: {held}");
    Ok(())
}

#[tokio::test]
async fn of_200_random_overlapping_ranges_the_accepted_are_disjoint() -> Result<()> {
    let api = Api::connect().await?;
    let (property, guests) = market(&api, 10).await?;
    let mut stays = Vec::new();
    for _ in 0..200 {
        let (days, nights) = (i32::try_from(100 + random_below(60))?, i32::try_from(1 + random_below(7))?);
        stays.push(Stay::in_days(days, nights)?);
    }
    let calls = stays
        .iter()
        .enumerate()
        .map(|(number, stay)| api.book(&guests[number % guests.len()], &stay.body(&property)).send());
    let answers = try_join_all(calls).await?;

    let mut accepted: Vec<Stay> =
        stays.iter().zip(&answers).filter(|(_, answer)| answer.status == 201).map(|(stay, _)| *stay).collect();
    let outcomes = by_outcome(&answers)?;
    ensure!(outcomes.keys().all(|it| it == "201" || it == "409 dates_unavailable"), "{outcomes:?}");
    accepted.sort_by_key(|stay| stay.check_in);
    for pair in accepted.windows(2) {
        ensure!(pair[0].check_out <= pair[1].check_in, "promised twice: {pair:?}");
    }
    // Nobody was refused nights that are free: each refused range meets an accepted one.
    for (stay, answer) in stays.iter().zip(&answers).filter(|(_, answer)| answer.status == 409) {
        let taken = accepted.iter().any(|it| it.check_in < stay.check_out && stay.check_in < it.check_out);
        ensure!(taken, "free nights refused: {stay:?} {answer}");
    }
    let held = api.get("/v1/bookings?role=host&limit=100").by(&property.host).expect(200).await?;
    let held = held.at("/data")?.as_array().map(Vec::len);
    ensure!(held == Some(accepted.len()), "{held:?} bookings kept, {} answered", accepted.len());
    Ok(())
}

#[tokio::test]
async fn fifty_identical_requests_with_one_key_make_one_booking() -> Result<()> {
    let api = Api::connect().await?;
    let (property, guests) = market(&api, 1).await?;
    let guest = guests.first().context("no guest")?;
    let (key, body) = (new_key(), Stay::in_days(70, 2)?.body(&property));
    let call = || api.post("/v1/bookings").by(guest).key(&key).json(&body).send();
    let answers = try_join_all((0..50).map(|_| call())).await?;

    let made: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 201).collect();
    let first = made.first().with_context(|| format!("none succeeded: {}", answers[0]))?;
    for answer in &made {
        ensure!(answer.body == first.body, "another body under one key: {answer}\n{first}");
    }
    let fresh = made.iter().filter(|answer| answer.header("idempotent-replayed").is_none()).count();
    ensure!(fresh == 1, "{fresh} answers claim to be the first");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.expect_problem(409, "idempotency_in_progress")?;
        answer.require_header("retry-after")?;
    }
    let replay = call().await?.expect_status(201)?;
    ensure!(replay.body == first.body, "another body later: {replay}");
    let kept = api.get("/v1/bookings?role=guest").by(guest).expect(200).await?;
    ensure!(kept.at("/data")?.as_array().is_some_and(|all| all.len() == 1), "not one booking: {kept}");
    Ok(())
}

#[tokio::test]
async fn unpaid_holds_of_one_guest_are_limited_to_200_also_under_load() -> Result<()> {
    let api = Api::connect().await?;
    let (property, guests) = market(&api, 1).await?;
    let guest = guests.first().context("no guest")?;
    let stays = (0..210).map(|number| Stay::in_days(10 + number, 1)).collect::<Result<Vec<_>>>()?;
    let bodies: Vec<Value> = stays.iter().map(|stay| stay.body(&property)).collect();
    let calls = stream::iter(bodies.iter().map(|body| api.book(guest, body).send()));
    let answers: Vec<Answer> = calls.buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
    let expected = BTreeMap::from([("201".to_owned(), 200), ("409 too_many_holds".to_owned(), 10)]);
    ensure!(by_outcome(&answers)? == expected, "{:?}", by_outcome(&answers)?);
    Ok(())
}

#[tokio::test]
async fn an_address_registered_many_times_at_once_is_taken_once() -> Result<()> {
    let api = Api::connect().await?;
    let name = new_key();
    let bodies: Vec<Value> = (0..20)
        .map(|number| {
            // Case must not make it another address.
            let local = if number % 2 == 0 { name.to_uppercase() } else { name.clone() };
            serde_json::json!({
                "email": format!("{local}@example.com"), "password": "correct horse battery staple 9",
                "first_name": "Ada", "last_name": "Lovelace"
            })
        })
        .collect();
    let answers = try_join_all(bodies.iter().map(|body| api.post("/v1/users").json(body).send())).await?;
    let expected = BTreeMap::from([("201".to_owned(), 1), ("409 email_taken".to_owned(), 19)]);
    ensure!(by_outcome(&answers)? == expected, "{:?}", by_outcome(&answers)?);
    Ok(())
}
