//! Every route of `/v1/wishlists`.

use axum::http::Method;
use domain::id::{PropertyId, WishlistId};
use serde_json::{Value, json};
use testkit::{Api, Kit, Person};

use crate::api;

async fn begun(api: &Api, owner: &Person, body: Value) -> Value {
    api.post("/v1/wishlists", Some(&owner.token), &body).await.of_status(201)
}

fn path_of(wishlist: &Value) -> String {
    format!("/v1/wishlists/{}", wishlist["id"].as_str().expect("an id"))
}

async fn put(api: &Api, owner: &Person, path: &str, property_id: PropertyId) -> testkit::Answer {
    api.call(Method::PUT, &format!("{path}/items/{property_id}"), Some(&owner.token), &Value::Null).await
}

fn property_ids(wishlist: &Value) -> Vec<&str> {
    wishlist["items"].as_array().expect("items").iter().filter_map(|item| item["property_id"].as_str()).collect()
}

#[tokio::test]
async fn a_wishlist_is_private_unless_it_is_shared() {
    let kit = Kit::start().await;
    let (api, owner) = (api(&kit), kit.unverified().await);
    let answer = api.post("/v1/wishlists", Some(&owner.token), &json!({ "name": " Summer " })).await;
    let private = answer.of_status(201);
    assert_eq!(answer.header("location"), path_of(&private));
    assert_eq!((&private["name"], &private["visibility"]), (&json!("Summer"), &json!("private")));
    assert_eq!(
        (&private["share_token"], &private["item_count"], &private["items"]),
        (&Value::Null, &json!(0), &json!([]))
    );
    let shared = begun(&api, &owner, json!({ "name": "Winter", "visibility": "shared" })).await;
    assert!(shared["share_token"].as_str().is_some_and(|token| token.len() >= 40), "{shared}");
    assert_eq!(api.get(&path_of(&shared), Some(&owner.token)).await.of_status(200), shared);
    let answer = api.post("/v1/wishlists", Some(&owner.token), &json!({ "name": "", "visibility": "public" })).await;
    assert_eq!(answer.faults(), [("/name".into(), "required".into()), ("/visibility".into(), "unknown_value".into())]);
}

#[tokio::test]
async fn a_property_is_put_on_a_list_once_and_newest_comes_first() {
    let kit = Kit::start().await;
    let (api, owner) = (api(&kit), kit.guest().await);
    let path = path_of(&begun(&api, &owner, json!({ "name": "Summer" })).await);
    let (first, second) = (kit.listed_property().await.id, kit.listed_property().await.id);
    put(&api, &owner, &path, first).await.of_status(200);
    let both = put(&api, &owner, &path, second).await.of_status(200);
    assert_eq!(property_ids(&both), [second.to_string(), first.to_string()]);
    assert_eq!(put(&api, &owner, &path, first).await.of_status(200), both, "a second time changes nothing");
    let page = api.get(&format!("{path}/items?limit=1"), Some(&owner.token)).await.of_status(200);
    assert_eq!(page["data"][0]["property"]["id"], second.to_string());
    assert_eq!(page["data"][0]["property"]["location"]["exact"], false);
    let next = page["next_cursor"].as_str().expect("a next page");
    let page = api.get(&format!("{path}/items?limit=1&cursor={next}"), Some(&owner.token)).await.of_status(200);
    assert_eq!((&page["data"][0]["property_id"], &page["next_cursor"]), (&json!(first), &Value::Null));
    let item = format!("{path}/items/{first}");
    assert_eq!(api.call(Method::DELETE, &item, Some(&owner.token), &Value::Null).await.status, 204);
    api.call(Method::DELETE, &item, Some(&owner.token), &Value::Null).await.problem(404, "not_found");
    assert_eq!(property_ids(&api.get(&path, Some(&owner.token)).await.of_status(200)), [second.to_string()]);
}

#[tokio::test]
async fn only_what_the_owner_may_see_can_be_put_on_a_list() {
    let kit = Kit::start().await;
    let (api, owner, host) = (api(&kit), kit.guest().await, kit.host().await);
    let path = path_of(&begun(&api, &owner, json!({ "name": "Summer" })).await);
    let draft = kit.draft(&host, |_| {}).await.id;
    for id in [draft, PropertyId::new()] {
        put(&api, &owner, &path, id).await.problem(404, "not_found");
    }
    let own = path_of(&begun(&api, &host, json!({ "name": "Mine" })).await);
    put(&api, &host, &own, draft).await.of_status(200);
    let listed = kit.listed_property().await.id;
    put(&api, &owner, &own, listed).await.problem(404, "not_found");
    put(&api, &owner, &format!("/v1/wishlists/{}", WishlistId::new()), listed).await.problem(404, "not_found");
}

#[tokio::test]
async fn what_is_unlisted_stays_on_the_list_and_is_hidden_from_others() {
    let kit = Kit::start().await;
    let (api, owner, host) = (api(&kit), kit.guest().await, kit.host().await);
    let wishlist = begun(&api, &owner, json!({ "name": "Summer", "visibility": "shared" })).await;
    let (path, token) = (path_of(&wishlist), wishlist["share_token"].as_str().expect("a link"));
    let gone = kit.listing_of(&host, |_| {}).await.id;
    let kept = kit.listed_property().await.id;
    put(&api, &owner, &path, gone).await.of_status(200);
    put(&api, &owner, &path, kept).await.of_status(200);
    api.post(&format!("/v1/properties/{gone}/unlist"), Some(&host.token), &Value::Null).await.of_status(200);
    let own = api.get(&path, Some(&owner.token)).await.of_status(200);
    assert_eq!((&own["item_count"], &own["items"][1]["listed"]), (&json!(2), &json!(false)));
    put(&api, &owner, &path, gone).await.of_status(200);
    let own = api.get(&format!("{path}/items"), Some(&owner.token)).await.of_status(200);
    assert_eq!((&own["data"][1]["property_id"], &own["data"][1]["property"]), (&json!(gone), &Value::Null));
    for viewer in [None, Some(host.token.as_str())] {
        let shared = api.get(&format!("{path}?token={token}"), viewer).await.of_status(200);
        assert_eq!((&shared["item_count"], property_ids(&shared)), (&json!(1), vec![kept.to_string().as_str()]));
        assert!(shared.get("share_token").is_none(), "{shared}");
        let items = api.get(&format!("{path}/items?token={token}"), viewer).await.of_status(200);
        assert_eq!(
            (items["data"].as_array().map(Vec::len), &items["data"][0]["property"]["id"]),
            (Some(1), &json!(kept))
        );
    }
}

#[tokio::test]
async fn a_link_is_good_until_the_list_is_private_again() {
    let kit = Kit::start().await;
    let (api, owner, other) = (api(&kit), kit.guest().await, kit.guest().await);
    let wishlist = begun(&api, &owner, json!({ "name": "Summer", "visibility": "shared" })).await;
    let (path, token) = (path_of(&wishlist), wishlist["share_token"].as_str().expect("a link"));
    let link = format!("{path}?token={token}");
    for stranger in [path.clone(), format!("{path}?token="), format!("{path}?token={token}x")] {
        for viewer in [None, Some(other.token.as_str())] {
            api.get(&stranger, viewer).await.problem(404, "not_found");
        }
    }
    api.get(&link, None).await.of_status(200);
    for (method, body) in [(Method::PATCH, json!({ "name": "Mine" })), (Method::DELETE, Value::Null)] {
        api.call(method, &path, Some(&other.token), &body).await.problem(404, "not_found");
    }
    let patch = async |body: Value| api.call(Method::PATCH, &path, Some(&owner.token), &body).await.of_status(200);
    assert_eq!(patch(json!({})).await, wishlist, "nothing is left out of what is kept");
    assert_eq!(patch(json!({ "name": "Winter" })).await["share_token"], token);
    assert_eq!(patch(json!({ "visibility": "private" })).await["share_token"], Value::Null);
    api.get(&link, None).await.problem(404, "not_found");
    let anew = patch(json!({ "visibility": "shared" })).await;
    assert!(anew["share_token"].is_string() && anew["share_token"] != token, "{anew}");
    api.get(&link, None).await.problem(404, "not_found");
    let null = api.call(Method::PATCH, &path, Some(&owner.token), &json!({ "name": null })).await;
    assert_eq!(null.faults(), [("/name".into(), "required".into())]);
}

#[tokio::test]
async fn a_change_holds_if_match_against_the_list_as_it_is() {
    let kit = Kit::start().await;
    let (api, owner) = (api(&kit), kit.guest().await);
    let path = path_of(&begun(&api, &owner, json!({ "name": "Summer" })).await);
    let bearer = format!("Bearer {}", owner.token);
    let send = async |method: Method, path: String, tag: String, body: &'static str| {
        let headers =
            [("authorization", bearer.as_str()), ("if-match", tag.as_str()), ("content-type", "application/json")];
        api.send(method, &path, &headers, body).await
    };
    let old = api.get(&path, Some(&owner.token)).await.header("etag").to_owned();
    let property = kit.listed_property().await.id;
    put(&api, &owner, &path, property).await.of_status(200);
    let item = format!("{path}/items/{property}");
    send(Method::PATCH, path.clone(), old.clone(), "{\"name\":\"x\"}").await.problem(412, "precondition_failed");
    send(Method::DELETE, item.clone(), old.clone(), "").await.problem(412, "precondition_failed");
    send(Method::DELETE, path.clone(), old, "").await.problem(412, "precondition_failed");
    let now = api.get(&path, Some(&owner.token)).await.header("etag").to_owned();
    let changed = send(Method::PATCH, path.clone(), now, "{\"name\":\"x\"}").await;
    assert_eq!(changed.of_status(200)["name"], "x");
    assert_eq!(send(Method::DELETE, item, changed.header("etag").to_owned(), "").await.status, 204);
    assert_eq!(send(Method::DELETE, path.clone(), "*".to_owned(), "").await.status, 204);
    api.get(&path, Some(&owner.token)).await.problem(404, "not_found");
}

#[tokio::test]
async fn own_lists_come_newest_first_page_by_page() {
    let kit = Kit::start().await;
    let (api, owner, other) = (api(&kit), kit.guest().await, kit.guest().await);
    for name in ["a", "b", "c"] {
        begun(&api, &owner, json!({ "name": name })).await;
    }
    begun(&api, &other, json!({ "name": "not mine" })).await;
    let page = api.get("/v1/wishlists?limit=2", Some(&owner.token)).await.of_status(200);
    assert_eq!((&page["data"][0]["name"], &page["data"][1]["name"]), (&json!("c"), &json!("b")));
    assert!(page["data"][0].get("items").is_none(), "{page}");
    let next = page["next_cursor"].as_str().expect("a next page");
    let page = api.get(&format!("/v1/wishlists?limit=2&cursor={next}"), Some(&owner.token)).await.of_status(200);
    assert_eq!((&page["data"][0]["name"], page["data"].as_array().map(Vec::len)), (&json!("a"), Some(1)));
}

#[tokio::test]
async fn somebody_has_at_most_100_lists_of_500_properties() {
    let kit = Kit::start().await;
    let (api, owner) = (api(&kit), kit.guest().await);
    let path = path_of(&begun(&api, &owner, json!({ "name": "Full" })).await);
    let id: WishlistId = path.rsplit('/').next().expect("an id").parse().expect("an id");
    let property = kit.listed_property().await.id;
    // Copies of one row: what is on a full list need not be bookable.
    let sql = "WITH copies AS (INSERT INTO properties SELECT (jsonb_populate_record(p, jsonb_build_object('id', gen_random_uuid()))).*
                   FROM properties p, generate_series(1, 499) WHERE p.id = $2 RETURNING id)
               INSERT INTO wishlist_items (wishlist_id, property_id) SELECT $1, id FROM copies";
    kit.database.execute(sql, &[&id.uuid(), &property.uuid()]).await;
    assert_eq!(put(&api, &owner, &path, property).await.of_status(200)["item_count"], 500);
    let one_more = kit.listed_property().await.id;
    put(&api, &owner, &path, one_more).await.problem(409, "wishlist_full");
    put(&api, &owner, &path, property).await.of_status(200);
    let sql = "INSERT INTO wishlists (id, user_id, name) SELECT gen_random_uuid(), $1, 'x' FROM generate_series(1, 98)";
    kit.database.execute(sql, &[&owner.id.uuid()]).await;
    begun(&api, &owner, json!({ "name": "the hundredth" })).await;
    let answer = api.post("/v1/wishlists", Some(&owner.token), &json!({ "name": "one too many" })).await;
    answer.problem(409, "too_many_wishlists");
}

#[tokio::test]
async fn two_at_once_do_not_pass_the_limit() {
    let kit = Kit::start().await;
    let (api, owner) = (api(&kit), kit.guest().await);
    let sql = "INSERT INTO wishlists (id, user_id, name) SELECT gen_random_uuid(), $1, 'x' FROM generate_series(1, 99)";
    kit.database.execute(sql, &[&owner.id.uuid()]).await;
    let body = json!({ "name": "the hundredth" });
    let begin = || api.post("/v1/wishlists", Some(&owner.token), &body);
    let (first, second) = tokio::join!(begin(), begin());
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}
