//! A sign-in at a provider is good once, for a while, and for the browser, page and provider that it began with.

use std::sync::Arc;

use domain::error::ErrorCode;
use serde_json::json;
use services::oidc::{Completion, StartedSignIn};
use testkit::{Issuer, Kit, REDIRECT_URI, Trouble, new_client, with_providers};

use super::{bring, claims, complete, new_email, provider, refused, sign_in, start, world};

#[tokio::test]
async fn a_state_is_good_once_for_a_while_and_for_the_browser_and_provider_it_began_with() {
    let (club, bank) = (Issuer::start().await, Issuer::start().await);
    let configured = [club.configuration("club"), bank.configuration("bank")];
    let kit = Kit::with(|services| with_providers(services, &configured)).await;
    let started = start(&kit.services).await;
    let code = club.signs_in(&started.authorization_url, &claims("ada", &new_email()), &json!({}));

    // The link of somebody else, who wants this browser signed in to their account.
    let theirs =
        StartedSignIn { browser_secret: String::new(), state: started.state.clone(), ..start(&kit.services).await };
    refused(complete(&kit, &theirs, &code, None).await, ErrorCode::TokenInvalid);
    // A code that was meant for one browser, put into the answer to another.
    let mine = start(&kit.services).await;
    refused(complete(&kit, &mine, &code, None).await, ErrorCode::TokenInvalid);
    let code = club.signs_in(&started.authorization_url, &claims("ada", &new_email()), &json!({}));
    let at_the_bank =
        kit.services.complete_sign_in(&new_client(), bring(&provider("bank"), &started, &code, None)).await;
    refused(at_the_bank, ErrorCode::TokenInvalid);
    let (club_id, banks_name) = (provider("club"), bank.issuer());
    let named = Completion { issuer: Some(&banks_name), ..bring(&club_id, &started, &code, None) };
    refused(kit.services.complete_sign_in(&new_client(), named).await, ErrorCode::TokenInvalid);
    assert!(!bank.calls().contains(&"token"), "nothing was told to the other");

    complete(&kit, &started, &code, None).await.expect("none of that has spent it");
    refused(complete(&kit, &started, &code, None).await, ErrorCode::TokenInvalid);
    refused(complete(&kit, &mine, &code, None).await, ErrorCode::TokenInvalid);
    let nobody = provider("nobody");
    let unknown = kit.services.complete_sign_in(&new_client(), bring(&nobody, &started, &code, None)).await;
    refused(unknown, ErrorCode::NotFound);
}

#[tokio::test]
async fn a_sign_in_that_took_too_long_begins_again() {
    let (kit, issuer) = world().await;
    let started = start(&kit.services).await;
    let code = issuer.signs_in(&started.authorization_url, &claims("ada", &new_email()), &json!({}));
    let hash = hash(&format!("sign-in\0{}\0{}", started.state, started.browser_secret));
    let kept = kit.services.one_time_tokens.find(&hash).await.expect("the table answers").expect("kept hashed");
    assert!((590..=600).contains(&(kept.expires_at.as_second() - jiff::Timestamp::now().as_second())));
    assert!(!format!("{kept:?}").contains(&started.state) && !format!("{kept:?}").contains(&started.browser_secret));
    let over = services::ports::OneTimeToken { expires_at: jiff::Timestamp::now(), ..kept };
    kit.services.one_time_tokens.put(&over).await.expect("kept");
    refused(complete(&kit, &started, &code, None).await, ErrorCode::TokenInvalid);
    assert!(!issuer.calls().contains(&"token"));
}

fn hash(text: &str) -> String {
    use base64::Engine as _;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest)
}

/// RFC 9207: whose answer it is is said in it, where the provider says so.
#[tokio::test]
async fn a_provider_that_names_itself_is_held_to_it() {
    let (kit, issuer) = world().await;
    issuer.says(json!({ "authorization_response_iss_parameter_supported": true }));
    let started = start(&kit.services).await;
    let code = issuer.signs_in(&started.authorization_url, &claims("ada", &new_email()), &json!({}));
    refused(complete(&kit, &started, &code, None).await, ErrorCode::TokenInvalid);
    let (club, name) = (provider("club"), issuer.issuer());
    let named = Completion { issuer: Some(&name), ..bring(&club, &started, &code, None) };
    kit.services.complete_sign_in(&new_client(), named).await.expect("signed in");
}

#[tokio::test]
async fn what_the_provider_answers_is_believed_only_if_it_is_about_this_sign_in() {
    let (kit, issuer) = world().await;
    for claims in [
        json!({ "sub": "ada", "nonce": "of another" }),
        json!({ "sub": "ada", "aud": "another" }),
        json!({ "sub": "ada", "iss": "https://issuer.example" }),
        json!({ "sub": "ada", "exp": 1 }),
    ] {
        refused(sign_in(&kit, &issuer, &claims).await, ErrorCode::TokenInvalid);
    }
    issuer.set_trouble(Some(Trouble::SignsWithAnotherKey));
    refused(sign_in(&kit, &issuer, &claims("ada", &new_email())).await, ErrorCode::TokenInvalid);
    issuer.set_trouble(None);
    issuer.rotates_to("second");
    sign_in(&kit, &issuer, &claims("ada", &new_email())).await.expect("a new key is fetched");
}

#[tokio::test]
async fn a_provider_that_is_down_or_refuses_us_is_a_503_and_nobody_is_signed_in() {
    let (kit, issuer) = world().await;
    issuer.set_trouble(Some(Trouble::Down));
    let begun = kit.services.start_sign_in(&new_client(), &provider("club"), REDIRECT_URI).await;
    assert_eq!(begun.err().expect("down").code(), ErrorCode::Unavailable);
    issuer.set_trouble(None);
    for trouble in [Trouble::Down, Trouble::RefusesUs] {
        let started = start(&kit.services).await;
        let code = issuer.signs_in(&started.authorization_url, &claims("ada", &new_email()), &json!({}));
        issuer.set_trouble(Some(trouble));
        refused(complete(&kit, &started, &code, None).await, ErrorCode::Unavailable);
        issuer.set_trouble(None);
        refused(complete(&kit, &started, &code, None).await, ErrorCode::TokenInvalid);
    }
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM users", &[]).await, 0);
}

#[tokio::test]
async fn only_pages_that_are_configured_are_come_back_to() {
    let (kit, _issuer) = world().await;
    for page in ["", "https://www.roost.test/", "https://www.roost.test/sign-in/", "https://WWW.roost.test/sign-in"] {
        let begun = kit.services.start_sign_in(&new_client(), &provider("club"), page).await;
        assert_eq!(begun.err().expect("refused").code(), ErrorCode::ValidationFailed, "{page}");
    }
}

/// One state, many windows: one is signed in.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_with_one_state_one_gets_in() {
    let (kit, issuer) = world().await;
    let kit = Arc::new(kit);
    let started = Arc::new(start(&kit.services).await);
    let code = issuer.signs_in(&started.authorization_url, &claims("ada", &new_email()), &json!({}));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let (kit, started, code) = (kit.clone(), started.clone(), code.clone());
        tasks.spawn(async move { complete(&kit, &started, &code, None).await.is_ok() });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|is_in| *is_in).count(), 1);
    assert_eq!(issuer.calls().iter().filter(|call| **call == "token").count(), 1);
}
