//! Signing in at a provider: whose account it opens, once, for the browser that began it and nobody else.

mod states;

use std::sync::Arc;

use domain::error::{Error, ErrorCode, Result};
use domain::event::EventKind;
use domain::identity::ProviderId;
use domain::user::Password;
use jiff::SignedDuration;
use serde_json::{Value, json};
use services::auth::{Credentials, TokenPair};
use services::oidc::{Completion, StartedSignIn};
use services::{Actor, Services};
use testkit::{Issuer, Kit, PASSWORD, Person, REDIRECT_URI, TotpApp, new_client, with_providers};

fn provider(id: &str) -> ProviderId {
    ProviderId::parse(id).expect("an id")
}

async fn world() -> (Kit, Issuer) {
    let issuer = Issuer::start().await;
    let kit = Kit::with(|services| with_providers(services, &[issuer.configuration("club")])).await;
    (kit, issuer)
}

async fn start(services: &Services) -> StartedSignIn {
    services.start_sign_in(&new_client(), &provider("club"), REDIRECT_URI).await.expect("begun")
}

fn bring<'a>(id: &'a ProviderId, started: &'a StartedSignIn, code: &'a str, totp: Option<&'a str>) -> Completion<'a> {
    let (state, browser_secret) = (&started.state, &started.browser_secret);
    Completion { provider: id, code, state, browser_secret, issuer: None, totp }
}

async fn complete(kit: &Kit, started: &StartedSignIn, code: &str, totp: Option<&str>) -> Result<TokenPair> {
    let club = provider("club");
    kit.services.complete_sign_in(&new_client(), bring(&club, started, code, totp)).await
}

/// Signs in there with these claims, and here with what came of it.
async fn sign_in(kit: &Kit, issuer: &Issuer, claims: &Value) -> Result<TokenPair> {
    let started = start(&kit.services).await;
    let code = issuer.signs_in(&started.authorization_url, claims, &json!({}));
    complete(kit, &started, &code, None).await
}

fn claims(subject: &str, email: &str) -> Value {
    json!({ "sub": subject, "email": email, "email_verified": true, "given_name": "Grace", "locale": "fr-FR" })
}

#[track_caller]
fn refused(outcome: Result<TokenPair>, code: ErrorCode) -> Error {
    let error = outcome.err().expect("refused");
    assert_eq!(error.code(), code, "{}", error.causes());
    error
}

fn kinds(kit: &Kit) -> Vec<EventKind> {
    kit.events.taken().into_iter().map(|event| event.kind).collect()
}

async fn login(kit: &Kit, person: &Person) -> Result<TokenPair> {
    let credentials = Credentials { email: &person.email, password: Password::attempted(PASSWORD), totp: None };
    kit.services.login(&new_client(), credentials).await
}

async fn with_totp(kit: &Kit, person: &Person) -> TotpApp {
    let proposed = kit.services.propose_totp(&new_client(), &person.actor).await.expect("proposed");
    let app = TotpApp::new(&proposed.secret);
    kit.services.confirm_totp(&new_client(), &person.actor, &app.code(0)).await.expect("on");
    app
}

fn new_email() -> String {
    format!("{}@example.com", uuid::Uuid::new_v4().simple())
}

#[tokio::test]
async fn somebody_new_gets_an_account_and_is_known_by_the_subject_from_then_on() {
    let (kit, issuer) = world().await;
    let email = new_email();
    let first = sign_in(&kit, &issuer, &claims("grace", &email)).await.expect("signed in").user;
    assert_eq!(
        (first.first_name.as_str(), first.last_name.as_str(), first.locale.as_str()),
        ("Grace", "member", "fr-FR")
    );
    assert!(first.email.as_str() == email && first.email_verified_at.is_some());
    assert_eq!(kinds(&kit), [EventKind::UserRegistered]);
    for event in kit.events.taken() {
        kit.services.notify(&event).await.expect("told");
    }
    assert!(kit.mails.sent().is_empty(), "there is nothing to verify");

    // Whatever the address is by then, verified or not: the subject is who it is.
    let moved = json!({ "sub": "grace", "email": new_email(), "email_verified": false });
    assert_eq!(sign_in(&kit, &issuer, &moved).await.expect("known").user.id, first.id);
    assert_eq!(sign_in(&kit, &issuer, &json!({ "sub": "grace" })).await.expect("known").user.id, first.id);
    assert_eq!(issuer.calls().iter().filter(|call| **call == "user_info").count(), 0, "nothing more is asked");
    refused(sign_in(&kit, &issuer, &claims("Grace", "no address")).await, ErrorCode::ProviderEmailUnverified);
}

#[tokio::test]
async fn nobody_has_the_password_of_an_account_without_one_until_a_link_sets_it() {
    let (kit, issuer) = world().await;
    let email = new_email();
    let user = sign_in(&kit, &issuer, &claims("grace", &email)).await.expect("signed in").user;
    for wrong in ["", PASSWORD] {
        let credentials = Credentials { email: &email, password: Password::attempted(wrong), totp: None };
        refused(kit.services.login(&new_client(), credentials).await, ErrorCode::InvalidCredentials);
    }
    let data = json!({ "user_id": user.id });
    kit.services
        .write("test.forgot", |tx| {
            let data = data.clone();
            async move { store::outbox::insert(&tx, EventKind::UserPasswordResetRequested, &data).await }
        })
        .await
        .expect("asked");
    let asked = kit.events.taken().pop().expect("an event");
    kit.services.notify(&asked).await.expect("mailed");
    let text = kit.mails.sent().pop().expect("a mail").text;
    let token = text.split("token=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a token");
    let password = Password::parse(PASSWORD).expect("a password");
    kit.services.reset_password(&new_client(), token, &password).await.expect("set");
    let credentials = Credentials { email: &email, password, totp: None };
    kit.services.login(&new_client(), credentials).await.expect("signed in");
}

#[tokio::test]
async fn an_account_is_linked_by_an_address_that_both_sides_have_verified() {
    let (kit, issuer) = world().await;
    let guest = kit.guest().await;
    let unverified = json!({ "sub": "ada", "email": guest.email, "email_verified": false });
    refused(sign_in(&kit, &issuer, &unverified).await, ErrorCode::ProviderEmailUnverified);
    let unsaid = json!({ "sub": "ada", "email": guest.email });
    refused(sign_in(&kit, &issuer, &unsaid).await, ErrorCode::ProviderEmailUnverified);

    let user = sign_in(&kit, &issuer, &claims("ada", &guest.email.to_uppercase())).await.expect("linked").user;
    assert_eq!((user.id, user.first_name.as_str()), (guest.id, "Ada"), "the account stays as it was");
    assert_eq!(kinds(&kit), [EventKind::UserIdentityLinked]);
    login(&kit, &guest).await.expect("by the password, still");
    for event in kit.events.taken() {
        kit.services.notify(&event).await.expect("told");
    }
    let mail = kit.mails.sent().pop().expect("a mail");
    assert_eq!((mail.to, mail.subject), (guest.email.clone(), "You can now sign in with The club".to_owned()));
    assert!(!mail.text.contains("removed"), "{}", mail.text);
    sign_in(&kit, &issuer, &claims("ada", &guest.email)).await.expect("known");
    assert_eq!(kinds(&kit).iter().filter(|kind| **kind == EventKind::UserIdentityLinked).count(), 1, "once");
}

/// What the ID token does not say is asked for, and believed of the same person only.
#[tokio::test]
async fn an_address_may_come_from_the_endpoint_that_tells_of_people() {
    let (kit, issuer) = world().await;
    let guest = kit.guest().await;
    for (told, expected) in [
        (claims("bob", &guest.email), false),
        (json!({ "email": guest.email, "email_verified": true }), false),
        (claims("ada", &guest.email), true),
    ] {
        let started = start(&kit.services).await;
        let code = issuer.signs_in(&started.authorization_url, &json!({ "sub": "ada" }), &told);
        let outcome = complete(&kit, &started, &code, None).await;
        assert_eq!(outcome.is_ok(), expected, "{told}");
    }
}

/// Somebody registered with the address of another, and waits for them to come.
#[tokio::test]
async fn who_was_there_before_the_owner_of_the_address_is_shut_out() {
    let (kit, issuer) = world().await;
    let early = kit.unverified().await;
    let pair = login(&kit, &early).await.expect("signed in");
    let change = "INSERT INTO email_changes (id, user_id, old_email, old_email_verified, new_email)
                  VALUES (uuid_v7(), $1, 'a@example.com', false, 'b@example.com')";
    kit.database.execute(change, &[&early.id.uuid()]).await;

    let owner = sign_in(&kit, &issuer, &claims("owner", &early.email)).await.expect("theirs");
    assert!(owner.user.id == early.id && owner.user.email_verified_at.is_some());
    refused(login(&kit, &early).await, ErrorCode::InvalidCredentials);
    refused(kit.services.refresh(&new_client(), &pair.refresh_token).await, ErrorCode::Unauthenticated);
    kit.services.authenticate(&pair.access_token).await.expect_err("ended");
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM email_changes", &[]).await, 0);

    // The session that began with it goes on, whatever the clocks.
    let next = kit.services.refresh(&new_client(), &owner.refresh_token).await.expect("goes on");
    kit.services.authenticate(&next.access_token).await.expect("good");
    let linked = kit.events.taken().into_iter().find(|event| event.kind == EventKind::UserIdentityLinked);
    kit.services.notify(&linked.expect("told")).await.expect("mailed");
    let mail = kit.mails.sent().pop().expect("a mail");
    assert!(mail.text.contains("the password it was registered with is removed"), "{}", mail.text);
}

#[tokio::test]
async fn whoever_registered_with_the_address_of_another_leaves_nothing_that_shuts_the_owner_out() {
    let (kit, issuer) = world().await;
    let early = kit.guest().await;
    // As no account can be any more: guarded, and never proven.
    with_totp(&kit, &early).await;
    let unprove = "UPDATE users SET email_verified_at = NULL, bio = 'Buy here!' WHERE id = $1";
    kit.database.execute(unprove, &[&early.id.uuid()]).await;
    let owner = sign_in(&kit, &issuer, &claims("owner", &early.email)).await.expect("taken over");
    assert_eq!((owner.user.id, owner.user.totp_confirmed_at, owner.user.bio), (early.id, None, None));
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM second_factors", &[]).await, 0);

    // A token from before, where it is still taken for good.
    let before = Actor { issued_at: early.actor.issued_at - SignedDuration::from_secs(60), ..early.actor };
    let refusal = kit.services.propose_totp(&new_client(), &before).await.err().expect("refused");
    assert_eq!(refusal.code(), ErrorCode::Unauthenticated);
    let noted: i64 = kit.database.value("SELECT count(*) FROM sessions_to_end", &[]).await;
    assert_eq!((noted, kit.services.end_noted_sessions().await.expect("ended")), (1, 1));
}

#[tokio::test]
async fn a_second_factor_is_asked_for_before_anything_changes_and_the_code_of_the_provider_is_spent_once() {
    let (kit, issuer) = world().await;
    let guest = kit.guest().await;
    let app = with_totp(&kit, &guest).await;
    let started = start(&kit.services).await;
    let code = issuer.signs_in(&started.authorization_url, &claims("ada", &guest.email), &json!({}));
    refused(complete(&kit, &started, &code, None).await, ErrorCode::TotpRequired);
    assert!(!kinds(&kit).contains(&EventKind::UserIdentityLinked), "nothing is linked before");
    refused(complete(&kit, &started, &code, Some("000000")).await, ErrorCode::InvalidCredentials);
    refused(complete(&kit, &started, &code, Some(&app.code(0))).await, ErrorCode::InvalidCredentials);
    let other = StartedSignIn {
        browser_secret: "another".to_owned(),
        state: started.state.clone(),
        ..start(&kit.services).await
    };
    refused(complete(&kit, &other, &code, Some(&app.code(1))).await, ErrorCode::TokenInvalid);
    let pair = complete(&kit, &started, &code, Some(&app.code(1))).await.expect("signed in");
    assert_eq!(pair.user.id, guest.id);
    assert!(kinds(&kit).contains(&EventKind::UserIdentityLinked));
    refused(complete(&kit, &started, &code, Some(&app.code(1))).await, ErrorCode::TokenInvalid);
    assert_eq!(issuer.calls().iter().filter(|call| **call == "token").count(), 1);

    // Known by now, and asked all the same.
    refused(sign_in(&kit, &issuer, &claims("ada", &guest.email)).await, ErrorCode::TotpRequired);
}

#[tokio::test]
async fn codes_of_the_second_factor_can_be_guessed_at_no_more_often_than_at_the_login() {
    let (kit, issuer) = world().await;
    let guest = kit.guest().await;
    with_totp(&kit, &guest).await;
    let started = start(&kit.services).await;
    let code = issuer.signs_in(&started.authorization_url, &claims("ada", &guest.email), &json!({}));
    let (club, client) = (provider("club"), new_client());
    let mut codes = Vec::new();
    for _ in 0..12 {
        let outcome = kit.services.complete_sign_in(&client, bring(&club, &started, &code, Some("000000"))).await;
        codes.push(outcome.err().expect("refused").code());
    }
    assert_eq!(codes.iter().filter(|code| **code == ErrorCode::InvalidCredentials).count(), 10);
    assert_eq!(codes[10..], [ErrorCode::RateLimited; 2]);
}

/// While the code is awaited the factor may go, or the account's address: what the provider said opens nothing twice.
#[tokio::test]
async fn what_is_awaited_is_spent_even_where_the_second_factor_went_meanwhile() {
    let (kit, issuer) = world().await;
    let guest = kit.guest().await;
    let app = with_totp(&kit, &guest).await;
    let started = start(&kit.services).await;
    let code = issuer.signs_in(&started.authorization_url, &claims("ada", &guest.email), &json!({}));
    refused(complete(&kit, &started, &code, None).await, ErrorCode::TotpRequired);
    kit.services.delete_totp(&new_client(), &guest.actor, &app.code(1)).await.expect("off");
    complete(&kit, &started, &code, None).await.expect("signed in");
    refused(complete(&kit, &started, &code, None).await, ErrorCode::TokenInvalid);
}

#[tokio::test]
async fn whoever_is_suspended_is_refused_as_at_the_login() {
    let (kit, issuer) = world().await;
    let guest = kit.guest().await;
    let suspend = "UPDATE users SET suspended_at = now() WHERE id = $1";
    kit.database.execute(suspend, &[&guest.id.uuid()]).await;
    refused(sign_in(&kit, &issuer, &claims("ada", &guest.email)).await, ErrorCode::Forbidden);
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM identities", &[]).await, 0);
    kit.database.execute("UPDATE users SET suspended_at = NULL", &[]).await;
    sign_in(&kit, &issuer, &claims("ada", &guest.email)).await.expect("linked");
    kit.database.execute(suspend, &[&guest.id.uuid()]).await;
    refused(sign_in(&kit, &issuer, &claims("ada", &guest.email)).await, ErrorCode::Forbidden);
}

/// Two windows: one makes the account, and the other finds it or begins again.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_makes_the_account() {
    let (kit, issuer) = world().await;
    let (kit, email) = (Arc::new(kit), new_email());
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let (kit, issuer, claims) = (kit.clone(), issuer.clone(), claims("ada", &email));
        tasks.spawn(async move { sign_in(&kit, &issuer, &claims).await.map(|pair| pair.user.id) });
    }
    let outcomes = tasks.join_all().await;
    let ids: std::collections::HashSet<_> = outcomes.iter().flatten().collect();
    assert_eq!(ids.len(), 1);
    let others = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(others.map(Error::code).all(|code| code == ErrorCode::TokenInvalid));
    let counted = "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM identities)";
    assert_eq!(kit.database.value::<i64>(counted, &[]).await, 2);
}
