//! A simulator, an endpoint that takes its webhooks, and a client that speaks forms. Must not know any rule.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use stripe_sim::{Config, Simulator};
use tokio::sync::Mutex;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Long enough for a busy machine; a test that gets here has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A webhook as it came.
#[derive(Debug)]
pub(crate) struct Webhook {
    pub(crate) signature: String,
    pub(crate) body: String,
    pub(crate) event: Value,
}

pub(crate) struct Stripe {
    pub(crate) simulator: Simulator,
    client: reqwest::Client,
    webhooks: Mutex<UnboundedReceiver<Webhook>>,
    /// How many of the next webhooks the endpoint answers 503.
    pub(crate) failing: Arc<AtomicUsize>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{:#}", self.body);
        self.body
    }

    /// Asserts an error of this status and code; the code may be null.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        let error = self.body["error"].clone();
        assert_eq!((self.status, error["code"].as_str().unwrap_or("")), (status, code), "{:#}", self.body);
        error
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn endpoint(failing: Arc<AtomicUsize>, sender: UnboundedSender<Webhook>) -> String {
    let take = move |headers: HeaderMap, body: String| {
        let (failing, sender) = (Arc::clone(&failing), sender.clone());
        async move {
            let fails = failing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
            if fails {
                return StatusCode::SERVICE_UNAVAILABLE;
            }
            let signature = headers["stripe-signature"].to_str().expect("text").to_owned();
            let event = serde_json::from_str(&body).expect("a webhook is JSON");
            match sender.send(Webhook { signature, body, event }) {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::GONE,
            }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(axum::serve(listener, Router::new().route("/hook", post(take))).into_future());
    format!("http://{address}/hook")
}

impl Stripe {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (sender, webhooks) = unbounded_channel();
        let failing = Arc::new(AtomicUsize::new(0));
        let webhook_url = Some(endpoint(Arc::clone(&failing), sender).await);
        let mut config = Config { webhook_url, webhook_delay: Duration::from_secs(1), ..Config::default() };
        change(&mut config);
        let simulator = Simulator::start(config).await.expect("starts");
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let client = client.timeout(PATIENCE).build().expect("a client");
        Self { simulator, client, webhooks: Mutex::new(webhooks), failing }
    }

    /// A call with nothing but its address.
    pub(crate) fn raw(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.simulator.url()))
    }

    pub(crate) async fn send(request: RequestBuilder) -> Answer {
        let answer = request.send().await.expect("an answer");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.expect("a body");
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
    }

    pub(crate) fn keyed(&self, method: Method, path: &str) -> RequestBuilder {
        self.raw(method, path).bearer_auth(&self.simulator.config().secret_key)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        Self::send(self.keyed(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, form: &str) -> Answer {
        Self::send(form_body(self.keyed(Method::POST, path), form)).await
    }

    pub(crate) async fn post_with_key(&self, path: &str, form: &str, key: &str) -> Answer {
        Self::send(form_body(self.keyed(Method::POST, path), form).header("idempotency-key", key)).await
    }

    /// One of the simulator's own handles.
    pub(crate) async fn handle(&self, path: &str, body: Value) -> Answer {
        Self::send(self.raw(Method::POST, path).json(&body)).await
    }

    pub(crate) async fn fault(&self, kind: &str, times: u32) {
        self.handle("/_sim/faults", json!({"kind": kind, "times": times})).await.ok();
    }

    /// An intent over 125.50 USD.
    pub(crate) async fn intent(&self, more: &str) -> Value {
        self.post("/v1/payment_intents", &format!("amount=12550&currency=usd{more}")).await.ok()
    }

    pub(crate) async fn paid(&self) -> Value {
        self.intent("&confirm=true&payment_method=pm_card_visa").await
    }

    pub(crate) async fn charge_of(&self, intent: &Value) -> Value {
        self.get(&format!("/v1/charges/{}", text(&intent["latest_charge"]))).await.ok()
    }

    pub(crate) async fn next_webhook(&self) -> Webhook {
        let next = async { self.webhooks.lock().await.recv().await };
        tokio::time::timeout(PATIENCE, next).await.expect("a webhook in time").expect("the endpoint runs")
    }

    /// The kinds of the next webhooks, in the order in which they came.
    pub(crate) async fn next_kinds(&self, count: usize) -> Vec<String> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            kinds.push(text(&self.next_webhook().await.event["type"]).to_owned());
        }
        kinds
    }
}

pub(crate) fn form_body(request: RequestBuilder, form: &str) -> RequestBuilder {
    request.header("content-type", "application/x-www-form-urlencoded").body(form.to_owned())
}

#[track_caller]
pub(crate) fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

pub(crate) fn path_of(intent: &Value, act: &str) -> String {
    format!("/v1/payment_intents/{}{act}", text(&intent["id"]))
}
