//! Keys of one test: what the application signs with, and therefore what a test needs to forge.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::id::{SessionId, UserId};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::BASE_URL;

/// The name of the key that signs.
const KEY_ID: &str = "test-key";

/// A key pair for access tokens, and the key of everything that is sealed.
pub struct TokenKeys {
    pkcs8: Vec<u8>,
    public_point: Vec<u8>,
}

impl TokenKeys {
    /// New ones.
    pub fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("keys can be made");
        let pkcs8 = pair.to_pkcs8v1().expect("a key pair can be written").as_ref().to_vec();
        Self { pkcs8, public_point: pair.public_key().as_ref().to_vec() }
    }

    /// The secret the application reads its key ring from.
    pub fn secret(&self) -> String {
        let key = STANDARD.encode(&self.pkcs8);
        json!({ "active_kid": KEY_ID, "keys": [{ "kid": KEY_ID, "private_key_pkcs8_base64": key }] }).to_string()
    }

    /// The secret with another ring's key signing and this one's still accepted: the middle of a rotation.
    pub fn secret_rotated_to(&self, next: &Self) -> String {
        let key = |keys: &Self| STANDARD.encode(&keys.pkcs8);
        json!({ "active_kid": "next-key", "keys": [
            { "kid": "next-key", "private_key_pkcs8_base64": key(next) },
            { "kid": KEY_ID, "private_key_pkcs8_base64": key(self) },
        ] })
        .to_string()
    }

    /// The secret of quotes, cursors and refresh tokens.
    pub fn signing_secret(&self) -> String {
        json!({ "key_base64": STANDARD.encode(&self.pkcs8[..32]) }).to_string()
    }

    /// The public key as the point that anybody can read in the key set: what a confused verifier would take for a
    /// shared secret.
    pub fn public_point(&self) -> &[u8] {
        &self.public_point
    }

    /// The claims of a good token.
    pub fn claims(&self, user_id: UserId, role: &str) -> Value {
        let now = Timestamp::now().as_second();
        json!({
            "iss": BASE_URL, "aud": "roost-api", "sub": user_id, "exp": now + 900, "iat": now, "jti": "test",
            "sid": SessionId::new(), "role": role,
        })
    }

    /// The header of a good token.
    pub fn header(&self) -> Header {
        Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) }
    }

    /// A token with these claims and header, signed with this key.
    pub fn sign(&self, header: &Header, claims: &Value) -> String {
        let key = EncodingKey::from_ec_der(&self.pkcs8);
        jsonwebtoken::encode(header, claims, &key).expect("claims can be signed")
    }

    /// These bytes signed with this key, the signature in the form that a JWT does not have.
    pub fn sign_as_der(&self, signed: &[u8]) -> Vec<u8> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &self.pkcs8).expect("a key pair");
        pair.sign(&SystemRandom::new(), signed).expect("bytes can be signed").as_ref().to_vec()
    }

    /// A good token.
    pub fn access_token(&self, user_id: UserId, role: &str) -> String {
        self.sign(&self.header(), &self.claims(user_id, role))
    }
}
