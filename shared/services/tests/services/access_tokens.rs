//! Who a bearer is: only what our keys signed, for us, and not long ago.

use domain::error::ErrorCode;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use services::Actor;
use services::access_tokens::KeyRingCache;
use services::ports::{SecretName, SecretSource};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use testkit::{Kit, TokenKeys};

async fn refused(kit: &Kit, token: &str, why: &str) {
    match kit.services.authenticate(token).await {
        Ok(actor) => panic!("{why}: taken for {actor:?}"),
        Err(error) => assert_eq!(error.code(), ErrorCode::Unauthenticated, "{why}"),
    }
}

#[tokio::test]
async fn a_good_token_names_its_bearer() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let actor = kit.services.authenticate(&guest.token).await.expect("a good token");
    assert_eq!((actor.user_id, actor.role), (guest.actor.user_id, guest.actor.role));
}

#[tokio::test]
async fn claims_that_are_not_ours_or_over_are_refused() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let good = kit.tokens.claims(guest.id, "user");
    let now = good["iat"].as_i64().expect("seconds");
    let changes = [
        ("exp", (now - 10).into(), "expired"),
        ("exp", serde_json::Value::Null, "without an end"),
        ("aud", "another-api".into(), "for somebody else"),
        ("aud", serde_json::json!([]), "for nobody"),
        ("iss", "https://evil.example".into(), "of another issuer"),
        ("sub", "prop_01h455vb4pex5vsknk084sn02q".into(), "a property is no user"),
        ("sub", "".into(), "of nobody"),
        ("role", "owner".into(), "of a role that there is not"),
        ("sid", "x".into(), "of no session"),
        ("iat", (now + 60).into(), "issued in a minute"),
        ("iat", "now".into(), "issued at no time"),
        ("nbf", (now + 60).into(), "good in a minute"),
        ("exp", (now + 900).to_string().into(), "with an end that is no number"),
        ("jti", serde_json::Value::Null, "without a name"),
    ];
    for (claim, value, why) in changes {
        let mut claims = good.clone();
        claims[claim] = value;
        refused(&kit, &kit.tokens.sign(&kit.tokens.header(), &claims), why).await;
    }
    for missing in ["exp", "aud", "iss", "sub", "sid", "role", "iat", "jti"] {
        let mut claims = good.clone();
        claims.as_object_mut().expect("an object").remove(missing);
        refused(&kit, &kit.tokens.sign(&kit.tokens.header(), &claims), missing).await;
    }
}

#[tokio::test]
async fn signatures_by_other_keys_or_methods_are_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let claims = kit.tokens.claims(guest.id, "admin");
    refused(&kit, &TokenKeys::generate().sign(&kit.tokens.header(), &claims), "another key of the same name").await;
    let mut header = kit.tokens.header();
    header.kid = Some("other".to_owned());
    refused(&kit, &kit.tokens.sign(&header, &claims), "a key nobody knows").await;
    header.kid = None;
    refused(&kit, &kit.tokens.sign(&header, &claims), "no key named").await;

    for kid in ["", "../test-key", "test-key\0", "/dev/null", "' OR '1'='1", "TEST-KEY", "https://evil.example/key"] {
        header.kid = Some(kid.to_owned());
        refused(&kit, &kit.tokens.sign(&header, &claims), kid).await;
    }
    let good = kit.tokens.sign(&kit.tokens.header(), &kit.tokens.claims(guest.id, "user"));
    kit.services.authenticate(&good).await.expect("as RFC 7518 has it");
    let (signed, _) = good.rsplit_once('.').expect("three parts");
    let der = URL_SAFE_NO_PAD.encode(kit.tokens.sign_as_der(signed.as_bytes()));
    refused(&kit, &format!("{signed}.{der}"), "the right key, and a signature as X.509 has it").await;
    let mut long = kit.tokens.claims(guest.id, "user");
    long["padding"] = "x".repeat(1_000_000).into();
    refused(&kit, &format!("{}A", kit.tokens.sign(&kit.tokens.header(), &long)), "a megabyte").await;

    // The public key as a shared secret: what a verifier that lets the token choose its method falls for.
    let public = kit.services.jwks().await.expect("keys")["keys"][0].to_string();
    for secret in [kit.tokens.public_point(), public.as_bytes()] {
        let header = Header { kid: kit.tokens.header().kid, ..Header::new(Algorithm::HS256) };
        let forged = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).expect("signed");
        refused(&kit, &forged, "HS256 with the public key").await;
    }
    let word = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    for alg in ["none", "None", "nOnE", "RS256", "ES384", "EdDSA"] {
        let header = serde_json::json!({ "alg": alg, "typ": "JWT", "kid": kit.tokens.header().kid });
        for signature in ["", "AAAA"] {
            refused(&kit, &format!("{}.{}.{signature}", word(&header), word(&claims)), alg).await;
        }
    }
    let good = kit.tokens.sign(&kit.tokens.header(), &kit.tokens.claims(guest.id, "user"));
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let payload = signed.split_once('.').expect("two parts").0.to_owned() + "." + &word(&claims);
    refused(&kit, &format!("{payload}.{signature}"), "another's claims under a good signature").await;
    for broken in
        ["", ".", "..", "a.b.c", "a.b", "🦀", &good[..good.len() - 2], &format!("{good}A"), &format!("{good}.x")]
    {
        refused(&kit, broken, broken).await;
    }
}

/// Secrets that change under the application.
struct Rotating(std::sync::Mutex<Arc<str>>);

#[async_trait::async_trait]
impl SecretSource for Rotating {
    async fn secret(&self, _name: SecretName) -> domain::error::Result<Arc<str>> {
        Ok(self.0.lock().expect("not poisoned").clone())
    }

    async fn refused(&self, _name: SecretName) {}
}

#[tokio::test]
async fn a_rotation_signs_nobody_out_until_the_old_key_leaves_the_ring() {
    let kit = Kit::start().await;
    let (guest, next) = (kit.guest().await, TokenKeys::generate());
    let secrets = Arc::new(Rotating(std::sync::Mutex::new(kit.tokens.secret().into())));
    let mut services = kit.more_services();
    services.secrets = secrets.clone();
    services.keys = KeyRingCache::default();
    let knows = async |token: &str| services.authenticate(token).await.map(|actor: Actor| actor.user_id).ok();
    assert_eq!(knows(&guest.token).await, Some(guest.id));
    *secrets.0.lock().expect("not poisoned") = kit.tokens.secret_rotated_to(&next).into();
    assert_eq!(knows(&guest.token).await, Some(guest.id), "its key has only become the second");
    assert_eq!(services.jwks().await.expect("keys")["keys"].as_array().map(Vec::len), Some(2));
    *secrets.0.lock().expect("not poisoned") = next.secret().into();
    assert_eq!(knows(&guest.token).await, None, "its key has left the ring");
}

/// A process that read the secret before a key was added to it, and how often it is told to read it anew.
struct Outdated {
    kept: std::sync::Mutex<Arc<str>>,
    by_now: Arc<str>,
    reread: AtomicU32,
}

#[async_trait::async_trait]
impl SecretSource for Outdated {
    async fn secret(&self, _name: SecretName) -> domain::error::Result<Arc<str>> {
        Ok(self.kept.lock().expect("not poisoned").clone())
    }

    async fn refused(&self, _name: SecretName) {
        *self.kept.lock().expect("not poisoned") = self.by_now.clone();
        self.reread.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_key_added_since_the_secret_was_read_is_found_and_strangers_do_not_make_us_read_often() {
    let kit = Kit::start().await;
    let (guest, next) = (kit.guest().await, TokenKeys::generate());
    let secrets = Arc::new(Outdated {
        kept: std::sync::Mutex::new(kit.tokens.secret().into()),
        by_now: kit.tokens.secret_rotated_to(&next).into(),
        reread: AtomicU32::new(0),
    });
    let mut services = kit.more_services();
    services.secrets = secrets.clone();
    services.keys = KeyRingCache::default();
    let signed_by = |kid: &str| {
        let header = Header { kid: Some(kid.to_owned()), ..kit.tokens.header() };
        next.sign(&header, &kit.tokens.claims(guest.id, "user"))
    };
    let actor = services.authenticate(&signed_by("next-key")).await.expect("the ring has it by now");
    assert_eq!(actor.user_id, guest.id);
    for _ in 0..5 {
        services.authenticate(&signed_by("nobodys")).await.expect_err("a key nobody knows");
    }
    assert_eq!(secrets.reread.load(Ordering::Relaxed), 1);
}
