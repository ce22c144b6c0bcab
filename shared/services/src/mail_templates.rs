//! Mails from templates: a plain text and an HTML part, everything from people escaped in the latter.

use std::sync::LazyLock;

use domain::error::{Error, Result};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use crate::ports::Mail;

/// Every mail there is: its name, which is that of its two files, and its subject line, a template too.
macro_rules! mail_templates {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $subject:literal;)*) => {
        /// A kind of mail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum MailTemplate { $($(#[$doc])* $variant,)* }

        impl MailTemplate {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)*];

            const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn subject(self) -> &'static str {
                match self { $(Self::$variant => $subject,)* }
            }

            /// Plain text and HTML.
            const fn parts(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant => (
                        include_str!(concat!("../templates/", $name, ".txt")),
                        include_str!(concat!("../templates/", $name, ".html")),
                    ),)*
                }
            }
        }
    };
}

mail_templates! {
    /// The link that verifies an address.
    EmailVerification = "email_verification", "Verify your e-mail address";
    /// The link that sets a new password.
    PasswordReset = "password_reset", "Set a new password";
    /// The account has another password.
    PasswordChanged = "password_changed", "Your password was changed";
    /// To the host: somebody wants to come.
    BookingRequested = "booking_requested", "{{ guest_first_name }} has asked to stay at {{ title }}";
    /// To the guest: the host says yes.
    BookingAccepted = "booking_accepted", "{{ host_first_name }} has accepted your stay at {{ title }}";
    /// To the guest: the host says no.
    BookingDeclined = "booking_declined", "Your request for {{ title }} was declined";
    /// To the guest: it is certain.
    BookingConfirmedGuest = "booking_confirmed_guest", "Your stay at {{ title }} is confirmed";
    /// To the host: it is certain.
    BookingConfirmedHost = "booking_confirmed_host", "{{ guest_first_name }} is coming to {{ title }} on {{ check_in }}";
    /// To the guest: it is called off.
    BookingCancelledGuest = "booking_cancelled_guest", "Your stay at {{ title }} is cancelled";
    /// To the host: it is called off.
    BookingCancelledHost = "booking_cancelled_host", "The stay of {{ guest_first_name }} at {{ title }} is cancelled";
    /// To who can act: the time to pay or to answer runs out.
    BookingExpiring = "booking_expiring", "{% if is_request %}{{ guest_first_name }} is waiting for your answer about {{ title }}{% else %}Your hold on {{ title }} is about to run out{% endif %}";
    /// To the guest: tomorrow is the day.
    StayTomorrowGuest = "stay_tomorrow_guest", "Tomorrow: your stay at {{ title }}";
    /// To the host: tomorrow is the day.
    StayTomorrowHost = "stay_tomorrow_host", "Tomorrow: {{ guest_first_name }} arrives at {{ title }}";
    /// To the other side: other dates or guests are proposed.
    BookingChangeProposed = "booking_change_proposed", "{{ other_first_name }} proposes to change the stay at {{ title }}";
    /// To the side that proposed it: agreed, and to be paid for.
    BookingChangeAccepted = "booking_change_accepted", "{{ other_first_name }} agrees to change the stay at {{ title }}";
    /// To the side that proposed it: no.
    BookingChangeDeclined = "booking_change_declined", "The stay at {{ title }} stays as it is";
    /// To both sides: the stay is another.
    BookingChanged = "booking_changed", "The stay at {{ title }} is changed";
    /// To the guest: the host says that nobody came.
    BookingNoShow = "booking_no_show", "{{ host_first_name }} says that you did not come to {{ title }}";
    /// To the guest: the card was refused.
    PaymentFailed = "payment_failed", "Your payment for {{ title }} did not go through";
    /// To the guest: money is on its way back.
    PaymentRefunded = "payment_refunded", "{{ amount }} is on its way back to you";
    /// To the other side of a thread: there is a message.
    MessageReceived = "message_received", "{{ sender_first_name }} wrote to you about {{ title }}";
    /// To the host: money is on its way.
    PayoutSent = "payout_sent", "{{ amount }} is on its way to you";
    /// To the one reviewed: there is a review.
    ReviewReceived = "review_received", "{{ author_first_name }} has reviewed the stay at {{ title }}";
    /// To the one reviewed: it can be read.
    ReviewPublished = "review_published", "Read what {{ author_first_name }} says of the stay at {{ title }}";
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
            "expires_at": null, "message": null, "booking_url": "https://roost.example/bookings/b"
        });
        let mail = render(MailTemplate::BookingRequested, "hans@example.com", &context).expect("a mail");
        assert!(!mail.subject.contains(['\r', '\n']));
    }

    #[test]
    fn every_mail_can_be_written_in_both_parts() {
        let context = json!({
            "first_name": "Ann", "verify_url": "https://roost.example/v", "token": "t",
            "reset_url": "https://roost.example/r", "forgot_url": "https://roost.example/f", "hours": 24, "title": "Hut",
            "host_first_name": "Hans", "guest_first_name": "Ann", "author_first_name": "Ann", "address": "1 Way, Town",
            "check_in": "2027-01-01", "check_in_time": "15:00", "check_out": "2027-01-02", "check_out_time": "11:00",
            "nights": 1, "guests": 2, "sender_first_name": "Ann", "text": "Hello,\nis there a cot?",
            "expires_at": "2027-01-01 14:45 (Europe/Paris)", "is_request": true, "message": "We come by train.",
            "thread_url": "https://roost.example/messages/t", "total": "114.20 USD", "host_payout": "97.00 USD", "hold_minutes": 15,
            "answer_hours": 24, "instant_book": true, "cancelled_by": "host", "refund": "114.20 USD",
            "amount": "114.20 USD", "other_first_name": "Hans", "change": {
                "check_in": "2027-01-02", "check_out": "2027-01-04", "guests": 2, "total": "228.40 USD",
                "due": "114.20 USD", "back": null, "hours": 24
            }, "is_published": false, "closes_on": "2027-01-16",
            "booking_url": "https://roost.example/bookings/b", "review_url": "https://roost.example/reviews/r"
        });
        for template in MailTemplate::ALL {
            let mail = render(*template, "ann@example.com", &context).expect("a mail");
            assert!(!mail.subject.is_empty() && !mail.subject.contains("{{"), "{}", mail.subject);
            for part in [&mail.text, &mail.html] {
                assert!(part.contains("roost.example"), "{} leads nowhere: {part}", template.name());
            }
            assert!(mail.html.contains("<p>") && !mail.text.contains("<p>"));
        }
    }

    #[test]
    fn a_missing_value_is_an_error_and_no_empty_mail() {
        assert!(render(MailTemplate::EmailVerification, "ann@example.com", &json!({})).is_err());
    }
}
