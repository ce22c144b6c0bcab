//! Mails arrive with every part.

use adapters::SesMailer;
use domain::id::EventId;
use serde_json::Value;
use services::ports::{Mail, Mailer};
use testkit::{LocalAws, require};

#[tokio::test]
async fn a_mail_is_sent_with_subject_text_and_html() {
    let aws = LocalAws::connect().await;
    let mail = Mail {
        to: format!("{}@example.com", EventId::new()),
        subject: "Grüße, 🦀".to_owned(),
        text: "line one\nline two & <three>".to_owned(),
        html: "<p>line one</p>".to_owned(),
    };
    SesMailer::new(aws.adapters(), "no-reply@roost.test").send(&mail).await.expect("sent");
    let url = format!("{}/_ministack/ses/messages", require("AWS_ENDPOINT_URL"));
    let text = reqwest::get(url).await.expect("an answer").text().await.expect("a body");
    let seen: Value = serde_json::from_str(&text).expect("JSON");
    let accounts = seen["messages"].as_object().expect("mails by account");
    let mut mails = accounts.values().filter_map(Value::as_array).flatten();
    let sent = mails.find(|sent| sent["To"][0] == mail.to.as_str()).expect("the mail");
    assert_eq!((&sent["Subject"], &sent["BodyText"]), (&mail.subject.as_str().into(), &mail.text.as_str().into()));
    assert_eq!(sent["BodyHtml"], mail.html.as_str());
}
