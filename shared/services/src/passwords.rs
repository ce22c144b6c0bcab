//! Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), computed off the serving thread.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use domain::error::{Error, Result};
use domain::user::Password;

use crate::Services;

/// The PHC string of a password's hash.
pub(crate) async fn hash(password: Password) -> Result<String> {
    Services::compute(move || hash_now(password.expose())).await?
}

/// Whether the password is that of the hash. Without a hash (no such account) it computes as long, and says no.
pub(crate) async fn verify(password: Password, phc: Option<String>) -> Result<bool> {
    Services::compute(move || {
        let known = phc.is_some();
        let phc = match phc {
            Some(phc) => phc,
            None => stand_in()?.to_owned(),
        };
        let parsed = PasswordHash::new(&phc).map_err(|_| Error::internal("a stored password hash is not valid"))?;
        Ok(Argon2::default().verify_password(password.expose().as_bytes(), &parsed).is_ok() && known)
    })
    .await?
}

fn hash_now(password: &str) -> Result<String> {
    let hash: PasswordHash = Argon2::default()
        .hash_password(password.as_bytes())
        .map_err(|_| Error::internal("hashing a password failed"))?;
    Ok(hash.to_string())
}

/// A hash of nobody's password.
fn stand_in() -> Result<&'static str> {
    static STAND_IN: OnceLock<String> = OnceLock::new();
    if let Some(phc) = STAND_IN.get() {
        return Ok(phc);
    }
    let phc = hash_now("no account has this password")?;
    Ok(STAND_IN.get_or_init(|| phc))
}
