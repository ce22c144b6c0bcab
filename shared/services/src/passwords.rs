//! Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane), computed off the serving thread.

use std::sync::OnceLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{ARGON2ID_IDENT, Argon2, Params, Version};
use domain::error::{Error, Result};
use domain::id::UserId;
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

impl Services {
    /// Hashes a password anew that has just proven right, if its hash was made with less work than is asked for now.
    /// That it did not work is no reason not to let the person in.
    pub(crate) async fn rehash_if_outdated(&self, user_id: UserId, password: Password, phc: &str) {
        if !is_outdated(phc) {
            return;
        }
        let replaced = async {
            let new = hash(password).await?;
            store::users::replace_password_hash(&self.db.connection().await?, user_id, phc, &new).await
        };
        match replaced.await {
            Ok(true) => tracing::info!(%user_id, "a password was hashed anew"),
            Ok(false) => tracing::info!(%user_id, "a password was changed while it was hashed anew"),
            Err(error) => {
                tracing::warn!(%user_id, cause = error.causes(), "a password could not be hashed anew at this sign-in");
            }
        }
    }
}

/// Whether a hash was made another way, or with less work, than [`hash`] does now. One made with more is good.
fn is_outdated(phc: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(phc) else { return false };
    let (now, version) = (Argon2::default(), u32::from(Version::default()));
    let asked = now.params();
    let is_weaker = |made: &Params| {
        made.m_cost() < asked.m_cost() || made.t_cost() < asked.t_cost() || made.p_cost() < asked.p_cost()
    };
    parsed.algorithm != ARGON2ID_IDENT
        || parsed.version.is_none_or(|made| made < version)
        || Params::try_from(&parsed).map_or(true, |made| is_weaker(&made))
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

#[cfg(test)]
mod tests {
    use argon2::Algorithm;

    use super::*;

    fn made_with(algorithm: Algorithm, version: Version, (memory, passes, lanes): (u32, u32, u32)) -> String {
        let params = Params::new(memory, passes, lanes, None).expect("parameters");
        let hash: PasswordHash = Argon2::new(algorithm, version, params).hash_password(b"secret").expect("a hash");
        hash.to_string()
    }

    #[test]
    fn a_hash_is_outdated_when_it_took_less_work_in_any_respect() {
        use Algorithm::{Argon2i, Argon2id};
        let now = hash_now("secret").expect("a hash");
        assert!(!is_outdated(&now), "{now}");
        for (algorithm, version, params, expected) in [
            (Argon2id, Version::V0x13, (19_456, 2, 1), false),
            (Argon2id, Version::V0x13, (19_455, 2, 1), true),
            (Argon2id, Version::V0x13, (65_536, 1, 1), true),
            (Argon2id, Version::V0x13, (19_456, 3, 2), false),
            (Argon2id, Version::V0x10, (19_456, 2, 1), true),
            (Argon2i, Version::V0x13, (19_456, 2, 1), true),
        ] {
            assert_eq!(is_outdated(&made_with(algorithm, version, params)), expected, "{algorithm} {params:?}");
        }
    }
}
