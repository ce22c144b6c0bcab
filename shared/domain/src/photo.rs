//! Photos of a property and pictures of people: their states, and what may be uploaded. Reading an image is the worker's
//! work, in `services`.

use std::fmt;
use std::str::FromStr;

use crate::error::Invalid;
use crate::id::{AvatarId, PhotoId};
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
        /// Fewer pixels than what is shown needs.
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

/// Narrowest and lowest picture of a person, in pixels: the smaller of [`AVATAR_SIDES`].
pub const MIN_AVATAR_PIXELS: (u32, u32) = (AVATAR_SIDES[0], AVATAR_SIDES[0]);

/// Most pixels of an upload: a small file can hold an image that no memory does.
pub const MAX_PHOTO_PIXELS: u64 = 50_000_000;

/// The widths photos are shown in, in pixels. A narrower one is not made wider.
pub const PHOTO_WIDTHS: [u32; 2] = [480, 1_200];

/// The sides of the squares that pictures of people are shown in, in pixels. A smaller one is not made larger.
pub const AVATAR_SIDES: [u32; 2] = [96, 400];

/// An image that people upload, whatever it is of: what its objects in the storage are called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageId {
    /// A photo of a property.
    Photo(PhotoId),
    /// A picture of a person.
    Avatar(AvatarId),
}

impl ImageId {
    /// The widths it is shown in, in pixels.
    pub const fn widths(self) -> [u32; 2] {
        match self {
            Self::Photo(_) => PHOTO_WIDTHS,
            Self::Avatar(_) => AVATAR_SIDES,
        }
    }
}

impl From<PhotoId> for ImageId {
    fn from(id: PhotoId) -> Self {
        Self::Photo(id)
    }
}

impl From<AvatarId> for ImageId {
    fn from(id: AvatarId) -> Self {
        Self::Avatar(id)
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Photo(id) => id.fmt(formatter),
            Self::Avatar(id) => id.fmt(formatter),
        }
    }
}

impl FromStr for ImageId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text.split('_').next() {
            Some(AvatarId::PREFIX) => text.parse().map(Self::Avatar),
            _ => text.parse().map(Self::Photo),
        }
    }
}

/// Whether an image of these pixels, upright, can be shown where it must be at least so wide and so high.
///
/// # Errors
/// Why not.
pub fn check_pixels(width: u32, height: u32, least: (u32, u32)) -> Result<(), PhotoRejection> {
    if u64::from(width) * u64::from(height) > MAX_PHOTO_PIXELS {
        Err(PhotoRejection::TooLarge)
    } else if width < least.0 || height < least.1 {
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
        assert_eq!(check_pixels(width, height, MIN_PHOTO_PIXELS).err(), rejection);
    }

    #[rstest]
    #[case(96, 96, None)]
    #[case(95, 400, Some(PhotoRejection::TooSmall))]
    #[case(400, 95, Some(PhotoRejection::TooSmall))]
    #[case(10_000, 5_001, Some(PhotoRejection::TooLarge))]
    fn pictures_of_people_have_96_by_96_to_50_million_pixels(
        #[case] width: u32,
        #[case] height: u32,
        #[case] rejection: Option<PhotoRejection>,
    ) {
        assert_eq!(check_pixels(width, height, MIN_AVATAR_PIXELS).err(), rejection);
    }

    #[test]
    fn an_image_is_its_id() {
        for id in [ImageId::from(PhotoId::new()), ImageId::from(AvatarId::new())] {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "avatar", "avatar_", "user_01h455vb4pex5vsknk084sn02q", "../photo_x"] {
            assert!(text.parse::<ImageId>().is_err(), "{text}");
        }
    }

    #[rstest]
    #[case(0, Some("required"))]
    #[case(250, None)]
    #[case(251, Some("text_too_long"))]
    fn captions_have_1_to_250_characters(#[case] length: usize, #[case] code: Option<&str>) {
        assert_eq!(Caption::parse(&"é".repeat(length)).err().map(|invalid| invalid.code), code);
    }
}
