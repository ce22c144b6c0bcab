//! Where the database is: from the secret's JSON or a URL, and TLS that trusts the roots of RDS alone.

use std::sync::Arc;

use async_trait::async_trait;
use domain::error::{Error, Result};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use services::ports::{SecretName, SecretSource};
use store::{DatabaseCredentials, DatabaseTarget};
use url::Url;

/// The certificates a database must lead to with `sslmode=verify-full`.
const ROOTS: &[u8] = include_bytes!("../certs/rds-global-bundle.pem");

const DEFAULT_PORT: u16 = 5432;

/// The database as the secret says; a refused password makes the secret be fetched anew.
pub(crate) struct FromSecret(pub(crate) Arc<dyn SecretSource>);

#[async_trait]
impl DatabaseCredentials for FromSecret {
    async fn current(&self) -> Result<DatabaseTarget> {
        parse(&self.0.secret(SecretName::Database).await?)
    }

    async fn refused(&self) {
        self.0.refused(SecretName::Database).await;
    }
}

#[derive(Deserialize)]
struct DatabaseSecret {
    host: String,
    port: Option<u16>,
    dbname: String,
    username: String,
    password: String,
    #[serde(default = "verify_full")]
    sslmode: String,
}

fn verify_full() -> String {
    "verify-full".to_owned()
}

/// Reads `{"host", "port", "dbname", "username", "password", "sslmode"}` or `postgres://user:password@host/dbname`.
///
/// # Errors
/// `internal_error`, without the text in it.
pub fn parse(text: &str) -> Result<DatabaseTarget> {
    let secret = if text.trim_start().starts_with('{') {
        serde_json::from_str(text).map_err(|_| Error::internal("the database secret is not JSON of the agreed form"))?
    } else {
        from_url(text).ok_or_else(|| {
            Error::internal("the database URL is not of the form postgres://user:password@host/dbname")
        })?
    };
    let DatabaseSecret { host, port, dbname, username, password, sslmode } = secret;
    let tls = match sslmode.as_str() {
        "disable" => None,
        "verify-full" => Some(Arc::new(tls()?)),
        _ => return Err(Error::internal("the database's sslmode must be disable or verify-full")),
    };
    Ok(DatabaseTarget { host, port: port.unwrap_or(DEFAULT_PORT), dbname, user: username, password, tls })
}

fn from_url(text: &str) -> Option<DatabaseSecret> {
    let url = Url::parse(text).ok().filter(|url| ["postgres", "postgresql"].contains(&url.scheme()))?;
    let decoded = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8().ok().map(String::from);
    let sslmode = url.query_pairs().find(|(name, _)| name == "sslmode").map(|(_, mode)| mode.into_owned());
    Some(DatabaseSecret {
        // Addresses of IPv6 stand in brackets in a URL.
        host: url.host_str()?.trim_matches(['[', ']']).to_owned(),
        port: url.port(),
        dbname: decoded(url.path().trim_start_matches('/'))?,
        username: decoded(url.username())?,
        password: decoded(url.password().unwrap_or(""))?,
        sslmode: sslmode.unwrap_or_else(verify_full),
    })
}

/// Verifies the chain and the host's name.
fn tls() -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(ROOTS) {
        let certificate = certificate.map_err(|error| Error::internal(format!("a root certificate: {error}")))?;
        roots.add(certificate).map_err(Error::internal)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(config.map_err(Error::internal)?.with_root_certificates(roots).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secrets_json_names_the_target() {
        let text = r#"{"username":"roost_app","password":"p@ss","host":"db.internal","port":5433,"dbname":"roost","sslmode":"disable"}"#;
        let target = parse(text).expect("a target");
        assert_eq!((target.host.as_str(), target.port, target.user.as_str()), ("db.internal", 5433, "roost_app"));
        assert_eq!((target.dbname.as_str(), target.password.as_str()), ("roost", "p@ss"));
        assert!(target.tls.is_none());
    }

    #[test]
    fn a_url_names_the_same_percent_decoded() {
        let target = parse("postgres://roost_app:p%40s%2Fs@[::1]:5433/roost?sslmode=disable").expect("a target");
        assert_eq!((target.host.as_str(), target.port, target.password.as_str()), ("::1", 5433, "p@s/s"));
    }

    #[test]
    fn without_a_mode_the_server_is_verified_against_the_roots_of_rds() {
        assert!(parse("postgres://a:b@localhost/roost").expect("a target").tls.is_some());
    }

    #[test]
    fn what_can_not_be_read_is_refused_without_repeating_it() {
        for text in
            ["", "mysql://a:hunter2@h/d", "{\"password\":\"hunter2\"}", "postgres://a:hunter2@h/d?sslmode=prefer"]
        {
            let error = parse(text).expect_err(text);
            let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
            assert!(!cause.contains("hunter2"), "{cause}");
        }
    }
}
