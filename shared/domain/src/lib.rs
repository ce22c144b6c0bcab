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

pub mod amenity;
pub mod booking;
pub mod cancellation;
pub mod error;
pub mod event;
pub mod geo;
pub mod id;
pub mod money;
pub mod pricing;
pub mod property;
pub mod stay;
pub mod text;
pub mod time_zone;
pub mod user;
