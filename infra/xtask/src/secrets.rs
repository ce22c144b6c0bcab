//! The secrets of a local stack: made at its first start, kept in its state folder for this user only.
//! They are never printed and never leave the machine.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::keys::KeyRing;
use crate::paths::{Paths, write_atomically};

/// Everything secret of one stack.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    /// Password of PostgreSQL's superuser `postgres`.
    pub(crate) superuser_password: String,
    /// Password of `roost_owner`, who may change the schema.
    pub(crate) owner_password: String,
    /// Password of `roost_app`, who may not.
    pub(crate) app_password: String,
    /// Keys that sign access tokens, in the shape of `TOKEN_KEYS`.
    pub(crate) token_keys: Value,
    /// Key that signs quotes and cursors, in the shape of `SIGNING_KEYS`.
    pub(crate) signing_keys: Value,
    /// Password of the demo accounts.
    pub(crate) demo_password: String,
}

impl Secrets {
    /// The stack's secrets, made now if there are none yet.
    pub(crate) fn load_or_create(paths: &Paths) -> Result<Self> {
        let file = Self::file(paths);
        match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| {
                format!("{} cannot be read; remove {} to begin afresh", file.display(), paths.state.display())
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let secrets = Self::create()?;
                secrets.save(paths)?;
                Ok(secrets)
            }
            Err(error) => Err(error).with_context(|| format!("reading {}", file.display())),
        }
    }

    /// Keeps them as they now are.
    pub(crate) fn save(&self, paths: &Paths) -> Result<()> {
        write_atomically(&Self::file(paths), &serde_json::to_vec_pretty(self)?, 0o600)
    }

    fn file(paths: &Paths) -> PathBuf {
        paths.state.join("secrets.json")
    }

    fn create() -> Result<Self> {
        Ok(Self {
            superuser_password: password()?,
            owner_password: password()?,
            app_password: password()?,
            token_keys: serde_json::to_value(KeyRing::of_one("local-1")?)?,
            signing_keys: json!({"key_base64": STANDARD.encode(random::<32>()?)}),
            demo_password: format!("demo-{}", &password()?[..12]),
        })
    }
}

/// 24 random bytes that need no quoting in a URL.
fn password() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<24>()?))
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow!("the system gives no random bytes"))?;
    Ok(bytes)
}
