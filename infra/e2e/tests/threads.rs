//! Guests and hosts write to each other: the other side reads it and gets a mail; what happens to a stay stands between.

use anyhow::{Context, Result, ensure};
use e2e::{Api, Draft, Stay};
use serde_json::{Value, json};

#[tokio::test]
async fn a_question_an_answer_and_a_booking_are_one_thread_and_are_mailed() -> Result<()> {
    let api = Api::connect().await?;
    let [host, guest] = api.two_users().await?;
    let property = api.listed_property(&host, &Draft::default()).await?;
    let question = json!({ "property_id": property.id, "text": "Is there a cot, and <b>is it free</b>?" });
    let thread = api.post("/v1/threads").by(&guest).json(&question).expect(201).await?;
    let path = format!("/v1/threads/{}", thread.text_at("/id")?);
    let is_message = |mail: &e2e::Mail| mail.subject.contains("wrote to you");
    let mails = api.mailbox().wait_for(&host.email, 1, is_message).await?;
    ensure!(mails[0].text.contains("Is there a cot"), "{mails:?}");

    let seen = api.get("/v1/threads").by(&host).expect(200).await?;
    ensure!(seen.at("/data/0/unread_count")? == 1 && seen.at("/data/0/id")? == thread.at("/id")?, "{seen}");
    api.post(&format!("{path}/messages")).by(&host).json(&json!({ "text": "Both." })).expect(201).await?;
    let read = api.post(&format!("{path}/read")).by(&host).expect(200).await?;
    ensure!(read.at("/unread_count")? == 0, "{read}");
    api.mailbox().wait_for(&guest.email, 1, is_message).await?;

    let mut body = Stay::in_days(30, 2)?.body(&property);
    body["message"] = json!("We come by train.");
    let booked = api.book(&guest, &body).expect(201).await?;
    let booking = format!("/v1/bookings/{}", booked.text_at("/id")?);
    api.post(&format!("{booking}/cancel")).by(&guest).expect(200).await?;
    let all = api.get(&format!("{booking}/messages")).by(&host).expect(200).await?;
    let said: Vec<String> = all
        .at("/data")?
        .as_array()
        .context("no list")?
        .iter()
        .rev()
        .map(|entry| entry["text"].as_str().or(entry["event"].as_str()).unwrap_or_default().to_owned())
        .collect();
    let question = question["text"].as_str().unwrap_or_default();
    ensure!(said == [question, "Both.", "requested", "We come by train.", "cancelled"], "{said:?}");
    let thread = api.get(&path).by(&guest).expect(200).await?;
    ensure!(thread.at("/booking_ids")? == json!([booked.at("/id")?]), "{thread}");
    let kinds: Vec<Value> =
        all.at("/data")?.as_array().context("no list")?.iter().map(|entry| entry["kind"].clone()).collect();
    ensure!(kinds == ["system", "message", "system", "message", "message"], "{kinds:?}");
    Ok(())
}
