//! A listing changed field by field, and deleted: what is left out stays, null clears, and everybody sees it at once.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay, User};
use reqwest::Method;
use serde_json::{Value, json};

async fn patch(api: &Api, property: &Property, by: &User, body: &Value) -> Result<Answer> {
    api.call(Method::PATCH, &property.path()).by(by).json(body).send().await
}

/// The members of two objects that differ.
fn differing(before: &Value, after: &Value) -> Result<Vec<String>> {
    let (before, after) = (before.as_object().context("no object")?, after.as_object().context("no object")?);
    let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
    let mut differ: Vec<String> = names.filter(|name| before.get(*name) != after.get(*name)).cloned().collect();
    differ.retain(|name| name != "updated_at");
    differ.sort();
    Ok(differ)
}

#[tokio::test]
async fn patch_changes_what_it_names_and_nothing_else() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let mut before = api.get(&property.path()).by(&host).expect(200).await?.json()?;
    let money = |amount: i64| json!({ "amount": amount, "currency": "EUR" });
    let changes = [
        ("title", json!("The bakery's attic")),
        ("description", json!("One line.\nAnother.")),
        ("kind", json!("house")),
        ("room_type", json!("private_room")),
        ("max_guests", json!(7)),
        ("bedrooms", json!(0)),
        ("beds", json!(9)),
        ("bathrooms", json!(1.5)),
        ("amenities", json!(["pool"])),
        ("amenities", json!([])),
        ("house_rules", json!("Shoes.")),
        ("check_in_time", json!("16:30")),
        ("check_out_time", json!("09:15")),
        ("base_price", money(9_999)),
        ("weekend_price", money(13_000)),
        ("weekly_discount_percent", json!(0)),
        ("monthly_discount_percent", json!(100)),
        ("cleaning_fee", money(0)),
        ("extra_guest_fee", json!({ "after": 1, "per_night": money(1) })),
        ("min_nights", json!(2)),
        ("max_nights", json!(20)),
        ("advance_notice_hours", json!(48)),
        ("preparation_nights", json!(1)),
        ("booking_window_days", json!(90)),
        ("instant_book", json!(false)),
        ("pets_allowed", json!(true)),
        ("cancellation_policy", json!("strict")),
    ];
    for (name, value) in changes {
        let answer = patch(&api, &property, &host, &json!({ name: value })).await?.expect_status(200)?;
        let after = answer.json()?;
        ensure!(after[name] == value && differing(&before, &after)? == [name], "{name}: {answer}");
        let read = api.get(&property.path()).by(&host).expect(200).await?;
        ensure!(read.json()? == after, "another is read than was answered: {answer}\n{read}");
        before = after;
    }
    for name in ["description", "house_rules", "weekend_price", "extra_guest_fee"] {
        let answer = patch(&api, &property, &host, &json!({ name: null })).await?.expect_status(200)?;
        let after = answer.json()?;
        ensure!(after[name].is_null() && differing(&before, &after)? == [name], "{name} is not cleared: {answer}");
        before = after;
    }
    let nothing = patch(&api, &property, &host, &json!({})).await?.expect_status(200)?;
    ensure!(differing(&before, &nothing.json()?)?.is_empty(), "{nothing}");
    Ok(())
}

#[tokio::test]
async fn bad_changes_are_refused_whole_with_every_fault() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let before = api.get(&property.path()).by(&host).expect(200).await?.json()?;
    let bad = [
        ("max_guests", json!(null)),
        ("max_guests", json!(0)),
        ("max_guests", json!(1.5)),
        ("max_guests", json!(99_999_999_999_999_999_999_f64)),
        ("kind", json!(null)),
        ("kind", json!("castle")),
        ("title", json!("")),
        ("title", json!("a\0b")),
        ("title", json!("x".repeat(121))),
        ("amenities", json!(["gold"])),
        ("amenities", json!(null)),
        ("bathrooms", json!(1.3)),
        ("base_price", json!({ "amount": 0, "currency": "EUR" })),
        ("base_price", json!({ "amount": -1, "currency": "EUR" })),
        ("base_price", json!({ "amount": 1_000, "currency": "USD" })),
        ("weekend_price", json!({ "amount": 1_000, "currency": "JPY" })),
        ("min_nights", json!(61)),
        ("max_nights", json!(0)),
        ("check_in_time", json!("24:00")),
        ("time_zone", json!("Mars/Olympus")),
        ("location", json!({ "latitude": 91, "longitude": 0, "country": "PT" })),
        ("location", json!({ "latitude": 1 })),
        ("status", json!("listed")),
        ("id", json!("prop_01h455vb4pex5vsknk084sn02q")),
        ("host_id", json!(host.id)),
        ("rating", json!(5)),
        ("colour", json!("red")),
    ];
    for (name, value) in &bad {
        let answer = patch(&api, &property, &host, &json!({ *name: value, "beds": 3 })).await?;
        let problem = answer.expect_problem(422, "validation_failed").with_context(|| format!("{name}: {value}"))?;
        let told = problem.faults.iter().any(|(at, _)| at.starts_with(&format!("/{name}")));
        ensure!(told || *name == "min_nights", "{name} is not named: {answer}");
    }
    let several = json!({ "kind": "castle", "beds": -1, "title": " ", "colour": 1 });
    let problem = patch(&api, &property, &host, &several).await?.expect_problem(422, "validation_failed")?;
    for pointer in ["/kind", "/beds", "/title", "/colour"] {
        problem.expect_pointer(pointer)?;
    }
    let surrogate = api.call(Method::PATCH, &property.path()).by(&host).json_text("{\"title\":\"\\ud800\"}");
    surrogate.send().await?.expect_problem(422, "validation_failed")?;
    // What is listed keeps what listing needs.
    for name in ["title", "location", "base_price"] {
        let answer = patch(&api, &property, &host, &json!({ name: null })).await?;
        ensure!(matches!(answer.status, 409 | 422), "a listing without {name}: {answer}");
    }
    let after = api.get(&property.path()).by(&host).expect(200).await?;
    ensure!(after.json()? == before, "a refused change has changed it: {after}");
    Ok(())
}

#[tokio::test]
async fn lost_update_is_refused_by_the_tag_that_was_seen() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let path = property.path();
    let seen = api.get(&path).by(&host).expect(200).await?.require_header("etag")?.to_owned();
    let change = |tag: &str, beds: i32| {
        let call = api.call(Method::PATCH, &path).by(&host).header("if-match", tag.as_bytes());
        call.json(&json!({ "beds": beds })).send()
    };
    let changed = change(&seen, 3).await?.expect_status(200)?;
    let newer = changed.require_header("etag")?.to_owned();
    let read = api.get(&path).by(&host).header("if-none-match", newer.as_bytes()).send().await?;
    ensure!(read.status == 304, "the tag of the change is not that of the object: {changed}\n{read}");
    for tag in [seen.as_str(), "\"other\"", &format!("W/{newer}")] {
        change(tag, 4).await?.expect_problem(412, "precondition_failed")?;
        let delete = api.call(Method::DELETE, &path).by(&host).header("if-match", tag.as_bytes());
        delete.send().await?.expect_problem(412, "precondition_failed")?;
    }
    // Of two who saw the same, one wins.
    let (one, other) = futures::future::join(change(&newer, 5), change(&newer, 6)).await;
    let mut statuses = [one?.status, other?.status];
    statuses.sort_unstable();
    ensure!(statuses == [200, 412], "{statuses:?}");
    change("*", 7).await?.expect_status(200)?;
    Ok(())
}

#[tokio::test]
async fn change_is_seen_at_once_by_everybody() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, stranger) = (&users[0], &users[1]);
    let property = api.listed_property(host, &Draft::default().priced(8_000)).await?;
    let stay = Stay::in_days(40, 2)?.query();
    let (path, search) = (property.path(), format!("/v1/properties?bbox={}&{stay}", property.bbox()));
    let quote = format!("{path}/quote?{stay}&guests=1");
    for price in [9_000, 10_500, 7_000] {
        // What is read may be kept, and must be thrown away by the change.
        for call in [api.get(&path), api.get(&path).by(stranger), api.get(&search), api.get(&quote)] {
            call.expect(200).await?;
        }
        let body = json!({ "base_price": { "amount": price, "currency": "EUR" }, "title": format!("For {price}") });
        patch(&api, &property, host, &body).await?.expect_status(200)?;
        for call in [api.get(&path), api.get(&path).by(stranger)] {
            let seen = call.expect(200).await?;
            ensure!(seen.at("/base_price/amount")? == price, "an old price: {seen}");
        }
        let quoted = api.get(&quote).expect(200).await?;
        ensure!(quoted.at("/price/lines/0/amount/amount")? == price * 2, "an old price: {quoted}");
        let found = api.get(&search).expect(200).await?;
        ensure!(found.text_at("/data/0/title")? == format!("For {price}"), "an old title: {found}");
        ensure!(found.at("/data/0/stay/total")? == quoted.at("/price/total")?, "an old total: {found}");
    }
    for (change, expected) in [(json!({ "max_guests": 2 }), 0), (json!({ "max_guests": 6 }), 1)] {
        patch(&api, &property, host, &change).await?.expect_status(200)?;
        let found = api.get(&format!("{search}&guests=3")).expect(200).await?;
        ensure!(found.ids()?.len() == expected, "{change}: {found}");
    }
    let moved = json!({ "location": { "latitude": 12.5, "longitude": -33.25, "city": "At sea", "country": "PT" } });
    patch(&api, &property, host, &moved).await?.expect_status(200)?;
    ensure!(api.get(&search).expect(200).await?.ids()?.is_empty(), "found where it was");
    let there = api.get("/v1/properties?bbox=-33.3,12.45,-33.2,12.55&limit=100").expect(200).await?;
    ensure!(there.ids()?.contains(&property.id), "not found where it is: {there}");
    Ok(())
}

#[tokio::test]
async fn only_the_host_changes_and_deletes_a_listing() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, stranger) = (&users[0], &users[1]);
    let listed = api.listed_property(host, &Draft::default()).await?;
    let draft = api.draft_property(host, &Draft::default()).await?;
    for (property, status, code) in [(&listed, 403, "forbidden"), (&draft, 404, "not_found")] {
        let answer = patch(&api, property, stranger, &json!({ "beds": 1 })).await?;
        answer.expect_problem(status, code)?;
        let answer = api.call(Method::DELETE, &property.path()).by(stranger).send().await?;
        answer.expect_problem(status, code)?;
    }
    Ok(())
}

#[tokio::test]
async fn deleted_listing_is_gone_and_one_with_stays_to_come_is_not_deleted() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (host, guest) = (&users[0], &users[1]);
    let property = api.listed_property(host, &Draft::default()).await?;
    let path = property.path();
    let search = format!("/v1/properties?bbox={}", property.bbox());
    let booked = api.book(guest, &Stay::in_days(30, 2)?.body(&property)).expect(201).await?;
    let refused = api.call(Method::DELETE, &path).by(host).send().await?;
    ensure!(refused.status == 409, "deleted under a guest: {refused}");
    refused.problem()?;
    ensure!(api.get(&search).expect(200).await?.ids()? == [property.id.clone()], "it is no longer found");

    let booking = format!("/v1/bookings/{}", booked.text_at("/id")?);
    api.post(&format!("{booking}/cancel")).by(guest).json(&json!({ "reason": "Ill." })).expect(200).await?;
    api.call(Method::DELETE, &path).by(host).expect(204).await?;
    for call in [api.get(&path), api.get(&path).by(host), api.get(&path).by(guest)] {
        call.send().await?.expect_problem(404, "not_found")?;
    }
    ensure!(api.get(&search).expect(200).await?.ids()?.is_empty(), "a deleted listing is found");
    for call in [
        api.call(Method::DELETE, &path).by(host),
        api.call(Method::PATCH, &path).by(host).json(&json!({ "beds": 1 })),
        api.post(&format!("{path}/list")).by(host),
        api.get(&format!("{path}/quote?{}&guests=1", Stay::in_days(30, 2)?.query())),
        api.get(&format!("{path}/reviews")),
    ] {
        call.send().await?.expect_problem(404, "not_found")?;
    }
    let again = api.book(guest, &Stay::in_days(30, 2)?.body(&property)).send().await?;
    again.expect_problem(422, "validation_failed")?.expect_fault("/property_id", "not_found")?;
    // The guest's own record of it stays.
    ensure!(
        api.get(&booking).by(guest).expect(200).await?.text_at("/status")? == "cancelled",
        "the books are not kept"
    );
    Ok(())
}
