//! Who is told of what, and by which mail: one table.

use domain::error::{Error, Result};
use domain::event::{Event, EventKind};
use domain::id::UserId;

use serde_json::Value;

use crate::mail_templates::MailTemplate;

/// In which part a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The account itself.
    Account,
    /// The account, at the address it has had.
    FormerAddress,
    /// The guest of a stay.
    Guest,
    /// The host of a stay.
    Host,
    /// Whom a review is about.
    Reviewed,
    /// The one this event is for, whichever part that is.
    Recipient,
}

impl Part {
    /// The member of an event's data that names the person.
    const fn member(self) -> &'static str {
        match self {
            Self::Account | Self::FormerAddress => "user_id",
            Self::Guest => "guest_id",
            Self::Host => "host_id",
            Self::Reviewed => "subject_id",
            Self::Recipient => "recipient_id",
        }
    }
}

/// One person who is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Told {
    kind: EventKind,
    /// In which part.
    pub(super) part: Part,
    /// By which mail.
    pub(super) mail: MailTemplate,
}

/// The lines of one kind stand together. Nobody is told of a kind that has none.
const AUDIENCE: &[Told] = {
    use EventKind as Kind;
    use MailTemplate as Mail;
    const fn told(kind: EventKind, part: Part, mail: MailTemplate) -> Told {
        Told { kind, part, mail }
    }
    &[
        told(Kind::UserRegistered, Part::Account, Mail::EmailVerification),
        told(Kind::UserEmailVerificationRequested, Part::Account, Mail::EmailVerification),
        told(Kind::UserPasswordResetRequested, Part::Account, Mail::PasswordReset),
        told(Kind::UserPasswordChanged, Part::Account, Mail::PasswordChanged),
        told(Kind::UserEmailChangeRequested, Part::FormerAddress, Mail::EmailChangeRequested),
        told(Kind::UserEmailChangeRequested, Part::Account, Mail::EmailChange),
        told(Kind::UserEmailChanged, Part::FormerAddress, Mail::EmailChanged),
        told(Kind::UserNewSignIn, Part::Account, Mail::NewSignIn),
        told(Kind::UserTotpEnabled, Part::Account, Mail::TotpEnabled),
        told(Kind::UserTotpDisabled, Part::Account, Mail::TotpDisabled),
        told(Kind::UserIdentityLinked, Part::Account, Mail::IdentityLinked),
        told(Kind::UserIdentityRemoved, Part::Account, Mail::IdentityRemoved),
        told(Kind::BookingRequested, Part::Host, Mail::BookingRequested),
        told(Kind::BookingAccepted, Part::Guest, Mail::BookingAccepted),
        told(Kind::BookingDeclined, Part::Guest, Mail::BookingDeclined),
        told(Kind::BookingConfirmed, Part::Guest, Mail::BookingConfirmedGuest),
        told(Kind::BookingConfirmed, Part::Host, Mail::BookingConfirmedHost),
        told(Kind::BookingCancelled, Part::Guest, Mail::BookingCancelledGuest),
        told(Kind::BookingCancelled, Part::Host, Mail::BookingCancelledHost),
        told(Kind::BookingExpiring, Part::Recipient, Mail::BookingExpiring),
        told(Kind::StayTomorrow, Part::Guest, Mail::StayTomorrowGuest),
        told(Kind::StayTomorrow, Part::Host, Mail::StayTomorrowHost),
        told(Kind::BookingChangeProposed, Part::Recipient, Mail::BookingChangeProposed),
        told(Kind::BookingChangeAccepted, Part::Recipient, Mail::BookingChangeAccepted),
        told(Kind::BookingChangeDeclined, Part::Recipient, Mail::BookingChangeDeclined),
        told(Kind::BookingChanged, Part::Guest, Mail::BookingChanged),
        told(Kind::BookingChanged, Part::Host, Mail::BookingChanged),
        told(Kind::BookingNoShow, Part::Guest, Mail::BookingNoShow),
        told(Kind::PaymentFailed, Part::Guest, Mail::PaymentFailed),
        told(Kind::PaymentRefunded, Part::Guest, Mail::PaymentRefunded),
        told(Kind::MessageReceived, Part::Recipient, Mail::MessageReceived),
        told(Kind::PayoutSent, Part::Host, Mail::PayoutSent),
        told(Kind::ReviewReceived, Part::Reviewed, Mail::ReviewReceived),
        told(Kind::ReviewPublished, Part::Reviewed, Mail::ReviewPublished),
    ]
};

/// Everybody who is told of events of a kind.
pub(super) fn of(kind: EventKind) -> impl Iterator<Item = &'static Told> {
    AUDIENCE.iter().filter(move |told| told.kind == kind)
}

/// Who has this part in an event; none where the event says that nobody has.
pub(super) fn person(event: &Event, part: Part) -> Result<Option<UserId>> {
    let member = part.member();
    match event.data.get(member) {
        Some(Value::String(id)) => id.parse().map(Some).map_err(Error::internal),
        Some(Value::Null) => Ok(None),
        _ => Err(Error::internal(format!("an event {} lacks {member}", event.kind))),
    }
}

#[cfg(test)]
mod tests {
    use domain::id::EventId;
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;

    fn parts(kind: EventKind) -> Vec<Part> {
        of(kind).map(|told| told.part).collect()
    }

    #[test]
    fn a_stay_that_is_confirmed_changed_or_cancelled_concerns_both_sides() {
        use EventKind::{BookingCancelled, BookingChanged, BookingConfirmed, StayTomorrow};
        for kind in [BookingConfirmed, BookingChanged, BookingCancelled, StayTomorrow] {
            assert_eq!(parts(kind), [Part::Guest, Part::Host], "{kind}");
        }
        assert_eq!(parts(EventKind::BookingRequested), [Part::Host]);
        assert_eq!(parts(EventKind::ReviewReceived), [Part::Reviewed]);
        assert_eq!(parts(EventKind::MessageReceived), [Part::Recipient]);
        assert_eq!(parts(EventKind::BookingExpiring), [Part::Recipient]);
    }

    #[test]
    fn only_mails_about_the_account_go_to_it_whatever_was_chosen() {
        for told in AUDIENCE {
            let to_the_account = matches!(told.part, Part::Account | Part::FormerAddress);
            assert_eq!(told.kind.is_of_account(), to_the_account, "{}", told.kind);
        }
    }

    #[test]
    fn nobody_is_told_the_same_twice() {
        for (at, told) in AUDIENCE.iter().enumerate() {
            assert!(AUDIENCE[..at].iter().all(|other| (other.kind, other.part) != (told.kind, told.part)));
        }
    }

    #[test]
    fn a_person_is_read_from_the_events_data() {
        let (host, now) = (UserId::new(), Timestamp::UNIX_EPOCH);
        let data = json!({ "host_id": host });
        let event = Event { id: EventId::new(), kind: EventKind::BookingCancelled, occurred_at: now, data };
        assert_eq!(person(&event, Part::Host).expect("named"), Some(host));
        assert!(person(&event, Part::Guest).is_err());
    }
}
