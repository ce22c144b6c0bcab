//! The worker that tells people: one event of the queue, one mail.

use domain::error::{Error, Result};
use domain::event::Event;
use runtime::Message;
use services::Services;

/// Handles one message of the events' queue. A message that is no event can't become one by trying again: it goes
/// back until the queue moves it to the dead letters, where somebody looks.
///
/// # Errors
/// What hinders the mail; the message then comes again.
pub async fn handle(services: &Services, message: Message) -> Result<()> {
    let event: Event = serde_json::from_str(&message.body).map_err(Error::internal)?;
    services.notify(&event).await
}
