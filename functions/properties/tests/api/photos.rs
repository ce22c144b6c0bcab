//! `/v1/properties/{id}/photos`.

use axum::http::Method;
use domain::id::PhotoId;
use serde_json::{Value, json};
use testkit::{Api, Kit, Person};

use crate::{api, complete};

async fn drafted(kit: &Kit) -> (Api, Person, String) {
    let (api, host) = (api(kit), kit.host().await);
    let draft = api.post("/v1/properties", Some(&host.token), &complete()).await.of_status(201);
    let path = format!("/v1/properties/{}", draft["id"].as_str().expect("an id"));
    (api, host, path)
}

async fn added(api: &Api, host: &Person, path: &str, bytes: usize) -> Value {
    let body = json!({ "content_type": "image/jpeg", "bytes": bytes });
    api.post(&format!("{path}/photos"), Some(&host.token), &body).await.of_status(201)
}

async fn upload(made: &Value, file: &[u8]) -> u16 {
    let mut request = reqwest::Client::new().put(made["upload"]["url"].as_str().expect("an address"));
    for (name, value) in made["upload"]["headers"].as_object().expect("headers") {
        request = request.header(name, value.as_str().expect("a text"));
    }
    request.body(file.to_vec()).send().await.expect("the storage answers").status().as_u16()
}

#[tokio::test]
async fn a_photo_s_upload_is_a_signed_put_of_that_type_and_size() {
    let kit = Kit::start().await;
    let (api, host, path) = drafted(&kit).await;
    let made = added(&api, &host, &path, 1_234).await;
    assert_eq!((&made["photo"]["status"], &made["photo"]["position"]), (&json!("pending"), &json!(0)));
    assert_eq!(made["photo"]["urls"], Value::Null);
    assert_eq!(made["upload"]["method"], "PUT");
    assert_eq!(made["upload"]["headers"], json!({ "content-type": "image/jpeg", "content-length": "1234" }));
    let url = made["upload"]["url"].as_str().expect("an address");
    for part in ["X-Amz-Expires=900", "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost", "X-Amz-Signature="] {
        assert!(url.contains(part), "{part} is not in {url}");
    }
    let photos = api.get(&path, Some(&host.token)).await.of_status(200)["photos"].clone();
    assert_eq!(photos, json!([made["photo"]]));
}

#[tokio::test]
async fn what_may_be_uploaded_is_told_with_all_faults() {
    let kit = Kit::start().await;
    let (api, host, path) = drafted(&kit).await;
    let faults = async |body: Value| {
        let faults = api.post(&format!("{path}/photos"), Some(&host.token), &body).await.faults();
        faults.into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>()
    };
    let refused = faults(json!({ "content_type": "image/gif", "bytes": 10_485_761, "x": 1 })).await;
    assert_eq!(refused, ["/bytes out_of_range", "/content_type unknown_value", "/x unknown_field"]);
    assert_eq!(faults(json!({})).await, ["/bytes required", "/content_type required"]);
    assert_eq!(faults(json!({ "content_type": "image/png", "bytes": 0 })).await, ["/bytes out_of_range"]);
}

#[tokio::test]
async fn a_property_is_listed_as_soon_as_its_photo_is_uploaded_and_not_before() {
    let kit = Kit::start().await;
    let (api, host, path) = drafted(&kit).await;
    let list = async || api.post(&format!("{path}/list"), Some(&host.token), &Value::Null).await;
    assert_eq!(list().await.problem(409, "not_ready")["missing"], json!(["photos"]));
    added(&api, &host, &path, 5).await;
    let made = added(&api, &host, &path, 5).await;
    assert_eq!(list().await.problem(409, "not_ready")["missing"], json!(["photos"]), "only announced");
    assert_eq!(upload(&made, b"bytes").await, 200);
    assert_eq!(list().await.of_status(200)["status"], "listed");
    assert_eq!(api.get(&path, None).await.of_status(200)["photos"], json!([]), "nobody else sees it yet");
    kit.database.batch("UPDATE photos SET status = 'rejected', rejection = 'wrong_type'").await;
    assert_eq!(list().await.problem(409, "not_ready")["missing"], json!(["photos"]));
}

#[tokio::test]
async fn photos_keep_the_order_and_captions_that_the_host_gives_them() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let property = kit.listing_of(&host, |_| {}).await;
    let (api, path) = (api(&kit), format!("/v1/properties/{}", property.id));
    kit.photo(property.id).await;
    kit.photo(property.id).await;
    let photos = async |token: Option<&str>| api.get(&path, token).await.of_status(200)["photos"].clone();
    let ids = |photos: &Value| -> Vec<Value> {
        photos.as_array().into_iter().flatten().map(|photo| photo["id"].clone()).collect()
    };
    let before = ids(&photos(None).await);
    let change = async |id: &Value, body: Value| {
        let path = format!("{path}/photos/{}", id.as_str().expect("an id"));
        api.call(Method::PATCH, &path, Some(&host.token), &body).await.of_status(200)
    };
    let moved = change(&before[2], json!({ "position": 0, "caption": " The river " })).await;
    assert_eq!((&moved["position"], &moved["caption"]), (&json!(0), &json!("The river")));
    assert_eq!(change(&before[0], json!({ "position": 49 })).await["position"], 2, "beyond the last is the last");
    let after = photos(None).await;
    assert_eq!(ids(&after), [before[2].clone(), before[1].clone(), before[0].clone()]);
    assert_eq!(
        after[0]["urls"]["w480"],
        format!("https://photos.roost.test/photos/{}/480.jpg", after[0]["id"].as_str().unwrap())
    );
    assert_eq!(change(&before[2], json!({ "caption": null })).await["caption"], Value::Null);
    assert_eq!(ids(&photos(Some(&host.token)).await), ids(&after));
}

#[tokio::test]
async fn a_photo_can_be_taken_away_but_not_the_last_of_a_listed_property() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let property = kit.listing_of(&host, |_| {}).await;
    let (api, path) = (api(&kit), format!("/v1/properties/{}", property.id));
    let first = api.get(&path, None).await.of_status(200)["photos"][0]["id"].clone();
    let delete = async |id: &str| {
        api.call(Method::DELETE, &format!("{path}/photos/{id}"), Some(&host.token), &Value::Null).await
    };
    let first = first.as_str().expect("an id");
    assert_eq!(delete(first).await.problem(409, "not_ready")["missing"], json!(["photos"]));
    let second = kit.photo(property.id).await.to_string();
    assert_eq!(delete(first).await.status, 204);
    delete(first).await.problem(404, "not_found");
    let left = api.get(&path, None).await.of_status(200)["photos"].clone();
    assert_eq!((left.as_array().map(Vec::len), &left[0]["id"]), (Some(1), &json!(second)));
    api.post(&format!("{path}/unlist"), Some(&host.token), &Value::Null).await.of_status(200);
    assert_eq!(delete(&second).await.status, 204);
}

#[tokio::test]
async fn a_property_has_at_most_fifty_photos() {
    let kit = Kit::start().await;
    let (api, host, path) = drafted(&kit).await;
    let id = path.rsplit('/').next().expect("an id").parse().expect("an id");
    for _ in 0..49 {
        kit.photo(id).await;
    }
    added(&api, &host, &path, 5).await;
    let body = json!({ "content_type": "image/jpeg", "bytes": 5 });
    let refused = api.post(&format!("{path}/photos"), Some(&host.token), &body).await;
    refused.problem(409, "too_many_photos");
}

#[tokio::test]
async fn only_the_host_has_to_do_with_photos() {
    let kit = Kit::start().await;
    let (host, other) = (kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let (api, path) = (api(&kit), format!("/v1/properties/{}/photos", property.id));
    let photo = format!("{path}/{}", kit.photo(property.id).await);
    let body = json!({ "content_type": "image/jpeg", "bytes": 5 });
    let calls =
        [(Method::POST, &path, &body), (Method::PATCH, &photo, &json!({})), (Method::DELETE, &photo, &Value::Null)];
    for (method, path, body) in &calls {
        api.call(method.clone(), path, None, body).await.problem(401, "unauthenticated");
        api.call(method.clone(), path, Some(&other.token), body).await.problem(403, "forbidden");
    }
    let unknown = format!("{path}/{}", PhotoId::new());
    api.call(Method::DELETE, &unknown, Some(&host.token), &Value::Null).await.problem(404, "not_found");
    // A photo of another property is not there.
    let elsewhere = kit.listing_of(&host, |_| {}).await;
    let crossed = format!("/v1/properties/{}/photos/{}", elsewhere.id, photo.rsplit('/').next().expect("an id"));
    api.call(Method::DELETE, &crossed, Some(&host.token), &Value::Null).await.problem(404, "not_found");
}
