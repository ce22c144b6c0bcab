//! Access tokens: ES256 JWTs of 15 minutes, signed with the active key and accepted from every key in the ring, so
//! that a rotation signs nobody out.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::error::{Error, ErrorCode, Result};
use domain::id::{SessionId, UserId};
use domain::user::Role;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::Services;
use crate::actor::Actor;
use crate::ports::SecretName;

/// How long an access token is good.
pub const ACCESS_TOKEN_SECONDS: i64 = 15 * 60;

/// A token of a key that is not known has the secret read anew, but not more often than this: anybody can send such.
const REREAD_SECONDS: i64 = 10;

/// Seconds that clocks of functions may differ by.
const LEEWAY_SECONDS: u64 = 5;

/// Who the tokens are for.
const AUDIENCE: &str = "roost-api";

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    exp: i64,
    iat: i64,
    jti: String,
    sid: SessionId,
    role: String,
}

#[derive(Deserialize)]
struct KeyRingSecret {
    active_kid: String,
    keys: Vec<KeySecret>,
}

#[derive(Deserialize)]
struct KeySecret {
    kid: String,
    private_key_pkcs8_base64: String,
}

struct KeyRing {
    active_kid: String,
    signing: EncodingKey,
    verifying: HashMap<String, DecodingKey>,
    jwks: Value,
}

/// The ring parsed from the secret it was parsed from last.
#[derive(Default)]
pub struct KeyRingCache {
    parsed: Mutex<Option<(Arc<str>, Arc<KeyRing>)>>,
    /// When the secret was last read anew for an unknown key; seconds.
    reread_at: AtomicI64,
}

impl KeyRingCache {
    fn ring(&self, secret: &Arc<str>) -> Result<Arc<KeyRing>> {
        let mut cached = self.parsed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, ring)) = cached.as_ref()
            && of == secret
        {
            return Ok(Arc::clone(ring));
        }
        let ring = Arc::new(KeyRing::from_secret(secret)?);
        *cached = Some((Arc::clone(secret), Arc::clone(&ring)));
        Ok(ring)
    }

    /// Whether the secret may be read anew at this moment; true for one caller in a while.
    fn may_reread(&self, now: Timestamp) -> bool {
        let (last, now) = (self.reread_at.load(Ordering::Relaxed), now.as_second());
        let is_due = now - last >= REREAD_SECONDS;
        is_due && self.reread_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl KeyRing {
    fn from_secret(secret: &str) -> Result<Self> {
        let parsed: KeyRingSecret =
            serde_json::from_str(secret).map_err(|_| Error::internal("the token keys' secret is not valid JSON"))?;
        let mut signing = None;
        let mut verifying = HashMap::new();
        let mut public = Vec::new();
        for key in parsed.keys {
            let pkcs8 = STANDARD
                .decode(&key.private_key_pkcs8_base64)
                .map_err(|_| Error::internal("a token key is not base64"))?;
            let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8)
                .map_err(|_| Error::internal("a token key is not a PKCS #8 P-256 key"))?;
            // An uncompressed point: 0x04, 32 bytes of x, 32 bytes of y.
            let point = pair.public_key().as_ref();
            let x = URL_SAFE_NO_PAD.encode(&point[1..33]);
            let y = URL_SAFE_NO_PAD.encode(&point[33..65]);
            verifying.insert(key.kid.clone(), DecodingKey::from_ec_components(&x, &y).map_err(Error::internal)?);
            if key.kid == parsed.active_kid {
                signing = Some(EncodingKey::from_ec_der(&pkcs8));
            }
            public.push(json!({
                "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": key.kid, "x": x, "y": y
            }));
        }
        Ok(Self {
            signing: signing.ok_or_else(|| Error::internal("the active token key is not among the keys"))?,
            active_kid: parsed.active_kid,
            verifying,
            jwks: json!({ "keys": public }),
        })
    }
}

impl Services {
    /// Signs an access token for the session.
    ///
    /// # Errors
    /// `unavailable` when the keys can't be had.
    pub(crate) async fn sign_access_token(&self, user_id: UserId, role: Role, session_id: SessionId) -> Result<String> {
        let ring = self.key_ring().await?;
        let issued_at = Timestamp::now().as_second();
        let claims = Claims {
            iss: self.settings.public_base_url.clone(),
            aud: AUDIENCE.to_owned(),
            sub: user_id,
            exp: issued_at + ACCESS_TOKEN_SECONDS,
            iat: issued_at,
            jti: crate::one_time_tokens::random_word(),
            sid: session_id,
            role: role.as_str().to_owned(),
        };
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(ring.active_kid.clone());
        jsonwebtoken::encode(&header, &claims, &ring.signing).map_err(Error::internal)
    }

    /// Who the bearer of this token is.
    ///
    /// # Errors
    /// `unauthenticated` for a token that is not ours, not of ES256, altered, over or of an ended session; `unavailable` when the keys
    /// can't be had.
    pub async fn authenticate(&self, bearer: &str) -> Result<Actor> {
        let refused = || Error::new(ErrorCode::Unauthenticated, "The access token is not valid or has expired.");
        let kid = jsonwebtoken::decode_header(bearer).map_err(|_| refused())?.kid.ok_or_else(refused)?;
        let ring = self.key_ring_with(&kid).await?;
        let key = ring.verifying.get(&kid).ok_or_else(refused)?;
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[&self.settings.public_base_url]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        let claims = jsonwebtoken::decode::<Claims>(bearer, key, &validation).map_err(|_| refused())?.claims;
        // The library does not look at it. A token of tomorrow is none of ours, whoever signed it.
        if claims.iat > Timestamp::now().as_second() + LEEWAY_SECONDS.cast_signed() {
            return Err(refused());
        }
        let role = claims.role.parse().map_err(|_| refused())?;
        if self.is_revoked(claims.sid).await {
            return Err(refused());
        }
        let issued_at = Timestamp::from_second(claims.iat).map_err(|_| refused())?;
        Ok(Actor { user_id: claims.sub, role, session_id: claims.sid, issued_at })
    }

    /// The public keys, as a JSON Web Key Set (RFC 7517).
    ///
    /// # Errors
    /// `unavailable` when the keys can't be had.
    pub async fn jwks(&self) -> Result<Value> {
        Ok(self.key_ring().await?.jwks.clone())
    }

    /// The ring, read anew if it lacks a key: it may have been rotated since it was read.
    async fn key_ring_with(&self, kid: &str) -> Result<Arc<KeyRing>> {
        let ring = self.key_ring().await?;
        if ring.verifying.contains_key(kid) || !self.keys.may_reread(Timestamp::now()) {
            return Ok(ring);
        }
        self.secrets.refused(SecretName::TokenKeys).await;
        self.key_ring().await
    }

    async fn key_ring(&self) -> Result<Arc<KeyRing>> {
        self.keys.ring(&self.secrets.secret(SecretName::TokenKeys).await?)
    }
}
