//! Stripe's webhooks: checked over the raw body, put on a queue, and worked off by asking the provider what is true
//! now. An event only says what to ask about: order and repetition don't matter.

use aws_lc_rs::{constant_time, hmac};
use domain::error::{Error, ErrorCode, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Services;
use crate::ports::SecretName;

/// How far a signature's time may be from ours, either way.
const TOLERANCE_SECONDS: i64 = 300;

#[derive(Deserialize)]
struct StripeSecret {
    webhook_secret: String,
    /// Of the endpoint that hears of connected accounts, where that is another.
    connect_webhook_secret: Option<String>,
}

/// What is worked off of an event. The rest of it, people's names and addresses among it, stays out of the queue.
#[derive(Deserialize, Serialize)]
struct WebhookEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: WebhookData,
}

#[derive(Deserialize, Serialize)]
struct WebhookData {
    object: WebhookObject,
}

#[derive(Deserialize, Serialize)]
struct WebhookObject {
    object: String,
    /// A balance has none.
    #[serde(default)]
    id: String,
    payment_intent: Option<String>,
}

impl Services {
    /// Takes a webhook in: checks its signature and puts on the queue what is worked off of it.
    ///
    /// # Errors
    /// `webhook_signature_invalid`, or `unavailable` when the queue is down, so that the provider comes again.
    pub async fn receive_stripe_webhook(&self, signature: &str, body: &[u8]) -> Result<()> {
        let refused = |detail: &str| Error::new(ErrorCode::WebhookSignatureInvalid, detail);
        let secret: StripeSecret = serde_json::from_str(&self.secrets.secret(SecretName::Stripe).await?)
            .map_err(|_| Error::internal("the Stripe secret is not JSON of the agreed form"))?;
        let now = Timestamp::now().as_second();
        let of_connect = |fault| match &secret.connect_webhook_secret {
            Some(secret) => verify(signature, body, secret, now),
            None => Err(fault),
        };
        verify(signature, body, &secret.webhook_secret, now).or_else(of_connect).map_err(refused)?;
        let body = std::str::from_utf8(body).map_err(|_| refused("The body is not UTF-8."))?;
        match serde_json::from_str::<WebhookEvent>(body).and_then(|event| serde_json::to_string(&event)) {
            Ok(event) => self.webhook_queue.put(&event).await,
            // Signed, but in no form that we know: it ends with the dead letters, for people to look at as it came.
            Err(_) => self.webhook_queue.put(body).await,
        }
    }

    /// Works one event off the queue.
    ///
    /// # Errors
    /// What hinders it; the event then comes again, and ends with the dead letters for people to look at.
    pub async fn apply_stripe_event(&self, body: &str) -> Result<()> {
        let event: WebhookEvent = serde_json::from_str(body).map_err(Error::internal)?;
        let WebhookObject { object, id, payment_intent } = event.data.object;
        match object.as_str() {
            "refund" => self.settle_refund(&id).await?,
            "account" => return self.settle_payout_account(&id).await,
            _ => {}
        }
        let dispute = (object == "dispute").then(|| id.clone());
        let intent_id = if object == "payment_intent" { Some(id) } else { payment_intent };
        match intent_id {
            Some(intent_id) => {
                self.settle_intent(&intent_id).await?;
                // After the capture that it contests.
                match dispute {
                    Some(name) => self.settle_dispute(&name).await,
                    None => Ok(()),
                }
            }
            None => {
                tracing::info!(event_id = event.id, kind = event.kind, "an event about no payment");
                Ok(())
            }
        }
    }
}

/// Checks `Stripe-Signature` (`t=…,v1=…`, any of several `v1`) over `t.body`.
fn verify(signature: &str, body: &[u8], secret: &str, now: i64) -> Result<(), &'static str> {
    let mut time = None;
    let mut tags = Vec::new();
    for (name, value) in signature.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" => time = value.parse::<i64>().ok(),
            "v1" => tags.extend(from_hex(value)),
            _ => {}
        }
    }
    let time = time.ok_or("The Stripe-Signature header has no time.")?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut signed = hmac::Context::with_key(&key);
    signed.update(time.to_string().as_bytes());
    signed.update(b".");
    signed.update(body);
    let right = signed.sign();
    if !tags.iter().any(|tag| constant_time::verify_slices_are_equal(right.as_ref(), tag).is_ok()) {
        return Err("No signature of the Stripe-Signature header is right for this body.");
    }
    if now.abs_diff(time) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err("The signature is too old or too new.");
    }
    Ok(())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn tag(time: i64, body: &[u8], secret: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let signed = [time.to_string().as_bytes(), b".", body].concat();
        hmac::sign(&key, &signed).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn any_of_several_signatures_will_do() {
        let right = tag(NOW, b"{}", "whsec");
        let header = format!("t={NOW},v1={},v0=abc,v1={right}", tag(NOW, b"{}", "old"));
        assert_eq!(verify(&header, b"{}", "whsec", NOW), Ok(()));
    }

    #[test]
    fn another_body_time_or_secret_is_refused() {
        let right = tag(NOW, b"{}", "whsec");
        assert!(verify(&format!("t={NOW},v1={right}"), b"{ }", "whsec", NOW).is_err());
        assert!(verify(&format!("t={},v1={right}", NOW + 1), b"{}", "whsec", NOW).is_err());
        assert!(verify(&format!("t={NOW},v1={right}"), b"{}", "other", NOW).is_err());
    }

    #[test]
    fn three_hundred_seconds_either_way_is_the_limit() {
        let header = format!("t={NOW},v1={}", tag(NOW, b"{}", "whsec"));
        for (now, good) in [(300, true), (-300, true), (301, false), (-301, false)] {
            assert_eq!(verify(&header, b"{}", "whsec", NOW + now).is_ok(), good, "{now}");
        }
    }

    #[test]
    fn garbage_is_refused_and_never_panics() {
        for header in ["", "t=", "t=x,v1=zz", "v1=aa", "t=1,v1=é", "t=1,v1=a", ",,,=,", "t=99999999999999999999,v1=00"]
        {
            assert!(verify(header, b"{}", "whsec", NOW).is_err(), "{header}");
        }
    }
}
