//! Connected accounts and the money that goes to them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Stripe, form_body, text};

const EXPRESS: &str = "type=express&country=US&capabilities[transfers][requested]=true";
const BACK: &str = "refresh_url=https://roost.test/again&return_url=https://roost.test/done";

async fn onboard(stripe: &Stripe, account: &str, outcome: &str) -> Value {
    stripe.handle(&format!("/_sim/accounts/{account}/onboard"), json!({ "outcome": outcome })).await.ok()
}

async fn enabled(stripe: &Stripe) -> String {
    let account = stripe.post("/v1/accounts", EXPRESS).await.ok();
    let id = text(&account["id"]).to_owned();
    onboard(stripe, &id, "complete").await;
    id
}

async fn charged(stripe: &Stripe, card: &str) -> String {
    let intent = stripe.intent(&format!("&confirm=true&payment_method={card}")).await;
    text(&intent["latest_charge"]).to_owned()
}

fn transfer(account: &str, amount: i64, more: &str) -> String {
    format!("amount={amount}&currency=usd&destination={account}{more}")
}

/// The link's path, and whether it leads to the form.
async fn look(stripe: &Stripe, link: &Value) -> (String, u16) {
    let path = text(&link["url"]).strip_prefix(&stripe.simulator.url()).expect("a page of the simulator").to_owned();
    let status = Stripe::send(stripe.raw(Method::GET, &path)).await.status;
    (path, status)
}

#[tokio::test]
async fn an_account_is_paid_once_its_holder_has_told_everything() {
    let stripe = Stripe::start().await;
    let account = stripe.post("/v1/accounts", EXPRESS).await.ok();
    let id = text(&account["id"]);
    assert_eq!((&account["payouts_enabled"], &account["details_submitted"]), (&json!(false), &json!(false)));
    assert_eq!(account["capabilities"], json!({"transfers": "inactive"}));
    for (outcome, is_enabled, transfers) in [
        ("requirements_due", false, "inactive"),
        ("pending_verification", false, "pending"),
        ("complete", true, "active"),
        ("requirements_due", false, "inactive"),
    ] {
        onboard(&stripe, id, outcome).await;
        let seen = stripe.get(&format!("/v1/accounts/{id}")).await.ok();
        assert_eq!(seen["payouts_enabled"], is_enabled, "{outcome}");
        assert_eq!(seen["capabilities"]["transfers"], transfers, "{outcome}");
        let event = stripe.next_webhook().await.event;
        assert_eq!((&event["type"], &event["account"]), (&json!("account.updated"), &json!(id)));
        assert_eq!(event["data"]["object"], seen);
    }
}

#[tokio::test]
async fn only_express_accounts_of_known_countries_are_made() {
    let stripe = Stripe::start().await;
    let create = async |form: &str| stripe.post("/v1/accounts", form).await;
    create("country=US").await.refused(400, "parameter_missing");
    create("type=custom").await.refused(400, "simulator_unsupported");
    create("type=express&country=KP").await.refused(400, "country_unsupported");
    create("type=express&controller[fees][payer]=application").await.refused(400, "parameters_exclusive");
    create("controller[fees][payer]=account").await.refused(400, "simulator_unsupported");
    create("type=express&capabilities[flying][requested]=true").await.refused(400, "parameter_unknown");
    create("type=express&individual[first_name]=Ann").await.refused(400, "simulator_unsupported");
    stripe.get("/v1/accounts/acct_none").await.refused(403, "account_invalid");
    assert_eq!(stripe.get("/v1/accounts").await.ok()["data"], json!([]));
    let both = create("type=express").await.ok();
    assert_eq!(both["capabilities"], json!({"card_payments": "inactive", "transfers": "inactive"}));
}

#[tokio::test]
async fn a_link_works_once_and_for_five_minutes() {
    let stripe = Stripe::start().await;
    let account = stripe.post("/v1/accounts", EXPRESS).await.ok();
    let form = format!("account={}&type=account_onboarding&{BACK}", text(&account["id"]));
    let link = stripe.post("/v1/account_links", &form).await.ok();
    let (path, status) = look(&stripe, &link).await;
    assert_eq!(status, 200);
    let submit = async |outcome: &str| {
        let request = form_body(stripe.raw(Method::POST, &path), &format!("outcome={outcome}"));
        let answer = Stripe::send(request).await;
        (answer.status, answer.header("location").to_owned())
    };
    assert_eq!(submit("flee").await.0, 400);
    assert_eq!(submit("requirements_due").await, (303, "https://roost.test/done".to_owned()));
    assert_eq!(submit("complete").await, (303, "https://roost.test/again".to_owned()));
    assert_eq!(look(&stripe, &link).await.1, 303);
    let seen = stripe.get(&format!("/v1/accounts/{}", text(&account["id"]))).await.ok();
    assert_eq!(seen["payouts_enabled"], false, "a spent link does nothing");
    let link = stripe.post("/v1/account_links", &form).await.ok();
    stripe.handle("/_sim/clock", json!({"advance_seconds": 301})).await.ok();
    assert_eq!(look(&stripe, &link).await.1, 303);
    for wrong in ["account=acct_none&type=account_onboarding", "account=acct_none", "type=account_onboarding"] {
        assert_eq!(stripe.post("/v1/account_links", &format!("{wrong}&{BACK}")).await.status, 400, "{wrong}");
    }
    stripe.post("/v1/account_links", &form.replace("https://", "ftp://")).await.refused(400, "url_invalid");
}

#[tokio::test]
async fn a_transfer_needs_money_that_is_available_or_a_charge_that_bears_it() {
    let stripe = Stripe::start().await;
    let account = enabled(&stripe).await;
    let charge = charged(&stripe, "pm_card_visa").await;
    let create = async |form: &str| stripe.post("/v1/transfers", form).await;
    create(&transfer(&account, 1, "")).await.refused(400, "balance_insufficient");
    let source = format!("&source_transaction={charge}");
    create(&transfer(&account, 12_551, &source)).await.refused(400, "");
    let sent = create(&transfer(&account, 12_000, &source)).await.ok();
    let intent = stripe.get(&format!("/v1/charges/{charge}")).await.ok()["payment_intent"].clone();
    assert_eq!(sent["transfer_group"], format!("group_{}", text(&intent)));
    create(&transfer(&account, 551, &source)).await.refused(400, "");
    create(&transfer(&account, 550, &source).replace("usd", "eur")).await.refused(400, "");
    create(&transfer("acct_none", 1, "")).await.refused(400, "resource_missing");
    create(&format!("{}&source_type=gold", transfer(&account, 1, ""))).await.refused(400, "");
    // In two days the rest of the charge, less the fee of 394, is there for everybody.
    stripe.handle("/_sim/clock", json!({"advance_seconds": 2 * 86_400})).await.ok();
    create(&transfer(&account, 157, "")).await.refused(400, "balance_insufficient");
    create(&transfer(&account, 156, "")).await.ok();
    charged(&stripe, "pm_card_bypassPending").await;
    create(&transfer(&account, 12_156, "")).await.ok();
}

#[tokio::test]
async fn a_refused_transfer_stays_refused_under_its_key_and_a_sent_one_is_sent_once() {
    let stripe = Stripe::start().await;
    let account = enabled(&stripe).await;
    let form = transfer(&account, 1_000, "");
    let send = async |key: &str| stripe.post_with_key("/v1/transfers", &form, key).await;
    send("k1").await.refused(400, "balance_insufficient");
    charged(&stripe, "pm_card_bypassPending").await;
    let kept = send("k1").await;
    assert_eq!(kept.header("idempotent-replayed"), "true");
    kept.refused(400, "balance_insufficient");
    let sent = send("k2").await.ok();
    assert_eq!(send("k2").await.ok()["id"], sent["id"]);
    let listed = stripe.get(&format!("/v1/transfers?destination={account}")).await.ok();
    assert_eq!(listed["data"], json!([sent]));
}

#[tokio::test]
async fn an_account_that_is_not_enabled_gets_nothing() {
    let stripe = Stripe::start().await;
    let account = enabled(&stripe).await;
    charged(&stripe, "pm_card_bypassPending").await;
    onboard(&stripe, &account, "requirements_due").await;
    let form = transfer(&account, 1_000, "");
    stripe.post("/v1/transfers", &form).await.refused(400, "insufficient_capabilities_for_transfer");
}

#[tokio::test]
async fn reversals_take_back_what_is_left_and_what_the_account_has() {
    let stripe = Stripe::start().await;
    let account = enabled(&stripe).await;
    charged(&stripe, "pm_card_bypassPending").await;
    let sent = stripe.post("/v1/transfers", &transfer(&account, 5_000, "")).await.ok();
    let path = format!("/v1/transfers/{}", text(&sent["id"]));
    let reversals = format!("{path}/reversals");
    stripe.post(&reversals, "amount=5001").await.refused(400, "");
    let first = stripe.post(&reversals, "amount=2000").await.ok();
    assert_eq!(stripe.get(&format!("{reversals}/{}", text(&first["id"]))).await.ok(), first);
    stripe.handle(&format!("/_sim/accounts/{account}/pay_out"), json!({})).await.ok();
    stripe.post(&reversals, "amount=1").await.refused(400, "balance_insufficient");
    let more = stripe.post("/v1/transfers", &transfer(&account, 4_000, "")).await.ok();
    stripe.post(&reversals, "").await.ok();
    let after = stripe.get(&path).await.ok();
    assert_eq!((&after["reversed"], &after["amount_reversed"]), (&json!(true), &json!(5_000)));
    assert_eq!(after["reversals"]["data"].as_array().map(Vec::len), Some(2));
    stripe.post(&reversals, "").await.refused(400, "");
    assert_eq!(stripe.get(&format!("/v1/transfers/{}", text(&more["id"]))).await.ok()["reversed"], false);
    let rows = stripe.get("/v1/balance_transactions?type=transfer_refund").await.ok();
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(2));
    stripe.get("/v1/transfers/tr_none/reversals").await.refused(404, "resource_missing");
}
