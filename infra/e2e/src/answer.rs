//! What the API answered, and the assertions every test makes on it.
//!
//! Owns the shape of an answer and of a problem (RFC 9457). Must not send anything.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::HeaderMap;
use serde_json::Value;

/// One answer of the API with the request that got it, so that a failed assertion shows both.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The request, in one line.
    pub request: String,
    /// HTTP status code.
    pub status: u16,
    /// Headers of the answer.
    pub headers: HeaderMap,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// How long it took, by a [`crate::Watch`].
    pub took: Duration,
}

impl Answer {
    /// A header's value, `None` when it is absent or not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// A header's value.
    ///
    /// # Errors
    /// When the header is absent.
    pub fn require_header(&self, name: &str) -> Result<&str> {
        self.header(name).with_context(|| format!("no {name} header in {self}"))
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("the body is not JSON: {self}"))
    }

    /// The value at a JSON pointer of the body.
    ///
    /// # Errors
    /// When the body is not JSON or has nothing there.
    pub fn at(&self, pointer: &str) -> Result<Value> {
        let json = self.json()?;
        json.pointer(pointer).cloned().with_context(|| format!("nothing at {pointer} in {self}"))
    }

    /// The string at a JSON pointer of the body.
    ///
    /// # Errors
    /// When there is no string.
    pub fn text_at(&self, pointer: &str) -> Result<String> {
        let value = self.at(pointer)?;
        Ok(value.as_str().with_context(|| format!("no string at {pointer} in {self}"))?.to_owned())
    }

    /// The ids of the objects in a list.
    ///
    /// # Errors
    /// When there is no list of objects with ids.
    pub fn ids(&self) -> Result<Vec<String>> {
        let data = self.at("/data")?;
        let objects = data.as_array().with_context(|| format!("data is no list: {self}"))?;
        let id = |object: &Value| object["id"].as_str().map(str::to_owned);
        objects.iter().map(id).collect::<Option<_>>().with_context(|| format!("an object without id: {self}"))
    }

    /// The answer itself when it has this status.
    ///
    /// # Errors
    /// When the status is another.
    pub fn expect_status(self, status: u16) -> Result<Self> {
        ensure!(self.status == status, "expected {status}: {self}");
        Ok(self)
    }

    /// The problem in the answer, checked member by member against RFC 9457 and the contract.
    ///
    /// # Errors
    /// When status or code are others, or a member is missing or contradicts the headers.
    pub fn expect_problem(&self, status: u16, code: &str) -> Result<Problem> {
        let problem = self.problem()?;
        ensure!(self.status == status && problem.code == code, "expected {status} {code}: {self}");
        Ok(problem)
    }

    /// The problem in the answer, whatever its status and code.
    ///
    /// # Errors
    /// When the answer is not a well-formed problem.
    pub fn problem(&self) -> Result<Problem> {
        ensure!(self.status >= 400, "expected a problem: {self}");
        let content_type = self.require_header("content-type")?;
        ensure!(content_type.starts_with("application/problem+json"), "not application/problem+json: {self}");
        let json = self.json()?;
        let code = json["code"].as_str().with_context(|| format!("no code: {self}"))?.to_owned();
        ensure!(
            !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
            "the code is not snake_case: {self}"
        );
        ensure!(json["type"].as_str().is_some_and(|url| url.contains("/docs/errors#")), "no type URL: {self}");
        ensure!(json["title"].as_str().is_some_and(|title| !title.is_empty()), "no title: {self}");
        ensure!(json["status"] == self.status, "status in the body differs from the answer's: {self}");
        ensure!(json["detail"].is_string(), "no detail: {self}");
        ensure!(json["request_id"].as_str() == self.header("x-request-id"), "request_id is not X-Request-Id: {self}");
        Ok(Problem { code, faults: faults_of(&json, self)?, json })
    }
}

fn faults_of(json: &Value, answer: &Answer) -> Result<Vec<(String, String)>> {
    let Some(errors) = json.get("errors") else {
        return Ok(Vec::new());
    };
    let Some(errors) = errors.as_array() else { bail!("errors is not a list: {answer}") };
    let mut faults = Vec::new();
    for error in errors {
        let member = |name: &str| error[name].as_str().with_context(|| format!("an error without {name}: {answer}"));
        member("detail")?;
        faults.push((member("pointer")?.to_owned(), member("code")?.to_owned()));
    }
    Ok(faults)
}

impl std::fmt::Display for Answer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        let shown: String = body.chars().take(1_500).collect();
        write!(formatter, "{}\n  -> {} {:?}\n  {shown}", self.request, self.status, self.headers)
    }
}

/// A problem (RFC 9457) as the API answers it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Stable code, snake_case.
    pub code: String,
    /// `(pointer, code)` of each entry of `errors`.
    pub faults: Vec<(String, String)>,
    /// The whole problem.
    pub json: Value,
}

impl Problem {
    /// Whether `errors` has an entry at this pointer with this code.
    #[must_use]
    pub fn has_fault(&self, pointer: &str, code: &str) -> bool {
        self.faults.iter().any(|(at, what)| at == pointer && what == code)
    }

    /// Checks that `errors` has an entry at this pointer.
    ///
    /// # Errors
    /// When there is none.
    pub fn expect_pointer(&self, pointer: &str) -> Result<()> {
        ensure!(self.faults.iter().any(|(at, _)| at == pointer), "no error at {pointer}: {}", self.json);
        Ok(())
    }

    /// Checks that `errors` has an entry at this pointer with this code.
    ///
    /// # Errors
    /// When there is none.
    pub fn expect_fault(&self, pointer: &str, code: &str) -> Result<()> {
        ensure!(self.has_fault(pointer, code), "no error {code} at {pointer}: {}", self.json);
        Ok(())
    }

    /// Codes of all entries of `errors`, sorted.
    #[must_use]
    pub fn fault_codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.faults.iter().map(|(_, code)| code.as_str()).collect();
        codes.sort_unstable();
        codes
    }
}
