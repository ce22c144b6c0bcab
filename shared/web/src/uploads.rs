//! Uploads that a client does by itself: wire types of what photos and pictures of people have in common.

use domain::photo::{MAX_PHOTO_BYTES, PhotoType};
use serde::Serialize;
use services::ports::PhotoUpload;
use utoipa::ToSchema;

use crate::fields::{Fields, Read, integer_between, text};

/// What must be sent along with the upload.
#[derive(Serialize, ToSchema)]
pub struct UploadHeadersOut {
    #[serde(rename = "content-type")]
    content_type: String,
    /// Browsers send it by themselves.
    #[serde(rename = "content-length")]
    content_length: String,
}

/// The request that uploads the photo: good for 15 minutes, for this type and size alone. The body is the file.
#[derive(Serialize, ToSchema)]
pub struct UploadOut {
    /// `PUT`.
    method: &'static str,
    url: String,
    headers: UploadHeadersOut,
}

impl UploadOut {
    /// The request that uploads a file of this type and size.
    pub fn of(upload: &PhotoUpload, content_type: PhotoType, bytes: u32) -> Self {
        let headers = UploadHeadersOut { content_type: content_type.to_string(), content_length: bytes.to_string() };
        Self { method: "PUT", url: upload.url.clone(), headers }
    }
}

/// Reads `content_type` and `bytes`, the size of the file.
///
/// # Errors
/// The faults, which the fields keep.
pub fn read_announced(fields: &mut Fields<'_>) -> Read<(PhotoType, u32)> {
    let content_type = fields.required("content_type", text);
    let bytes = fields.required("bytes", integer_between(1, MAX_PHOTO_BYTES));
    Ok((content_type?, bytes?))
}
