//! `POST /v1/auth/refresh`.

use serde_json::json;
use testkit::Kit;

use crate::{api, sign_in};

#[tokio::test]
async fn a_refresh_token_gives_the_next_pair() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let first = sign_in(&api, &guest.email).await;
    let second = api.post("/v1/auth/refresh", None, &json!({ "refresh_token": first["refresh_token"] })).await;
    let second = second.of_status(200);
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!((&second["token_type"], &second["user"]["id"]), (&"Bearer".into(), &guest.id.to_string().into()));
    api.get("/v1/users/me", second["access_token"].as_str()).await.of_status(200);
}

#[tokio::test]
async fn what_is_no_refresh_token_of_ours_is_refused() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let pair = sign_in(&api, &guest.email).await;
    for token in ["", "x", "🦀", pair["access_token"].as_str().expect("a token")] {
        let answer = api.post("/v1/auth/refresh", None, &json!({ "refresh_token": token })).await;
        answer.problem(401, "unauthenticated");
    }
    let faults = api.post("/v1/auth/refresh", None, &json!({})).await.faults();
    assert_eq!(faults, [("/refresh_token".to_owned(), "required".to_owned())]);
}
