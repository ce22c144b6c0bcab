//! The published OpenAPI document is the truth: what it names is taken, what it does not name is refused, and each
//! operation is answered by the function it belongs to. (That each status seen is documented is checked on every call.)

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use e2e::{Api, Operation, Problem, Samples, new_key};
use reqwest::Method;
use serde_json::{Value, json};

const UNDOCUMENTED: &str = "zz_undocumented";

/// Every member a body documents, as a JSON pointer with its schema, objects within objects included.
fn members(api: &Api, schema: &Value, parent: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, member) in api.contract().members(schema) {
        let pointer = format!("{parent}/{name}");
        found.extend(members(api, &member, &pointer));
        found.push((pointer, member));
    }
    found
}

fn is_object(api: &Api, schema: &Value) -> bool {
    !api.contract().members(schema).is_empty()
}

/// A value of a type that the schema does not allow.
fn wrong_type(api: &Api, schema: &Value) -> Value {
    let mut types = BTreeSet::new();
    gather_types(api, schema, &mut types);
    let takes = |name: &str| types.contains(name);
    if !takes("object") {
        json!({ "wrong": "type" })
    } else if !takes("array") {
        json!(["wrong type"])
    } else {
        json!(true)
    }
}

fn gather_types(api: &Api, schema: &Value, types: &mut BTreeSet<String>) {
    let schema = api.contract().resolve(schema);
    match &schema["type"] {
        Value::String(name) => {
            types.insert(name.clone());
        }
        Value::Array(names) => types.extend(names.iter().filter_map(|name| name.as_str().map(str::to_owned))),
        _ => {}
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        schema[key].as_array().into_iter().flatten().for_each(|part| gather_types(api, part, types));
    }
}

/// Sets a member of a body, making the objects on the way.
fn set(body: &mut Value, pointer: &str, value: Value) {
    let mut place = body;
    for name in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name];
    }
    *place = value;
}

async fn send(api: &Api, samples: &Samples, operation: &Operation, body: &Value) -> Result<Problem> {
    let method = Method::from_bytes(operation.method.as_bytes())?;
    let call = api.call(method, &samples.path(operation)?).key(&new_key()).json(body);
    let call = if operation.secured { call.by(&samples.guest) } else { call };
    let answer = call.send().await?;
    ensure!(answer.status == 422, "expected 422: {answer}");
    answer.problem()
}

#[tokio::test]
async fn documented_members_are_known_and_others_are_refused() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    for operation in api.contract().operations().iter().filter(|it| it.body.is_some()) {
        let schema = operation.body.clone().context("no body")?;
        let documented = members(&api, &schema, "");
        ensure!(!documented.is_empty(), "{} documents no member of its body", operation.name());
        let mut parents = vec![String::new()];
        for (pointer, member) in &documented {
            let mut body = samples.body(operation)?;
            set(&mut body, pointer, wrong_type(&api, member));
            let problem = send(&api, &samples, operation, &body).await?;
            ensure!(!problem.has_fault(pointer, "unknown_field"), "{pointer} is documented: {}", problem.json);
            let told = problem.faults.iter().any(|(at, _)| at.starts_with(pointer.as_str()));
            ensure!(told, "{} {pointer}: no error there: {}", operation.name(), problem.json);
            if is_object(&api, member) {
                parents.push(pointer.clone());
            }
        }
        for parent in parents {
            let mut body = samples.body(operation)?;
            let pointer = format!("{parent}/{UNDOCUMENTED}");
            set(&mut body, &pointer, json!(1));
            let problem = send(&api, &samples, operation, &body).await?;
            problem.expect_fault(&pointer, "unknown_field").with_context(|| operation.name())?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn required_members_are_required_and_null_is_none() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let mut tried = 0;
    for operation in api.contract().operations().iter().filter(|it| it.body.is_some()) {
        let schema = operation.body.clone().context("no body")?;
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            let mut absent = samples.body(operation)?;
            absent.as_object_mut().context("no object")?.remove(name);
            let mut null = samples.body(operation)?;
            null[name] = Value::Null;
            for body in [absent, null] {
                send(&api, &samples, operation, &body).await?.expect_pointer(&format!("/{name}"))?;
                tried += 1;
            }
        }
    }
    ensure!(tried >= 20, "only {tried} required members in the whole contract");
    Ok(())
}

#[tokio::test]
async fn every_operation_documents_how_it_refuses() -> Result<()> {
    let api = Api::connect().await?;
    for operation in api.contract().operations() {
        let name = operation.name();
        ensure!((200..300).any(|status| operation.documents(status)), "{name} documents no success");
        ensure!(!name.contains("/v1/") || operation.documents(503), "{name} does not document 503");
        ensure!(!operation.secured || operation.documents(401), "{name} does not document 401");
        ensure!(!operation.path.contains("{id}") || operation.documents(404), "{name} does not document 404");
        if operation.body.is_some() {
            for status in [400, 413, 415, 422] {
                ensure!(operation.documents(status), "{name} does not document {status}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn every_operation_is_routed_to_a_function_that_knows_it() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let operations = api.contract().operations();
    for operation in &operations {
        // Asked by a method that the path does not have: the answer names those it has, whatever the id stands for.
        let has = |method: &&&str| !operations.iter().any(|it| it.path == operation.path && it.method == ***method);
        let other = ["DELETE", "PATCH", "PUT"].iter().find(has).context("no method is left to ask by")?;
        let answer = api.call(Method::from_bytes(other.as_bytes())?, &samples.path(operation)?).send().await?;
        answer.expect_problem(405, "method_not_allowed")?;
        let allowed = answer.require_header("allow")?;
        ensure!(allowed.contains(&operation.method), "{} is published and not there: {answer}", operation.name());
    }
    Ok(())
}

#[tokio::test]
async fn health_is_told_without_secrets() -> Result<()> {
    let api = Api::connect().await?;
    let answer = api.get("/health").expect(200).await?;
    let text = String::from_utf8_lossy(&answer.body).to_lowercase();
    for secret in ["password", "postgres://", "redis://", "secret"] {
        ensure!(!text.contains(secret), "{answer}");
    }
    Ok(())
}
