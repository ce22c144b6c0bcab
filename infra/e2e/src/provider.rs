//! The payment provider of the stack, used as the provider's own library and pages would be.
//!
//! Owns what people do there: pay, onboard. Must not know what the product makes of it.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::hmac;
use serde_json::{Value, json};
use tokio::time::interval;

use crate::Watch;

/// Longest wait for a call to the provider.
const CALL_SECONDS: u64 = 10;

/// The simulated provider, as the stack describes it.
#[derive(Clone, Debug)]
pub struct Provider {
    url: String,
    key: String,
    webhook_secret: String,
}

impl Provider {
    /// The provider that `stack.json` describes.
    ///
    /// # Errors
    /// When there is no stack, or it has no provider.
    pub fn of_stack() -> Result<Self> {
        let path = std::env::var_os("ROOST_TEST_STACK").context("there is no stack to test: run `cargo xtask test`")?;
        let description: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let text = |name: &str| -> Result<String> {
            Ok(description[name].as_str().with_context(|| format!("stack.json has no `{name}`"))?.to_owned())
        };
        Ok(Self { url: text("stripe")?, key: text("stripe_key")?, webhook_secret: text("stripe_webhook_secret")? })
    }

    /// Pays as the provider's own library would; gives the status.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn pay(&self, client_secret: &str, card: &str) -> Result<u16> {
        let intent = client_secret.split("_secret").next().unwrap_or_default();
        let url = format!("{}/v1/payment_intents/{intent}/confirm", self.url);
        let form = [("payment_method", card), ("client_secret", client_secret)];
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(http.post(url).bearer_auth(&self.key).form(&form).send().await?.status().as_u16())
    }

    /// `Stripe-Signature` over a body, of now.
    #[must_use]
    pub fn sign(&self, body: &str) -> String {
        let time = jiff::Timestamp::now().as_second();
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.webhook_secret.as_bytes());
        let tag = hmac::sign(&key, format!("{time}.{body}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={time},v1={hex}")
    }

    /// Tells everything on a page for hosts, as a person with a browser would; gives where the page leads.
    ///
    /// # Errors
    /// When the page does not answer, or has no form.
    pub async fn onboard(&self, page: &str) -> Result<String> {
        ensure!(page.starts_with(&self.url), "not a page of the provider: {page}");
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
        let html = http.get(page).send().await?.error_for_status()?.text().await?;
        ensure!(html.contains("<form") && html.contains("complete"), "no form: {html}");
        let sent = http.post(page).form(&[("outcome", "complete")]).send().await?;
        ensure!(sent.status() == 303, "the form was not taken: {}", sent.status());
        let next = sent.headers().get("location").and_then(|next| next.to_str().ok());
        Ok(next.context("the page leads nowhere")?.to_owned())
    }

    /// The guest's bank decides the dispute of a payment: `won` or `lost`.
    ///
    /// # Errors
    /// When the payment has none, or the provider does not answer.
    pub async fn decide_dispute(&self, client_secret: &str, verdict: &str) -> Result<()> {
        let intent = client_secret.split("_secret").next().unwrap_or_default();
        let disputes = self.get(&format!("/v1/disputes?payment_intent={intent}")).await?;
        let id = disputes["data"][0]["id"].as_str().context("no dispute")?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let url = format!("{}/_sim/disputes/{id}/close", self.url);
        http.post(url).json(&json!({ "status": verdict })).send().await?.error_for_status()?;
        Ok(())
    }

    /// An object of the provider's API, or a list.
    ///
    /// # Errors
    /// When the provider does not answer, or not with success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let request = http.get(format!("{}{path}", self.url)).bearer_auth(&self.key);
        Ok(request.send().await?.error_for_status()?.json().await?)
    }

    /// The next call with this in its path is worked on, and never answered.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn hold_the_answer(&self, path: &str) -> Result<()> {
        let fault = json!({ "kind": "timeout_after", "times": 1, "path": path });
        let http = reqwest::Client::builder().no_proxy().build()?;
        http.post(format!("{}/_sim/faults", self.url)).json(&fault).send().await?.error_for_status()?;
        Ok(())
    }

    /// Returns when a call whose answer is held has been worked on.
    ///
    /// # Errors
    /// When none comes.
    pub async fn holding(&self, path: &str) -> Result<()> {
        let since = Watch::start();
        let mut pace = interval(Duration::from_millis(5));
        while since.elapsed().as_secs() < CALL_SECONDS {
            pace.tick().await;
            let log = self.get("/_sim/requests").await?;
            let is_it = |call: &Value| {
                call["fault"] == "timeout_after" && call["path"].as_str().is_some_and(|seen| seen.contains(path))
            };
            // Others may have called since.
            if log.as_array().context("no list of calls")?.iter().take(50).any(is_it) {
                return Ok(());
            }
        }
        bail!("no call of {path} within {CALL_SECONDS} s")
    }

    /// The intents of a booking.
    ///
    /// # Errors
    /// When the provider does not answer.
    pub async fn intents_of(&self, booking: &str) -> Result<Vec<Value>> {
        let list = self.get("/v1/payment_intents?limit=100").await?;
        let all = list["data"].as_array().context("the provider lists no intents")?;
        Ok(all.iter().filter(|intent| intent["metadata"]["booking_id"] == booking).cloned().collect())
    }
}
