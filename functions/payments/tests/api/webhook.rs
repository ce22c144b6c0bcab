//! `POST /v1/webhooks/stripe`: who is let in, and what becomes of the event.

use std::sync::Arc;

use axum::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, RecordedWebhooks, StripeAccount, WEBHOOK_SECRET};

const PATH: &str = "/v1/webhooks/stripe";

/// With spaces that no JSON writer would put there: only the raw body has this signature.
const BODY: &str = "{ \"id\":\"evt_1\",\n  \"type\": \"x\", \"data\": {\"object\": {\"object\": \"y\"}} }";

struct Door {
    _kit: Kit,
    _stripe: StripeAccount,
    api: Api,
    queue: Arc<RecordedWebhooks>,
}

impl Door {
    async fn open() -> Self {
        let (kit, stripe) = Kit::with_stripe().await;
        let queue = Arc::new(RecordedWebhooks::default());
        let mut services = kit.more_services();
        services.webhook_queue = Arc::clone(&queue) as _;
        let api = Kit::api_over(Arc::new(services), payments::routes());
        Self { _kit: kit, _stripe: stripe, api, queue }
    }

    async fn knock(&self, signature: &str, body: &str) -> Answer {
        let headers = [("stripe-signature", signature), ("content-type", "application/json")];
        self.api.send(Method::POST, PATH, &headers, body.to_owned()).await
    }
}

/// `t=…,v1=…` over a body, signed so many seconds from now.
fn signature(seconds: i64, body: &str, secrets: &[&str]) -> String {
    let time = Timestamp::now().as_second() + seconds;
    let secrets: Vec<String> = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    stripe_sim::sign(&secrets, time, body)
}

#[tokio::test]
async fn a_right_signature_over_the_raw_body_lets_the_event_in() {
    let door = Door::open().await;
    let answer = door.knock(&signature(0, BODY, &[WEBHOOK_SECRET]), BODY).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(door.queue.taken().len(), 1);
}

#[tokio::test]
async fn the_queue_gets_what_to_ask_about_and_nothing_of_people() {
    let door = Door::open().await;
    let event = json!({
        "id": "evt_1", "object": "event", "type": "charge.refunded", "created": 1_900_000_000, "livemode": false,
        "data": {
            "object": {
                "id": "ch_1", "object": "charge", "payment_intent": "pi_1", "amount": 12_550,
                "billing_details": { "name": "Ada Guest", "email": "ada@example.com" },
            },
            "previous_attributes": { "receipt_email": "ada@example.com" },
        },
    });
    let body = event.to_string();
    assert_eq!(door.knock(&signature(0, &body, &[WEBHOOK_SECRET]), &body).await.status, 200);
    let taken: Value = serde_json::from_str(&door.queue.taken()[0]).expect("JSON");
    let object = json!({ "id": "ch_1", "object": "charge", "payment_intent": "pi_1" });
    assert_eq!(taken, json!({ "id": "evt_1", "type": "charge.refunded", "data": { "object": object } }));
}

#[tokio::test]
async fn what_is_signed_but_no_event_we_know_is_kept_as_it_came() {
    let door = Door::open().await;
    for body in ["{}", "no JSON", "[ 1 ]", "{ \"id\": \"evt_1\", \"type\": \"x\", \"data\": { \"object\": [] } }"] {
        assert_eq!(door.knock(&signature(0, body, &[WEBHOOK_SECRET]), body).await.status, 200);
        assert_eq!(door.queue.taken().last().map(String::as_str), Some(body));
    }
}

#[tokio::test]
async fn any_of_several_signatures_will_do() {
    let door = Door::open().await;
    for secrets in [["whsec_old", WEBHOOK_SECRET], [WEBHOOK_SECRET, "whsec_new"]] {
        assert_eq!(door.knock(&signature(0, BODY, &secrets), BODY).await.status, 200);
    }
    door.knock(&signature(0, BODY, &["whsec_old", "whsec_older"]), BODY)
        .await
        .problem(400, "webhook_signature_invalid");
}

#[tokio::test]
async fn the_time_may_be_five_minutes_off_either_way() {
    let door = Door::open().await;
    for (seconds, status) in [(-290, 200), (290, 200), (-310, 400), (310, 400), (-86_400, 400)] {
        let answer = door.knock(&signature(seconds, BODY, &[WEBHOOK_SECRET]), BODY).await;
        assert_eq!(answer.status, status, "{seconds} s");
    }
    assert_eq!(door.queue.taken().len(), 2);
}

#[tokio::test]
async fn another_body_a_missing_or_a_broken_signature_is_400() {
    let door = Door::open().await;
    let right = signature(0, BODY, &[WEBHOOK_SECRET]);
    let same_json = serde_json::from_str::<Value>(BODY).expect("JSON").to_string();
    door.knock(&right, &same_json).await.problem(400, "webhook_signature_invalid");
    let (time, tag) = right.split_once(',').expect("two parts");
    let later = format!("t={},{tag}", Timestamp::now().as_second() + 1);
    for header in ["", "v1=", time, tag, &later, &right.replace("v1=", "v0="), &right[..right.len() - 2]] {
        door.knock(header, BODY).await.problem(400, "webhook_signature_invalid");
    }
    let bare = door.api.send(Method::POST, PATH, &[("content-type", "application/json")], BODY).await;
    bare.problem(400, "webhook_signature_invalid");
    assert!(door.queue.taken().is_empty());
}

#[tokio::test]
async fn a_queue_that_is_down_is_503_so_that_the_provider_comes_again() {
    let door = Door::open().await;
    door.queue.set_down(true);
    let right = signature(0, BODY, &[WEBHOOK_SECRET]);
    door.knock(&right, BODY).await.problem(503, "unavailable");
    // Whoever is not let in does not learn of it.
    door.knock("t=1,v1=00", BODY).await.problem(400, "webhook_signature_invalid");
    door.queue.set_down(false);
    assert_eq!(door.knock(&right, BODY).await.status, 200);
    assert_eq!(door.queue.taken().len(), 1);
}

#[tokio::test]
async fn only_post_is_known() {
    let door = Door::open().await;
    let answer = door.api.get(PATH, None).await;
    answer.problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}
