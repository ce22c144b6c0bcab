//! What the product's own people do to accounts, listings and reviews, and how it is written down.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::error::Invalid;
use crate::id::{BookingId, PaymentId, PropertyId, ReviewId, UserId};
use crate::text::{self, Lines};

code_enum! {
    /// What an admin did.
    pub enum AuditAction {
        /// Shut an account.
        UserSuspended = "user.suspend",
        /// Opened it again.
        UserRestored = "user.restore",
        /// Made the account one of an admin.
        AdminGranted = "user.grant_admin",
        /// Took the role away.
        AdminRevoked = "user.revoke_admin",
        /// Took a property out of sight.
        PropertySuspended = "property.suspend",
        /// Put it back.
        PropertyRestored = "property.restore",
        /// Took a review out of sight.
        ReviewHidden = "review.hide",
        /// Put it back.
        ReviewRestored = "review.restore",
        /// Cancelled a stay for the platform.
        BookingCancelled = "booking.cancel",
        /// Gave money back for the platform.
        PaymentRefunded = "payment.refund",
    }
}

code_enum! {
    /// Where an account stands.
    pub enum AccountStatus {
        /// As usual.
        Active = "active",
        /// Shut by an admin.
        Suspended = "suspended",
        /// Its person has gone.
        Erased = "erased",
    }
}

text_type! {
    /// Why an admin does something: 1 to 500 characters.
    pub struct AdminReason;
    schema = |text| text.min_length(Some(1)).max_length(Some(500));
}

impl AdminReason {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 500, Lines::Many).map(Self)
    }
}

/// What an admin did something to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what it says")]
pub enum AuditSubject {
    User(UserId),
    Property(PropertyId),
    Booking(BookingId),
    Payment(PaymentId),
    Review(ReviewId),
}

impl AuditSubject {
    /// The kind's stable code.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Property(_) => "property",
            Self::Booking(_) => "booking",
            Self::Payment(_) => "payment",
            Self::Review(_) => "review",
        }
    }

    /// The UUID inside.
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::User(id) => id.uuid(),
            Self::Property(id) => id.uuid(),
            Self::Booking(id) => id.uuid(),
            Self::Payment(id) => id.uuid(),
            Self::Review(id) => id.uuid(),
        }
    }

    /// The subject of this kind and UUID; none for a kind that is not known.
    pub fn of(kind: &str, id: Uuid) -> Option<Self> {
        Some(match kind {
            "user" => Self::User(UserId::from_uuid(id)),
            "property" => Self::Property(PropertyId::from_uuid(id)),
            "booking" => Self::Booking(BookingId::from_uuid(id)),
            "payment" => Self::Payment(PaymentId::from_uuid(id)),
            "review" => Self::Review(ReviewId::from_uuid(id)),
            _ => return None,
        })
    }
}

impl fmt::Display for AuditSubject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => id.fmt(formatter),
            Self::Property(id) => id.fmt(formatter),
            Self::Booking(id) => id.fmt(formatter),
            Self::Payment(id) => id.fmt(formatter),
            Self::Review(id) => id.fmt(formatter),
        }
    }
}

impl FromStr for AuditSubject {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.split('_').next() {
            Some(PropertyId::PREFIX) => text.parse().map(Self::Property),
            Some(BookingId::PREFIX) => text.parse().map(Self::Booking),
            Some(PaymentId::PREFIX) => text.parse().map(Self::Payment),
            Some(ReviewId::PREFIX) => text.parse().map(Self::Review),
            _ => text.parse().map(Self::User),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_its_id_and_is_kept_by_kind() {
        let subjects = [
            AuditSubject::User(UserId::new()),
            AuditSubject::Property(PropertyId::new()),
            AuditSubject::Booking(BookingId::new()),
            AuditSubject::Payment(PaymentId::new()),
            AuditSubject::Review(ReviewId::new()),
        ];
        for subject in subjects {
            assert_eq!(subject.to_string().parse(), Ok(subject));
            assert_eq!(AuditSubject::of(subject.kind(), subject.uuid()), Some(subject));
        }
        assert_eq!("thread_01h455vb4pex5vsknk084sn02q".parse::<AuditSubject>().unwrap_err().code, "not_found");
    }
}
