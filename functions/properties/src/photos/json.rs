//! Wire types of photos.

use domain::error::Error;
use domain::id::PhotoId;
use domain::photo::{Caption, MAX_PHOTOS, PhotoRejection, PhotoStatus, PhotoType};
use jiff::Timestamp;
use serde::Serialize;
use services::photos::{NewPhoto, Photo, PhotoPatch};
use services::ports::PhotoUpload;
use services::properties::PropertyView;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, integer_between, text};
use web::uploads::{UploadOut, read_announced};

/// Where a photo is shown: JPEGs without metadata, upright, at most so wide.
#[derive(Serialize, ToSchema)]
pub struct PhotoUrlsOut {
    /// 480 pixels wide.
    w480: String,
    /// 1,200 pixels wide.
    w1200: String,
}

/// A photo. Only the host sees those that are not ready.
#[derive(Serialize, ToSchema)]
pub struct PhotoOut {
    pub(crate) id: PhotoId,
    status: PhotoStatus,
    /// Its place among the photos that the caller sees, from 0.
    position: usize,
    #[schema(required)]
    caption: Option<String>,
    /// Upright, in pixels, as uploaded; null until it is ready.
    #[schema(required)]
    width: Option<u32>,
    /// Upright, in pixels, as uploaded; null until it is ready.
    #[schema(required)]
    height: Option<u32>,
    /// Null until it is ready.
    #[schema(required)]
    urls: Option<PhotoUrlsOut>,
    /// Why it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<PhotoRejection>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
}

impl PhotoOut {
    /// These photos in their order.
    pub(crate) fn all<'a>(photos: impl Iterator<Item = &'a Photo>) -> Vec<Self> {
        photos.enumerate().map(|(position, photo)| Self::of(photo, position)).collect()
    }

    fn of(photo: &Photo, position: usize) -> Self {
        let urls = |base: &String| {
            let url = |width: u32| format!("{base}/photos/{}/{width}.jpg", photo.id);
            PhotoUrlsOut { w480: url(480), w1200: url(1_200) }
        };
        Self {
            id: photo.id,
            status: photo.status,
            position,
            caption: photo.caption.clone(),
            width: photo.width,
            height: photo.height,
            urls: photo.base_url.as_ref().map(urls),
            rejection: photo.rejection,
            created_at: photo.created_at,
        }
    }

    /// One photo of a property, as its host sees it.
    ///
    /// # Errors
    /// `not_found`.
    pub fn one(view: &PropertyView, id: PhotoId) -> domain::error::Result<Self> {
        let found = view.property.photos.iter().enumerate().find(|(_, photo)| photo.id == id);
        found.map(|(position, photo)| Self::of(photo, position)).ok_or_else(Error::not_found)
    }
}

/// A photo to be uploaded.
#[derive(Serialize, ToSchema)]
pub struct CreatedPhotoOut {
    #[schema(value_type = PhotoOut)]
    photo: Option<PhotoOut>,
    upload: UploadOut,
}

impl CreatedPhotoOut {
    /// The new photo, the last of its property, and its upload.
    pub fn of(view: &PropertyView, new: &NewPhoto, upload: &PhotoUpload) -> Self {
        let upload = UploadOut::of(upload, new.content_type, new.bytes);
        Self { photo: PhotoOut::all(view.property.photos.iter()).pop(), upload }
    }
}

/// What will be uploaded.
#[derive(ToSchema)]
pub struct CreatePhotoIn {
    content_type: PhotoType,
    /// Size of the file.
    #[schema(minimum = 1, maximum = 10_485_760)]
    bytes: u32,
}

impl FromFields for CreatePhotoIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let (content_type, bytes) = read_announced(fields)?;
        Ok(Self { content_type, bytes })
    }
}

impl From<CreatePhotoIn> for NewPhoto {
    fn from(body: CreatePhotoIn) -> Self {
        Self { id: PhotoId::new(), content_type: body.content_type, bytes: body.bytes }
    }
}

/// What changes of a photo; what is left out stays.
#[derive(ToSchema)]
pub struct UpdatePhotoIn {
    /// Null takes it away.
    #[schema(value_type = Option<Caption>)]
    caption: Option<Option<Caption>>,
    /// Where among the photos it goes, from 0; beyond the last is the last.
    #[schema(minimum = 0, maximum = 49)]
    position: Option<usize>,
}

impl FromFields for UpdatePhotoIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let caption = fields.clearable("caption", text);
        let position = fields.changed("position", integer_between(0, MAX_PHOTOS as i64 - 1));
        Ok(Self { caption: caption?, position: position? })
    }
}

impl From<UpdatePhotoIn> for PhotoPatch {
    fn from(body: UpdatePhotoIn) -> Self {
        Self { caption: body.caption, position: body.position }
    }
}
