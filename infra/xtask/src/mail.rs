//! The `mail` handle: what the stack has sent, newest first, as the local AWS kept it. It sends nothing.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::http::{Request, Response, serve};
use crate::ministack::endpoint;

/// Answers `GET /` on `listener` until dropped.
pub(crate) async fn run(listener: TcpListener, aws_port: u16) -> Result<()> {
    let client = reqwest::Client::new();
    serve(listener, move |request| answer(client.clone(), aws_port, request)).await
}

async fn answer(client: reqwest::Client, aws_port: u16, request: Request) -> Response {
    if request.method != "GET" && request.method != "HEAD" {
        return Response { status: "405 Method Not Allowed", body: json!({"detail": "only GET"}).to_string() };
    }
    match sent(&client, aws_port).await {
        Ok(mails) => Response { status: "200 OK", body: Value::Array(mails).to_string() },
        Err(error) => {
            let detail = format!("the local AWS does not say what was sent: {error:#}");
            Response { status: "503 Service Unavailable", body: json!({ "detail": detail }).to_string() }
        }
    }
}

async fn sent(client: &reqwest::Client, aws_port: u16) -> Result<Vec<Value>> {
    let url = format!("{}/_ministack/ses/messages", endpoint(aws_port));
    let answer: Value = client.get(url).send().await?.error_for_status()?.json().await?;
    let accounts = answer["messages"].as_object().context("the list of messages has another shape")?;
    let mut mails: Vec<&Value> = accounts.values().filter_map(Value::as_array).flatten().collect();
    mails.sort_by(|left, right| seconds(right).total_cmp(&seconds(left)));
    Ok(mails.into_iter().map(shown).collect())
}

fn seconds(mail: &Value) -> f64 {
    mail["Timestamp"].as_f64().unwrap_or_default()
}

fn shown(mail: &Value) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
    let at = jiff::Timestamp::from_millisecond((seconds(mail) * 1_000.0) as i64).unwrap_or_default();
    json!({
        "to": mail["To"][0],
        "subject": mail["Subject"],
        "text": mail["BodyText"],
        "html": mail["BodyHtml"],
        "at": at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_shown_with_its_first_recipient_and_an_instant_in_utc() {
        let mail = json!({"To": ["a@b.test"], "Subject": "Hi", "BodyText": "t", "BodyHtml": null, "Timestamp": 1.5});
        let expected =
            json!({"to": "a@b.test", "subject": "Hi", "text": "t", "html": null, "at": "1970-01-01T00:00:01.5Z"});
        assert_eq!(shown(&mail), expected);
    }
}
