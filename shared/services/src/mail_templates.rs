//! Mails from templates: a plain text and an HTML part, everything from people escaped in the latter.

use std::sync::LazyLock;

use domain::error::{Error, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::ports::Mail;

/// A kind of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MailTemplate {
    /// The link that verifies an address.
    EmailVerification,
    /// To the host: somebody wants to come.
    BookingRequested,
}

impl MailTemplate {
    const fn name(self) -> &'static str {
        match self {
            Self::EmailVerification => "email_verification",
            Self::BookingRequested => "booking_requested",
        }
    }

    /// The subject line, a template too.
    const fn subject(self) -> &'static str {
        match self {
            Self::EmailVerification => "Verify your e-mail address",
            Self::BookingRequested => "{{ guest_first_name }} has asked to stay at {{ title }}",
        }
    }

    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::EmailVerification => (
                include_str!("../templates/email_verification.txt"),
                include_str!("../templates/email_verification.html"),
            ),
            Self::BookingRequested => (
                include_str!("../templates/booking_requested.txt"),
                include_str!("../templates/booking_requested.html"),
            ),
        }
    }
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(
        |name| {
            if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment
});

/// Writes the mail. Line breaks never get into a subject: a header ends there.
pub(crate) fn render(template: MailTemplate, to: &str, context: &impl Serialize) -> Result<Mail> {
    let context = minijinja::Value::from(Serde(context));
    let (text, html) = template.parts();
    let name = template.name();
    let part = |extension: &str, source: &str| {
        ENVIRONMENT.render_named_str(&format!("{name}.{extension}"), source, context.clone()).map_err(Error::internal)
    };
    Ok(Mail {
        to: to.to_owned(),
        subject: part("subject", template.subject())?.replace(['\r', '\n'], " "),
        text: part("txt", text)?,
        html: part("html", html)?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_escaped_in_html_and_left_alone_in_text() {
        let context = json!({
            "first_name": "<b>Ann</b>", "verify_url": "https://roost.example/v?token=t", "token": "t", "hours": 24
        });
        let mail = render(MailTemplate::EmailVerification, "ann@example.com", &context).expect("a mail");
        assert!(mail.text.contains("Hello <b>Ann</b>"));
        assert!(mail.html.contains("&lt;b&gt;Ann"), "{}", mail.html);
        assert!(!mail.html.contains("<b>Ann"));
    }

    #[test]
    fn a_subject_stays_one_line() {
        let context = json!({
            "host_first_name": "Hans", "guest_first_name": "Ann\r\nBcc: everyone@example.com", "title": "Hut",
            "check_in": "2027-01-01", "check_out": "2027-01-02", "nights": 1, "guests": 2, "host_payout": "97.00 USD",
            "hold_minutes": 15, "booking_url": "https://roost.example/bookings/b"
        });
        let mail = render(MailTemplate::BookingRequested, "hans@example.com", &context).expect("a mail");
        assert!(!mail.subject.contains(['\r', '\n']));
    }

    #[test]
    fn a_missing_value_is_an_error_and_no_empty_mail() {
        assert!(render(MailTemplate::EmailVerification, "ann@example.com", &json!({})).is_err());
    }
}
