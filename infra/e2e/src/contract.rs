//! The published contract: `/openapi.json`, as a client reads it.
//!
//! Owns finding operations, schemas and documented statuses. Must not judge behaviour.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::Answer;

const METHODS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// The OpenAPI document of the stack under test.
#[derive(Clone, Debug)]
pub struct Contract {
    document: Value,
}

/// One operation of the document.
#[derive(Clone, Debug)]
pub struct Operation {
    /// HTTP method, upper case.
    pub method: String,
    /// Path template, such as `/v1/bookings/{id}`.
    pub path: String,
    /// Whether a token is required.
    pub secured: bool,
    /// Schema of its JSON body, references resolved at the top.
    pub body: Option<Value>,
    /// Documented statuses: `201`, `4XX` or `default`.
    pub statuses: Vec<String>,
}

impl Operation {
    /// Method and path template, `POST /v1/bookings`: the name tests call it by.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether this status is documented, by itself, as a range or by `default`.
    #[must_use]
    pub fn documents(&self, status: u16) -> bool {
        let (exact, range) = (status.to_string(), format!("{}XX", status / 100));
        self.statuses.iter().any(|known| *known == exact || known.eq_ignore_ascii_case(&range) || known == "default")
    }
}

impl Contract {
    pub(crate) async fn fetch(http: &reqwest::Client, base: &str) -> Result<Arc<Self>> {
        let response = http.get(format!("{base}/openapi.json")).send().await.context("the stack does not answer")?;
        let document: Value = response.error_for_status()?.json().await?;
        ensure!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "not OpenAPI 3.1");
        Ok(Arc::new(Self { document }))
    }

    /// Every operation of the document.
    #[must_use]
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.document["paths"].as_object().into_iter().flatten();
        let of_path = |(path, item): (&String, &Value)| {
            let known = METHODS.iter().filter_map(|&method| Some((method, item.get(method)?)));
            known.map(|(method, operation)| self.operation(method, path, operation)).collect::<Vec<_>>()
        };
        paths.flat_map(of_path).collect()
    }

    /// The operation that answers this method at this concrete path; `HEAD` is answered by `GET`.
    #[must_use]
    pub fn operation_at(&self, method: &str, path: &str) -> Option<Operation> {
        let method = if method == "HEAD" { "GET" } else { method };
        let mut matching: Vec<Operation> =
            self.operations().into_iter().filter(|it| it.method == method && matches(&it.path, path)).collect();
        // A literal path wins over a template: `/v1/users/me` over `/v1/users/{id}`.
        matching.sort_by_key(|it| it.path.matches('{').count());
        matching.into_iter().next()
    }

    pub(crate) fn expect_documented(&self, method: &str, path: &str, answer: &Answer) -> Result<()> {
        let Some(operation) = self.operation_at(method, path) else {
            return Ok(());
        };
        ensure!(
            operation.documents(answer.status),
            "{} documents {:?} but answered {}: {answer}",
            operation.name(),
            operation.statuses,
            answer.status
        );
        Ok(())
    }

    /// The named members of an object schema with their schemas, through references, `allOf` and nullable choices.
    #[must_use]
    pub fn members(&self, schema: &Value) -> Vec<(String, Value)> {
        let schema = self.resolve(schema);
        let own = schema["properties"].as_object().into_iter().flatten();
        let own = own.map(|(name, member)| (name.clone(), self.resolve(member).clone()));
        let parts = ["allOf", "oneOf", "anyOf"].into_iter().filter_map(|key| schema[key].as_array()).flatten();
        own.chain(parts.flat_map(|part| self.members(part))).collect()
    }

    /// Follows `$ref`s to the schema itself.
    #[must_use]
    pub fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        match reference.and_then(|pointer| self.document.pointer(pointer)) {
            Some(target) => self.resolve(target),
            None => schema,
        }
    }

    fn operation(&self, method: &str, path: &str, operation: &Value) -> Operation {
        let security = operation.get("security").or_else(|| self.document.get("security"));
        let choices = security.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let body = self.resolve(&operation["requestBody"]).pointer("/content/application~1json/schema");
        let statuses = operation["responses"].as_object().into_iter().flatten();
        Operation {
            method: method.to_uppercase(),
            path: path.to_owned(),
            // An empty choice `{}` means that the token is optional.
            secured: !choices.is_empty() && !choices.iter().any(|one| one.as_object().is_some_and(|it| it.is_empty())),
            // A webhook's raw body is its sender's: nothing of it is documented here.
            body: body.map(|schema| self.resolve(schema).clone()).filter(|schema| schema["type"] != "string"),
            statuses: statuses.map(|(status, _)| status.clone()).collect(),
        }
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(part), Some(value)) if part == value || (part.starts_with('{') && !value.is_empty()) => {}
            _ => return false,
        }
    }
}
