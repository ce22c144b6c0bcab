//! The worker that makes of each uploaded photo or picture of a person what is shown: one message, the uploads that S3 tells of.

use domain::error::{Error, Result};
use domain::photo::ImageId;
use runtime::Message;
use serde::Deserialize;
use services::Services;

/// What S3 tells of: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
#[derive(Deserialize)]
struct Notification {
    /// None in the test event that S3 sends when it is set up.
    #[serde(rename = "Records", default)]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    s3: Bucket,
}

#[derive(Deserialize)]
struct Bucket {
    object: Object,
}

#[derive(Deserialize)]
struct Object {
    /// Percent-encoded; of an id nothing is.
    key: String,
}

/// Handles one message of the uploads' queue. What is no notification goes back until the queue moves it to the dead
/// letters, where somebody looks; an object that is no upload of ours is left alone.
///
/// # Errors
/// What hinders the work; the message then comes again.
pub async fn handle(services: &Services, message: Message) -> Result<()> {
    let notification: Notification = serde_json::from_str(&message.body).map_err(Error::internal)?;
    for record in notification.records {
        let key = record.s3.object.key;
        match key.strip_prefix("uploads/").and_then(|id| id.parse().ok()) {
            Some(ImageId::Photo(id)) => services.process_upload(id).await?,
            Some(ImageId::Avatar(id)) => services.process_avatar(id).await?,
            None => tracing::warn!(key, "an object that is no upload of ours"),
        }
    }
    Ok(())
}
