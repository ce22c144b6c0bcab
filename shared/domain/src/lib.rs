//! The rules of Roost: types that can't hold what makes no sense, and pure functions over them.
//!
//! No async, no IO, no clock and no randomness of its own (but for new ids): what is now and what is drawn is
//! handed in. Numbers and their reasons are in the design's rules; each boundary has its test here.
//!
//! Parsers return [`error::Invalid`]. Its codes are: `required`, `text_too_short`, `text_too_long`,
//! `invalid_characters`, `invalid_format`, `unknown_value`, `out_of_range`, `not_found` (ids),
//! `check_out_not_after_check_in` (dates) and `password_too_common`.

#[macro_use]
mod macros;

pub mod admin;
pub mod amenity;
pub mod booking;
pub mod booking_change;
pub mod calendar;
pub mod calendar_export;
pub mod calendar_feed;
pub mod cancellation;
pub mod date_text;
pub mod error;
pub mod event;
pub mod geo;
pub mod id;
pub mod identity;
pub mod ledger;
pub mod message;
pub mod money;
pub mod money_text;
pub mod payment;
pub mod payout;
pub mod photo;
pub mod place;
pub mod pricing;
pub mod property;
pub mod public_address;
pub mod review;
pub mod stay;
pub mod stay_calendar;
pub mod text;
pub mod throttle;
pub mod time_zone;
pub mod user;
pub mod wishlist;

#[cfg(test)]
mod schema_tests {
    use serde_json::{Value, json};
    use utoipa::PartialSchema;

    fn schema<T: PartialSchema>() -> Value {
        serde_json::to_value(T::schema()).unwrap()
    }

    #[test]
    fn schemas_say_what_the_parsers_take() {
        assert_eq!(schema::<crate::user::Role>()["enum"], json!(["user", "admin"]));
        assert_eq!(schema::<crate::booking::BookingStatus>()["enum"][0], json!("pending_payment"));
        assert_eq!(schema::<crate::id::UserId>()["pattern"], json!("^user_[0-7][0-9a-hjkmnp-tv-z]{25}$"));
        assert_eq!(schema::<crate::property::Title>()["maxLength"], json!(120));
        assert_eq!(schema::<crate::property::Percent>()["maximum"], json!(100));
        assert_eq!(schema::<crate::property::AmenitySet>()["type"], json!("array"));
        assert_eq!(schema::<crate::geo::Latitude>()["minimum"], json!(-90));
        assert_eq!(schema::<crate::money::Money>()["required"], json!(["amount", "currency"]));
        let dates = schema::<crate::stay::StayDates>();
        assert_eq!(
            dates["properties"]["check_in"],
            json!({
                "type": "string", "format": "date", "description": "The day of arrival: the first night.",
            })
        );
        let refund = schema::<crate::cancellation::RefundPreview>();
        assert_eq!(refund["required"], json!(["refund", "lines"]));
    }
}
