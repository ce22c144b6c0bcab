//! What is published when something has happened. Written with the change itself, sent to the queue later.
//! Who is told, and how, is not known here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::EventId;

code_enum! {
    /// What happened.
    pub enum EventKind {
        /// A guest asks the host for a stay.
        BookingRequested = "booking.requested",
        /// The host said yes to a request.
        BookingAccepted = "booking.accepted",
        /// The host said no to a request.
        BookingDeclined = "booking.declined",
        /// The stay is paid for and certain.
        BookingConfirmed = "booking.confirmed",
        /// A booking was called off.
        BookingCancelled = "booking.cancelled",
        /// The time to pay or to answer is about to run out.
        BookingExpiring = "booking.expiring",
        /// Dates or guests of a stay were altered.
        BookingChanged = "booking.changed",
        /// Other dates or guests for a stay are proposed to the other side.
        BookingChangeProposed = "booking.change_proposed",
        /// The other side agrees to a dearer change, which is to be paid for.
        BookingChangeAccepted = "booking.change_accepted",
        /// The other side said no to a change.
        BookingChangeDeclined = "booking.change_declined",
        /// The host says that the guest never came.
        BookingNoShow = "booking.no_show",
        /// A payment did not go through.
        PaymentFailed = "payment.failed",
        /// Money went back to the guest.
        PaymentRefunded = "payment.refunded",
        /// Money went out to the host.
        PayoutSent = "payout.sent",
        /// The other side wrote.
        MessageReceived = "message.received",
        /// The other side reviewed the stay; still hidden.
        ReviewReceived = "review.received",
        /// The reviews of a stay can be read.
        ReviewPublished = "review.published",
        /// The guest arrives tomorrow.
        StayTomorrow = "stay.tomorrow",
        /// An account was opened.
        UserRegistered = "user.registered",
        /// A link that proves an e-mail address is asked for.
        UserEmailVerificationRequested = "user.email_verification_requested",
        /// A link that sets a new password is asked for.
        UserPasswordResetRequested = "user.password_reset_requested",
        /// The account has another password.
        UserPasswordChanged = "user.password_changed",
        /// The account is to have another address.
        UserEmailChangeRequested = "user.email_change_requested",
        /// The account has another address.
        UserEmailChanged = "user.email_changed",
        /// Somebody has signed in on a device that was not known.
        UserNewSignIn = "user.new_sign_in",
        /// The account has a second factor.
        UserTotpEnabled = "user.totp_enabled",
        /// The account has no second factor any more.
        UserTotpDisabled = "user.totp_disabled",
        /// The account opens by a sign-in at a provider.
        UserIdentityLinked = "user.identity_linked",
        /// The account opens no longer by a sign-in at a provider.
        UserIdentityRemoved = "user.identity_removed",
    }
}

impl EventKind {
    /// Whether it is about the account itself: told by mail whatever the person chose to hear of.
    pub const fn is_of_account(self) -> bool {
        matches!(
            self,
            Self::UserRegistered
                | Self::UserEmailVerificationRequested
                | Self::UserPasswordResetRequested
                | Self::UserPasswordChanged
                | Self::UserEmailChangeRequested
                | Self::UserEmailChanged
                | Self::UserNewSignIn
                | Self::UserTotpEnabled
                | Self::UserTotpDisabled
                | Self::UserIdentityLinked
                | Self::UserIdentityRemoved
        )
    }
}

/// The message on the queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its own id: what is done for it is done once.
    pub id: EventId,
    /// What happened.
    pub kind: EventKind,
    /// When, by the database's clock.
    pub occurred_at: Timestamp,
    /// What it is about: ids and what a reader of the message needs at once, by kind.
    pub data: serde_json::Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_json_as_on_the_queue() {
        let json = serde_json::json!({
            "id": "evt_01h455vb4pex5vsknk084sn02q",
            "kind": "booking.requested",
            "occurred_at": "2026-03-01T10:00:00Z",
            "data": {"booking_id": "book_01h455vb4pex5vsknk084sn02q"},
        });
        let event: Event = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(event.kind, EventKind::BookingRequested);
        assert_eq!(serde_json::to_value(&event).unwrap(), json);
    }

    #[test]
    fn kinds_are_subject_and_verb() {
        for kind in EventKind::ALL {
            assert_eq!(kind.as_str().split('.').count(), 2, "{kind}");
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
    }
}
