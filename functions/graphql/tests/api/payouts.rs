//! Being paid, by GraphQL: the same rules as by REST.

use domain::id::PayoutId;
use serde_json::{Value, json};
use testkit::Kit;

use crate::{CREATE_BOOKING, api, ask, code, data, stay};

#[tokio::test]
async fn a_host_opens_an_account_and_sees_what_is_paid() {
    let (kit, stripe) = Kit::with_stripe().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let account = "query { payoutAccount { country status onboardingUrl } }";
    assert_eq!(data(&api, Some(&host), account, json!({})).await["payoutAccount"], Value::Null);
    let open = "mutation ($input: CreatePayoutAccountInput!) {
        createPayoutAccount(input: $input) { payoutAccount { country status onboardingUrl } } }";
    let made = data(&api, Some(&host), open, json!({ "input": { "country": "US" } })).await;
    let made = &made["createPayoutAccount"]["payoutAccount"];
    assert_eq!((&made["country"], &made["status"]), (&json!("US"), &json!("ONBOARDING")));
    assert!(made["onboardingUrl"].as_str().is_some_and(|url| url.starts_with(&stripe.url())), "{made}");
    assert_eq!(data(&api, Some(&host), account, json!({})).await["payoutAccount"]["status"], "ONBOARDING");
    let refused = ask(&api, Some(&host), open, json!({ "input": { "country": "Germany" } })).await;
    assert_eq!(code(&refused), "validation_failed");

    let property = kit.listing_of(&host, |_| {}).await;
    let booked = data(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "k")).await;
    let booking = booked["createBooking"]["booking"]["id"].as_str().expect("an id").to_owned();
    let id = PayoutId::new();
    let sql = "INSERT INTO payouts (id, host_id, booking_id, instalment, currency, amount_minor, due_at)
               VALUES ($1, $2, $3, 1, 'USD', 19400, app_now())";
    let of: domain::id::BookingId = booking.parse().expect("an id");
    kit.database.execute(sql, &[&id.uuid(), &host.id.uuid(), &of.uuid()]).await;
    let list = "query { payouts(status: PENDING) { nodes { id instalment amount { amount } booking { id } } } }";
    let expected = json!([{ "id": id, "instalment": 1, "amount": { "amount": 19_400 }, "booking": { "id": booking } }]);
    assert_eq!(data(&api, Some(&host), list, json!({})).await["payouts"]["nodes"], expected);
    let one = "query ($id: ID!) { payout(id: $id) { status withheld { amount } sentAt } node(id: $id) { id } }";
    let seen = data(&api, Some(&host), one, json!({ "id": id })).await;
    assert_eq!(seen["payout"], json!({ "status": "PENDING", "withheld": { "amount": 0 }, "sentAt": null }));
    assert_eq!(seen["node"], json!({ "id": id }));
    let unseen = data(&api, Some(&guest), one, json!({ "id": id })).await;
    assert_eq!(unseen, json!({ "payout": null, "node": null }));
    assert_eq!(data(&api, Some(&guest), list, json!({})).await["payouts"]["nodes"], json!([]));
    assert_eq!(code(&ask(&api, None, list, json!({})).await), "unauthenticated");
}
