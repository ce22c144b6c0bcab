//! Headers: request ids, safety, caching, conditional requests, HEAD, CORS.

use anyhow::{Result, ensure};
use e2e::{Answer, Api, Samples, User};
use reqwest::Method;
use serde_json::json;

const ORIGIN: &str = "http://localhost:5173";

/// One answer of every kind: success, each family of failure, and those that no handler gave.
async fn every_kind_of_answer(api: &Api, user: &User, origin: Option<&str>) -> Result<Vec<Answer>> {
    let token = &user.access_token;
    let calls = [
        api.get("/health"),
        api.get("/openapi.json"),
        api.get("/.well-known/jwks.json"),
        api.get("/v1/users/me").bearer(token),
        api.call(Method::HEAD, "/v1/users/me").bearer(token),
        api.get("/v1/users/me"),
        api.get("/v1/bookings").bearer("nonsense"),
        api.get("/v1/properties?bbox=1,1,2,2"),
        api.get("/v1/properties?bbox=nonsense"),
        api.get("/v1/properties/nonsense"),
        api.post("/v1/users").json_text("{"),
        api.post("/v1/users").raw("text/plain", "{}"),
        api.post("/v1/users").json(&json!({})),
        api.post("/v1/users").json_text(" ".repeat(300 * 1024)),
        api.post("/v1/auth/login").json(&json!({ "email": user.email, "password": "wrong, it is" })),
        api.post("/v1/bookings").bearer(token).json(&json!({})),
        api.post("/v1/auth/logout").json(&json!({ "refresh_token": user.refresh_token })),
        api.call(Method::DELETE, "/v1/bookings").bearer(token),
        api.call(Method::PUT, "/health"),
        api.get("/nope"),
        api.get("/v1/auth/nope"),
        api.call(Method::OPTIONS, "/v1/bookings").header("access-control-request-method", b"POST"),
    ];
    let mut answers = Vec::new();
    for call in calls {
        let call = match origin {
            Some(origin) => call.header("origin", origin.as_bytes()),
            None => call,
        };
        answers.push(call.send().await?);
    }
    Ok(answers)
}

#[tokio::test]
async fn every_answer_carries_the_headers_the_contract_promises() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_user().await?;
    for answer in every_kind_of_answer(&api, &user, None).await? {
        ensure!(!answer.require_header("x-request-id")?.is_empty(), "{answer}");
        ensure!(!answer.require_header("cache-control")?.is_empty(), "{answer}");
        ensure!(answer.require_header("x-content-type-options")? == "nosniff", "{answer}");
        let hsts = answer.require_header("strict-transport-security")?;
        let age = hsts.split(';').find_map(|part| part.trim().strip_prefix("max-age="));
        ensure!(age.and_then(|age| age.parse::<u64>().ok()).is_some_and(|age| age >= 15_552_000), "{answer}");
        ensure!(
            answer.header("server").is_none() && answer.header("x-powered-by").is_none(),
            "names its parts: {answer}"
        );
        if answer.status >= 400 && !answer.request.starts_with("HEAD") {
            answer.problem()?;
            ensure!(answer.require_header("cache-control")?.contains("no-store"), "a kept failure: {answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_for_one_caller_is_kept_by_no_shared_cache() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let paths = [
        "/v1/users/me".to_owned(),
        "/v1/bookings".into(),
        format!("/v1/bookings/{}", samples.booking_id),
        samples.property.path(),
    ];
    for path in paths {
        for caller in [&samples.guest, &samples.property.host] {
            let answer = api.get(&path).by(caller).send().await?;
            let control = answer.require_header("cache-control")?;
            let private = control.contains("private") || control.contains("no-store");
            let varies = answer.header("vary").is_some_and(|vary| vary.to_lowercase().contains("authorization"));
            ensure!(private || (varies && path.starts_with("/v1/properties")), "a shared cache may keep it: {answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn sane_request_id_is_kept_and_an_insane_one_replaced() -> Result<()> {
    let api = Api::connect().await?;
    for path in ["/health", "/v1/users/me", "/v1/properties?bbox=1,1,2,2", "/v1/bookings", "/nope"] {
        for sane in ["abc", "4b6f2a4e-6f0c-4f1e-9a2e-1d2c3b4a5f60", "client-7.req_42", "A"] {
            let answer = api.get(path).header("x-request-id", sane.as_bytes()).send().await?;
            ensure!(answer.header("x-request-id") == Some(sane), "{sane} is sane: {answer}");
        }
        let long = "a".repeat(300);
        let insane: [&[u8]; 6] = [b"", b"a b", b"<script>", b"a\"b", b"a\tb", long.as_bytes()];
        for id in insane {
            let answer = api.get(path).header("x-request-id", id).send().await?;
            let given = answer.require_header("x-request-id")?;
            ensure!(!given.is_empty() && given.len() <= 128 && given.as_bytes() != id, "kept {id:?}: {answer}");
        }
    }
    let (first, second) = (api.get("/health").expect(200).await?, api.get("/health").expect(200).await?);
    ensure!(first.header("x-request-id") != second.header("x-request-id"), "one id for two requests: {second}");
    Ok(())
}

#[tokio::test]
async fn header_that_is_no_text_is_no_accident() -> Result<()> {
    let api = Api::connect().await?;
    for name in ["x-request-id", "if-none-match", "accept-language", "x-anything"] {
        let answer = api.get("/health").header(name, b"caf\xe9").send().await?;
        ensure!(matches!(answer.status, 200 | 400), "{answer}");
    }
    let answer = api.get("/v1/users/me").header("authorization", b"Bearer caf\xe9").send().await?;
    ensure!(matches!(answer.status, 400 | 401), "{answer}");
    Ok(())
}

async fn single_resources(api: &Api) -> Result<Vec<(String, User)>> {
    let samples = Samples::make(api).await?;
    Ok(vec![
        ("/v1/users/me".to_owned(), samples.guest.clone()),
        (format!("/v1/users/{}", samples.property.host.id), samples.guest.clone()),
        (samples.property.path(), samples.guest.clone()),
        (samples.property.path(), samples.property.host.clone()),
        (samples.draft.path(), samples.property.host.clone()),
        (format!("/v1/bookings/{}", samples.booking_id), samples.guest.clone()),
    ])
}

#[tokio::test]
async fn known_etag_gets_304_and_no_body() -> Result<()> {
    let api = Api::connect().await?;
    for (path, caller) in single_resources(&api).await? {
        let first = api.get(&path).by(&caller).expect(200).await?;
        let tag = first.require_header("etag")?.to_owned();
        ensure!(tag.trim_start_matches("W/").starts_with('"') && tag.ends_with('"'), "not an entity tag: {first}");
        for known in
            [tag.clone(), format!("\"other\", {tag}"), "*".to_owned(), format!("W/{}", tag.trim_start_matches("W/"))]
        {
            let answer = api.get(&path).by(&caller).header("if-none-match", known.as_bytes()).expect(304).await?;
            ensure!(answer.body.is_empty() && answer.header("etag") == Some(tag.as_str()), "{known}: {answer}");
            answer.require_header("cache-control")?;
        }
        for unknown in ["\"other\"", "nonsense", ""] {
            let answer = api.get(&path).by(&caller).header("if-none-match", unknown.as_bytes()).expect(200).await?;
            ensure!(answer.body == first.body, "{unknown}: {answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn etag_changes_with_the_resource() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let (path, host) = (samples.property.path(), &samples.property.host);
    let listed = api.get(&path).by(host).expect(200).await?;
    api.post(&format!("{path}/unlist")).by(host).expect(200).await?;
    let tag = listed.require_header("etag")?;
    let unlisted = api.get(&path).by(host).header("if-none-match", tag.as_bytes()).expect(200).await?;
    ensure!(unlisted.text_at("/status")? == "unlisted" && unlisted.header("etag") != Some(tag), "{unlisted}");
    // The host sees more than a stranger does: not the same representation.
    let samples = Samples::make(&api).await?;
    let to_host = api.get(&samples.property.path()).by(&samples.property.host).expect(200).await?;
    let to_stranger = api.get(&samples.property.path()).expect(200).await?;
    ensure!(to_host.header("etag") != to_stranger.header("etag"), "one tag for two: {to_host}\n{to_stranger}");
    Ok(())
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() -> Result<()> {
    let api = Api::connect().await?;
    let mut resources = single_resources(&api).await?;
    let user = api.register_user().await?;
    for path in ["/health", "/openapi.json", "/v1/properties?bbox=1,1,2,2", "/v1/bookings", "/nope", "/v1/users/x"] {
        resources.push((path.to_owned(), user.clone()));
    }
    for (path, caller) in resources {
        let get = api.get(&path).by(&caller).send().await?;
        let head = api.call(Method::HEAD, &path).by(&caller).send().await?;
        ensure!(head.status == get.status && head.body.is_empty(), "{get}\n{head}");
        for name in ["content-type", "etag", "cache-control", "link", "strict-transport-security"] {
            ensure!(head.header(name) == get.header(name), "{name} differs: {get}\n{head}");
        }
    }
    let refused = api.call(Method::HEAD, "/v1/users").send().await?;
    ensure!(refused.status == 405, "HEAD where there is no GET: {refused}");
    Ok(())
}

#[tokio::test]
async fn configured_origins_may_call_and_read_the_headers() -> Result<()> {
    let api = Api::connect().await?;
    for origin in [ORIGIN, "http://127.0.0.1:8080", "http://localhost:1"] {
        for (path, method) in [("/v1/bookings", "POST"), ("/v1/users/me", "GET"), ("/v1/properties", "GET")] {
            let answer = api
                .call(Method::OPTIONS, path)
                .header("origin", origin.as_bytes())
                .header("access-control-request-method", method.as_bytes())
                .header(
                    "access-control-request-headers",
                    b"authorization,content-type,idempotency-key,if-none-match,x-request-id",
                )
                .send()
                .await?;
            ensure!(matches!(answer.status, 200 | 204), "preflight refused: {answer}");
            ensure!(answer.header("access-control-allow-origin") == Some(origin), "{answer}");
            let methods = answer.require_header("access-control-allow-methods")?;
            ensure!(methods.contains(method), "{method} is not allowed: {answer}");
            let allowed = answer.require_header("access-control-allow-headers")?.to_lowercase();
            for name in ["authorization", "content-type", "idempotency-key", "if-none-match", "x-request-id"] {
                ensure!(allowed.contains(name), "{name} is not allowed: {answer}");
            }
        }
    }
    let user = api.register_user().await?;
    let exposed = ["x-request-id", "etag", "link", "retry-after", "idempotent-replayed", "www-authenticate"];
    for answer in every_kind_of_answer(&api, &user, Some(ORIGIN)).await? {
        ensure!(answer.header("access-control-allow-origin") == Some(ORIGIN), "no CORS: {answer}");
        let vary: Vec<String> =
            answer.headers.get_all("vary").iter().map(|it| format!("{it:?}").to_lowercase()).collect();
        ensure!(vary.join(",").contains("origin"), "kept for any origin: {answer}");
        if !answer.request.starts_with("OPTIONS") {
            let names = answer.require_header("access-control-expose-headers")?.to_lowercase();
            ensure!(exposed.iter().all(|name| names.contains(name)), "not all of {exposed:?}: {answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn other_origins_are_refused() -> Result<()> {
    let api = Api::connect().await?;
    for origin in [
        "https://evil.example",
        "null",
        "http://localhost.evil.example",
        "http://evil.example:5173",
        "http://localhost:5173.evil.example",
        "http://localhost:x",
        "http://localhost@evil.example",
        "http://127.0.0.1.evil.example:80",
        "http://localhost:",
        "https://localhost:5173",
        "http://evillocalhost:5173",
    ] {
        let preflight = api
            .call(Method::OPTIONS, "/v1/bookings")
            .header("origin", origin.as_bytes())
            .header("access-control-request-method", b"POST");
        for call in [preflight, api.get("/v1/properties?bbox=1,1,2,2").header("origin", origin.as_bytes())] {
            let answer = call.send().await?;
            ensure!(answer.header("access-control-allow-origin").is_none(), "{origin} is allowed: {answer}");
        }
    }
    Ok(())
}
