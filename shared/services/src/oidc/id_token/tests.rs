//! Good tokens of each algorithm, and forgeries of every kind.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaPublicKeyComponents,
};
use jsonwebtoken::EncodingKey;
use serde_json::json;

use super::*;

const ISSUER: &str = "https://issuer.example";
const CLIENT: &str = "us";
const NONCE: &str = "the nonce";
const ACCESS_TOKEN: &str = "an access token";

/// What a forger does to the claims, now.
type Change = fn(&mut Value, i64);

/// A key of a provider.
struct Key {
    algorithm: Algorithm,
    private: EncodingKey,
    public: Value,
}

fn p256(kid: &str) -> Key {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let point = pair.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..]));
    let public = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y });
    let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().expect("a key").as_ref());
    Key { algorithm: Algorithm::ES256, private, public }
}

fn rsa(kid: &str) -> Key {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    let parts: RsaPublicKeyComponents<Vec<u8>> = pair.public_key().into();
    let (n, e) = (URL_SAFE_NO_PAD.encode(parts.n), URL_SAFE_NO_PAD.encode(parts.e));
    let public = json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": n, "e": e });
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().expect("a key");
    // The library wants PKCS #1: what is inside.
    Key { algorithm: Algorithm::RS256, private: EncodingKey::from_rsa_der(&der.as_ref()[26..]), public }
}

fn ed25519(kid: &str) -> Key {
    let pair = Ed25519KeyPair::generate().expect("a key");
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let public = json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x });
    let private = EncodingKey::from_ed_der(pair.to_pkcs8v1().expect("a key").as_ref());
    Key { algorithm: Algorithm::EdDSA, private, public }
}

fn metadata(algorithms: &[&str]) -> ProviderMetadata {
    ProviderMetadata {
        issuer: ISSUER.to_owned(),
        authorization_endpoint: format!("{ISSUER}/authorize"),
        token_endpoint: format!("{ISSUER}/token"),
        jwks_uri: format!("{ISSUER}/keys"),
        userinfo_endpoint: None,
        signing_algorithms: algorithms.iter().map(|&name| name.to_owned()).collect(),
        takes_basic: true,
        names_itself: false,
    }
}

fn claims(change: impl FnOnce(&mut Value)) -> Value {
    let now = Timestamp::now().as_second();
    let mut claims = json!({
        "iss": ISSUER, "sub": "ada", "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": NONCE,
        "email": "Ada@example.com", "email_verified": true, "given_name": "Ada",
    });
    change(&mut claims);
    claims
}

fn signed(key: &Key, kid: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(key.algorithm);
    header.kid = kid.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, &key.private).expect("a token")
}

fn checked(token: &str, keys: &[Value], metadata: &ProviderMetadata) -> Result<IdToken, Refused> {
    let now = Timestamp::now();
    let expected = Expected { metadata, client_id: CLIENT, nonce: NONCE, access_token: ACCESS_TOKEN, now };
    check(token, keys, &expected)
}

#[test]
fn a_good_token_of_each_algorithm_is_believed() {
    for key in [p256("k"), rsa("k"), ed25519("k")] {
        let digest = half_digest(key.algorithm, ACCESS_TOKEN);
        let token = signed(&key, Some("k"), &claims(|claims| claims["at_hash"] = json!(digest)));
        let other = json!({ "kty": "LATTICE", "kid": "k2", "lots": 1 });
        let believed = checked(&token, &[other, key.public.clone()], &metadata(&["RS256", "ES256", "EdDSA"]));
        let believed = believed.unwrap_or_else(|why| panic!("{:?}: {why}", key.algorithm));
        assert_eq!(believed.subject, "ada");
        assert_eq!(believed.person.verified_email().map(|email| email.key()).as_deref(), Some("ada@example.com"));
    }
}

#[test]
fn a_token_that_differs_in_anything_is_not_believed() {
    let key = p256("k");
    let now = Timestamp::now().as_second();
    let changes: [(&str, Change); 19] = [
        ("another issuer", |claims, _| claims["iss"] = json!("https://issuer.example/")),
        ("two issuers", |claims, _| claims["iss"] = json!([ISSUER, "https://evil.example"])),
        ("no issuer", |claims, _| claims["iss"] = Value::Null),
        ("for another", |claims, _| claims["aud"] = json!("them")),
        ("for another too", |claims, _| claims["aud"] = json!([CLIENT, "them"])),
        ("for nobody", |claims, _| claims["aud"] = json!([])),
        ("issued to another", |claims, _| claims["azp"] = json!("them")),
        ("over", |claims, now| claims["exp"] = json!(now - 61)),
        ("never over", |claims, _| claims["exp"] = Value::Null),
        ("over some day", |claims, _| claims["exp"] = json!("tomorrow")),
        ("of tomorrow", |claims, now| claims["iat"] = json!(now + 120)),
        ("of no time", |claims, _| claims["iat"] = Value::Null),
        ("not yet good", |claims, now| claims["nbf"] = json!(now + 120)),
        ("another nonce", |claims, _| claims["nonce"] = json!("another nonce")),
        ("no nonce", |claims, _| claims["nonce"] = Value::Null),
        ("another access token", |claims, _| claims["at_hash"] = json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("nobody", |claims, _| claims["sub"] = json!("")),
        ("too long a name", |claims, _| claims["sub"] = json!("x".repeat(256))),
        ("a name of the database's end", |claims, _| claims["sub"] = json!("a\0b")),
    ];
    for (what, change) in changes {
        let token = signed(&key, Some("k"), &claims(|claims| change(claims, now)));
        assert!(checked(&token, std::slice::from_ref(&key.public), &metadata(&["ES256"])).is_err(), "{what}");
    }
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let key = p256("k");
    let now = Timestamp::now().as_second();
    let late = signed(&key, Some("k"), &claims(|claims| claims["exp"] = json!(now - 50)));
    let early = signed(&key, Some("k"), &claims(|claims| claims["iat"] = json!(now + 50)));
    for token in [late, early] {
        checked(&token, std::slice::from_ref(&key.public), &metadata(&["ES256"])).expect("within a minute");
    }
}

#[test]
fn a_key_that_is_not_the_provider_s_signs_nothing() {
    let (key, other) = (p256("k"), p256("k"));
    let good = claims(|_| {});
    let keys = std::slice::from_ref(&key.public);
    assert!(checked(&signed(&other, Some("k"), &good), keys, &metadata(&["ES256"])).is_err(), "another key");
    let unknown = signed(&key, Some("k2"), &good);
    assert!(!has_key(keys, &header(&unknown, &metadata(&["ES256"])).expect("a header")), "to be fetched anew");
    assert!(checked(&unknown, keys, &metadata(&["ES256"])).is_err(), "a name that no key has");
    let for_encryption = json!({ "use": "enc" });
    let mut public = key.public.clone();
    public["use"] = for_encryption["use"].clone();
    assert!(checked(&signed(&key, Some("k"), &good), &[public], &metadata(&["ES256"])).is_err(), "not for signing");
    let mut public = key.public.clone();
    public["alg"] = json!("ES384");
    assert!(checked(&signed(&key, Some("k"), &good), &[public], &metadata(&["ES256"])).is_err(), "not for this");
    let nameless = signed(&key, None, &good);
    checked(&nameless, &[other.public, key.public], &metadata(&["ES256"])).expect("one of the provider's");
}

#[test]
fn only_algorithms_of_the_provider_that_take_a_private_key_count() {
    let key = p256("k");
    let keys = std::slice::from_ref(&key.public);
    let good = claims(|_| {});
    let everything = metadata(&["none", "HS256", "ES256", "RS256", "EdDSA"]);
    assert!(checked(&signed(&key, Some("k"), &good), keys, &metadata(&["RS256"])).is_err(), "not the provider's");

    // What anybody can read of the key, taken for a shared secret.
    let text = key.public.to_string();
    for secret in [text.as_bytes(), key.public["x"].as_str().expect("a text").as_bytes()] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("k".to_owned());
        let forged = jsonwebtoken::encode(&header, &good, &EncodingKey::from_secret(secret)).expect("a token");
        assert!(checked(&forged, keys, &everything).is_err(), "HS256");
        let shared = json!({ "kty": "oct", "kid": "k", "k": URL_SAFE_NO_PAD.encode(secret) });
        assert!(checked(&forged, &[shared], &everything).is_err(), "HS256 with a key of the provider's");
    }
    let payload = URL_SAFE_NO_PAD.encode(good.to_string());
    for head in [r#"{"alg":"none"}"#, r#"{"alg":"none","kid":"k"}"#, r#"{"alg":"None"}"#, "{}"] {
        let forged = format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(head));
        assert!(checked(&forged, keys, &everything).is_err(), "{head}");
    }
}

#[test]
fn what_was_altered_or_is_no_token_is_not_believed() {
    let key = p256("k");
    let keys = std::slice::from_ref(&key.public);
    let token = signed(&key, Some("k"), &claims(|_| {}));
    let parts: Vec<&str> = token.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(claims(|claims| claims["sub"] = json!("bob")).to_string());
    let extended = URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"k","crit":["exp"]}"#);
    for forged in [
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{extended}.{}.{}", parts[1], parts[2]),
        format!("{}.{}", parts[0], parts[1]),
        String::new(),
        "x".repeat(20_000),
    ] {
        assert!(checked(&forged, keys, &metadata(&["ES256"])).is_err(), "{forged}");
    }
    let mut header = Header::new(Algorithm::ES256);
    header.crit = Some(vec!["exp".to_owned()]);
    let critical = jsonwebtoken::encode(&header, &claims(|_| {}), &key.private).expect("a token");
    assert_eq!(checked(&critical, keys, &metadata(&["ES256"])).expect_err("unknown"), "it has critical extensions");
}

#[test]
fn an_address_counts_when_the_provider_says_that_it_is_verified() {
    for (claims, expected) in [
        (json!({ "email": "ada@example.com", "email_verified": true }), true),
        (json!({ "email": "ada@example.com", "email_verified": "true" }), true),
        (json!({ "email": "ada@example.com", "email_verified": "false" }), false),
        (json!({ "email": "ada@example.com", "email_verified": false }), false),
        (json!({ "email": "ada@example.com" }), false),
        (json!({ "email": "no address", "email_verified": true }), false),
        (json!({ "email_verified": true }), false),
    ] {
        let person: Person = serde_json::from_value(claims.clone()).expect("a person");
        assert_eq!(person.verified_email().is_some(), expected, "{claims}");
    }
}
