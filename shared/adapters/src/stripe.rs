//! A thin client of Stripe's API: the calls the product makes, their time limits and retries, nothing more.
//! <https://docs.stripe.com/api/payment_intents>

mod connect;
mod disputes;
mod units;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable as _};
use domain::error::{Error, ErrorCode, Result};
use domain::id::RefundId;
use domain::money::Money;
use domain::payment::IntentStatus;
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use services::ports::{Intent, NewIntent, PaymentProvider, ProviderDispute, RefundOutcome, SecretName, SecretSource};
use tokio::sync::OnceCell;

/// Pinned: what the types below were written for.
const API_VERSION: &str = "2026-10-28.endive";

/// A request's own answer is due within 3 s.
const CONNECT_LIMIT: Duration = Duration::from_millis(700);
const CALL_LIMIT: Duration = Duration::from_millis(1_200);

/// What an intent is asked for with: the charge has the limit of an authorisation, its balance transaction the fee.
const WITH_CHARGE: (&str, &str) = ("expand[]", "latest_charge.balance_transaction");

/// One more attempt, after 50 to 100 ms, for what may pass: a lost connection, 409 (the same key is being worked on),
/// 429, 5xx. Who waits for an answer can't wait for more; the reconciler goes on later.
const MAX_RETRIES: usize = 1;
const PAUSE: Duration = Duration::from_millis(50);

/// Stripe, or what speaks like it.
pub struct Stripe {
    secrets: Arc<dyn SecretSource>,
    api_base: String,
    http: OnceCell<reqwest::Client>,
}

#[derive(Deserialize)]
struct StripeSecret {
    api_key: String,
}

#[derive(Deserialize)]
struct PaymentIntent {
    id: String,
    status: String,
    amount: i64,
    amount_received: i64,
    currency: String,
    client_secret: Option<String>,
    latest_charge: Option<Expandable<Charge>>,
    last_payment_error: Option<PaymentError>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Deserialize)]
struct PaymentError {
    code: Option<String>,
    charge: Option<String>,
}

#[derive(Default, Deserialize)]
struct Metadata {
    payment_id: Option<String>,
}

/// A reference that was expanded, or not.
#[derive(Deserialize)]
#[serde(untagged)]
enum Expandable<T> {
    Object(T),
    #[expect(dead_code, reason = "told apart from an object; nobody needs the id")]
    Id(String),
}

impl<T> Expandable<T> {
    fn object(self) -> Option<T> {
        match self {
            Self::Object(object) => Some(object),
            Self::Id(_) => None,
        }
    }
}

#[derive(Deserialize)]
struct Charge {
    payment_method_details: Option<PaymentMethodDetails>,
    balance_transaction: Option<Expandable<BalanceTransaction>>,
}

#[derive(Deserialize)]
struct BalanceTransaction {
    fee: i64,
    currency: String,
}

#[derive(Deserialize)]
struct PaymentMethodDetails {
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Card {
    capture_before: Option<i64>,
}

#[derive(Deserialize)]
struct RefundObject {
    id: String,
    status: Option<String>,
    failure_reason: Option<String>,
    #[serde(default)]
    metadata: RefundMetadata,
}

#[derive(Default, Deserialize)]
struct RefundMetadata {
    refund_id: Option<String>,
}

#[derive(Deserialize)]
struct RefundList {
    data: Vec<RefundObject>,
}

impl From<RefundObject> for RefundOutcome {
    fn from(refund: RefundObject) -> Self {
        match refund.status.as_deref() {
            Some("failed" | "canceled") => Self::Refused(refund.failure_reason.unwrap_or_default()),
            _ => Self::Done(refund.id),
        }
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalDetail,
}

#[derive(Deserialize)]
struct RefusalDetail {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
    message: Option<String>,
}

impl RefusalDetail {
    /// Whether the account asked about is no longer one of ours: closed, or its owner has left.
    fn is_of_lost_account(&self) -> bool {
        match self.code.as_deref() {
            Some("account_invalid") => true,
            Some("resource_missing") => self.param.as_deref() == Some("account"),
            _ => false,
        }
    }

    /// Stripe's name of the reason, or its sentence where there is no name.
    fn reason(self) -> String {
        self.code.or(self.message).unwrap_or_default()
    }
}

/// How a call ended: Stripe did it, or said that it never will.
enum Outcome<T> {
    Done(T),
    Refused(RefusalDetail),
}

impl Stripe {
    /// The API at this base (`https://api.stripe.com`), with the key of the secret `Stripe`.
    pub fn new(secrets: Arc<dyn SecretSource>, api_base: impl Into<String>) -> Self {
        Self { secrets, api_base: api_base.into(), http: OnceCell::new() }
    }

    async fn http(&self) -> Result<&reqwest::Client> {
        self.http
            .get_or_try_init(|| async {
                reqwest::Client::builder()
                    .connect_timeout(CONNECT_LIMIT)
                    .timeout(CALL_LIMIT)
                    .build()
                    .map_err(Error::internal)
            })
            .await
    }

    /// Calls the API; tries again what may pass. So a `POST` needs an idempotency key, but where a second effect does no harm,
    /// as a second link to a page.
    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, String)],
        idempotency_key: Option<String>,
    ) -> Result<Outcome<T>> {
        let attempt = || self.attempt(method.clone(), path, form, idempotency_key.as_deref());
        attempt
            .retry(ExponentialBuilder::default().with_min_delay(PAUSE).with_jitter().with_max_times(MAX_RETRIES))
            .when(|error| error.code() == ErrorCode::Unavailable)
            .notify(|error, _| tracing::info!(path, %error, "asking Stripe once more"))
            .await
    }

    async fn attempt<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, String)],
        idempotency_key: Option<&str>,
    ) -> Result<Outcome<T>> {
        let secret: StripeSecret = serde_json::from_str(&self.secrets.secret(SecretName::Stripe).await?)
            .map_err(|_| Error::internal("the Stripe secret is not JSON of the agreed form"))?;
        let is_post = method == Method::POST;
        let query: &[(&str, String)] = if is_post { &[] } else { form };
        let mut request = self
            .http()
            .await?
            .request(method, format!("{}{path}", self.api_base))
            .query(query)
            .bearer_auth(secret.api_key)
            .header("Stripe-Version", API_VERSION);
        if let Some(key) = idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        if is_post {
            request = request.form(form);
        }
        // One event a call, so that a test can count.
        tracing::trace!(target: "adapters::call", path);
        // The URL has no secrets, but an intent's client secret may be in a query one day.
        let response = request.send().await.map_err(|error| Error::unavailable(error.without_url()))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| Error::unavailable(error.without_url()))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map(Outcome::Done).map_err(Error::internal);
        }
        let refusal = serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.error);
        match (status, refusal) {
            (StatusCode::UNAUTHORIZED, _) => {
                self.secrets.refused(SecretName::Stripe).await;
                Err(Error::unavailable("Stripe refused our API key"))
            }
            // The key did something else before: that says nothing of what became of this call.
            (_, Ok(refusal)) if refusal.kind.as_deref() == Some("idempotency_error") => {
                Err(Error::internal(refusal.message.unwrap_or_default()))
            }
            (StatusCode::BAD_REQUEST | StatusCode::PAYMENT_REQUIRED | StatusCode::NOT_FOUND, Ok(refusal)) => {
                Ok(Outcome::Refused(refusal))
            }
            // Of one host's account; any other 403 is about our key, and may pass.
            (StatusCode::FORBIDDEN, Ok(refusal)) if refusal.is_of_lost_account() => Ok(Outcome::Refused(refusal)),
            (status, _) => Err(Error::unavailable(format!("Stripe answered {status}"))),
        }
    }
}

impl PaymentIntent {
    fn read(self) -> Result<Intent> {
        let intent = self;
        let currency = units::currency(&intent.currency)?;
        let status = match intent.status.as_str() {
            // Before the first card and after a refused one: the guest is to act either way.
            "requires_confirmation" => IntentStatus::RequiresPaymentMethod,
            status => status.parse().map_err(Error::internal)?,
        };
        let charge = intent.latest_charge.and_then(Expandable::object);
        let (capture_before, fee) = match (status, charge) {
            (IntentStatus::RequiresCapture, Some(charge)) => (charge.capture_before()?, None),
            (IntentStatus::Succeeded, Some(charge)) => (None, charge.fee()?),
            _ => (None, None),
        };
        let failure = intent
            .last_payment_error
            .map(|error| [error.charge, error.code].into_iter().flatten().collect::<Vec<_>>().join(" "));
        Ok(Intent {
            id: intent.id,
            payment_id: intent.metadata.payment_id.and_then(|id| id.parse().ok()),
            status,
            amount: units::from_provider(intent.amount, currency)?,
            captured_minor: units::from_provider(intent.amount_received, currency)?.amount,
            client_secret: intent.client_secret.unwrap_or_default(),
            capture_before,
            fee,
            failure,
        })
    }
}

impl Charge {
    fn capture_before(self) -> Result<Option<Timestamp>> {
        let limit = self.payment_method_details.and_then(|details| details.card).and_then(|card| card.capture_before);
        limit.map(Timestamp::from_second).transpose().map_err(Error::internal)
    }

    /// Not there yet where the provider books later.
    fn fee(self) -> Result<Option<Money>> {
        let Some(booked) = self.balance_transaction.and_then(Expandable::object) else { return Ok(None) };
        let currency = units::currency(&booked.currency)?;
        Ok(Some(units::rounded_from_provider(booked.fee, currency)))
    }
}

impl Stripe {
    /// An act on an intent. If Stripe will not do it, the intent is not in the state we thought: ask how it is.
    async fn act(&self, intent_id: &str, act: &str, name: &str) -> Result<Intent> {
        let path = format!("/v1/payment_intents/{intent_id}/{act}");
        let form = [(WITH_CHARGE.0, WITH_CHARGE.1.to_owned())];
        match self.call::<PaymentIntent>(Method::POST, &path, &form, Some(name.to_owned())).await? {
            Outcome::Done(intent) => intent.read(),
            Outcome::Refused(refusal) => {
                tracing::info!(intent_id, act, code = refusal.code, "Stripe refused; asking how the intent is");
                self.intent(intent_id).await
            }
        }
    }
}

fn expect<T>(outcome: Outcome<T>) -> Result<T> {
    match outcome {
        Outcome::Done(value) => Ok(value),
        Outcome::Refused(refusal) => Err(Error::internal(format!(
            "Stripe refused: {} {}",
            refusal.code.unwrap_or_default(),
            refusal.message.unwrap_or_default()
        ))),
    }
}

#[async_trait]
impl PaymentProvider for Stripe {
    async fn create_intent(&self, new: &NewIntent) -> Result<Intent> {
        let form = [
            ("amount", units::to_provider(new.amount)?.to_string()),
            ("currency", new.amount.currency.code().to_lowercase()),
            ("capture_method", if new.manual_capture { "manual" } else { "automatic" }.to_owned()),
            ("allowed_payment_method_types[]", "card".to_owned()),
            // Transfers to the host of the stay join the group.
            ("transfer_group", new.booking_id.to_string()),
            ("metadata[payment_id]", new.payment_id.to_string()),
            ("metadata[booking_id]", new.booking_id.to_string()),
        ];
        let key = Some(format!("{}-create", new.payment_id));
        match self.call(Method::POST, "/v1/payment_intents", &form, key).await? {
            // The amount or its currency: there is nothing that the guest could do about it.
            Outcome::Refused(refusal) if matches!(refusal.param.as_deref(), Some("amount" | "currency")) => {
                let detail = format!("The payment provider does not take {}: {}.", new.amount, refusal.reason());
                Err(Error::new(ErrorCode::InvalidState, detail).with("state", "requires_payment_method"))
            }
            made => expect::<PaymentIntent>(made)?.read(),
        }
    }

    async fn intent(&self, intent_id: &str) -> Result<Intent> {
        let with = [(WITH_CHARGE.0, WITH_CHARGE.1.to_owned())];
        let asked = self.call(Method::GET, &format!("/v1/payment_intents/{intent_id}"), &with, None).await?;
        expect::<PaymentIntent>(asked)?.read()
    }

    async fn capture(&self, intent_id: &str, name: &str) -> Result<Intent> {
        self.act(intent_id, "capture", name).await
    }

    async fn cancel(&self, intent_id: &str, name: &str) -> Result<Intent> {
        self.act(intent_id, "cancel", name).await
    }

    async fn refund(&self, refund_id: RefundId, intent_id: &str, amount: Money) -> Result<RefundOutcome> {
        let form = [
            ("payment_intent", intent_id.to_owned()),
            ("amount", units::to_provider(amount)?.to_string()),
            ("metadata[refund_id]", refund_id.to_string()),
        ];
        let key = Some(refund_id.to_string());
        match self.call::<RefundObject>(Method::POST, "/v1/refunds", &form, key).await? {
            Outcome::Done(refund) => Ok(refund.into()),
            Outcome::Refused(refusal) => Ok(RefundOutcome::Refused(refusal.reason())),
        }
    }

    async fn find_refund(&self, refund_id: RefundId, intent_id: &str) -> Result<Option<RefundOutcome>> {
        // A payment has a handful of refunds at the most: a page holds them all.
        let path = format!("/v1/refunds?payment_intent={intent_id}&limit=100");
        let made: RefundList = expect(self.call(Method::GET, &path, &[], None).await?)?;
        let name = Some(refund_id.to_string());
        Ok(made.data.into_iter().find(|refund| refund.metadata.refund_id == name).map(RefundOutcome::from))
    }

    async fn refund_outcome(&self, name: &str) -> Result<RefundOutcome> {
        let asked = self.call::<RefundObject>(Method::GET, &format!("/v1/refunds/{name}"), &[], None).await?;
        expect(asked).map(RefundOutcome::from)
    }

    async fn dispute(&self, name: &str) -> Result<ProviderDispute> {
        let asked = self.call::<disputes::Dispute>(Method::GET, &format!("/v1/disputes/{name}"), &[], None).await?;
        expect(asked)?.read()
    }

    async fn latest_disputes(&self) -> Result<Vec<ProviderDispute>> {
        let limit = [("limit", "100".to_owned())];
        let asked = self.call::<disputes::List>(Method::GET, "/v1/disputes", &limit, None).await?;
        expect(asked)?.read()
    }
}
