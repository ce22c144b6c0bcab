//! A host is paid, tried from outside. Time is everybody's: this binary runs alone.

use anyhow::{Result, ensure};
use e2e::{Api, Draft, Provider, Stack, Stay, new_key, until};
use serde_json::json;

#[tokio::test]
async fn a_host_onboards_and_is_paid_a_day_after_the_guest_has_come() -> Result<()> {
    let (stack, api, provider) = (Stack::load()?, Api::connect().await?, Provider::of_stack()?);
    let [host, guest] = api.two_users().await?;

    let country = json!({ "country": "PT" });
    let account = api.post("/v1/payout-account").by(&host).key(&new_key()).json(&country).expect(201).await?;
    ensure!(account.text_at("/status")? == "onboarding", "{account}");
    provider.onboard(&account.text_at("/onboarding_url")?).await?;
    until(&api, &host, "/v1/payout-account", "/status", "enabled").await?;

    let property = api.listed_property(&host, &Draft::default()).await?;
    let booked = api.book(&guest, &Stay::in_days(2, 2)?.body(&property)).expect(201).await?;
    let booking = booked.text_at("/id")?;
    let body = json!({ "booking_id": booking });
    let payment = api.post("/v1/payments").by(&guest).key(&new_key()).json(&body).expect(201).await?;
    ensure!(provider.pay(&payment.text_at("/client_secret")?, "pm_card_visa").await? == 200, "not charged");
    until(&api, &guest, &format!("/v1/bookings/{booking}"), "/status", "confirmed").await?;

    let list = format!("/v1/payouts?booking_id={booking}");
    stack
        .with_clock_ahead("4d", async {
            let paid = until(&api, &host, &list, "/data/0/status", "sent").await?;
            ensure!(paid.at("/data/0/amount")? == booked.at("/price/host_payout")?, "not what was earned: {paid}");
            let path = format!("/v1/payouts/{}", paid.text_at("/data/0/id")?);
            ensure!(api.get(&path).by(&host).expect(200).await?.at("/id")? == paid.at("/data/0/id")?, "another");
            api.get(&path).by(&guest).send().await?.expect_problem(404, "not_found")?;
            Ok(())
        })
        .await?;
    let transfers = provider.get(&format!("/v1/transfers?transfer_group={booking}")).await?;
    ensure!(transfers["data"].as_array().is_some_and(|data| data.len() == 1), "not one transfer: {transfers}");
    ensure!(transfers["data"][0]["amount"] == booked.at("/price/host_payout/amount")?, "another sum: {transfers}");
    let is_news = |mail: &e2e::Mail| mail.subject.contains("is on its way to you");
    let mails = api.mailbox().wait_for(&host.email, 1, is_news).await?;
    ensure!(mails.len() == 1, "not one mail: {mails:?}");
    Ok(())
}
