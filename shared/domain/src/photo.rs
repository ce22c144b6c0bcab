//! Photos of a property: their states, and what may be uploaded. Reading an image is the worker's work, in `services`.

use crate::error::Invalid;
use crate::text::{self, Lines};

code_enum! {
    /// Where a photo stands.
    pub enum PhotoStatus {
        /// Waiting for its upload, or for the check of it.
        Pending = "pending",
        /// Checked; its variants are there.
        Ready = "ready",
        /// Not a photo that can be shown.
        Rejected = "rejected",
    }
}

code_enum! {
    /// What may be uploaded.
    pub enum PhotoType {
        /// JPEG.
        Jpeg = "image/jpeg",
        /// PNG.
        Png = "image/png",
        /// WebP.
        Webp = "image/webp",
    }
}

code_enum! {
    /// Why a photo was rejected.
    pub enum PhotoRejection {
        /// The upload has another number of bytes than was declared.
        WrongSize = "wrong_size",
        /// What was uploaded is of another type than was declared, or no image.
        WrongType = "wrong_type",
        /// Fewer pixels than a listing needs.
        TooSmall = "too_small",
        /// More pixels than can be worked.
        TooLarge = "too_large",
        /// The image is damaged.
        Unreadable = "unreadable",
    }
}

text_type! {
    /// What a photo shows: 1 to 250 characters.
    pub struct Caption;
    schema = |text| text.min_length(Some(1)).max_length(Some(250));
}

impl Caption {
    /// Trims and checks.
    ///
    /// # Errors
    /// `required`, `text_too_long` or `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        text::checked(text, 1, 250, Lines::Single).map(Self)
    }
}

/// Largest upload, in bytes.
pub const MAX_PHOTO_BYTES: i64 = 10 * 1024 * 1024;

/// Most photos of a property.
pub const MAX_PHOTOS: usize = 50;

/// Narrowest and lowest photo, in pixels, once it is upright.
pub const MIN_PHOTO_PIXELS: (u32, u32) = (320, 200);

/// Most pixels of a photo: a small file can hold an image that no memory does.
pub const MAX_PHOTO_PIXELS: u64 = 50_000_000;

/// The widths photos are shown in, in pixels. A narrower one is not made wider.
pub const PHOTO_WIDTHS: [u32; 2] = [480, 1_200];

/// Whether an image of these pixels, upright, can be shown.
///
/// # Errors
/// Why not.
pub fn check_pixels(width: u32, height: u32) -> Result<(), PhotoRejection> {
    if u64::from(width) * u64::from(height) > MAX_PHOTO_PIXELS {
        Err(PhotoRejection::TooLarge)
    } else if width < MIN_PHOTO_PIXELS.0 || height < MIN_PHOTO_PIXELS.1 {
        Err(PhotoRejection::TooSmall)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(320, 200, None)]
    #[case(319, 200, Some(PhotoRejection::TooSmall))]
    #[case(320, 199, Some(PhotoRejection::TooSmall))]
    #[case(10_000, 5_000, None)]
    #[case(10_000, 5_001, Some(PhotoRejection::TooLarge))]
    #[case(u32::MAX, u32::MAX, Some(PhotoRejection::TooLarge))]
    #[case(0, 0, Some(PhotoRejection::TooSmall))]
    fn photos_have_320_by_200_to_50_million_pixels(
        #[case] width: u32,
        #[case] height: u32,
        #[case] rejection: Option<PhotoRejection>,
    ) {
        assert_eq!(check_pixels(width, height).err(), rejection);
    }

    #[rstest]
    #[case(0, Some("required"))]
    #[case(250, None)]
    #[case(251, Some("text_too_long"))]
    fn captions_have_1_to_250_characters(#[case] length: usize, #[case] code: Option<&str>) {
        assert_eq!(Caption::parse(&"é".repeat(length)).err().map(|invalid| invalid.code), code);
    }
}
