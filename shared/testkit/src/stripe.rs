//! The payment provider of a test: a simulator in this process, a guest with test cards, and a queue of webhooks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use domain::error::{Error, Result};
use jiff::SignedDuration;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use services::ports::WebhookQueue;
use stripe_sim::{Config, Simulator};

/// What the simulator signs webhooks with.
pub const WEBHOOK_SECRET: &str = "whsec_roost";

/// What the holder of a card answers to 3-D Secure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// It is them.
    Succeed,
    /// It is not, or they do not say.
    Fail,
}

impl Authentication {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeed => "succeed",
            Self::Fail => "fail",
        }
    }
}

/// A simulated account of its own, with nothing in it.
pub struct StripeAccount {
    simulator: Simulator,
    http: reqwest::Client,
}

impl StripeAccount {
    pub(crate) async fn start() -> Self {
        let simulator = Simulator::start(Config::default()).await.expect("a simulator starts on a free port");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self { simulator, http }
    }

    /// Where its API is.
    pub fn url(&self) -> String {
        self.simulator.url()
    }

    /// The functions' secret for it.
    pub(crate) fn secret(&self) -> String {
        json!({ "api_key": self.simulator.config().secret_key, "webhook_secret": WEBHOOK_SECRET }).to_string()
    }

    /// Pays with a test card as the provider's own library would; gives the status and what the provider said, zero and
    /// nothing where it hung up.
    pub async fn pay(&self, client_secret: &str, card: &str) -> (u16, Value) {
        let intent_id = client_secret.split("_secret").next().unwrap_or_default();
        let path = format!("/v1/payment_intents/{intent_id}/confirm");
        let form = [("payment_method", card), ("client_secret", client_secret)];
        match self.call(Method::POST, &path).form(&form).send().await {
            Ok(answer) => (answer.status().as_u16(), answer.json().await.unwrap_or_default()),
            Err(_) => (0, Value::Null),
        }
    }

    /// An object of the API, or a list of them.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = send(self.call(Method::GET, path)).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// How many calls of this path there were, worked on or not.
    pub async fn calls(&self, method: &str, path: &str) -> usize {
        let log = self.get("/_sim/requests").await;
        let is_it = |call: &&Value| call["method"] == method && call["path"] == path;
        log.as_array().expect("a list").iter().filter(is_it).count()
    }

    /// An act on the account that the product does not do.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let (status, body) = send(self.call(Method::POST, path).form(form)).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// From now on `times` calls whose path has this part meet a fault.
    pub async fn fault(&self, kind: &str, times: u32, path: &str) {
        let fault = json!({ "kind": kind, "times": times, "path": path });
        let request = self.http.post(format!("{}/_sim/faults", self.url())).json(&fault);
        let (status, body) = send(request).await;
        assert_eq!(status, 200, "{body}");
    }

    /// The holder of a connected account onboards so far: `complete`, `requirements_due` or `pending_verification`.
    pub async fn onboard(&self, account_id: &str, outcome: &str) {
        let url = format!("{}/_sim/accounts/{account_id}/onboard", self.url());
        let (status, body) = send(self.http.post(url).json(&json!({ "outcome": outcome }))).await;
        assert_eq!(status, 200, "{body}");
    }

    /// A connected account's balance goes to its bank, from where nothing comes back.
    pub async fn pay_out(&self, account_id: &str) {
        let (status, body) = send(self.http.post(format!("{}/_sim/accounts/{account_id}/pay_out", self.url()))).await;
        assert_eq!(status, 200, "{body}");
    }

    /// From now on nothing goes wrong any more.
    pub async fn clear_faults(&self) {
        let (status, body) = send(self.http.delete(format!("{}/_sim/faults", self.url()))).await;
        assert_eq!(status, 200, "{body}");
    }

    /// The holder of the card answers 3-D Secure; gives whether anybody was waiting for that.
    pub async fn authenticate(&self, intent_id: &str, outcome: Authentication) -> bool {
        let answer = json!({ "outcome": outcome.as_str() });
        let url = format!("{}/_sim/payment_intents/{intent_id}/authenticate", self.url());
        send(self.http.post(url).json(&answer)).await.0 == 200
    }

    /// Moves the account's clock ahead, so that authorisations run out.
    pub async fn advance(&self, by: SignedDuration) {
        let by = json!({ "advance_seconds": by.as_secs() });
        let (status, body) = send(self.http.post(format!("{}/_sim/clock", self.url())).json(&by)).await;
        assert_eq!(status, 200, "{body}");
    }

    /// All intents there are, newest first.
    pub async fn intents(&self) -> Vec<Value> {
        items(&self.get("/v1/payment_intents?limit=100").await)
    }

    /// All refunds there are, newest first.
    pub async fn refunds(&self) -> Vec<Value> {
        items(&self.get("/v1/refunds?limit=100").await)
    }

    /// The bodies of the webhooks there were, oldest first.
    pub async fn events(&self) -> Vec<String> {
        let newest_first = items(&self.get("/v1/events?limit=100").await);
        newest_first.iter().rev().map(Value::to_string).collect()
    }

    /// The body of the latest webhook.
    pub async fn last_event(&self) -> String {
        self.get("/v1/events?limit=1").await["data"][0].to_string()
    }

    /// Captured and not refunded, over all intents, minor units of whatever currency.
    pub async fn balance(&self) -> i64 {
        let sum = |items: &[Value], member: &str| items.iter().filter_map(|item| item[member].as_i64()).sum::<i64>();
        let given_back: Vec<Value> =
            self.refunds().await.into_iter().filter(|refund| refund["status"] != "failed").collect();
        sum(&self.intents().await, "amount_received") - sum(&given_back, "amount")
    }

    /// What the account's movements come to, fees taken off: units of the provider by its code of the currency.
    pub async fn nets(&self) -> BTreeMap<String, i64> {
        let mut nets = BTreeMap::new();
        let mut path = "/v1/balance_transactions?limit=100".to_owned();
        loop {
            let page = self.get(&path).await;
            let rows = page["data"].as_array().expect("a list");
            for row in rows {
                let currency = row["currency"].as_str().expect("a code").to_owned();
                *nets.entry(currency).or_insert(0) += row["net"].as_i64().expect("an amount");
            }
            match rows.last().filter(|_| page["has_more"] == true) {
                Some(last) => {
                    let last = last["id"].as_str().expect("an id");
                    path = format!("/v1/balance_transactions?limit=100&starting_after={last}");
                }
                None => break,
            }
        }
        nets.retain(|_, net| *net != 0);
        nets
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url()));
        request.bearer_auth(&self.simulator.config().secret_key)
    }
}

async fn send(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("the simulator answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

fn items(list: &Value) -> Vec<Value> {
    assert_eq!(list["has_more"], false, "more than a page: {list}");
    list["data"].as_array().cloned().unwrap_or_default()
}

/// A queue of webhook events that remembers what it took, and fails on demand.
#[derive(Default)]
pub struct RecordedWebhooks {
    down: AtomicBool,
    taken: Mutex<Vec<String>>,
}

impl RecordedWebhooks {
    /// Whether it refuses from now on.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl WebhookQueue for RecordedWebhooks {
    async fn put(&self, body: &str) -> Result<()> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Error::unavailable("the queue is down"));
        }
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(body.to_owned());
        Ok(())
    }
}
