//! Bad requests get the problem the contract names, never an accident: bodies, media types and values.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Call, Draft, Operation, Samples, Stay, new_key};
use reqwest::Method;
use serde_json::{Value, json};

/// Largest body that is accepted, in bytes.
const BODY_LIMIT: usize = 256 * 1024;

/// Every operation with a JSON body, ready to be sent as the guest of the samples.
async fn with_bodies(api: &Api) -> Result<(Samples, Vec<Operation>)> {
    let samples = Samples::make(api).await?;
    let operations: Vec<Operation> = api.contract().operations().into_iter().filter(|it| it.body.is_some()).collect();
    ensure!(operations.len() >= 6, "too few operations with a body: {}", operations.len());
    Ok((samples, operations))
}

fn call<'a>(api: &'a Api, samples: &Samples, operation: &Operation) -> Result<Call<'a>> {
    let method = Method::from_bytes(operation.method.as_bytes())?;
    let call = api.call(method, &samples.path(operation)?).key(&new_key());
    Ok(if operation.secured { call.by(&samples.guest) } else { call })
}

#[tokio::test]
async fn text_that_is_not_json_is_malformed() -> Result<()> {
    let api = Api::connect().await?;
    let (samples, operations) = with_bodies(&api).await?;
    let deep = "[".repeat(100_000);
    let texts: [&[u8]; 11] = [
        b"",
        b" ",
        b"{",
        b"nul",
        b"{\"a\":1,}",
        b"{\"a\":1}x",
        b"{'a':1}",
        b"\xef\xbb\xbf",
        b"{\"a\":01}",
        b"email=a",
        deep.as_bytes(),
    ];
    for operation in &operations {
        // An act's body may be left out, and so may be empty.
        let may_be_empty = operation.path.ends_with("/cancel");
        for text in texts.into_iter().filter(|text| !(may_be_empty && text.is_empty())) {
            let answer = call(&api, &samples, operation)?.json_text(text).send().await?;
            answer.expect_problem(400, "malformed_json")?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn bytes_that_are_no_text_are_malformed() -> Result<()> {
    let api = Api::connect().await?;
    let (samples, operations) = with_bodies(&api).await?;
    for operation in &operations {
        for bytes in [b"{\"a\":\"\xff\xfe\"}".as_slice(), b"\xc3\x28", b"{\"a\":\"\xed\xa0\x80\"}"] {
            let answer = call(&api, &samples, operation)?.json_text(bytes).send().await?;
            answer.expect_problem(400, "malformed_json")?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn json_that_is_no_object_is_a_validation_failure() -> Result<()> {
    let api = Api::connect().await?;
    let (samples, operations) = with_bodies(&api).await?;
    for operation in &operations {
        for text in ["[]", "null", "\"text\"", "5", "true", "[{}]"] {
            let answer = call(&api, &samples, operation)?.json_text(text).send().await?;
            ensure!(answer.problem()?.code == "validation_failed" && answer.status == 422, "{answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn media_type_other_than_json_is_refused() -> Result<()> {
    let api = Api::connect().await?;
    let (samples, operations) = with_bodies(&api).await?;
    for operation in &operations {
        let body = samples.body(operation)?.to_string();
        for media_type in ["text/plain", "application/xml", "application/x-www-form-urlencoded", "json", "text/json"] {
            let answer = call(&api, &samples, operation)?.raw(media_type, body.clone()).send().await?;
            answer.expect_problem(415, "unsupported_media_type")?;
        }
        let untyped = call(&api, &samples, operation)?.body(body.clone()).send().await?;
        untyped.expect_problem(415, "unsupported_media_type")?;
        for media_type in ["application/json; charset=utf-8", "Application/JSON"] {
            let answer = call(&api, &samples, operation)?.raw(media_type, body.clone()).send().await?;
            ensure!(answer.status != 415, "{media_type} is JSON: {answer}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn body_may_have_256_kib_and_not_a_byte_more() -> Result<()> {
    let api = Api::connect().await?;
    let (samples, operations) = with_bodies(&api).await?;
    for operation in &operations {
        let mut body = samples.body(operation)?.to_string();
        body.extend(std::iter::repeat_n(' ', BODY_LIMIT - body.len()));
        let fits = call(&api, &samples, operation)?.json_text(body.clone()).send().await?;
        ensure!(fits.status != 413 && fits.status != 400, "256 KiB are allowed: {fits}");
        body.push(' ');
        let answer = call(&api, &samples, operation)?.json_text(body).send().await?;
        answer.expect_problem(413, "payload_too_large")?;
        let far_over = call(&api, &samples, operation)?.json_text("x".repeat(4 * BODY_LIMIT)).send().await?;
        far_over.expect_problem(413, "payload_too_large")?;
    }
    Ok(())
}

#[tokio::test]
async fn all_faults_of_a_body_are_told_at_once() -> Result<()> {
    let api = Api::connect().await?;
    let guest = api.register_verified_user().await?;
    let user = json!({ "email": "not an address", "password": "x", "first_name": "", "last_name": 5, "nickname": "A" });
    let problem = api.post("/v1/users").json(&user).send().await?.expect_problem(422, "validation_failed")?;
    for pointer in ["/email", "/password", "/first_name", "/last_name", "/nickname"] {
        problem.expect_pointer(pointer)?;
    }
    let mut property = Draft::default().with("max_guests", json!(0)).body().clone();
    property["kind"] = json!("castle");
    property["location"]["latitude"] = json!(91);
    property["location"]["planet"] = json!("Mars");
    property["base_price"] = json!({ "amount": -1, "currency": "EUR" });
    property["colour/of~door"] = json!("red");
    let answer = api.post("/v1/properties").by(&guest).json(&property).send().await?;
    let problem = answer.expect_problem(422, "validation_failed")?;
    problem.expect_pointer("/max_guests")?;
    problem.expect_pointer("/kind")?;
    problem.expect_pointer("/location/latitude")?;
    problem.expect_fault("/location/planet", "unknown_field")?;
    ensure!(problem.faults.iter().any(|(at, _)| at.starts_with("/base_price")), "no error at the price: {answer}");
    // RFC 6901: `~` and `/` in a name are escaped.
    problem.expect_fault("/colour~1of~0door", "unknown_field")?;
    let empty = api.book(&guest, &json!({})).send().await?.expect_problem(422, "validation_failed")?;
    for pointer in ["/property_id", "/check_in", "/check_out", "/guests"] {
        empty.expect_pointer(pointer)?;
    }
    Ok(())
}

/// Puts raw JSON text at a place of a body where serde_json could not hold it.
fn spoiled(body: &Value, pointer: &str, raw: &str) -> Result<String> {
    let mut body = body.clone();
    *body.pointer_mut(pointer).with_context(|| format!("no {pointer}"))? = json!("\u{1}HERE\u{1}");
    Ok(body.to_string().replace("\"\\u0001HERE\\u0001\"", raw))
}

async fn expect_fault_at(api: &Api, path: &str, caller: &e2e::User, text: String, pointer: &str) -> Result<()> {
    let answer = api.post(path).by(caller).key(&new_key()).json_text(text).send().await?;
    let problem = answer.expect_problem(422, "validation_failed")?;
    let told = problem.faults.iter().any(|(at, _)| at == pointer || pointer.starts_with(&format!("{at}/")));
    ensure!(told, "no error at {pointer}: {answer}");
    Ok(())
}

#[tokio::test]
async fn text_with_nul_or_lone_surrogates_is_a_validation_failure() -> Result<()> {
    let api = Api::connect().await?;
    let (samples, operations) = with_bodies(&api).await?;
    for operation in &operations {
        let body = samples.body(operation)?;
        let members = body.as_object().context("a sample that is no object")?;
        let texts = members.iter().filter(|(_, value)| value.is_string()).map(|(name, _)| format!("/{name}"));
        for pointer in texts {
            for raw in ["\"a\\u0000b\"", "\"\\ud800\"", "\"a\\udfffb\"", "\"\\ud83d x\""] {
                let text = spoiled(&body, &pointer, raw)?;
                let answer = call(&api, &samples, operation)?.json_text(text).send().await?;
                // Wrong credentials are told in one voice, whatever is wrong with them.
                let one_voice = operation.path.starts_with("/v1/auth/");
                ensure!(answer.status == 422 || (one_voice && answer.status == 401), "{pointer} {raw}: {answer}");
                answer.problem()?;
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn numbers_out_of_range_are_validation_failures() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let property = Draft::default().body().clone();
    let whole = [
        "9223372036854775808",
        "-9223372036854775809",
        "1e400",
        "-1e400",
        "1e30",
        "1.5",
        "-1",
        "\"1\"",
        "99999999999999999999999999",
        "2147483648000",
    ];
    for pointer in [
        "/max_guests",
        "/bedrooms",
        "/beds",
        "/min_nights",
        "/base_price/amount",
        "/cleaning_fee/amount",
        "/weekly_discount_percent",
        "/advance_notice_hours",
        "/extra_guest_fee/after",
        "/booking_window_days",
    ] {
        for raw in whole.iter().filter(|&&raw| !(pointer.ends_with("amount") && raw == "2147483648000")) {
            expect_fault_at(&api, "/v1/properties", &samples.guest, spoiled(&property, pointer, raw)?, pointer).await?;
        }
    }
    for pointer in ["/location/latitude", "/location/longitude"] {
        for raw in ["1e400", "-180.1", "181", "\"1\"", "99999999999999999999999", "null"] {
            expect_fault_at(&api, "/v1/properties", &samples.guest, spoiled(&property, pointer, raw)?, pointer).await?;
        }
    }
    let booking = Stay::in_days(150, 2)?.body(&samples.property);
    for pointer in ["/guests/adults", "/guests/children", "/guests/infants", "/guests/pets"] {
        for raw in whole {
            expect_fault_at(&api, "/v1/bookings", &samples.guest, spoiled(&booking, pointer, raw)?, pointer).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn absurd_dates_are_validation_failures() -> Result<()> {
    let api = Api::connect().await?;
    let samples = Samples::make(&api).await?;
    let good = Stay::in_days(150, 2)?;
    let absurd = [
        "0000-01-01",
        "0000-00-00",
        "-0001-01-01",
        "2026-02-30",
        "2027-13-01",
        "2027-1-1",
        "20270101",
        "01/02/2027",
        "tomorrow",
        "",
        "2027-01-01T00:00:00Z",
        "10000-01-01",
        "9999-12-31",
        "2027-W01-1",
        " 2027-01-01",
    ];
    for date in absurd {
        for field in ["check_in", "check_out"] {
            let mut body = good.body(&samples.property);
            body[field] = json!(date);
            let answer = api.book(&samples.guest, &body).send().await?;
            ensure!(answer.status == 422, "{field} {date:?}: {answer}");
            answer.problem()?;
        }
    }
    let (first, last) = (good.check_in, good.check_out);
    for (check_in, check_out) in [(last, first), (first, first)] {
        let body = Stay { check_in, check_out }.body(&samples.property);
        let answer = api.book(&samples.guest, &body).send().await?;
        let codes = answer.problem()?.fault_codes().join(" ");
        ensure!(answer.status == 422 && codes.contains("check_out_not_after_check_in"), "{answer}");
    }
    Ok(())
}
