//! Access tokens as a forger would make them from a good token and the public keys.
//!
//! Owns the forging. Must not know any key of the product: that is the point.

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use aws_lc_rs::{hmac, signature};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// DER of a P-256 SubjectPublicKeyInfo up to the point (RFC 5480).
const P256_SPKI_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Forged tokens, each with the name of its trick, from a good access token and the document of
/// `/.well-known/jwks.json`.
///
/// # Errors
/// When the token is not a JWT or the key set has no P-256 key.
pub fn forgeries(good_token: &str, jwks: &Value) -> Result<Vec<(String, String)>> {
    let mut parts = good_token.split('.');
    let mut part = |name| parts.next().with_context(|| format!("the token has no {name}"));
    let (header, claims, good_signature) = (decode(part("header")?)?, decode(part("claims")?)?, part("signature")?);
    let with = |object: &Value, name: &str, value: Value| {
        let mut changed = object.clone();
        changed[name] = value;
        changed
    };

    let mut forged = Vec::new();
    for none in ["none", "None", "NONE", ""] {
        let unsigned = signing_input(&with(&header, "alg", json!(none)), &claims);
        forged.push((format!("alg {none:?} without a signature"), format!("{unsigned}.")));
        forged.push((format!("alg {none:?} with the good signature"), format!("{unsigned}.{good_signature}")));
    }
    for (form, secret) in public_key_forms(jwks, &header)? {
        let input = signing_input(&with(&header, "alg", json!("HS256")), &claims);
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), input.as_bytes());
        forged.push((format!("HS256 with the public key as {form}"), format!("{input}.{}", encode(tag.as_ref()))));
    }
    let own = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?;
    forged.push(("ES256 by another key under the known kid".into(), sign(&own, &header, &claims)?));
    let unknown = with(&header, "kid", json!("nobody"));
    forged.push(("ES256 by another key under an unknown kid".into(), sign(&own, &unknown, &claims)?));
    let embedded = with(&header, "jwk", own_jwk(&own));
    forged.push(("ES256 by the key in its own header".into(), sign(&own, &embedded, &claims)?));
    let admin = signing_input(&header, &with(&claims, "role", json!("admin")));
    forged.push(("another role under the good signature".into(), format!("{admin}.{good_signature}")));
    forged.push(("a signature of zeros".into(), format!("{}.{}", signing_input(&header, &claims), encode(&[0; 64]))));
    forged.push(("no signature".into(), format!("{}.", signing_input(&header, &claims))));
    Ok(forged)
}

fn decode(part: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part)?)?)
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn signing_input(header: &Value, claims: &Value) -> String {
    format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()))
}

fn sign(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> Result<String> {
    let input = signing_input(header, claims);
    let made: signature::Signature = key.sign(&SystemRandom::new(), input.as_bytes())?;
    Ok(format!("{input}.{}", encode(made.as_ref())))
}

fn own_jwk(key: &EcdsaKeyPair) -> Value {
    // An uncompressed point: 0x04, then x and y of 32 bytes each.
    let point = key.public_key().as_ref();
    let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
    json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
}

/// The forms in which a careless verifier may hold the public key, and so take it for an HMAC secret.
fn public_key_forms(jwks: &Value, header: &Value) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let keys = jwks["keys"].as_array().context("jwks.json has no keys")?;
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).context("the token's kid is not in jwks.json")?;
    let coordinate =
        |name: &str| -> Result<Vec<u8>> { Ok(URL_SAFE_NO_PAD.decode(key[name].as_str().context("not an EC key")?)?) };
    let point = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    let der = [P256_SPKI_PREFIX.to_vec(), point.clone()].concat();
    let text = STANDARD.encode(&der);
    let lines: Vec<&str> = [text.get(..64), text.get(64..)].into_iter().flatten().collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    Ok(vec![
        ("PEM", pem.clone().into_bytes()),
        ("PEM without the last line break", pem.trim_end().as_bytes().to_vec()),
        ("DER", der),
        ("a point", point),
        ("a JWK", key.to_string().into_bytes()),
        ("nothing", Vec::new()),
    ])
}
