//! Wishlists: own ones, those shared by link, and what is on them.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, User, unknown_id};
use reqwest::Method;
use serde_json::{Value, json};

async fn begin(api: &Api, owner: &User, body: Value) -> Result<Answer> {
    api.post("/v1/wishlists").by(owner).json(&body).expect(201).await
}

fn path_of(wishlist: &Answer) -> Result<String> {
    Ok(format!("/v1/wishlists/{}", wishlist.text_at("/id")?))
}

async fn put(api: &Api, owner: &User, path: &str, property_id: &str) -> Result<Answer> {
    api.call(Method::PUT, &format!("{path}/items/{property_id}")).by(owner).send().await
}

fn on(wishlist: &Answer) -> Result<Vec<String>> {
    let items = wishlist.at("/items")?;
    let items = items.as_array().context("items is no list")?;
    items.iter().map(|item| Ok(item["property_id"].as_str().context("no property_id")?.to_owned())).collect()
}

#[tokio::test]
async fn wishlist_is_made_filled_shared_and_deleted() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(3).await?;
    let (owner, host, friend) = (&users[0], &users[1], &users[2]);
    let first = api.listed_property(host, &Draft::default()).await?;
    let second = api.listed_property(host, &Draft::default()).await?;
    let made = begin(&api, owner, json!({ "name": "Summer" })).await?;
    let path = path_of(&made)?;
    ensure!(made.require_header("location")?.ends_with(&path), "not where it is: {made}");
    for property in [&first, &second, &first] {
        put(&api, owner, &path, &property.id).await?.expect_status(200)?;
    }
    let own = api.get(&path).by(owner).expect(200).await?;
    ensure!(on(&own)? == [second.id.clone(), first.id.clone()], "not newest first, or not once each: {own}");

    api.get(&path).by(friend).send().await?.expect_problem(404, "not_found")?;
    let share = json!({ "visibility": "shared" });
    let shared = api.call(Method::PATCH, &path).by(owner).json(&share).expect(200).await?;
    let link = format!("{path}?token={}", shared.text_at("/share_token")?);
    api.post(&format!("{}/unlist", first.path())).by(host).expect(200).await?;
    for call in [api.get(&link), api.get(&link).by(friend)] {
        let seen = call.expect(200).await?;
        ensure!(on(&seen)? == [second.id.clone()], "what is not listed is shown: {seen}");
        ensure!(seen.json()?.get("share_token").is_none(), "the link is given on: {seen}");
    }
    let cards = api.get(&link.replace("?", "/items?")).expect(200).await?;
    ensure!(cards.at("/data/0/property/location/exact")? == false, "the exact place is shown: {cards}");
    let own = api.get(&format!("{path}/items")).by(owner).expect(200).await?;
    let unlisted = own.at("/data/1")?;
    ensure!(unlisted["property_id"] == first.id.as_str() && unlisted["listed"] == false, "it is gone: {own}");
    ensure!(unlisted["property"].is_null(), "what is not listed is shown: {own}");

    let item = format!("{path}/items/{}", first.id);
    api.call(Method::DELETE, &item).by(friend).send().await?.expect_problem(404, "not_found")?;
    api.call(Method::DELETE, &item).by(owner).expect(204).await?;
    api.call(Method::DELETE, &path).by(friend).send().await?.expect_problem(404, "not_found")?;
    api.call(Method::DELETE, &path).by(owner).expect(204).await?;
    api.get(&link).send().await?.expect_problem(404, "not_found")?;
    Ok(())
}

#[tokio::test]
async fn only_what_its_owner_sees_goes_on_a_wishlist() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let (owner, host) = (&users[0], &users[1]);
    let draft = api.draft_property(host, &Draft::default()).await?;
    let path = path_of(&begin(&api, owner, json!({ "name": "Summer" })).await?)?;
    for id in [draft.id, unknown_id("prop"), owner.id.clone(), "x".to_owned(), "%00".to_owned()] {
        put(&api, owner, &path, &id).await?.expect_problem(404, "not_found")?;
    }
    for body in ["{\"name\":\"a\\u0000b\"}", "{\"name\":\"\\ud800\"}", "{\"name\":7}", "{\"name\":\" \"}", "{}"] {
        let answer = api.post("/v1/wishlists").by(owner).json_text(body).send().await?;
        answer.expect_problem(422, "validation_failed")?.expect_pointer("/name")?;
    }
    let property = api.listed_property(host, &Draft::default()).await?;
    let item = format!("{path}/items/{}", property.id);
    let answer = api.call(Method::PUT, &item).by(owner).json(&json!({ "colour": "red" })).send().await?;
    answer.expect_problem(422, "validation_failed")?.expect_fault("/colour", "unknown_field")?;
    for query in ["limit=0", "limit=101", "colour=red", "token=a&token=b", "token=%00"] {
        let answer = api.get(&format!("{path}/items?{query}")).by(owner).send().await?;
        answer.expect_problem(422, "validation_failed")?;
    }
    Ok(())
}

#[tokio::test]
async fn changed_wishlist_is_told_by_its_tag() -> Result<()> {
    let api = Api::connect().await?;
    let owner = api.register_user().await?;
    let path = path_of(&begin(&api, &owner, json!({ "name": "Summer" })).await?)?;
    let seen = api.get(&path).by(&owner).expect(200).await?.require_header("etag")?.to_owned();
    api.get(&path).by(&owner).header("if-none-match", seen.as_bytes()).expect(304).await?;
    let rename = |tag: &str, name: &str| {
        api.call(Method::PATCH, &path)
            .by(&owner)
            .header("if-match", tag.as_bytes())
            .json(&json!({ "name": name }))
            .send()
    };
    rename(&seen, "Winter").await?.expect_status(200)?;
    rename(&seen, "Spring").await?.expect_problem(412, "precondition_failed")?;
    let delete = api.call(Method::DELETE, &path).by(&owner).header("if-match", seen.as_bytes());
    delete.send().await?.expect_problem(412, "precondition_failed")?;
    ensure!(api.get(&path).by(&owner).expect(200).await?.text_at("/name")? == "Winter", "a lost update");
    Ok(())
}

#[tokio::test]
async fn own_wishlists_come_in_pages() -> Result<()> {
    let api = Api::connect().await?;
    let owner = api.register_user().await?;
    let mut made = Vec::new();
    for name in ["a", "b", "c"] {
        made.insert(0, begin(&api, &owner, json!({ "name": name })).await?.text_at("/id")?);
    }
    let page = api.get("/v1/wishlists?limit=2").by(&owner).expect(200).await?;
    let cursor = page.text_at("/next_cursor")?;
    ensure!(page.require_header("link")?.contains(&cursor), "no link to the next page: {page}");
    let rest = api.get(&format!("/v1/wishlists?limit=2&cursor={cursor}")).by(&owner).expect(200).await?;
    let ids = [page.text_at("/data/0/id")?, page.text_at("/data/1/id")?, rest.text_at("/data/0/id")?];
    ensure!(ids == made[..] && rest.at("/next_cursor")?.is_null(), "{page}\n{rest}");
    let other = format!("/v1/wishlists/{}/items?cursor={cursor}", made[0]);
    api.get(&other).by(&owner).send().await?.expect_problem(422, "invalid_cursor")?;
    Ok(())
}
