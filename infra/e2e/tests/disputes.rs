//! A guest's bank contests a payment: who hears of it, what can't be done meanwhile, and what its verdict costs whom.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Draft, Paying, new_key, until};
use serde_json::{Value, json};

/// A stay that is paid for, and contested as soon as the card was charged; and the attempt as its host sees it.
async fn contested() -> Result<(Paying, Answer)> {
    let paying = Paying::start(&Draft::default()).await?;
    ensure!(paying.pay("pm_card_createDispute").await? == 200, "the card was not charged");
    paying.until_booking("confirmed").await?;
    let payment = paying.until_payment(&paying.host, "disputed").await?;
    Ok((paying, payment))
}

/// The only month of the host's books.
async fn earned(paying: &Paying) -> Result<Value> {
    let earnings = paying.api.get("/v1/earnings").by(&paying.host).expect(200).await?;
    ensure!(earnings.at("/data")?.as_array().is_some_and(|months| months.len() == 1), "not one month: {earnings}");
    Ok(earnings.at("/data/0")?.clone())
}

#[tokio::test]
async fn a_contested_payment_is_shown_to_the_host_and_gives_nothing_back_until_the_bank_decides() -> Result<()> {
    let (paying, payment) = contested().await?;
    ensure!(payment.at("/disputes/0/amount")? == payment.at("/amount")?, "not all of it: {payment}");
    ensure!(payment.text_at("/disputes/0/status")? == "needs_response", "{payment}");
    let of_guest = paying.api.get(&paying.payment_path()?).by(&paying.guest).expect(200).await?;
    ensure!(of_guest.at("/disputes").is_err(), "the guest is told how the host may answer: {of_guest}");
    let refund = format!("{}/refunds", paying.payment_path()?);
    let body = json!({ "reason": "No hot water." });
    let refused = paying.api.post(&refund).by(&paying.host).key(&new_key()).json(&body).send().await?;
    refused.expect_problem(409, "invalid_state")?;

    paying.provider.decide_dispute(&paying.payment.text_at("/client_secret")?, "won").await?;
    let payment = until(&paying.api, &paying.host, &paying.payment_path()?, "/disputes/0/status", "won").await?;
    // Both are of one moment.
    ensure!(payment.text_at("/status")? == "succeeded", "{payment}");
    let earned = earned(&paying).await?;
    ensure!(earned["disputes"]["amount"] == 0 && earned["net"]["amount"].as_i64() > Some(0), "{earned}");
    Ok(())
}

#[tokio::test]
async fn a_dispute_that_is_lost_takes_back_what_the_host_had_earned() -> Result<()> {
    let (paying, _) = contested().await?;
    let before = earned(&paying).await?;
    ensure!(before["net"]["amount"].as_i64() > Some(0) && before["disputes"]["amount"] == 0, "{before}");
    paying.provider.decide_dispute(&paying.payment.text_at("/client_secret")?, "lost").await?;
    let payment = until(&paying.api, &paying.host, &paying.payment_path()?, "/disputes/0/status", "lost").await?;
    ensure!(payment.text_at("/status")? == "disputed", "{payment}");
    let after = earned(&paying).await?;
    let taken = after["disputes"]["amount"].as_i64().context("an amount")?;
    ensure!(Some(taken) == before["net"]["amount"].as_i64(), "not what was earned: {before} {after}");
    ensure!(after["net"]["amount"] == 0 && after["balance"]["amount"] == 0, "something is left: {after}");
    Ok(())
}
