//! `GET /.well-known/jwks.json` and `/.well-known/openid-configuration`.

use testkit::{BASE_URL, Kit};

use crate::api;

#[tokio::test]
async fn other_services_find_the_public_keys_and_no_private_one() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let configuration = api.get("/.well-known/openid-configuration", None).await.of_status(200);
    assert_eq!(configuration["issuer"], BASE_URL);
    assert_eq!(configuration["jwks_uri"], format!("{BASE_URL}/.well-known/jwks.json"));
    let answer = api.get("/.well-known/jwks.json", None).await;
    let keys = answer.of_status(200);
    assert!(answer.header("cache-control").contains("max-age"));
    let key = &keys["keys"][0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["crv"], &key["use"]),
        (&"EC".into(), &"ES256".into(), &"P-256".into(), &"sig".into())
    );
    assert!(key.get("d").is_none(), "the private part");
}
