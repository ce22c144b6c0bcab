//! The mails that the stack has sent, read by its `mail` handle.
//!
//! Owns reading and waiting for mails. Must not know what a mail should say, beyond the token in a link.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::time::{MissedTickBehavior, interval};

use crate::Watch;

/// Longest wait for a mail: outbox, queue and worker, after an outage also the scheduler's next minute; what a worker failed at
/// once comes again after the queue's 180 s.
const MAIL_SECONDS: u64 = 200;
const POLL_MILLISECONDS: u64 = 200;

/// One mail.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Address of the recipient.
    pub to: String,
    /// Subject line.
    pub subject: String,
    /// Plain text part.
    pub text: String,
}

impl Mail {
    /// The one-time token in the mail's link.
    #[must_use]
    pub fn token(&self) -> Option<String> {
        let (_, after) = self.text.split_once("token=")?;
        let token: String =
            after.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~')).collect();
        Some(token.trim_end_matches('.').to_owned())
    }
}

/// The list of sent mails.
#[derive(Clone, Debug)]
pub struct Mailbox {
    http: reqwest::Client,
    address: String,
}

impl Mailbox {
    pub(crate) fn new(http: reqwest::Client, address: String) -> Self {
        Self { http, address }
    }

    /// All mails sent to an address, newest first.
    ///
    /// # Errors
    /// When the handle does not answer with the list it promises.
    pub async fn sent_to(&self, address: &str) -> Result<Vec<Mail>> {
        let response = self.http.get(&self.address).send().await?.error_for_status()?;
        let list: Value = response.json().await?;
        let list = list.as_array().context("the mail handle does not list mails")?;
        let mut mails = Vec::new();
        for mail in list {
            let field = |name: &str| Ok::<_, anyhow::Error>(text(mail, name)?.to_owned());
            let mail = Mail { to: field("to")?, subject: field("subject")?, text: field("text")? };
            if mail.to.eq_ignore_ascii_case(address) {
                mails.push(mail);
            }
        }
        Ok(mails)
    }

    /// Waits until `wanted` of the mails to an address satisfy `is_it`, and gives all that do, newest first.
    ///
    /// # Errors
    /// When they have not come within a minute and a half.
    pub async fn wait_for(&self, address: &str, wanted: usize, is_it: impl Fn(&Mail) -> bool) -> Result<Vec<Mail>> {
        let since = Watch::start();
        let mut pace = interval(Duration::from_millis(POLL_MILLISECONDS));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pace.tick().await;
            let all = self.sent_to(address).await?;
            let found: Vec<Mail> = all.iter().filter(|&mail| is_it(mail)).cloned().collect();
            if found.len() >= wanted {
                return Ok(found);
            }
            if since.elapsed().as_secs() > MAIL_SECONDS {
                bail!("{} of {wanted} mails to {address} within {MAIL_SECONDS} s; all to it: {all:?}", found.len());
            }
        }
    }
}

fn text<'a>(mail: &'a Value, name: &str) -> Result<&'a str> {
    mail[name].as_str().with_context(|| format!("a mail without `{name}` as text: {mail}"))
}
