//! The providers by which people may sign in: the operator's configuration, a secret, read each time it is needed.

use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;

use domain::error::{Error, Result};
use domain::identity::ProviderId;
use serde::Deserialize;

use crate::Services;
use crate::ports::SecretName;

/// What is asked for unless the configuration says something else.
fn default_scopes() -> Vec<String> {
    ["openid", "email", "profile"].map(str::to_owned).to_vec()
}

/// A provider by which people may sign in.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// What it is called in addresses.
    pub id: ProviderId,
    /// What it is called on a button.
    pub name: String,
    /// Its name in the protocol: an address.
    pub issuer: String,
    /// Our name there.
    pub(crate) client_id: String,
    /// Our secret there.
    pub(crate) client_secret: String,
    /// Pages of the front end to which people may come back, each exactly as it is written.
    pub(crate) redirect_uris: Vec<String>,
    #[serde(default = "default_scopes")]
    pub(crate) scopes: Vec<String>,
    /// How the answer comes back where that is not in the query, such as `form_post`.
    #[serde(default)]
    pub(crate) response_mode: Option<String>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Provider({})", self.id)
    }
}

#[derive(Deserialize)]
struct Configured {
    providers: Vec<Provider>,
}

/// Reads the secret's JSON.
///
/// # Errors
/// `internal`, which names what is wrong and no secret.
fn parse(secret: &str) -> Result<Vec<Provider>> {
    // The library's message may have the text in it.
    let Configured { providers } = serde_json::from_str(secret)
        .map_err(|_| Error::internal("the secret of the sign-in providers is not JSON of the agreed form"))?;
    let (mut ids, mut issuers) = (HashSet::new(), HashSet::new());
    for provider in &providers {
        let wrong = |what: &str| Err(Error::internal(format!("sign-in provider {}: {what}", provider.id)));
        if !is_guarded(&provider.issuer) || provider.issuer.contains(['?', '#']) {
            return wrong("the issuer must be an https address");
        }
        // The same person has the same subject at both, but not for two clients.
        if !ids.insert(provider.id.as_str()) || !issuers.insert(provider.issuer.as_str()) {
            return wrong("there is another of this id or issuer");
        }
        if provider.client_id.is_empty() || provider.client_secret.is_empty() || provider.name.is_empty() {
            return wrong("name, client_id and client_secret must not be empty");
        }
        if !provider.scopes.iter().any(|scope| scope == "openid") {
            return wrong("the scopes must have openid");
        }
        let is_page = |uri: &String| !uri.contains('#') && is_guarded(&uri.replacen("://localhost", "://127.0.0.1", 1));
        if provider.redirect_uris.is_empty() || !provider.redirect_uris.iter().all(is_page) {
            return wrong("redirect_uris must be https addresses without a fragment");
        }
    }
    Ok(providers)
}

/// Whether what is sent there can't be read on the way: it is encrypted, or never leaves this machine.
pub fn is_guarded(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // `user@host` is none of ours, and the host would be another.
    if authority.is_empty() || authority.contains('@') || address.contains(|c: char| c.is_whitespace() || c == '\\') {
        return false;
    }
    match scheme {
        "https" => true,
        "http" => {
            let host = match authority.strip_prefix('[') {
                Some(rest) => rest.split_once(']').map(|(host, _)| host),
                None => authority.split(':').next(),
            };
            host.and_then(|host| host.parse::<IpAddr>().ok()).is_some_and(|address| address.is_loopback())
        }
        _ => false,
    }
}

impl Services {
    /// The providers by which people may sign in, in the operator's order.
    ///
    /// # Errors
    /// `unavailable` when the secret can't be had.
    pub async fn sign_in_providers(&self) -> Result<Vec<Provider>> {
        parse(&self.secrets.secret(SecretName::SignInProviders).await?)
    }

    /// The provider of this id.
    ///
    /// # Errors
    /// `not_found`.
    pub(super) async fn sign_in_provider(&self, id: &ProviderId) -> Result<Provider> {
        let found = self.sign_in_providers().await?.into_iter().find(|provider| provider.id == *id);
        found.ok_or_else(Error::not_found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn one(change: impl FnOnce(&mut Value)) -> Value {
        let mut provider = json!({
            "id": "google", "name": "Google", "issuer": "https://accounts.google.com", "client_id": "us",
            "client_secret": "hunter2", "redirect_uris": ["https://www.example.com/sign-in"],
        });
        change(&mut provider);
        provider
    }

    fn read(providers: &[Value]) -> Result<Vec<Provider>> {
        parse(&json!({ "providers": providers }).to_string())
    }

    #[test]
    fn any_number_is_configured_and_none_at_first() {
        assert!(read(&[]).expect("none").is_empty());
        let other = one(|provider| {
            provider["id"] = json!("local");
            provider["issuer"] = json!("http://127.0.0.1:4000");
            provider["redirect_uris"] = json!(["http://localhost:3000/sign-in"]);
            provider["scopes"] = json!(["openid", "email"]);
        });
        let providers = read(&[one(|_| {}), other]).expect("two");
        assert_eq!(providers[0].scopes, ["openid", "email", "profile"]);
        assert_eq!((providers[1].id.as_str(), providers[1].scopes.len()), ("local", 2));
        assert!(!format!("{providers:?}").contains("hunter2"));
    }

    #[test]
    fn what_would_be_a_hole_is_refused_and_no_secret_is_told() {
        let wrong: [fn(&mut Value); 11] = [
            |provider| provider["issuer"] = json!("http://accounts.google.com"),
            |provider| provider["issuer"] = json!("http://127.0.0.1.example.com"),
            |provider| provider["issuer"] = json!("https://accounts.google.com?x"),
            |provider| provider["id"] = json!("Google!"),
            |provider| provider["client_secret"] = json!(""),
            |provider| provider["scopes"] = json!(["email"]),
            |provider| provider["redirect_uris"] = json!([]),
            |provider| provider["redirect_uris"] = json!(["http://www.example.com/sign-in"]),
            |provider| provider["redirect_uris"] = json!(["https://www.example.com/#sign-in"]),
            |provider| provider["redirect_url"] = json!("https://www.example.com"),
            |provider| provider["client_id"] = json!(["us"]),
        ];
        for change in wrong {
            let provider = one(change);
            let error = read(std::slice::from_ref(&provider)).expect_err(&provider.to_string());
            assert!(!error.causes().contains("hunter2"), "{}", error.causes());
        }
        assert!(read(&[one(|_| {}), one(|provider| provider["id"] = json!("again"))]).is_err());
        assert!(read(&[one(|_| {}), one(|provider| provider["issuer"] = json!("https://b.example"))]).is_err());
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for good in ["https://a.example", "http://127.0.0.1:80/x", "http://[::1]:9", "http://127.1.2.3"] {
            assert!(is_guarded(good), "{good}");
        }
        for bad in [
            "http://a.example",
            "http://localhost",
            "http://127.0.0.1@a.example",
            "https://u@a.example",
            "http://10.0.0.1",
            "http://169.254.169.254",
            "ftp://127.0.0.1",
            "https://",
            "https:/x",
            "https://a.example /",
            "",
        ] {
            assert!(!is_guarded(bad), "{bad}");
        }
    }
}
