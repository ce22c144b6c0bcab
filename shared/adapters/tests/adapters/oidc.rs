//! Providers of OpenID Connect: what they say is remembered for a while, and nothing is believed that could lead elsewhere.

use std::sync::Arc;
use std::time::Duration;

use adapters::{OidcClient, Patience};
use domain::error::ErrorCode;
use serde_json::json;
use services::ports::{ClientCredentials, IdentityProviders as _, ProviderMetadata, Redeemed, Redemption};
use testkit::{CLIENT_ID, CLIENT_SECRET, CalendarSite, Issuer, REDIRECT_URI, Served, Trouble};

const LONG: Duration = Duration::from_secs(20);

/// The verifier and challenge of RFC 7636's appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn client(fresh: Duration, reread: Duration) -> OidcClient {
    OidcClient::new(Patience { connect: LONG, call: LONG, fresh, reread })
}

fn count(issuer: &Issuer, call: &str) -> usize {
    issuer.calls().iter().filter(|known| **known == call).count()
}

fn code(issuer: &Issuer) -> String {
    let redirect: String = REDIRECT_URI.replace(':', "%3A").replace('/', "%2F");
    let url = format!(
        "{}/authorize?response_type=code&client_id={CLIENT_ID}&scope=openid+email+profile&state=s&nonce=n\
         &redirect_uri={redirect}&code_challenge={CHALLENGE}&code_challenge_method=S256",
        issuer.issuer()
    );
    issuer.signs_in(&url, &json!({ "sub": "ada" }), &json!({ "sub": "ada", "email": "ada@example.com" }))
}

async fn redeem(client: &OidcClient, metadata: &ProviderMetadata, code: &str, secret: &str) -> Redeemed {
    let credentials = ClientCredentials { id: CLIENT_ID, secret };
    let redemption = Redemption { client: credentials, code, redirect_uri: REDIRECT_URI, verifier: VERIFIER };
    client.redeem(metadata, redemption).await.expect("answered")
}

#[tokio::test]
async fn what_a_provider_says_of_itself_is_asked_once_in_a_while() {
    let issuer = Issuer::start().await;
    let name = issuer.issuer();
    let patient = client(LONG, LONG);
    let metadata = patient.metadata(&name).await.expect("known");
    assert_eq!(metadata.token_endpoint, format!("{name}/token"));
    assert_eq!((metadata.takes_basic, metadata.names_itself), (true, false));
    patient.metadata(&name).await.expect("kept");
    assert_eq!(count(&issuer, "discovery"), 1);
    let forgetful = client(Duration::ZERO, Duration::ZERO);
    for _ in 0..2 {
        forgetful.metadata(&name).await.expect("known");
    }
    assert_eq!(count(&issuer, "discovery"), 3);
}

#[tokio::test]
async fn keys_are_fetched_anew_for_a_name_that_none_has_but_not_at_everybody_s_call() {
    let issuer = Issuer::start().await;
    let (patient, eager) = (client(LONG, LONG), client(LONG, Duration::ZERO));
    let metadata = patient.metadata(&issuer.issuer()).await.expect("known");
    for client in [&patient, &eager] {
        assert_eq!(client.keys(&metadata, None).await.expect("keys")[0]["kid"], "first");
        client.keys(&metadata, Some("first")).await.expect("kept");
    }
    assert_eq!(count(&issuer, "keys"), 2);
    issuer.rotates_to("second");
    for _ in 0..3 {
        let kept = patient.keys(&metadata, Some("second")).await.expect("keys");
        assert_eq!(kept[0]["kid"], "first", "it was asked just now");
    }
    assert_eq!(count(&issuer, "keys"), 2);
    assert_eq!(eager.keys(&metadata, Some("second")).await.expect("keys")[0]["kid"], "second");
    assert_eq!(count(&issuer, "keys"), 3);
}

#[tokio::test]
async fn a_code_is_redeemed_with_the_secret_in_the_header_or_the_form() {
    let issuer = Issuer::start().await;
    let client = client(Duration::ZERO, LONG);
    for methods in [json!(["client_secret_basic", "private_key_jwt"]), json!(["client_secret_post"])] {
        issuer.says(json!({ "token_endpoint_auth_methods_supported": methods }));
        let metadata = client.metadata(&issuer.issuer()).await.expect("known");
        assert_eq!(metadata.takes_basic, methods[0] == "client_secret_basic");
        let code = code(&issuer);
        let Redeemed::Tokens { access_token, .. } = redeem(&client, &metadata, &code, CLIENT_SECRET).await else {
            panic!("the code is good: {methods}")
        };
        let told = client.user_info(&metadata, &access_token).await.expect("told").expect("something");
        assert_eq!(told["email"], "ada@example.com");
        let again = redeem(&client, &metadata, &code, CLIENT_SECRET).await;
        assert!(matches!(again, Redeemed::CodeRefused), "{methods}");
        let stranger = redeem(&client, &metadata, &code, "wrong").await;
        assert!(matches!(stranger, Redeemed::ClientRefused), "{methods}");
    }
}

#[tokio::test]
async fn a_provider_that_calls_itself_otherwise_or_leads_elsewhere_is_not_asked() {
    let issuer = Issuer::start().await;
    let client = client(Duration::ZERO, LONG);
    for wrong in [
        json!({ "issuer": "https://issuer.example" }),
        json!({ "issuer": format!("{}/", issuer.issuer()) }),
        json!({ "token_endpoint": "http://169.254.169.254/latest" }),
        json!({ "jwks_uri": "http://issuer.example/keys" }),
        json!({ "userinfo_endpoint": "file:///etc/passwd" }),
        json!({ "authorization_endpoint": "javascript:alert(1)" }),
        json!({ "jwks_uri": null }),
    ] {
        issuer.says(wrong.clone());
        let error = client.metadata(&issuer.issuer()).await.expect_err(&wrong.to_string());
        assert_eq!(error.code(), ErrorCode::Unavailable, "{wrong}");
    }
    issuer.says(json!({}));
    issuer.set_trouble(Some(Trouble::Down));
    assert_eq!(client.metadata(&issuer.issuer()).await.expect_err("down").code(), ErrorCode::Unavailable);
}

/// Redirects, floods, silence and nonsense.
#[tokio::test]
async fn an_answer_that_is_none_is_a_503() {
    let site = Arc::new(CalendarSite::start().await);
    let elsewhere = Issuer::start().await;
    let path = "/.well-known/openid-configuration";
    let redirect = format!("HTTP/1.1 302 Found\r\nlocation: {}{path}\r\ncontent-length: 0\r\n\r\n", elsewhere.issuer());
    let long = format!("HTTP/1.1 200 OK\r\ncontent-length: 300000\r\n\r\n{}", " ".repeat(300_000));
    let nonsense = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnope".to_owned();
    for (served, call) in [
        (Served::Raw(redirect), LONG),
        (Served::Raw(long), LONG),
        (Served::Raw(nonsense), LONG),
        (Served::Silence, Duration::from_millis(50)),
    ] {
        site.serve(path, served.clone());
        let client = OidcClient::new(Patience { connect: LONG, call, fresh: LONG, reread: LONG });
        let error = client
            .metadata(&site.url(""))
            .await
            .expect_err(&format!("{served:?}").chars().take(60).collect::<String>());
        assert_eq!(error.code(), ErrorCode::Unavailable);
    }
    assert_eq!(elsewhere.calls(), Vec::<&str>::new(), "no redirect is followed");
}
