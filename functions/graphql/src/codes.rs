//! The domain's codes as enums of GraphQL: `pending_payment` is `PENDING_PAYMENT`. A test holds the two lists together.

use async_graphql::Enum;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)+ })+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Enum, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant,)+ }
    )+};
}

codes! {
    /// What an account may do.
    Role { User, Admin, }

    /// Where an account stands.
    AccountStatus {
        Active,
        /// Shut by an admin.
        Suspended,
        /// Its person has gone.
        Erased,
    }

    /// Where a property stands.
    PropertyStatus { Draft, Listed, Unlisted, Suspended, Archived, }

    /// Where a photo stands.
    PhotoStatus { Pending, Ready, Rejected, }

    /// Why a photo was rejected.
    PhotoRejection { WrongSize, WrongType, TooSmall, TooLarge, Unreadable, }

    /// What a place is.
    PlaceKind { City, Region, Country, }

    /// Kinds of building.
    PropertyKind { Apartment, House, Guesthouse, Hotel, Unique, }

    /// What of it the guest gets.
    RoomType { EntirePlace, PrivateRoom, SharedRoom, }

    /// What cancelling gives back.
    CancellationPolicy { Flexible, Moderate, Limited, Firm, Strict, }

    /// Where a booking stands.
    BookingStatus {
        /// Holds its nights for 15 minutes, unpaid.
        PendingPayment,
        /// The card is authorised; the host has 24 hours to answer.
        PendingHost,
        Confirmed,
        Completed,
        Declined,
        Expired,
        Cancelled,
        NoShow,
    }

    /// Where a change of a stay stands.
    BookingChangeStatus {
        /// The other side has not answered; the nights are held.
        Proposed,
        /// Agreed, and dearer: it takes effect when the difference is paid.
        Accepted,
        Applied,
        Declined,
        Expired,
        Withdrawn,
    }

    /// Why nobody can have a night.
    NightReason { Past, Booked, Preparation, Blocked, Imported, TooSoon, TooFarAhead, }

    /// Who did something.
    Party { Guest, Host, Admin, System, }

    /// What a line of a price is for.
    PriceLineCode { Nights, Discount, ExtraGuests, Cleaning, GuestFee, Tax, Rounding, }

    /// Where an attempt to pay stands at the provider.
    IntentStatus { RequiresPaymentMethod, RequiresAction, Processing, RequiresCapture, Succeeded, Canceled, }

    /// Where a payment stands.
    PaymentStatus {
        RequiresPaymentMethod,
        RequiresAction,
        Processing,
        RequiresCapture,
        Succeeded,
        Canceled,
        PartiallyRefunded,
        Refunded,
        /// The guest's bank contests it, or took it for good.
        Disputed,
    }

    /// Where a dispute stands, in the provider's words.
    DisputeStatus {
        WarningNeedsResponse,
        WarningUnderReview,
        WarningClosed,
        NeedsResponse,
        UnderReview,
        Won,
        Lost,
        Prevented,
    }

    /// Where a refund stands.
    RefundStatus { Pending, Succeeded, Failed, }

    /// Where a payout stands.
    PayoutStatus { Pending, Sending, Sent, Withheld, Failed, Reversed, Canceled, }

    /// Whether a host can be paid.
    PayoutAccountStatus { Onboarding, Restricted, Enabled, }

    /// From which side of a stay a review comes.
    ReviewerRole { Guest, Host, }

    /// Whether a review can be read by others than its author.
    ReviewStatus {
        /// Not yet: until the other side's is in, or the window closes.
        Hidden,
        Published,
    }

    /// What stands at a place of a thread.
    MessageKind {
        /// What one side wrote.
        Message,
        /// What happened to a booking.
        System,
    }

    /// What a thread tells of a booking.
    ThreadEvent { Requested, Accepted, Declined, Confirmed, Cancelled, Expired, Changed, Completed, NoShow, }

    /// Who may look at a wishlist.
    WishlistVisibility {
        /// Its owner alone.
        Private,
        /// Whoever has its link.
        Shared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::resolver_utils::EnumType;
    use serde::de::DeserializeOwned;

    #[track_caller]
    fn same<D: Serialize, G: DeserializeOwned + EnumType>(domain: &[D]) {
        for code in domain {
            let json = serde_json::to_value(code).expect("a code is JSON");
            assert!(serde_json::from_value::<G>(json.clone()).is_ok(), "the schema lacks {json}");
        }
        assert_eq!(domain.len(), G::items().len(), "the schema has a code that the domain lacks");
    }

    #[test]
    fn the_schema_has_the_domains_codes() {
        same::<_, Role>(domain::user::Role::ALL);
        same::<_, AccountStatus>(domain::admin::AccountStatus::ALL);
        same::<_, IntentStatus>(domain::payment::IntentStatus::ALL);
        same::<_, PropertyStatus>(domain::property::PropertyStatus::ALL);
        same::<_, PhotoStatus>(domain::photo::PhotoStatus::ALL);
        same::<_, PhotoRejection>(domain::photo::PhotoRejection::ALL);
        same::<_, PlaceKind>(domain::place::PlaceKind::ALL);
        same::<_, PropertyKind>(domain::property::PropertyKind::ALL);
        same::<_, RoomType>(domain::property::RoomType::ALL);
        same::<_, CancellationPolicy>(domain::cancellation::CancellationPolicy::ALL);
        same::<_, BookingStatus>(domain::booking::BookingStatus::ALL);
        same::<_, BookingChangeStatus>(domain::booking_change::ChangeStatus::ALL);
        same::<_, NightReason>(domain::calendar::NightReason::ALL);
        same::<_, Party>(domain::booking::Party::ALL);
        same::<_, PriceLineCode>(domain::pricing::PriceLineCode::ALL);
        same::<_, PaymentStatus>(domain::payment::PaymentStatus::ALL);
        same::<_, DisputeStatus>(domain::payment::DisputeStatus::ALL);
        same::<_, RefundStatus>(domain::payment::RefundStatus::ALL);
        same::<_, PayoutStatus>(domain::payout::PayoutStatus::ALL);
        same::<_, PayoutAccountStatus>(domain::payout::PayoutAccountStatus::ALL);
        same::<_, ReviewerRole>(domain::review::ReviewerRole::ALL);
        same::<_, MessageKind>(domain::message::MessageKind::ALL);
        same::<_, ThreadEvent>(domain::message::ThreadEvent::ALL);
        same::<_, WishlistVisibility>(domain::wishlist::WishlistVisibility::ALL);
    }
}
