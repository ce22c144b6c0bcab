//! Wire types of pictures of people.

use domain::id::AvatarId;
use domain::photo::{AVATAR_SIDES, PhotoRejection, PhotoStatus, PhotoType};
use jiff::Timestamp;
use serde::Serialize;
use services::avatars::{Avatar, NewAvatar};
use services::ports::PhotoUpload;
use services::users::User;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read};
use web::uploads::{UploadOut, read_announced};

/// A picture of a person: square JPEGs without metadata.
#[derive(Serialize, ToSchema)]
pub struct AvatarOut {
    /// At most 96 by 96 pixels.
    small: String,
    /// At most 400 by 400 pixels.
    large: String,
}

impl AvatarOut {
    /// Where a picture is shown; none while it is not ready.
    pub fn of(avatar: &Avatar) -> Option<Self> {
        let base = avatar.base_url.as_ref()?;
        let [small, large] = AVATAR_SIDES.map(|side| format!("{base}/photos/{}/{side}.jpg", avatar.id));
        Some(Self { small, large })
    }
}

/// A picture that is not ready.
#[derive(Serialize, ToSchema)]
pub struct AvatarUploadOut {
    /// `pending` or `rejected`.
    status: PhotoStatus,
    /// Why it was rejected.
    #[schema(required)]
    rejection: Option<PhotoRejection>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl From<&Avatar> for AvatarUploadOut {
    fn from(avatar: &Avatar) -> Self {
        Self { status: avatar.status, rejection: avatar.rejection, created_at: avatar.created_at }
    }
}

/// What will be uploaded.
#[derive(ToSchema)]
pub struct CreateAvatarIn {
    content_type: PhotoType,
    /// Size of the file.
    #[schema(minimum = 1, maximum = 10_485_760)]
    bytes: u32,
}

impl FromFields for CreateAvatarIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let (content_type, bytes) = read_announced(fields)?;
        Ok(Self { content_type, bytes })
    }
}

impl From<CreateAvatarIn> for NewAvatar {
    fn from(body: CreateAvatarIn) -> Self {
        Self { id: AvatarId::new(), content_type: body.content_type, bytes: body.bytes }
    }
}

/// A picture to be uploaded.
#[derive(Serialize, ToSchema)]
pub struct CreatedAvatarOut {
    #[schema(value_type = AvatarUploadOut)]
    avatar_upload: Option<AvatarUploadOut>,
    upload: UploadOut,
}

impl CreatedAvatarOut {
    /// The new picture of this account, and its upload.
    pub fn of(user: &User, new: &NewAvatar, upload: &PhotoUpload) -> Self {
        let upload = UploadOut::of(upload, new.content_type, new.bytes);
        Self { avatar_upload: user.avatar_upload().map(AvatarUploadOut::from), upload }
    }
}
