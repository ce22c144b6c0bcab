//! Mails from templates: one text a mail and language, of which both the plain and the HTML part are made, so that they
//! say the same. What comes from people is escaped in the latter.
//!
//! The first line of a template is the subject, the rest the mail: an empty line ends a paragraph, every other line end
//! is kept. `{{ … | strong }}`, `titled`, `quoted` and `code` mark what should stand out, `link(label, url)` leads
//! somewhere, `{{ n | plural("night", "nights") }}` counts.

use std::sync::LazyLock;

use domain::error::{Error, Result};
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, HtmlEscape, State, UndefinedBehavior};
use serde::Serialize;

use crate::ports::Mail;

/// Every language and every mail there is, by the name that its folder and its file have.
macro_rules! mail_templates {
    (
        $(#[$language_doc:meta])* languages $languages:tt;
        $($(#[$doc:meta])* $variant:ident = $name:literal;)*
    ) => {
        /// A kind of mail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum MailTemplate { $($(#[$doc])* $variant,)* }

        impl MailTemplate {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant,)*];

            const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The text in a language.
            const fn source(self, language: Language) -> &'static str {
                match self { $(Self::$variant => mail_templates!(@source language, $name, $languages),)* }
            }
        }

        mail_templates!(@languages [$(#[$language_doc])*] $languages);
    };
    (@source $language:ident, $name:literal, [$($variant:ident = $tag:literal),*]) => {
        match $language {
            $(Language::$variant => include_str!(concat!("../templates/", $tag, "/", $name, ".txt")),)*
        }
    };
    (@languages [$(#[$doc:meta])*] [$($variant:ident = $tag:literal),*]) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Language { $(#[doc = $tag] $variant),* }

        impl Language {
            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$variant),*];

            /// The language of this tag (ISO 639-1), if mails are written in it.
            pub(crate) fn of_tag(tag: &str) -> Option<Self> {
                match tag { $($tag => Some(Self::$variant),)* _ => None }
            }

            const fn tag(self) -> &'static str {
                match self { $(Self::$variant => $tag),* }
            }
        }
    };
}

mail_templates! {
    /// A language that mails are written in.
    languages [English = "en", French = "fr", Spanish = "es", German = "de"];
    /// The link that verifies an address.
    EmailVerification = "email_verification";
    /// The link that sets a new password.
    PasswordReset = "password_reset";
    /// The account has another password.
    PasswordChanged = "password_changed";
    /// To the new address: the link that makes it the account's.
    EmailChange = "email_change";
    /// To the old address: it is to be replaced.
    EmailChangeRequested = "email_change_requested";
    /// To the old address: it is replaced.
    EmailChanged = "email_changed";
    /// Somebody signed in on a device that was not known.
    NewSignIn = "new_sign_in";
    /// The account has a second factor.
    TotpEnabled = "totp_enabled";
    /// The account has no second factor any more.
    TotpDisabled = "totp_disabled";
    /// The account opens by a sign-in at a provider.
    IdentityLinked = "identity_linked";
    /// The account opens no longer by a sign-in at a provider.
    IdentityRemoved = "identity_removed";
    /// To the host: somebody wants to come.
    BookingRequested = "booking_requested";
    /// To the guest: the host says yes.
    BookingAccepted = "booking_accepted";
    /// To the guest: the host says no.
    BookingDeclined = "booking_declined";
    /// To the guest: it is certain.
    BookingConfirmedGuest = "booking_confirmed_guest";
    /// To the host: it is certain.
    BookingConfirmedHost = "booking_confirmed_host";
    /// To the guest: it is called off.
    BookingCancelledGuest = "booking_cancelled_guest";
    /// To the host: it is called off.
    BookingCancelledHost = "booking_cancelled_host";
    /// To who can act: the time to pay or to answer runs out.
    BookingExpiring = "booking_expiring";
    /// To the guest: tomorrow is the day.
    StayTomorrowGuest = "stay_tomorrow_guest";
    /// To the host: tomorrow is the day.
    StayTomorrowHost = "stay_tomorrow_host";
    /// To the other side: other dates or guests are proposed.
    BookingChangeProposed = "booking_change_proposed";
    /// To the side that proposed it: agreed, and to be paid for.
    BookingChangeAccepted = "booking_change_accepted";
    /// To the side that proposed it: no.
    BookingChangeDeclined = "booking_change_declined";
    /// To both sides: the stay is another.
    BookingChanged = "booking_changed";
    /// To the guest: the host says that nobody came.
    BookingNoShow = "booking_no_show";
    /// To the guest: the card was refused.
    PaymentFailed = "payment_failed";
    /// To the guest: money is on its way back.
    PaymentRefunded = "payment_refunded";
    /// To the other side of a thread: there is a message.
    MessageReceived = "message_received";
    /// To the host: money is on its way.
    PayoutSent = "payout_sent";
    /// To the one reviewed: there is a review.
    ReviewReceived = "review_received";
    /// To the one reviewed: it can be read.
    ReviewPublished = "review_published";
}

impl Language {
    /// `1 night`, `2 nights`; in French also `0 nuit`.
    const fn is_one(self, count: i64) -> bool {
        count == 1 || (matches!(self, Self::French) && count == 0)
    }

    /// Around the name of a place. French spaces don't break.
    const fn quotation_marks(self) -> (&'static str, &'static str) {
        match self {
            Self::English => ("\u{201c}", "\u{201d}"),
            Self::French => ("\u{ab}\u{a0}", "\u{a0}\u{bb}"),
            Self::Spanish => ("\u{ab}", "\u{bb}"),
            Self::German => ("\u{201e}", "\u{201c}"),
        }
    }

    /// Between a label and what it labels.
    const fn colon(self) -> &'static str {
        match self {
            Self::French => "\u{a0}: ",
            _ => ": ",
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
    environment.add_filter("strong", |state: &State<'_, '_>, text: &str| {
        marked(state, text, |html| format!("<strong>{html}</strong>"), str::to_owned)
    });
    environment.add_filter("titled", |state: &State<'_, '_>, text: &str| {
        let (before, after) = language_of(state).quotation_marks();
        marked(state, text, |html| format!("<strong>{html}</strong>"), |text| format!("{before}{text}{after}"))
    });
    environment.add_filter("quoted", |state: &State<'_, '_>, text: &str| {
        // A line end as a reference, since a real one would end the paragraph.
        let html = |html: &str| {
            let html = html.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "&#10;");
            format!("<blockquote style=\"white-space: pre-line\">{html}</blockquote>")
        };
        marked(state, text, html, str::to_owned)
    });
    environment.add_filter("code", |state: &State<'_, '_>, text: &str| {
        marked(state, text, |html| format!("<code>{html}</code>"), str::to_owned)
    });
    environment.add_filter("plural", |state: &State<'_, '_>, count: i64, one: &str, many: &str| {
        format!("{count} {}", if language_of(state).is_one(count) { one } else { many })
    });
    environment.add_function("link", |state: &State<'_, '_>, label: &str, url: &str| {
        let colon = language_of(state).colon();
        // Slashes may stand as they are: who reads the source of a mail should be able to read where it leads.
        let html =
            |label: &str| format!("<a href=\"{}\">{label}</a>", HtmlEscape(url).to_string().replace("&#x2f;", "/"));
        marked(state, label, html, |label| format!("{label}{colon}{url}"))
    });
    environment
});

/// The text as it is marked in the part that is being written.
fn marked(
    state: &State<'_, '_>,
    text: &str,
    in_html: impl Fn(&str) -> String,
    in_text: impl Fn(&str) -> String,
) -> Value {
    match state.auto_escape() {
        AutoEscape::Html => Value::from_safe_string(in_html(&HtmlEscape(text).to_string())),
        _ => Value::from(in_text(text)),
    }
}

/// Of the template that is being written: its name begins with the tag.
fn language_of(state: &State<'_, '_>) -> Language {
    state.name().split('/').next().and_then(Language::of_tag).unwrap_or(Language::English)
}

/// Writes the mail. Line breaks never get into a subject: a header ends there.
pub(crate) fn render(template: MailTemplate, language: Language, to: &str, context: &impl Serialize) -> Result<Mail> {
    let context = Value::from(Serde(context));
    let (subject, body) = parts(template.source(language))?;
    let part = |extension: &str, source: &str| {
        let name = format!("{}/{}.{extension}", language.tag(), template.name());
        ENVIRONMENT.render_named_str(&name, source, context.clone()).map_err(Error::internal)
    };
    Ok(Mail {
        to: to.to_owned(),
        subject: part("subject", subject)?.replace(['\r', '\n'], " "),
        text: paragraphs(&part("txt", body)?).join("\n\n") + "\n",
        html: html(language, &part("html", body)?),
    })
}

/// The subject and the rest of a template.
fn parts(source: &str) -> Result<(&str, &str)> {
    let parts = source.strip_prefix("Subject: ").and_then(|source| source.split_once('\n'));
    parts.ok_or_else(|| Error::internal("a mail's template has no subject"))
}

/// What stands between empty lines.
fn paragraphs(text: &str) -> Vec<&str> {
    text.split("\n\n").map(|paragraph| paragraph.trim_matches('\n')).filter(|it| !it.trim().is_empty()).collect()
}

fn html(language: Language, body: &str) -> String {
    let mut html = format!("<!DOCTYPE html>\n<html lang=\"{}\">\n<meta charset=\"utf-8\">\n<body>\n", language.tag());
    for paragraph in paragraphs(body) {
        // Only our own marks begin so: what people write is escaped.
        if paragraph.starts_with("<blockquote") {
            html.push_str(&format!("{paragraph}\n"));
        } else {
            html.push_str(&format!("<p>{}</p>\n", paragraph.replace('\n', "<br>\n")));
        }
    }
    html + "</body>\n</html>\n"
}

#[cfg(test)]
mod tests;
