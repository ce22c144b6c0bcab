//! What an ID token must be to be believed (OpenID Connect Core 1.0 §3.1.3.7): pure, over keys that were fetched.

use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::user::Email;
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::Value;

use crate::ports::ProviderMetadata;

/// Seconds that a provider's clock and ours may differ by.
const LEEWAY_SECONDS: u64 = 60;

/// The longest token that is looked at, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// What may sign an ID token, whatever the provider names besides: never a shared secret, never nothing.
const ALGORITHMS: [(&str, Algorithm); 3] =
    [("RS256", Algorithm::RS256), ("ES256", Algorithm::ES256), ("EdDSA", Algorithm::EdDSA)];

/// What an ID token is held against.
pub(super) struct Expected<'a> {
    /// Who must have signed it, and with what.
    pub(super) metadata: &'a ProviderMetadata,
    /// For whom.
    pub(super) client_id: &'a str,
    /// In answer to what.
    pub(super) nonce: &'a str,
    /// What came with it.
    pub(super) access_token: &'a str,
    /// By our clock.
    pub(super) now: Timestamp,
}

/// What a provider says of a person; everything that is not needed is left.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct Person {
    email: Option<String>,
    email_verified: Option<Flag>,
    pub(super) given_name: Option<String>,
    pub(super) family_name: Option<String>,
    pub(super) name: Option<String>,
    pub(super) locale: Option<String>,
    pub(super) zoneinfo: Option<String>,
}

/// Some providers write truth as a text.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(untagged)]
enum Flag {
    Bool(bool),
    Text(String),
}

impl Person {
    /// Whether an address is told at all.
    pub(super) fn has_email(&self) -> bool {
        self.email.is_some()
    }

    /// The address, if the provider has verified it and it is one.
    pub(super) fn verified_email(&self) -> Option<Email> {
        let is_verified = match &self.email_verified {
            Some(Flag::Bool(is_verified)) => *is_verified,
            Some(Flag::Text(text)) => text == "true",
            None => false,
        };
        self.email.as_deref().filter(|_| is_verified).and_then(|email| Email::parse(email).ok())
    }
}

/// A token that is believed.
#[derive(Debug)]
pub(super) struct IdToken {
    /// The provider's name for the person.
    pub(super) subject: String,
    /// What it says of them.
    pub(super) person: Person,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    iat: f64,
    nonce: Option<String>,
    at_hash: Option<String>,
    #[serde(flatten)]
    person: Person,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    /// Nobody else is trusted with a token of ours, so there must be nobody else in it.
    fn is_alone(&self, client_id: &str) -> bool {
        match self {
            Self::One(one) => one == client_id,
            Self::Many(many) => matches!(many.as_slice(), [one] if one == client_id),
        }
    }
}

/// Why a token is not believed: for the log, and says nothing of whom it is about.
pub(super) type Refused = &'static str;

/// The head of a token: which key and algorithm it claims.
///
/// # Errors
/// When it is none, or one that nobody may sign with.
pub(super) fn header(token: &str, metadata: &ProviderMetadata) -> Result<Header, Refused> {
    if token.len() > MAX_BYTES {
        return Err("it is too long");
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| "its header is not readable")?;
    let name = ALGORITHMS.iter().find(|(_, algorithm)| *algorithm == header.alg).map(|(name, _)| *name);
    let name = name.ok_or("its algorithm is none of ours")?;
    if !metadata.signing_algorithms.iter().any(|known| known == name) {
        return Err("its algorithm is not the provider's");
    }
    if header.crit.is_some() {
        return Err("it has critical extensions");
    }
    Ok(header)
}

/// Whether one of these keys can be the one that a token names.
pub(super) fn has_key(keys: &[Value], header: &Header) -> bool {
    candidates(keys, header).next().is_some()
}

/// Keys that may have signed it. One without a name may be any (§10.1), so all are tried.
fn candidates<'a>(keys: &'a [Value], header: &'a Header) -> impl Iterator<Item = Jwk> + 'a {
    // Keys of kinds that we don't know are none of ours to refuse.
    let readable = keys.iter().filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
    readable.filter(|key| {
        let common = &key.common;
        let is_for_signing = common.public_key_use.as_ref().is_none_or(|known| *known == PublicKeyUse::Signature);
        let is_of_algorithm = common.key_algorithm.is_none_or(|known| known.to_string() == format!("{:?}", header.alg));
        let is_named = header.kid.as_ref().is_none_or(|kid| common.key_id.as_ref() == Some(kid));
        is_for_signing && is_of_algorithm && is_named
    })
}

/// Believes a token, or says why not.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn check(token: &str, keys: &[Value], expected: &Expected<'_>) -> Result<IdToken, Refused> {
    let header = header(token, expected.metadata)?;
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[&expected.metadata.issuer]);
    validation.set_audience(&[expected.client_id]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    validation.validate_nbf = true;
    validation.leeway = LEEWAY_SECONDS;
    let claims = candidates(keys, &header).find_map(|key| {
        let key = DecodingKey::from_jwk(&key).ok()?;
        Some(jsonwebtoken::decode::<Claims>(token, &key, &validation).ok()?.claims)
    });
    let claims = claims.ok_or("its signature, issuer, audience, time or form is wrong")?;
    let is_too_new = claims.iat > expected.now.as_second() as f64 + LEEWAY_SECONDS as f64;
    let digest = half_digest(header.alg, expected.access_token);
    let checks = [
        (claims.iss == expected.metadata.issuer, "its issuer is another"),
        (claims.aud.is_alone(expected.client_id), "it is for others too"),
        (claims.azp.is_none_or(|party| party == expected.client_id), "it was issued to another"),
        (claims.nonce.is_some_and(|nonce| nonce == expected.nonce), "it answers another request"),
        (!is_too_new, "it is of tomorrow"),
        (claims.at_hash.is_none_or(|hash| hash == digest), "it came with another access token"),
        ((1..=255).contains(&claims.sub.len()) && !claims.sub.contains('\0'), "its subject is not one"),
    ];
    match checks.iter().find(|(holds, _)| !holds) {
        Some((_, why)) => Err(why),
        None => Ok(IdToken { subject: claims.sub, person: claims.person }),
    }
}

/// The left half of a token's hash by the algorithm that signs (§3.1.3.6).
fn half_digest(algorithm: Algorithm, token: &str) -> String {
    let hash = if algorithm == Algorithm::EdDSA { &digest::SHA512 } else { &digest::SHA256 };
    let whole = digest::digest(hash, token.as_bytes());
    let whole = whole.as_ref();
    URL_SAFE_NO_PAD.encode(&whole[..whole.len() / 2])
}

#[cfg(test)]
mod tests;
