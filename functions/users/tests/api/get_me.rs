//! `GET /v1/users/me`.

use axum::http::Method;
use testkit::Kit;

use crate::api;

#[tokio::test]
async fn the_caller_sees_their_own_account() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let answer = api(&kit).get("/v1/users/me", Some(&guest.token)).await;
    let user = answer.of_status(200);
    assert_eq!((&user["id"], &user["email"]), (&guest.id.to_string().into(), &guest.email.as_str().into()));
    assert_eq!(user["email_verified"], true);
    assert!(user.get("password_hash").is_none());
}

#[tokio::test]
async fn what_is_known_already_is_not_sent_again() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let tag = api.get("/v1/users/me", Some(&guest.token)).await.header("etag").to_owned();
    assert!(tag.len() > 2, "{tag}");
    let authorization = format!("Bearer {}", guest.token);
    let headers = [("authorization", authorization.as_str()), ("if-none-match", &tag)];
    let answer = api.send(Method::GET, "/v1/users/me", &headers, "").await;
    assert_eq!((answer.status, answer.body.len()), (304, 0));
    kit.database.execute("UPDATE users SET first_name = 'Grace' WHERE id = $1", &[&guest.id.uuid()]).await;
    let answer = api.send(Method::GET, "/v1/users/me", &headers, "").await;
    assert_eq!(answer.of_status(200)["first_name"], "Grace");
}

#[tokio::test]
async fn a_token_outlives_its_account_in_vain() {
    let kit = Kit::start().await;
    let nobody = kit.tokens.access_token(domain::id::UserId::new(), "user");
    api(&kit).get("/v1/users/me", Some(&nobody)).await.problem(404, "not_found");
}
