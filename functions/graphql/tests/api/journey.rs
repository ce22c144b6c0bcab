//! From registering to calling off, as a client goes.

use std::sync::Arc;

use async_trait::async_trait;
use domain::error::{Error, Result};
use domain::id::RefundId;
use domain::money::Money;
use domain::payment::IntentStatus;
use serde_json::{Value, json};
use services::ports::{Intent, NewIntent, PaymentProvider, ProviderDispute, RefundOutcome};
use testkit::{Kit, PASSWORD, in_days};

use crate::{CREATE_BOOKING, api, data, stay};

#[tokio::test]
async fn an_account_is_made_signed_in_to_refreshed_and_left() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let register =
        "mutation ($input: RegisterInput!) { register(input: $input) { user { id emailVerified currency role } } }";
    let email = format!("{}@example.com", domain::id::EventId::new());
    let input = json!({ "email": email, "password": PASSWORD, "firstName": "Ada", "lastName": "Lovelace" });
    let made = data(&api, None, register, json!({ "input": input })).await;
    let user = &made["register"]["user"];
    assert_eq!(
        (&user["currency"], &user["role"], &user["emailVerified"]),
        (&json!("USD"), &json!("USER"), &json!(false))
    );
    let login = "mutation ($input: LoginInput!) { login(input: $input) {
        accessToken tokenType expiresIn refreshToken user { id email } } }";
    let credentials = json!({ "input": { "email": email, "password": PASSWORD } });
    let tokens = data(&api, None, login, credentials).await["login"].take();
    assert_eq!((&tokens["tokenType"], &tokens["user"]["id"]), (&json!("Bearer"), &user["id"]));
    let me = json!({ "query": "{ me { email firstName lastName profile { id } } }" });
    let me = api.post("/graphql", tokens["accessToken"].as_str(), &me).await.of_status(200);
    assert_eq!(me["data"]["me"]["email"], email);
    let refresh = "mutation ($input: RefreshTokensInput!) { refreshTokens(input: $input) { refreshToken } }";
    let input = json!({ "input": { "refreshToken": tokens["refreshToken"] } });
    let next = data(&api, None, refresh, input).await["refreshTokens"]["refreshToken"].take();
    assert_ne!(next, tokens["refreshToken"]);
    let logout = "mutation ($input: LogoutInput!) { logout(input: $input) { ok } }";
    data(&api, None, logout, json!({ "input": { "refreshToken": next } })).await;
    let after = crate::ask(&api, None, refresh, json!({ "input": { "refreshToken": next } })).await;
    assert_eq!(crate::code(&after), "unauthenticated");
}

#[tokio::test]
async fn a_place_is_drafted_listed_found_quoted_and_taken_off() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let create =
        "mutation ($input: CreatePropertyInput!) { createProperty(input: $input) { property { id status timeZone } } }";
    let input = json!({
        "title": "A flat by the river", "kind": "HOUSE", "roomType": "PRIVATE_ROOM", "instantBook": true,
        "location": { "latitude": 48.8566, "longitude": 2.3522, "city": "Paris", "country": "FR" },
        "basePrice": { "amount": 3_000_000_000_i64, "currency": "USD" }, "amenities": ["wifi"],
    });
    let made = data(&api, Some(&host), create, json!({ "input": input })).await["createProperty"]["property"].take();
    assert_eq!((&made["status"], &made["timeZone"]), (&json!("DRAFT"), &json!("Europe/Paris")));
    let act = |verb: &str| {
        format!("mutation ($input: PropertyActInput!) {{ {verb}Property(input: $input) {{ property {{ status }} }} }}")
    };
    let which = json!({ "input": { "propertyId": made["id"] } });
    kit.photo(made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")).await;
    let listed = data(&api, Some(&host), &act("list"), which.clone()).await;
    assert_eq!(listed["listProperty"]["property"]["status"], "LISTED");
    let search = "query ($filter: PropertyFilter) { properties(filter: $filter, sort: RELEVANCE, first: 5) { edges {
        stay { nights total { amount currency } }
        node { id kind roomType amenities basePrice { amount currency } quote(checkIn: \"2020-01-01\", checkOut: \"2020-01-03\") {
            bookable reasons { code } } }
    } } }";
    let filter = json!({ "filter": {
        "boundingBox": { "west": 2.0, "south": 48.0, "east": 3.0, "north": 49.0 }, "checkIn": in_days(10),
        "checkOut": in_days(12), "minPrice": 2_500_000_000_i64, "guests": 2,
    } });
    let found = data(&api, None, search, filter).await["properties"]["edges"].take();
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["node"]["basePrice"], json!({ "amount": 3_000_000_000_i64, "currency": "USD" }));
    assert_eq!((&found[0]["node"]["kind"], &found[0]["stay"]["nights"]), (&json!("HOUSE"), &json!(2)));
    assert_eq!(found[0]["node"]["quote"]["reasons"][0]["code"], "in_the_past");
    let quote = "query ($id: ID!, $in: Date!, $out: Date!) { quote(propertyId: $id, checkIn: $in, checkOut: $out) {
        bookable quoteId price { total { amount } lines { code quantity } } } }";
    let stay = json!({ "id": made["id"], "in": in_days(10), "out": in_days(12) });
    let quoted = data(&api, None, quote, stay).await["quote"].take();
    assert_eq!((&quoted["bookable"], &quoted["price"]["lines"][0]["code"]), (&json!(true), &json!("NIGHTS")));
    let unlisted = data(&api, Some(&host), &act("unlist"), which).await;
    assert_eq!(unlisted["unlistProperty"]["property"]["status"], "UNLISTED");
}

#[tokio::test]
async fn pages_of_a_search_follow_each_other() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    for _ in 0..5 {
        kit.listing_of(&host, |_| {}).await;
    }
    let query = "query ($after: String) { properties(first: 2, after: $after) {
        edges { cursor } nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } } }";
    let (mut after, mut seen) = (Value::Null, std::collections::BTreeSet::new());
    for (count, more) in [(2, true), (2, true), (1, false)] {
        let page = data(&api, None, query, json!({ "after": after })).await["properties"].take();
        let nodes = page["nodes"].as_array().expect("a list");
        assert_eq!((nodes.len(), &page["pageInfo"]["hasNextPage"]), (count, &json!(more)));
        assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!after.is_null()));
        seen.extend(nodes.iter().map(|node| node["id"].to_string()));
        after = page["pageInfo"]["endCursor"].clone();
        assert_eq!(after, page["edges"][count - 1]["cursor"]);
    }
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn a_stay_is_booked_paid_for_previewed_and_called_off() {
    let kit = Kit::with(|services| services.payment_provider = Arc::new(Provider)).await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let made = data(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "k")).await;
    let id = &made["createBooking"]["booking"]["id"];
    let pay = "mutation ($input: CreatePaymentInput!) { createPayment(input: $input) { payment {
        id status provider clientSecret amount { amount currency } booking { id } refunds { id } } } }";
    let input = json!({ "input": { "bookingId": id, "idempotencyKey": "pay" } });
    let paid = data(&api, Some(&guest), pay, input).await["createPayment"]["payment"].take();
    assert_eq!(paid["status"], "REQUIRES_PAYMENT_METHOD");
    assert_eq!((&paid["clientSecret"], &paid["booking"]["id"]), (&json!("secret"), id));
    assert_eq!(paid["amount"], json!({ "amount": 22_840, "currency": "USD" }));
    let look = "query ($id: ID!) { booking(id: $id) { nights guests { adults } timeline { event by }
        payment { id clientSecret } cancellation { refund { amount } lines { code } } } }";
    let seen = data(&api, Some(&guest), look, json!({ "id": id })).await["booking"].take();
    assert_eq!(seen["payment"], json!({ "id": paid["id"], "clientSecret": null }));
    assert_eq!(seen["cancellation"]["refund"]["amount"], 0);
    let cancel = "mutation ($input: CancelBookingInput!) { cancelBooking(input: $input) { booking {
        status cancelledBy cancellation { refund { amount } } } } }";
    let cancelled = data(&api, Some(&guest), cancel, json!({ "input": { "bookingId": id } })).await;
    let expected = json!({ "status": "CANCELLED", "cancelledBy": "GUEST", "cancellation": null });
    assert_eq!(cancelled["cancelBooking"]["booking"], expected);
}

#[tokio::test]
async fn a_stay_is_reviewed_by_both_sides_and_the_inbox_read() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let made = data(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "k")).await;
    let id = &made["createBooking"]["booking"]["id"];
    kit.database.execute("UPDATE bookings SET status = 'confirmed', hold_expires_at = NULL", &[]).await;
    kit.database.advance(jiff::SignedDuration::from_hours(24 * 13)).await;
    let review = "mutation ($input: CreateReviewInput!) { createReview(input: $input) { review {
        id status privateText authorFirstName categories { value checkIn } } } }";
    let input = |text: &str| {
        json!({ "input": {
        "bookingId": id, "rating": 5, "publicText": text, "privateText": "The tap drips.", "categories": { "value": 4 },
    } })
    };
    let first = data(&api, Some(&guest), review, input("Fine.")).await["createReview"]["review"].take();
    assert_eq!((&first["status"], &first["authorFirstName"]), (&json!("HIDDEN"), &json!("Ada")));
    assert_eq!(first["categories"], json!({ "value": 4.0, "checkIn": null }));
    let listed = "query ($id: ID!, $review: ID!) { reviews(propertyId: $id) { nodes { id privateText author { id } property { title } } }
        node(id: $review) { id } }";
    let ids = json!({ "id": property.id, "review": first["id"] });
    assert_eq!(data(&api, None, listed, ids.clone()).await, json!({ "reviews": { "nodes": [] }, "node": null }));
    let second = data(&api, Some(&host), review, input("A fine guest.")).await["createReview"]["review"].take();
    assert_eq!(second["status"], "PUBLISHED");
    let seen = data(&api, None, listed, ids).await;
    let node = &seen["reviews"]["nodes"][0];
    assert_eq!(
        (&node["id"], &node["privateText"], &node["author"]["id"]),
        (&first["id"], &json!(null), &json!(guest.id))
    );
    let respond =
        "mutation ($input: RespondToReviewInput!) { respondToReview(input: $input) { review { response { text } } } }";
    let answer = json!({ "input": { "reviewId": first["id"], "text": "Come again." } });
    let answered = data(&api, Some(&host), respond, answer).await;
    assert_eq!(answered["respondToReview"]["review"]["response"]["text"], "Come again.");
    for event in kit.events.taken() {
        kit.services.notify(&event).await.expect("told");
    }
    let inbox = "{ notifications(first: 10) { nodes { id kind data readAt } } }";
    let entries = data(&api, Some(&host), inbox, json!({})).await["notifications"]["nodes"].take();
    let entries = entries.as_array().expect("a list");
    assert!(entries.iter().any(|entry| entry["data"]["bookingId"] == *id), "{entries:?}");
    let read =
        "mutation ($input: ReadNotificationInput!) { readNotification(input: $input) { notification { id readAt } } }";
    let marked = data(&api, Some(&host), read, json!({ "input": { "notificationId": entries[0]["id"] } })).await;
    assert!(marked["readNotification"]["notification"]["readAt"].is_string());
}

/// A provider that makes intents and does what it is told.
struct Provider;

fn intent(id: &str, status: IntentStatus) -> Intent {
    Intent {
        id: id.to_owned(),
        payment_id: None,
        status,
        amount: Money::new(22_840, domain::money::Currency::USD),
        captured_minor: 0,
        client_secret: "secret".to_owned(),
        capture_before: None,
        fee: None,
        failure: None,
    }
}

#[async_trait]
impl PaymentProvider for Provider {
    async fn create_intent(&self, new: &NewIntent) -> Result<Intent> {
        Ok(intent(&format!("pi_{}", new.payment_id), IntentStatus::RequiresPaymentMethod))
    }

    async fn intent(&self, intent_id: &str) -> Result<Intent> {
        Ok(intent(intent_id, IntentStatus::RequiresPaymentMethod))
    }

    async fn capture(&self, intent_id: &str, _: &str) -> Result<Intent> {
        Ok(intent(intent_id, IntentStatus::Succeeded))
    }

    async fn cancel(&self, intent_id: &str, _: &str) -> Result<Intent> {
        Ok(intent(intent_id, IntentStatus::Canceled))
    }

    async fn find_refund(&self, _: RefundId, _: &str) -> Result<Option<RefundOutcome>> {
        Ok(None)
    }

    async fn refund(&self, refund_id: RefundId, _: &str, _: Money) -> Result<RefundOutcome> {
        Ok(RefundOutcome::Done(refund_id.to_string()))
    }

    async fn refund_outcome(&self, name: &str) -> Result<RefundOutcome> {
        Ok(RefundOutcome::Done(name.to_owned()))
    }

    async fn dispute(&self, name: &str) -> Result<ProviderDispute> {
        Err(Error::internal(format!("there is no dispute {name}")))
    }

    async fn latest_disputes(&self) -> Result<Vec<ProviderDispute>> {
        Ok(Vec::new())
    }
}

#[tokio::test]
async fn a_host_changes_a_place_and_its_photos_and_deletes_it() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let property = kit.draft(&host, |_| {}).await;
    let update = "mutation ($input: UpdatePropertyInput!) { updateProperty(input: $input) { property {
        title maxGuests houseRules } } }";
    let input = json!({ "propertyId": property.id, "title": null, "houseRules": "No shoes." });
    let changed = data(&api, Some(&host), update, json!({ "input": input })).await["updateProperty"].take();
    assert_eq!(changed["property"], json!({ "title": null, "maxGuests": 2, "houseRules": "No shoes." }));
    let add = "mutation ($input: AddPhotoInput!) { addPhoto(input: $input) { photo { id status position }
        upload { method url headers { contentType contentLength } } } }";
    let input = json!({ "propertyId": property.id, "contentType": "image/png", "bytes": 7 });
    let added = data(&api, Some(&host), add, json!({ "input": input })).await["addPhoto"].take();
    assert_eq!(added["upload"]["headers"], json!({ "contentType": "image/png", "contentLength": "7" }));
    let photo = json!({ "propertyId": property.id, "photoId": added["photo"]["id"] });
    let change = "mutation ($input: UpdatePhotoInput!) { updatePhoto(input: $input) { photo { caption status } } }";
    let mut input = photo.clone();
    input["caption"] = json!("The river");
    let changed = data(&api, Some(&host), change, json!({ "input": input })).await["updatePhoto"].take();
    assert_eq!(changed["photo"], json!({ "caption": "The river", "status": "PENDING" }));
    let seen = "query ($id: ID!) { property(id: $id) { photos { id caption urls { w480 } } } }";
    let seen = data(&api, Some(&host), seen, json!({ "id": property.id })).await["property"].take();
    assert_eq!(seen["photos"], json!([{ "id": added["photo"]["id"], "caption": "The river", "urls": null }]));
    let delete = "mutation ($input: DeletePhotoInput!) { deletePhoto(input: $input) { deletedPhotoId } }";
    let gone = data(&api, Some(&host), delete, json!({ "input": photo })).await["deletePhoto"].take();
    assert_eq!(gone["deletedPhotoId"], added["photo"]["id"]);
    let delete = "mutation ($input: DeletePropertyInput!) { deleteProperty(input: $input) { deletedPropertyId } }";
    let gone = data(&api, Some(&host), delete, json!({ "input": { "propertyId": property.id } })).await;
    assert_eq!(gone["deleteProperty"]["deletedPropertyId"], json!(property.id));
    assert_eq!(
        crate::code(&crate::ask(&api, Some(&host), update, json!({ "input": { "propertyId": property.id } })).await),
        "not_found"
    );
}
