//! Routes and ids that name nothing, and methods that a route does not know.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Samples, Stack, Stay, new_key, unknown_id};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn id_in_a_path_that_names_nothing_is_not_found() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let (email, password) = Stack::load()?.demo("admin")?;
    let admin = api.login(&email, &password).await?;
    let suffix = samples.property.id.split('_').nth(1).context("not a TypeID")?.to_owned();
    let wrong = |prefix: &str| {
        let foreign = if prefix == "user" { "book" } else { "user" };
        vec![
            unknown_id(prefix),
            unknown_id(foreign),
            format!("{foreign}_{suffix}"),
            format!("{prefix}_"),
            format!("{prefix}_{}", suffix.to_uppercase()),
            // The highest value of 26 characters does not fit into 128 bits.
            format!("{prefix}_8{}", "z".repeat(25)),
            format!("{prefix}_{suffix}0"),
            format!("{prefix}_{}", "l".repeat(26)),
            suffix.clone(),
            "1".to_owned(),
            "%00".to_owned(),
            format!("{prefix}_%00"),
            "%ff%fe".to_owned(),
            "%ed%a0%80".to_owned(),
            "%F0%9F%8F%A0".to_owned(),
            "..%2f..%2fetc".to_owned(),
            "'%20OR%201=1--".to_owned(),
            "a".repeat(2_000),
        ]
    };
    for operation in api.contract().operations().iter().filter(|it| it.path.contains('{')) {
        let mut segments = operation.path.split('/').skip(2).peekable();
        let is_admins = segments.next_if_eq(&"admin").is_some();
        // Others are refused there whatever the id.
        let caller = if is_admins { &admin } else { &samples.guest };
        let prefix = match segments.next() {
            Some("bookings") => "book",
            Some("properties") => "prop",
            _ => "user",
        };
        for id in wrong(prefix) {
            let path = operation.path.replace("{id}", &id);
            let dates = if path.ends_with("/quote") {
                format!("?{}&guests=1", Stay::in_days(9, 1)?.query())
            } else {
                String::new()
            };
            let method = Method::from_bytes(operation.method.as_bytes())?;
            let mut call = api.call(method, &format!("{path}{dates}")).by(caller).key(&new_key());
            if operation.body.is_some() {
                call = call.json(&samples.body(operation)?);
            }
            call.send().await?.expect_problem(404, "not_found")?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn id_in_a_body_that_names_nothing_is_a_validation_failure() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let good = Stay::in_days(150, 2)?.body(&samples.property);
    let wrong = [
        unknown_id("prop"),
        unknown_id("user"),
        samples.guest.id.clone(),
        samples.draft.id.clone(),
        "prop_".into(),
        "x".into(),
        String::new(),
        format!("prop_8{}", "z".repeat(25)),
        samples.property.id.to_uppercase(),
    ];
    for id in wrong {
        let mut body = good.clone();
        body["property_id"] = json!(id);
        let answer = api.book(&samples.guest, &body).send().await?;
        ensure!(answer.status == 422, "{id}: {answer}");
        answer.problem()?.expect_fault("/property_id", "not_found")?;
    }
    Ok(())
}

#[tokio::test]
async fn unknown_route_is_not_found() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    for path in [
        "/nope",
        "/v1",
        "/v1/",
        "/v2/users",
        "/v1/nope",
        "/v1/users/",
        "/v1/users/me/nope",
        "/v1/users//",
        "/v1/auth",
        "/v1/auth/nope",
        "/v1/auth/login/x",
        "/v1/properties/",
        "/v1/properties/x/nope",
        "/V1/users",
        "/v1/bookings/",
        "/v1/bookings/x/y/z",
        "/.well-known/nope",
        "/.env",
        "/health/x",
        "/openapi.json/x",
        "/openapi.yaml",
        "/v1/users/%00/x",
        "/%ff",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer: Answer = api.call(method, path).by(&user).send().await?;
            answer.expect_problem(404, "not_found")?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn other_method_on_a_known_route_is_not_allowed_and_names_those_that_are() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let operations = api.contract().operations();
    for operation in &operations {
        let known = |method: &str| operations.iter().any(|it| it.path == operation.path && it.method == method);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"].into_iter().filter(|method| !known(method)) {
            let path = samples.path(operation)?;
            let answer = api.call(Method::from_bytes(method.as_bytes())?, &path).by(&samples.guest).send().await?;
            answer.expect_problem(405, "method_not_allowed")?;
            let allow = answer.require_header("allow")?.to_uppercase();
            let allowed: Vec<&str> = allow.split(',').map(str::trim).collect();
            ensure!(allowed.contains(&operation.method.as_str()), "Allow lacks {}: {answer}", operation.name());
            ensure!(!allowed.contains(&method), "Allow names the refused method: {answer}");
        }
    }
    Ok(())
}
