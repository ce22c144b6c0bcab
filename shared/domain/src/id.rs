//! Identifiers: a UUIDv7 inside, a TypeID (typeid spec 0.3: prefix, `_`, 26 characters of base32) outside.
//! One type a kind of thing, so that a booking's id can't be passed for a property's.

use uuid::Uuid;

use crate::error::Invalid;

/// Crockford's base32 in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 130 bits: the first character has only three of them, so it is at most `7`.
const SUFFIX_LENGTH: usize = 26;

fn encode(uuid: Uuid) -> String {
    let value = uuid.as_u128();
    (0..SUFFIX_LENGTH).rev().map(|place| char::from(ALPHABET[((value >> (5 * place)) & 31) as usize])).collect()
}

fn decode(suffix: &str) -> Option<Uuid> {
    let bytes = suffix.as_bytes();
    if bytes.len() != SUFFIX_LENGTH || bytes[0] > b'7' {
        return None;
    }
    let mut value = 0_u128;
    for byte in bytes {
        let digit = ALPHABET.iter().position(|known| known == byte)?;
        value = (value << 5) | digit as u128;
    }
    Some(Uuid::from_u128(value))
}

fn parse(prefix: &str, text: &str) -> Result<Uuid, Invalid> {
    text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_')).and_then(decode).ok_or_else(|| {
        Invalid::new("not_found", format!("There is no such object; ids of this kind start with `{prefix}_`."))
    })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// What its text begins with, before the `_`.
            pub const PREFIX: &'static str = $prefix;

            /// A new one (UUIDv7: later ones sort later).
            #[expect(clippy::new_without_default, reason = "each call gives another one; a default should not")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id over a UUID that the database holds.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID that the database holds.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(formatter, "{}_{}", $prefix, encode(self.0))
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                parse($prefix, text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .examples([concat!($prefix, "_01h455vb4pex5vsknk084sn02q")])
                    .build()
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    )+};
}

ids! {
    /// A person with an account: guest, host and admin alike.
    UserId = "user";
    /// Another address for an account.
    EmailChangeId = "emch";
    /// Who a person is at a provider of OpenID Connect.
    IdentityId = "ident";
    /// A place to stay.
    PropertyId = "prop";
    /// A stay booked, or being booked.
    BookingId = "book";
    /// Other dates or guests proposed for a stay.
    ChangeId = "chg";
    /// What a guest pays.
    PaymentId = "pay";
    /// Money given back.
    RefundId = "ref";
    /// Money sent to a host.
    PayoutId = "pout";
    /// Money taken back of a payout.
    ReversalId = "porev";
    /// A review.
    ReviewId = "rev";
    /// A conversation of guest and host.
    ThreadId = "thread";
    /// A message in a conversation.
    MessageId = "msg";
    /// A wishlist.
    WishlistId = "wish";
    /// A photo of a property.
    PhotoId = "photo";
    /// A picture of a person.
    AvatarId = "avatar";
    /// A calendar feed imported from another site.
    FeedId = "feed";
    /// A device signed in: the family of its refresh tokens.
    SessionId = "sess";
    /// An entry of the in-app inbox.
    NotificationId = "notif";
    /// Something that happened, as published to the queue.
    EventId = "evt";
    /// Something an admin did.
    AuditId = "audit";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("00000000000000000000000000", "00000000-0000-0000-0000-000000000000")]
    #[case("00000000000000000000000001", "00000000-0000-0000-0000-000000000001")]
    #[case("0000000000000000000000000a", "00000000-0000-0000-0000-00000000000a")]
    #[case("0000000000000000000000000g", "00000000-0000-0000-0000-000000000010")]
    #[case("00000000000000000000000010", "00000000-0000-0000-0000-000000000020")]
    #[case("7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff")]
    #[case("0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19")]
    #[case("01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057")]
    fn valid_vectors_of_the_spec_hold_both_ways(#[case] suffix: &str, #[case] uuid: Uuid) {
        assert_eq!(encode(uuid), suffix);
        assert_eq!(decode(suffix), Some(uuid));
        assert_eq!(format!("user_{suffix}").parse(), Ok(UserId::from_uuid(uuid)));
        assert_eq!(UserId::from_uuid(uuid).to_string(), format!("user_{suffix}"));
    }

    #[rstest]
    #[case::uppercase_prefix("USER_00000000000000000000000000")]
    #[case::numeric_prefix("12345_00000000000000000000000000")]
    #[case::period_in_prefix("us.er_00000000000000000000000000")]
    #[case::spaces_before("  user_00000000000000000000000000")]
    #[case::empty_prefix("_00000000000000000000000000")]
    #[case::no_prefix("00000000000000000000000000")]
    #[case::separator_alone("_")]
    #[case::prefix_alone("user_")]
    #[case::empty("")]
    #[case::short("user_1234567890123456789012345")]
    #[case::long("user_123456789012345678901234567")]
    #[case::space_in_suffix("user_1234567890123456789012345 ")]
    #[case::uppercase_suffix("user_0123456789ABCDEFGHJKMNPQRS")]
    #[case::hyphens("user_123456789-123456789-123456")]
    #[case::not_in_alphabet("user_ooooooiiiiiiuuuuuuulllllll")]
    #[case::ambiguous_crockford("user_i23456789ol23456789oi23456")]
    #[case::hyphens_crockford("user_123456789-0123456789-0123456")]
    #[case::overflow("user_8zzzzzzzzzzzzzzzzzzzzzzzzz")]
    #[case::underscore_twice("user__0000000000000000000000000")]
    #[case::longer_prefix("user_x_00000000000000000000000000")]
    #[case::another_kind("prop_01h455vb4pex5vsknk084sn02q")]
    #[case::multibyte("user_0000000000000000000000000é")]
    fn invalid_vectors_of_the_spec_name_nothing(#[case] text: &str) {
        assert_eq!(text.parse::<UserId>().unwrap_err().code, "not_found");
    }

    #[test]
    fn each_kind_has_a_prefix_of_its_own() {
        let prefixes = [
            UserId::PREFIX,
            IdentityId::PREFIX,
            PropertyId::PREFIX,
            BookingId::PREFIX,
            ChangeId::PREFIX,
            PaymentId::PREFIX,
            RefundId::PREFIX,
            PayoutId::PREFIX,
            ReviewId::PREFIX,
            ThreadId::PREFIX,
            MessageId::PREFIX,
            WishlistId::PREFIX,
            PhotoId::PREFIX,
            AvatarId::PREFIX,
            FeedId::PREFIX,
            SessionId::PREFIX,
            NotificationId::PREFIX,
            EventId::PREFIX,
            AuditId::PREFIX,
        ];
        let distinct: std::collections::HashSet<_> = prefixes.into_iter().collect();
        assert_eq!(distinct.len(), prefixes.len());
    }

    #[test]
    fn new_ids_are_version_7_and_sort_by_age() {
        let ids: Vec<BookingId> = (0..1_000).map(|_| BookingId::new()).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.uuid().get_version_num() == 7));
        let texts: Vec<String> = ids.iter().map(ToString::to_string).collect();
        assert!(texts.is_sorted());
    }

    #[test]
    fn json_is_the_text() {
        let id: EventId = "evt_01h455vb4pex5vsknk084sn02q".parse().unwrap();
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"evt_01h455vb4pex5vsknk084sn02q\"");
        assert_eq!(serde_json::from_str::<EventId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<UserId>(&json).is_err());
    }

    proptest! {
        #[test]
        fn every_uuid_survives_its_text(value: u128) {
            let id = PaymentId::from_uuid(Uuid::from_u128(value));
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn what_parses_is_written_the_same(text in "user_[0-9a-z]{26}") {
            if let Ok(id) = text.parse::<UserId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }

        #[test]
        fn any_text_is_answered(text: String) {
            prop_assert!(text.parse::<UserId>().is_err());
        }
    }
}
