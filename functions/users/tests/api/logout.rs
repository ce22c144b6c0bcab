//! `POST /v1/auth/logout`.

use serde_json::json;
use testkit::Kit;

use crate::{api, sign_in};

#[tokio::test]
async fn logging_out_ends_the_session_and_says_nothing() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let body = json!({ "refresh_token": sign_in(&api, &guest.email).await["refresh_token"] });
    for _ in 0..2 {
        let answer = api.post("/v1/auth/logout", None, &body).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
    }
    api.post("/v1/auth/refresh", None, &body).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_stranger_s_token_ends_nothing_and_tells_nothing() {
    let kit = Kit::start().await;
    let api = api(&kit);
    api.post("/v1/auth/logout", None, &json!({ "refresh_token": "x" })).await.of_status(204);
    api.post("/v1/auth/logout", None, &json!({ "refresh_token": 1 })).await.problem(422, "validation_failed");
}
