//! Lists, their cursors, and expanded objects.

use serde_json::{Value, json};

use crate::harness::{Stripe, path_of, text};

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().expect("a list").iter().map(|item| text(&item["id"]).to_owned()).collect()
}

#[tokio::test]
async fn a_list_goes_forth_and_back_by_its_cursors() {
    let stripe = Stripe::start().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(text(&stripe.intent("").await["id"]).to_owned());
    }
    made.reverse();
    let list = async |query: &str| stripe.get(&format!("/v1/payment_intents?{query}")).await;
    let first = list("limit=2").await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (made[0..2].to_vec(), &json!(true)));
    let next = list(&format!("limit=3&starting_after={}", made[1])).await.ok();
    assert_eq!((ids(&next), &next["has_more"]), (made[2..5].to_vec(), &json!(false)));
    let back = list(&format!("limit=2&ending_before={}", made[4])).await.ok();
    assert_eq!((ids(&back), &back["has_more"]), (made[2..4].to_vec(), &json!(true)));
    list("limit=0").await.refused(400, "parameter_invalid_integer");
    list("limit=101").await.refused(400, "parameter_invalid_integer");
    list("starting_after=pi_none").await.refused(400, "resource_missing");
    assert!(ids(&list("created[gt]=9999999999").await.ok()).is_empty());
    assert_eq!(ids(&list("created[gte]=1").await.ok()).len(), 5);
}

#[tokio::test]
async fn ids_expand_into_their_objects() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid().await;
    let query = "?expand[]=latest_charge.balance_transaction&expand[]=payment_method";
    let seen = stripe.get(&path_of(&intent, query)).await.ok();
    assert_eq!(seen["latest_charge"]["balance_transaction"]["amount"], 12_550);
    assert_eq!(seen["payment_method"]["card"]["last4"], "4242");
    let listed = stripe.get("/v1/payment_intents?expand[]=data.latest_charge").await.ok();
    assert_eq!(listed["data"][0]["latest_charge"]["object"], "charge");
    assert_eq!(stripe.get(&path_of(&intent, "?expand[]=amount.x")).await.status, 400);
    assert_eq!(stripe.get(&path_of(&intent, "?expand[]=colour")).await.status, 400);
}

#[tokio::test]
async fn events_are_listed_by_kind_with_the_object_as_it_was() {
    let stripe = Stripe::start().await;
    let intent = stripe.paid().await;
    let created = stripe.get("/v1/events?type=payment_intent.created").await.ok();
    assert_eq!(created["data"][0]["data"]["object"]["status"], "requires_confirmation");
    let paid = stripe.get("/v1/events?type=payment_intent.succeeded").await.ok();
    assert_eq!(paid["data"][0]["data"]["object"]["id"], intent["id"]);
    assert_eq!(paid["data"][0]["api_version"], stripe_sim::API_VERSION);
    let one = stripe.get(&format!("/v1/events/{}", text(&paid["data"][0]["id"]))).await.ok();
    assert_eq!(one["type"], "payment_intent.succeeded");
    assert_eq!(ids(&stripe.get("/v1/events?type=charge.*").await.ok()).len(), 1);
}
