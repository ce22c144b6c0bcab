//! HMAC-SHA256 over what goes out and comes back: quotes, cursors, refresh tokens; and fingerprints of requests.
//! Each purpose has its own tag space, so that one can't be passed off as another.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{hkdf, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use domain::error::{Error, Result};
use serde::Deserialize;

use crate::Services;
use crate::ports::SecretName;

/// What a tag is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A price shown to a guest.
    Quote,
    /// A place in a list.
    Cursor,
    /// A refresh token.
    RefreshToken,
    /// The identity of a request.
    Fingerprint,
    /// Whose attempts are counted.
    Throttle,
    /// What a sign-in at a provider sends there.
    SignIn,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Quote => b"quote\0",
            Self::Cursor => b"cursor\0",
            Self::RefreshToken => b"refresh_token\0",
            Self::Fingerprint => b"fingerprint\0",
            Self::Throttle => b"throttle\0",
            Self::SignIn => b"sign_in\0",
        }
    }
}

/// Length of a tag in bytes.
const TAG_BYTES: usize = 32;

/// Tags and checks with the application's signing key.
pub struct Sealer {
    key: hmac::Key,
    /// What keys of other kinds are derived from, the current one first.
    roots: Vec<hkdf::Prk>,
}

#[derive(Deserialize)]
struct SigningKey {
    key_base64: String,
    /// Keys that were replaced: secrets of people are still read with them, and nothing else.
    #[serde(default)]
    earlier_keys_base64: Vec<String>,
}

impl Sealer {
    /// Reads the secret's JSON, `{"key_base64": "…"}` of at least 32 bytes.
    pub(crate) fn from_secret(secret: &str) -> Result<Self> {
        let SigningKey { key_base64, earlier_keys_base64 } = serde_json::from_str(secret)
            .map_err(|_| Error::internal("the signing secret is not JSON of the form {\"key_base64\": …}"))?;
        let key = |text: String| {
            let key = STANDARD.decode(text).map_err(|_| Error::internal("the signing key is not base64"))?;
            let is_long_enough = key.len() >= TAG_BYTES;
            is_long_enough.then_some(key).ok_or_else(|| Error::internal("the signing key is shorter than 32 bytes"))
        };
        let current = key(key_base64)?;
        let earlier = earlier_keys_base64.into_iter().map(key).collect::<Result<Vec<_>>>()?;
        Ok(Self::of(&current, &earlier))
    }

    fn of(key: &[u8], earlier: &[Vec<u8>]) -> Self {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"roost");
        let roots = std::iter::once(key).chain(earlier.iter().map(Vec::as_slice)).map(|key| salt.extract(key));
        Self { key: hmac::Key::new(hmac::HMAC_SHA256, key), roots: roots.collect() }
    }

    /// The tag of these bytes for this purpose: 32 bytes.
    pub fn tag(&self, purpose: Purpose, bytes: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, &labelled(purpose, bytes)).as_ref().to_vec()
    }

    /// The bytes and their tag as one URL-safe word.
    pub fn seal(&self, purpose: Purpose, bytes: &[u8]) -> String {
        let mut sealed = self.tag(purpose, bytes);
        sealed.extend_from_slice(bytes);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The bytes of a word that `seal` made for the same purpose; none for any other.
    pub fn open(&self, purpose: Purpose, sealed: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (tag, bytes) = sealed.split_at_checked(TAG_BYTES)?;
        hmac::verify(&self.key, &labelled(purpose, bytes), tag).ok()?;
        Some(bytes.to_vec())
    }
}

/// Secrets of people that must be had back: AES-256-GCM under a key derived for that alone (HKDF-SHA256).
impl Sealer {
    /// Encrypts a secret for its owner: nonce, then ciphertext and tag. In another owner's place it can't be opened.
    ///
    /// # Errors
    /// `internal` when the library fails.
    pub fn encrypt(&self, owner: &[u8], secret: &[u8]) -> Result<Vec<u8>> {
        let mut text = secret.to_vec();
        let root = self.roots.first().ok_or_else(|| Error::internal("there is no signing key"))?;
        let nonce = secrets_key(root)?.seal_in_place_append_tag(Aad::from(owner), &mut text);
        let nonce = nonce.map_err(|_| Error::internal("a secret can't be encrypted"))?;
        Ok([nonce.as_ref().as_slice(), &text].concat())
    }

    /// Decrypts what `encrypt` made for this owner.
    ///
    /// # Errors
    /// `internal` for anything else, which no client can cause.
    pub fn decrypt(&self, owner: &[u8], encrypted: &[u8]) -> Result<Vec<u8>> {
        let refused = || Error::internal("a secret can't be decrypted: it was altered, or its key is gone");
        let (nonce, text) = encrypted.split_first_chunk::<NONCE_LEN>().ok_or_else(refused)?;
        for root in &self.roots {
            let mut text = text.to_vec();
            let opened = secrets_key(root)?.open_in_place(Nonce::from(nonce), Aad::from(owner), &mut text);
            if let Ok(secret) = opened {
                return Ok(secret.to_vec());
            }
        }
        Err(refused())
    }
}

fn secrets_key(root: &hkdf::Prk) -> Result<RandomizedNonceKey> {
    let failed = |_| Error::internal("no key can be derived from the signing key");
    let mut key = [0; 32];
    let info = [b"secrets of people, AES-256-GCM".as_slice()];
    root.expand(&info, &AES_256_GCM).and_then(|derived| derived.fill(&mut key)).map_err(failed)?;
    RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(failed)
}

fn labelled(purpose: Purpose, bytes: &[u8]) -> Vec<u8> {
    [purpose.label(), bytes].concat()
}

impl Services {
    /// The sealer with the current signing key.
    ///
    /// # Errors
    /// `unavailable` when the secret can't be had and was never had before.
    pub async fn sealer(&self) -> Result<Sealer> {
        Sealer::from_secret(&self.secrets.secret(SecretName::SigningKey).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer::of(&[7; 32], &[])
    }

    #[test]
    fn what_was_sealed_opens_for_its_purpose_only() {
        let sealed = sealer().seal(Purpose::Quote, b"payload");
        assert_eq!(sealer().open(Purpose::Quote, &sealed), Some(b"payload".to_vec()));
        assert_eq!(sealer().open(Purpose::Cursor, &sealed), None);
    }

    #[test]
    fn a_secret_is_its_owner_s_alone_and_never_looks_the_same_twice() {
        let sealed = sealer().encrypt(b"ada", b"secret").expect("encrypted");
        assert_eq!(sealer().decrypt(b"ada", &sealed).expect("decrypted"), b"secret");
        assert_ne!(sealed, sealer().encrypt(b"ada", b"secret").expect("encrypted"));
        assert!(sealer().decrypt(b"bob", &sealed).is_err());
        assert!(Sealer::of(&[8; 32], &[]).decrypt(b"ada", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(sealer().decrypt(b"ada", &altered).is_err(), "{at}");
        }
        assert!(sealer().decrypt(b"ada", b"short").is_err());
    }

    #[test]
    fn a_key_that_was_replaced_still_reads_secrets_and_nothing_else() {
        let (secret, word) =
            (sealer().encrypt(b"ada", b"secret").expect("encrypted"), sealer().seal(Purpose::Cursor, b"x"));
        let keys = serde_json::json!({
            "key_base64": STANDARD.encode([8; 32]), "earlier_keys_base64": [STANDARD.encode([7; 32])],
        });
        let next = Sealer::from_secret(&keys.to_string()).expect("a secret");
        assert_eq!(next.decrypt(b"ada", &secret).expect("decrypted"), b"secret");
        assert_eq!(next.open(Purpose::Cursor, &word), None);
        let anew = next.encrypt(b"ada", b"secret").expect("encrypted");
        assert!(sealer().decrypt(b"ada", &anew).is_err());
        assert!(Sealer::from_secret(r#"{"key_base64": "AAAA"}"#).is_err());
    }

    #[test]
    fn an_altered_word_does_not_open() {
        let sealed = sealer().seal(Purpose::Cursor, b"payload");
        for position in 0..sealed.len() {
            let mut altered = sealed.clone().into_bytes();
            altered[position] = if altered[position] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("ASCII stays ASCII");
            assert_eq!(sealer().open(Purpose::Cursor, &altered), None, "position {position}");
        }
        assert_eq!(sealer().open(Purpose::Cursor, ""), None);
        assert_eq!(sealer().open(Purpose::Cursor, "not base64!"), None);
    }
}
