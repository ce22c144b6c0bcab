//! Wishlists: what they may be called, how large they may grow, who may look.

use crate::error::Invalid;
use crate::text::{self, Lines};

/// How many wishlists somebody may have.
pub const MAX_WISHLISTS_OF_USER: i64 = 100;

/// How many properties may be on a wishlist.
pub const MAX_ITEMS_OF_WISHLIST: i64 = 500;

code_enum! {
    /// Who may look at a wishlist.
    pub enum WishlistVisibility {
        /// Its owner alone.
        Private = "private",
        /// Whoever has its link.
        Shared = "shared",
    }
}

text_type! {
    /// A wishlist's name: 1 to 100 characters.
    pub struct WishlistName;
    schema = |text| text.min_length(Some(1)).max_length(Some(100));
}

impl WishlistName {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 100, Lines::Single).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Some("required"))]
    #[case("  ", Some("required"))]
    #[case("Summer", None)]
    #[case("Sum\nmer", Some("invalid_characters"))]
    #[case("Sum\0mer", Some("invalid_characters"))]
    fn names_are_one_line(#[case] name: &str, #[case] code: Option<&str>) {
        assert_eq!(WishlistName::parse(name).err().map(|invalid| invalid.code), code);
    }

    #[rstest]
    #[case(100, true)]
    #[case(101, false)]
    fn names_have_up_to_100_characters(#[case] length: usize, #[case] valid: bool) {
        assert_eq!(WishlistName::parse(&"ö".repeat(length)).is_ok(), valid);
    }
}
