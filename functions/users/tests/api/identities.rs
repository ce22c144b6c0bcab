//! `/v1/auth/oidc` and `/v1/auth/identities`: what signing in at a provider looks like from outside.

use axum::http::Method;
use domain::event::EventKind;
use serde_json::{Value, json};
use testkit::{Answer, Api, Issuer, Kit, PASSWORD, REDIRECT_URI, redacted, with_providers};

use crate::api;

async fn world() -> (Kit, Issuer, Api) {
    let issuer = Issuer::start().await;
    let kit = Kit::with(|services| with_providers(services, &[issuer.configuration("club")])).await;
    let api = api(&kit);
    (kit, issuer, api)
}

async fn sign_in(api: &Api, issuer: &Issuer, claims: &Value) -> Answer {
    let begin = json!({ "redirect_uri": REDIRECT_URI });
    let started = api.post("/v1/auth/oidc/club/start", None, &begin).await.of_status(200);
    let url = started["authorization_url"].as_str().expect("an address");
    let code = issuer.signs_in(url, claims, &json!({}));
    let body = json!({ "code": code, "state": started["state"], "browser_secret": started["browser_secret"] });
    api.post("/v1/auth/oidc/club/complete", None, &body).await
}

fn claims(subject: &str, email: &str) -> Value {
    json!({ "sub": subject, "email": email, "email_verified": true, "name": "Grace Hopper" })
}

fn new_email() -> String {
    format!("{}@example.com", uuid::Uuid::new_v4().simple())
}

async fn identities(api: &Api, token: &str) -> Value {
    api.get("/v1/auth/identities", Some(token)).await.of_status(200)["data"].clone()
}

async fn delete(api: &Api, token: &str, identity: &Value) -> Answer {
    let path = format!("/v1/auth/identities/{}", identity["id"].as_str().expect("an id"));
    api.call(Method::DELETE, &path, Some(token), &Value::Null).await
}

#[tokio::test]
async fn providers_are_listed_for_the_buttons_and_no_secret_is_told() {
    let (_kit, _issuer, api) = world().await;
    let answer = api.get("/v1/auth/oidc", None).await.of_status(200);
    insta::assert_json_snapshot!(answer, @r#"
    {
      "data": [
        {
          "id": "club",
          "name": "The club"
        }
      ],
      "next_cursor": null
    }
    "#);
    let nobody = Kit::start().await;
    let none = crate::api(&nobody).get("/v1/auth/oidc", None).await.of_status(200);
    assert_eq!(none, json!({ "data": [], "next_cursor": null }));
}

#[tokio::test]
async fn a_sign_in_goes_to_the_provider_and_back_to_a_pair_of_tokens() {
    let (_kit, issuer, api) = world().await;
    let begin = json!({ "redirect_uri": REDIRECT_URI });
    let answer = api.post("/v1/auth/oidc/club/start", None, &begin).await;
    let started = answer.of_status(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("ratelimit-policy"), "\"calls\";q=300;w=60");
    assert_eq!(started["expires_in"], 600);
    let url = started["authorization_url"].as_str().expect("an address");
    let secret = started["browser_secret"].as_str().expect("a secret");
    assert!(url.contains(started["state"].as_str().expect("a state")) && !url.contains(secret), "{url}");

    let email = new_email();
    let code = issuer.signs_in(url, &claims("grace", &email), &json!({}));
    let body = json!({ "code": code, "state": started["state"], "browser_secret": secret, "iss": issuer.issuer() });
    let answer = api.post("/v1/auth/oidc/club/complete", None, &body).await;
    let pair = answer.of_status(200);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(!answer.header("ratelimit").is_empty());
    assert_eq!((&pair["token_type"], &pair["user"]["email"]), (&json!("Bearer"), &json!(email)));
    assert_eq!((&pair["user"]["first_name"], &pair["user"]["last_name"]), (&json!("Grace"), &json!("Hopper")));
    let me = api.get("/v1/users/me", pair["access_token"].as_str()).await.of_status(200);
    assert_eq!((&me["id"], &me["email_verified"]), (&pair["user"]["id"], &json!(true)));
    api.post("/v1/auth/refresh", None, &json!({ "refresh_token": pair["refresh_token"] })).await.of_status(200);
    api.post("/v1/auth/oidc/club/complete", None, &body).await.problem(422, "token_invalid");
}

#[tokio::test]
async fn what_can_t_be_a_sign_in_is_refused_by_its_name() {
    let (_kit, issuer, api) = world().await;
    let begin = json!({ "redirect_uri": "https://evil.example/" });
    let faults = api.post("/v1/auth/oidc/club/start", None, &begin).await.faults();
    assert_eq!(faults, [("/redirect_uri".to_owned(), "not_allowed".to_owned())]);
    for path in ["nobody", "Club", "..%2Fclub", "club%20"] {
        let path = format!("/v1/auth/oidc/{path}/start");
        api.post(&path, None, &json!({ "redirect_uri": REDIRECT_URI })).await.problem(404, "not_found");
    }
    let missing = api.post("/v1/auth/oidc/club/complete", None, &json!({})).await.faults();
    let required = |name: &str| (format!("/{name}"), "required".to_owned());
    assert_eq!(missing, ["browser_secret", "code", "state"].map(required));
    let long = json!({ "code": "x".repeat(4_097), "state": "x", "browser_secret": "x" });
    let faults = api.post("/v1/auth/oidc/club/complete", None, &long).await.faults();
    assert_eq!(faults, [("/code".to_owned(), "text_too_long".to_owned())]);
    let empty = json!({ "code": "", "state": "s", "browser_secret": "b" });
    let faults = api.post("/v1/auth/oidc/club/complete", None, &empty).await.faults();
    assert_eq!(faults, [("/code".to_owned(), "required".to_owned())]);
    let unknown = json!({ "code": "x", "state": "x", "browser_secret": "x" });
    api.post("/v1/auth/oidc/club/complete", None, &unknown).await.problem(422, "token_invalid");
    let unverified = json!({ "sub": "grace", "email": new_email(), "email_verified": false });
    sign_in(&api, &issuer, &unverified).await.problem(403, "provider_email_unverified");
}

#[tokio::test]
async fn identities_are_their_owner_s_to_see_and_to_remove() {
    let (kit, issuer, api) = world().await;
    let (guest, stranger) = (kit.guest().await, kit.guest().await);
    sign_in(&api, &issuer, &claims("ada", &guest.email)).await.of_status(200);
    let listed = identities(&api, &guest.token).await;
    let mut shown = redacted(&listed[0], &["email", "issuer"]);
    shown["provider"] = listed[0]["provider"].clone();
    insta::assert_json_snapshot!(shown, @r#"
    {
      "created_at": "[instant]",
      "email": "[email]",
      "id": "[ident]",
      "issuer": "[issuer]",
      "provider": {
        "id": "club",
        "name": "The club"
      }
    }
    "#);
    assert_eq!(identities(&api, &stranger.token).await, json!([]));
    delete(&api, &stranger.token, &listed[0]).await.problem(404, "not_found");
    let answer = delete(&api, &guest.token, &listed[0]).await;
    assert_eq!((answer.status, answer.body.len()), (204, 0));
    delete(&api, &guest.token, &listed[0]).await.problem(404, "not_found");
    assert_eq!(identities(&api, &guest.token).await, json!([]));

    let told = kit.events.taken();
    assert_eq!(told.last().map(|event| event.kind), Some(EventKind::UserIdentityRemoved));
    kit.services.notify(told.last().expect("an event")).await.expect("mailed");
    let mail = kit.mails.sent().pop().expect("a mail");
    assert_eq!((mail.to, mail.subject), (guest.email, "You no longer sign in with The club".to_owned()));
}

#[tokio::test]
async fn the_only_way_to_sign_in_stays() {
    let (kit, issuer, api) = world().await;
    let pair = sign_in(&api, &issuer, &claims("grace", &new_email())).await.of_status(200);
    let token = pair["access_token"].as_str().expect("a token");
    let change = json!({ "email": new_email(), "password": PASSWORD });
    let faults = api.post("/v1/users/me/email", Some(token), &change).await.faults();
    assert_eq!(faults, [("/password".to_owned(), "no_password".to_owned())]);
    let listed = identities(&api, token).await;
    delete(&api, token, &listed[0]).await.problem(409, "last_sign_in_method");
    // Another one, at a provider that is no longer configured, opens nothing.
    let sql = "INSERT INTO identities (id, user_id, issuer, subject, email)
               SELECT uuid_v7(), user_id, 'https://gone.example', 'grace', email FROM identities";
    kit.database.execute(sql, &[]).await;
    let both = identities(&api, token).await;
    assert_eq!((both.as_array().map(Vec::len), &both[1]["provider"]), (Some(2), &Value::Null));
    delete(&api, token, &listed[0]).await.problem(409, "last_sign_in_method");
    delete(&api, token, &both[1]).await.of_status(204);
    kit.database.execute("UPDATE users SET password_hash = 'some'", &[]).await;
    delete(&api, token, &listed[0]).await.of_status(204);
}

#[tokio::test]
async fn nothing_that_opens_an_account_is_logged_or_kept_as_it_is() {
    let (kit, issuer, api) = world().await;
    let begin = json!({ "redirect_uri": REDIRECT_URI });
    let key = "a-key";
    let started = api.post_keyed("/v1/auth/oidc/club/start", None, key, &begin).await.of_status(200);
    let again = api.post_keyed("/v1/auth/oidc/club/start", None, key, &begin).await.of_status(200);
    assert_ne!(started["state"], again["state"], "each begins anew");
    sign_in(&api, &issuer, &claims("grace", &new_email())).await.of_status(200);
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM idempotency_keys", &[]).await, 0);
    let aws = testkit::LocalAws::connect().await;
    let items = aws.all_items(aws.one_time_tokens_table()).await;
    for word in ["state", "browser_secret"] {
        let word = started[word].as_str().expect("a word");
        assert!(!items.iter().any(|item| item.contains(word)), "kept hashed");
    }
}
