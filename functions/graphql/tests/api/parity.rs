//! The same codes, and the same faults in the same places, as REST.

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Api, Kit, PASSWORD, Person, in_days};

use crate::{api, ask, stay};

/// Both doors of one application.
struct Doors {
    rest: Api,
    graphql: Api,
}

impl Doors {
    fn of(kit: &Kit) -> Self {
        let routes = users::routes()
            .merge(properties::routes())
            .merge(bookings::routes())
            .merge(payments::routes())
            .merge(reviews::routes());
        Self { rest: kit.api(routes), graphql: api(kit) }
    }

    /// Refuses by both; gives the code and the places of the faults, which must be the same.
    #[track_caller]
    fn same(rest: &Value, graphql: &Value) -> String {
        let error = &graphql["errors"][0];
        let code = rest["code"].as_str().unwrap_or_else(|| panic!("no problem: {rest}"));
        assert_eq!(error["extensions"]["code"], code, "{rest}\n{graphql}");
        assert_eq!(error["message"], rest["detail"]);
        assert_eq!(error["extensions"]["status"], rest["status"]);
        assert!(error["extensions"]["requestId"].is_string(), "{graphql}");
        let faults = |faults: &Value, pointer: &dyn Fn(&str) -> String| -> Vec<(String, Value)> {
            let faults = faults.as_array().cloned().unwrap_or_default();
            faults
                .iter()
                .map(|fault| (pointer(fault["pointer"].as_str().unwrap_or("")), fault["code"].clone()))
                .collect()
        };
        let mut expected = faults(&rest["errors"], &|pointer| format!("/input{}", camel_case(pointer)));
        let mut found = faults(&error["extensions"]["errors"], &str::to_owned);
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        found.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(found, expected);
        code.to_owned()
    }

    /// What a REST `POST` and a mutation are refused with.
    async fn refusal(
        &self,
        caller: Option<&Person>,
        (path, body): (&str, Value),
        mutation: &str,
        input: Value,
    ) -> String {
        let key = domain::id::EventId::new().to_string();
        let token = caller.map(|person| person.token.as_str());
        let rest = self.rest.call_keyed(Method::POST, path, token, Some(&key), &body).await.json();
        let input_type = mutation[..1].to_uppercase() + &mutation[1..];
        let input_type = match mutation {
            "listProperty" => "PropertyActInput".to_owned(),
            "acceptBooking" => "AnswerBookingInput".to_owned(),
            "acceptBookingChange" | "declineBookingChange" => "BookingChangeInput".to_owned(),
            _ => format!("{input_type}Input"),
        };
        let query = format!("mutation ($input: {input_type}!) {{ {mutation}(input: $input) {{ __typename }} }}");
        let graphql = ask(&self.graphql, caller, &query, json!({ "input": input })).await;
        assert_eq!(graphql["data"], json!({ mutation: null }), "{graphql}");
        Self::same(&rest, &graphql)
    }
}

fn camel_case(pointer: &str) -> String {
    let mut name = String::new();
    for letter in pointer.chars() {
        match name.pop() {
            Some('_') => name.push(letter.to_ascii_uppercase()),
            Some(last) => name.extend([last, letter]),
            None => name.push(letter),
        }
    }
    name
}

fn rest_stay(property_id: domain::id::PropertyId, days: (i32, i32)) -> Value {
    json!({
        "property_id": property_id, "check_in": in_days(days.0), "check_out": in_days(days.1), "guests": { "adults": 1 },
    })
}

#[tokio::test]
async fn signing_in_and_up_are_refused_alike() {
    let kit = Kit::start().await;
    let (doors, known) = (Doors::of(&kit), kit.person().await);
    let wrong = json!({ "email": known.email, "password": "wrong password" });
    assert_eq!(doors.refusal(None, ("/v1/auth/login", wrong.clone()), "login", wrong).await, "invalid_credentials");
    let rest = json!({ "email": known.email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace" });
    let input = json!({ "email": known.email, "password": PASSWORD, "firstName": "Ada", "lastName": "Lovelace" });
    assert_eq!(doors.refusal(None, ("/v1/users", rest), "register", input).await, "email_taken");
    let rest =
        json!({ "email": "nonsense", "password": "short", "first_name": "", "last_name": "\u{0}", "currency": "XXX" });
    let input =
        json!({ "email": "nonsense", "password": "short", "firstName": "", "lastName": "\u{0}", "currency": "XXX" });
    assert_eq!(doors.refusal(None, ("/v1/users", rest), "register", input).await, "validation_failed");
    let token = json!({ "token": "nonsense" });
    assert_eq!(
        doors.refusal(None, ("/v1/auth/email/verify", token.clone()), "verifyEmail", token).await,
        "token_invalid"
    );
    let refresh = ("/v1/auth/refresh", json!({ "refresh_token": "x" }));
    assert_eq!(doors.refusal(None, refresh, "refreshTokens", json!({ "refreshToken": "x" })).await, "unauthenticated");
}

#[tokio::test]
async fn listings_are_refused_alike() {
    let kit = Kit::start().await;
    let (doors, host, other) = (Doors::of(&kit), kit.host().await, kit.host().await);
    let rest = json!({
        "title": "", "max_guests": 51, "bathrooms": 0.3, "amenities": ["wifi", "nonsense"], "time_zone": "Mars/Base",
        "location": { "latitude": 91.0, "longitude": 0.0, "city": "x", "country": "Nowhere" }, "check_in_time": "25:00",
        "base_price": { "amount": 0, "currency": "USD" }, "cleaning_fee": { "amount": 1, "currency": "EUR" },
    });
    let input = json!({
        "title": "", "maxGuests": 51, "bathrooms": 0.3, "amenities": ["wifi", "nonsense"], "timeZone": "Mars/Base",
        "location": { "latitude": 91.0, "longitude": 0.0, "city": "x", "country": "Nowhere" }, "checkInTime": "25:00",
        "basePrice": { "amount": 0, "currency": "USD" }, "cleaningFee": { "amount": 1, "currency": "EUR" },
    });
    let create = ("/v1/properties", rest);
    assert_eq!(doors.refusal(Some(&host), create.clone(), "createProperty", input.clone()).await, "validation_failed");
    assert_eq!(doors.refusal(None, create, "createProperty", input).await, "unauthenticated");
    let bare = kit.draft(&host, |details| details.title = None).await;
    let path = format!("/v1/properties/{}/list", bare.id);
    let input = json!({ "propertyId": bare.id });
    assert_eq!(doors.refusal(Some(&host), (&path, json!({})), "listProperty", input.clone()).await, "not_ready");
    assert_eq!(doors.refusal(Some(&other), (&path, json!({})), "listProperty", input).await, "not_found");
    let nonsense = ("/v1/properties/nonsense/list", json!({}));
    assert_eq!(
        doors.refusal(Some(&host), nonsense, "listProperty", json!({ "propertyId": "nonsense" })).await,
        "not_found"
    );
}

#[tokio::test]
async fn bookings_are_refused_alike() {
    let kit = Kit::start().await;
    let (doors, host, guest, other) = (Doors::of(&kit), kit.host().await, kit.guest().await, kit.guest().await);
    let property = kit.listing_of(&host, |details| details.rules.max_nights = 5).await;
    let unverified = kit.unverified().await;
    crate::data(&doors.graphql, Some(&other), crate::CREATE_BOOKING, stay(property.id, (10, 12), "k")).await;
    for (caller, days, code) in [
        (&unverified, (20, 22), "email_unverified"),
        (&host, (20, 22), "validation_failed"),
        (&guest, (20, 29), "validation_failed"),
        (&guest, (22, 20), "validation_failed"),
        (&guest, (-3, 2), "validation_failed"),
        (&guest, (11, 13), "dates_unavailable"),
    ] {
        let mut input = stay(property.id, days, "k");
        input["input"]["idempotencyKey"] = json!(domain::id::EventId::new());
        let rest = ("/v1/bookings", rest_stay(property.id, days));
        assert_eq!(doors.refusal(Some(caller), rest, "createBooking", input["input"].take()).await, code);
    }
    let (mut rest, mut input) = (rest_stay(property.id, (20, 22)), stay(property.id, (20, 22), "other"));
    (rest["property_id"], input["input"]["propertyId"]) = (json!("book_1"), json!("book_1"));
    (rest["guests"]["adults"], input["input"]["guests"]["adults"]) = (json!(0), json!(0));
    (rest["expected_total"], input["input"]["expectedTotal"]) =
        (json!({ "amount": 1, "currency": "usd" }), json!({ "amount": 1, "currency": "usd" }));
    let refused = doors.refusal(Some(&guest), ("/v1/bookings", rest), "createBooking", input["input"].take()).await;
    assert_eq!(refused, "validation_failed");
}

#[tokio::test]
async fn a_changed_price_comes_with_the_new_quote() {
    let kit = Kit::start().await;
    let (doors, guest, property) = (Doors::of(&kit), kit.guest().await, kit.listed_property().await);
    let mut input = stay(property.id, (20, 22), "k");
    input["input"]["expectedTotal"] = json!({ "amount": 1, "currency": "USD" });
    let answer = ask(&doors.graphql, Some(&guest), crate::CREATE_BOOKING, input).await;
    let extensions = &answer["errors"][0]["extensions"];
    assert_eq!(extensions["code"], "quote_changed");
    let quote = &extensions["quote"];
    assert_eq!(quote["price"]["total"], json!({ "amount": 22_840, "currency": "USD" }));
    assert!(quote["quoteId"].is_string() && quote["price"]["lines"][0]["unitAmount"].is_object(), "{quote}");
}

#[tokio::test]
async fn acts_on_bookings_are_refused_alike() {
    let kit = Kit::start().await;
    let (doors, host, guest, other) = (Doors::of(&kit), kit.host().await, kit.guest().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let made = crate::data(&doors.graphql, Some(&guest), crate::CREATE_BOOKING, stay(property.id, (10, 12), "k")).await;
    let id = made["createBooking"]["booking"]["id"].as_str().expect("an id").to_owned();
    let input = json!({ "bookingId": id });
    let cancel = format!("/v1/bookings/{id}/cancel");
    assert_eq!(doors.refusal(Some(&other), (&cancel, json!({})), "cancelBooking", input.clone()).await, "not_found");
    let long = "x".repeat(501);
    let too_long = json!({ "bookingId": id, "reason": long });
    let rest = (cancel.as_str(), json!({ "reason": long }));
    assert_eq!(doors.refusal(Some(&guest), rest, "cancelBooking", too_long).await, "validation_failed");
    let accept = format!("/v1/bookings/{id}/accept");
    assert_eq!(doors.refusal(Some(&guest), (&accept, json!({})), "acceptBooking", input.clone()).await, "forbidden");
    assert_eq!(doors.refusal(Some(&host), (&accept, json!({})), "acceptBooking", input).await, "invalid_state");
    let act = json!({ "bookingId": id });
    for (verb, mutation, by, code) in [
        ("no-show", "reportNoShow", &guest, "forbidden"),
        ("no-show", "reportNoShow", &host, "invalid_state"),
        ("change/accept", "acceptBookingChange", &host, "invalid_state"),
        ("change/decline", "declineBookingChange", &other, "not_found"),
    ] {
        let path = format!("/v1/bookings/{id}/{verb}");
        assert_eq!(doors.refusal(Some(by), (&path, json!({})), mutation, act.clone()).await, code, "{verb}");
    }
    let review = json!({ "booking_id": id, "rating": 5, "public_text": "Fine." });
    let input = json!({ "bookingId": id, "rating": 5, "publicText": "Fine." });
    let early = doors.refusal(Some(&guest), ("/v1/reviews", review), "createReview", input).await;
    assert_eq!(early, "stay_not_completed");
    let pay = ("/v1/payments", json!({ "booking_id": id }));
    let input = json!({ "bookingId": id, "idempotencyKey": "pay" });
    assert_eq!(doors.refusal(Some(&other), pay, "createPayment", input).await, "validation_failed");
}

#[tokio::test]
async fn faults_of_arguments_lead_to_them() {
    let kit = Kit::start().await;
    let (graphql, guest) = (api(&kit), kit.guest().await);
    let property = kit.listed_property().await;
    for (query, pointers) in [
        ("{ properties(first: 0) { nodes { id } } }".to_owned(), vec!["/first"]),
        ("{ properties(filter: { checkIn: \"2030-01-01\" }) { nodes { id } } }".to_owned(), vec!["/filter/checkOut"]),
        (
            "{ properties(filter: { guests: 0, minPrice: -1, currency: \"usd\" }) { nodes { id } } }".to_owned(),
            vec!["/filter/currency", "/filter/guests", "/filter/minPrice"],
        ),
        ("{ bookings(first: 101, from: \"yesterday\") { nodes { id } } }".to_owned(), vec!["/first", "/from"]),
        (
            format!(
                "{{ quote(propertyId: \"{}\", checkIn: \"x\", checkOut: \"2030-02-30\") {{ bookable }} }}",
                property.id
            ),
            vec!["/checkIn", "/checkOut"],
        ),
    ] {
        let answer = ask(&graphql, Some(&guest), &query, json!({})).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(extensions["code"], "validation_failed", "{query} {answer}");
        let faults = extensions["errors"].as_array().expect("a list");
        let mut found: Vec<&str> = faults.iter().filter_map(|fault| fault["pointer"].as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, pointers, "{query}");
    }
    let foreign = ask(&graphql, None, "{ properties(after: \"nonsense\") { nodes { id } } }", json!({})).await;
    assert_eq!(crate::code(&foreign), "invalid_cursor");
}
