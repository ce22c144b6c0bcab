//! Messages of guests and hosts: what may be written, and what a thread tells of the bookings in it.

use crate::error::Invalid;
use crate::text::{self, Lines};

/// The longest message, in characters.
pub const MESSAGE_MAX_LENGTH: usize = 5_000;

text_type! {
    /// What one side writes to the other: 1 to 5,000 characters, line breaks allowed.
    pub struct MessageText;
    schema = |text| text.min_length(Some(1)).max_length(Some(MESSAGE_MAX_LENGTH));
}

impl MessageText {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, MESSAGE_MAX_LENGTH, Lines::Many).map(Self)
    }
}

code_enum! {
    /// What stands at a place of a thread.
    pub enum MessageKind {
        /// What one side wrote.
        Message = "message",
        /// What happened to a booking.
        System = "system",
    }
}

code_enum! {
    /// What a thread tells of a booking; the database derives it from the booking's timeline.
    pub enum ThreadEvent {
        /// The guest has asked for a stay, or begun to book it.
        Requested = "requested",
        /// The host said yes.
        Accepted = "accepted",
        /// The host said no.
        Declined = "declined",
        /// The stay is paid for and certain.
        Confirmed = "confirmed",
        /// Called off.
        Cancelled = "cancelled",
        /// Not paid, or not answered, in time.
        Expired = "expired",
        /// Dates or guests were altered.
        Changed = "changed",
        /// The stay is over.
        Completed = "completed",
        /// The guest never came.
        NoShow = "no_show",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(0, Some("required"))]
    #[case(1, None)]
    #[case(5_000, None)]
    #[case(5_001, Some("text_too_long"))]
    fn messages_have_1_to_5000_characters(#[case] length: usize, #[case] code: Option<&str>) {
        let text = format!(" {}\n", "ö".repeat(length));
        assert_eq!(MessageText::parse(&text).err().map(|invalid| invalid.code), code);
    }

    #[test]
    fn messages_have_lines_and_no_other_control_characters() {
        assert_eq!(MessageText::parse(" a\nb\t ").map(MessageText::into_string), Ok("a\nb".to_owned()));
        assert_eq!(MessageText::parse("a\u{0}b").unwrap_err().code, "invalid_characters");
    }
}
