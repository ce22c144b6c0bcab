//! Calls to the API, and what must hold of every answer.
//!
//! Owns sending. What the API answers the first time is what a test judges; a `503` alone is asked again, as its
//! `Retry-After` says, if others held the machine's processors meanwhile.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio::time::sleep;

use crate::machine::starved;
use crate::{Answer, Contract, Mailbox, Stack, User, Watch};

/// Longest a call may take in all; the API itself promises 3 s when something is down.
const CALL_SECONDS: u64 = 30;
/// How often a `503` is asked again, at most, on a machine that is starved of its processors.
const PATIENCE: u32 = 30;

static CONTRACT: OnceCell<Arc<Contract>> = OnceCell::const_new();

/// A client of the API under test. One for each test: its connections belong to the test's own runtime.
#[derive(Clone, Debug)]
pub struct Api {
    base: String,
    http: reqwest::Client,
    contract: Arc<Contract>,
    mailbox: Mailbox,
    patience: u32,
}

impl Api {
    /// A client of the stack in `ROOST_TEST_STACK`, with its OpenAPI document.
    ///
    /// # Errors
    /// When there is no stack or it does not answer.
    pub async fn connect() -> Result<Self> {
        Self::connect_from(None).await
    }

    /// The same, calling from this address of the machine (127.0.0.2, say).
    ///
    /// # Errors
    /// As [`Api::connect`].
    pub async fn connect_from(address: Option<IpAddr>) -> Result<Self> {
        let stack = Stack::load()?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(CALL_SECONDS))
            .local_address(address)
            .no_proxy()
            .build()?;
        let base = stack.api()?;
        let contract = CONTRACT.get_or_try_init(|| Contract::fetch(&http, &base)).await?;
        let mailbox = Mailbox::new(http.clone(), stack.mail()?);
        Ok(Self { contract: Arc::clone(contract), mailbox, base, http, patience: PATIENCE })
    }

    /// The same client, for a test that is about outages: each `503` is the answer.
    #[must_use]
    pub fn without_patience(&self) -> Self {
        Self { patience: 0, ..self.clone() }
    }

    /// Requests that do not go to the API.
    #[must_use]
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// The published contract.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The mails that the stack has sent.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// A `GET` of a path with its query.
    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// A `POST` to a path.
    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// A call with any method.
    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        let request = self.http.request(method.clone(), format!("{}{path}", self.base));
        Call { api: self, method, path: path.to_owned(), shown_body: String::new(), request }
    }
}

/// A call being built.
#[derive(Debug)]
#[must_use = "a call does nothing until it is sent"]
pub struct Call<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    shown_body: String,
    request: reqwest::RequestBuilder,
}

impl Call<'_> {
    /// Signed in as this user.
    pub fn by(self, user: &User) -> Self {
        self.bearer(&user.access_token)
    }

    /// With this access token.
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}").as_bytes())
    }

    /// With this `Idempotency-Key`.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key.as_bytes())
    }

    /// With a header; the value may be any bytes a header may hold.
    pub fn header(mut self, name: &str, value: &[u8]) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    /// With this text sent as JSON, whatever it is.
    pub fn json_text(self, body: impl Into<Vec<u8>>) -> Self {
        self.raw("application/json", body)
    }

    /// With a body of this media type.
    pub fn raw(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.header("content-type", content_type.as_bytes()).body(body)
    }

    /// With a body and no media type.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        self.shown_body = String::from_utf8_lossy(&body).chars().take(600).collect();
        self.request = self.request.body(body);
        self
    }

    /// Sends the call. Whatever a test is about, no answer may be an accident (`5xx` other than `503`), and each
    /// status that a documented operation answers must be documented.
    ///
    /// # Errors
    /// When no answer came, or it breaks one of those two rules.
    pub async fn send(self) -> Result<Answer> {
        let mut left = self.api.patience;
        loop {
            let answer = self.send_once().await?;
            // Asked each time, so that it knows the past.
            let starved = starved();
            if answer.status != 503 || left == 0 || !starved {
                return Ok(answer);
            }
            left -= 1;
            let seconds: u64 = answer.require_header("retry-after")?.parse()?;
            sleep(Duration::from_secs(seconds)).await;
        }
    }

    async fn send_once(&self) -> Result<Answer> {
        let request = format!("{} {} {}", self.method, self.path, self.shown_body);
        let watch = Watch::start();
        let sent = self.request.try_clone().context("a body that can be sent once only")?.send();
        let response = sent.await.with_context(|| format!("no answer to {request}"))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.with_context(|| format!("half an answer to {request}"))?.to_vec();
        let answer = Answer { request, status, headers, body, took: watch.elapsed() };
        ensure!(status < 500 || status == 503, "an accident: {answer}");
        let path = self.path.split('?').next().unwrap_or_default();
        self.api.contract.expect_documented(self.method.as_str(), path, &answer)?;
        Ok(answer)
    }

    /// Sends the call and expects this status.
    ///
    /// # Errors
    /// As [`Call::send`], and when the status is another.
    pub async fn expect(self, status: u16) -> Result<Answer> {
        self.send().await?.expect_status(status)
    }
}
