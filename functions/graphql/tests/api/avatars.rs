//! Pictures of people: the own one, and those of others wherever a person is shown.

use serde_json::json;
use testkit::Kit;

use crate::{api, ask, code, data};

const CREATE: &str = "mutation ($input: CreateAvatarInput!) { createAvatar(input: $input) {
    avatarUpload { status rejection } upload { method url headers { contentType contentLength } } } }";

#[tokio::test]
async fn a_person_sets_a_picture_and_takes_it_away() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.guest().await);
    let input = json!({ "input": { "contentType": "image/webp", "bytes": 7, "idempotencyKey": "k" } });
    let made = data(&api, Some(&person), CREATE, input.clone()).await;
    assert_eq!(made["createAvatar"]["avatarUpload"], json!({ "status": "PENDING", "rejection": null }));
    let headers = json!({ "contentType": "image/webp", "contentLength": "7" });
    assert_eq!(made["createAvatar"]["upload"]["headers"], headers);
    assert_eq!(data(&api, Some(&person), CREATE, input).await, made, "the same key, the same upload");
    let avatar = kit.avatar(person.id).await;
    let me = "{ me { avatar { small large } avatarUpload { status } profile { avatar { small } } } }";
    let seen = data(&api, Some(&person), me, json!({})).await;
    let url = |side: u32| format!("https://photos.roost.test/photos/{avatar}/{side}.jpg");
    let expected = json!({
        "avatar": { "small": url(96), "large": url(400) }, "avatarUpload": { "status": "PENDING" },
        "profile": { "avatar": { "small": url(96) } },
    });
    assert_eq!(seen["me"], expected);
    let delete = "mutation { deleteAvatar { ok } }";
    assert_eq!(data(&api, Some(&person), delete, json!({})).await["deleteAvatar"]["ok"], true);
    let seen = data(&api, Some(&person), me, json!({})).await;
    assert_eq!(seen["me"], json!({ "avatar": null, "avatarUpload": null, "profile": { "avatar": null } }));
    assert_eq!(code(&ask(&api, Some(&person), delete, json!({})).await), "not_found");
}

#[tokio::test]
async fn a_picture_is_set_by_its_person_alone_and_within_the_limits() {
    let kit = Kit::start().await;
    let (api, person) = (api(&kit), kit.guest().await);
    let input = json!({ "input": { "contentType": "image/gif", "bytes": 10_485_761 } });
    assert_eq!(code(&ask(&api, None, CREATE, input.clone()).await), "unauthenticated");
    assert_eq!(code(&ask(&api, None, "mutation { deleteAvatar { ok } }", json!({})).await), "unauthenticated");
    let refused = ask(&api, Some(&person), CREATE, input).await;
    let faults = &refused["errors"][0]["extensions"]["errors"];
    let mut pointers: Vec<&str> =
        faults.as_array().into_iter().flatten().filter_map(|it| it["pointer"].as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/input/bytes", "/input/contentType"]);
}

#[tokio::test]
async fn a_host_s_picture_is_seen_with_the_place() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let avatar = kit.avatar(host.id).await;
    let query = "query ($id: ID!) { property(id: $id) { host { avatar { small } } } }";
    let seen = data(&api, None, query, json!({ "id": property.id })).await;
    let small = format!("https://photos.roost.test/photos/{avatar}/96.jpg");
    assert_eq!(seen["property"]["host"]["avatar"]["small"], small);
}
