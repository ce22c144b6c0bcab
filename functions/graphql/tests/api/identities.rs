//! Signing in at a provider by GraphQL: the same rules as by REST.

use serde_json::json;
use testkit::{Issuer, Kit, REDIRECT_URI, with_providers};

use crate::{api, ask, code, data};

#[tokio::test]
async fn a_sign_in_at_a_provider_begins_is_completed_and_can_be_undone() {
    let issuer = Issuer::start().await;
    let kit = Kit::with(|services| with_providers(services, &[issuer.configuration("club")])).await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let listed = data(&api, None, "{ signInProviders { id name } }", json!({})).await;
    assert_eq!(listed, json!({ "signInProviders": [{ "id": "club", "name": "The club" }] }));

    let start = "mutation ($input: StartSignInInput!) {
        startSignIn(input: $input) { authorizationUrl state browserSecret expiresIn } }";
    let unknown = json!({ "input": { "provider": "nobody", "redirectUri": REDIRECT_URI } });
    assert_eq!(code(&ask(&api, None, start, unknown).await), "not_found");
    let elsewhere = json!({ "input": { "provider": "club", "redirectUri": "https://evil.example" } });
    let refused = ask(&api, None, start, elsewhere).await;
    assert_eq!(code(&refused), "validation_failed");
    assert_eq!(refused["errors"][0]["extensions"]["errors"][0]["pointer"], "/input/redirectUri");
    let input = json!({ "input": { "provider": "club", "redirectUri": REDIRECT_URI } });
    let started = data(&api, None, start, input).await["startSignIn"].clone();
    assert_eq!(started["expiresIn"], 600);

    let claims = json!({ "sub": "ada", "email": guest.email, "email_verified": true });
    let url = started["authorizationUrl"].as_str().expect("an address");
    let brought = issuer.signs_in(url, &claims, &json!({}));
    let complete =
        "mutation ($input: CompleteSignInInput!) { completeSignIn(input: $input) { tokenType user { id } } }";
    let input = json!({ "input": {
        "provider": "club", "code": brought, "state": started["state"], "browserSecret": started["browserSecret"],
        "iss": issuer.issuer(),
    } });
    let pair = data(&api, None, complete, input.clone()).await["completeSignIn"].clone();
    assert_eq!(pair, json!({ "tokenType": "Bearer", "user": { "id": guest.id } }));
    assert_eq!(code(&ask(&api, None, complete, input).await), "token_invalid");

    let mine = "{ me { identities { id email provider { id } } } }";
    let identities = data(&api, Some(&guest), mine, json!({})).await["me"]["identities"].clone();
    assert_eq!((&identities[0]["email"], &identities[0]["provider"]["id"]), (&json!(guest.email), &json!("club")));
    let delete = "mutation ($input: DeleteIdentityInput!) { deleteIdentity(input: $input) { ok } }";
    let input = json!({ "input": { "identityId": identities[0]["id"] } });
    assert_eq!(code(&ask(&api, None, delete, input.clone()).await), "unauthenticated");
    assert_eq!(data(&api, Some(&guest), delete, input.clone()).await, json!({ "deleteIdentity": { "ok": true } }));
    assert_eq!(code(&ask(&api, Some(&guest), delete, input).await), "not_found");
}
