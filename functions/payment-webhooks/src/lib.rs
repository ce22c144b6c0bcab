//! The worker of Stripe's webhooks: each event says which payment to ask the provider about.

use domain::error::Result;
use runtime::Message;
use services::Services;

/// Works one event off the queue. What it does is the same however often and in whatever order events come.
///
/// # Errors
/// What hinders it; the event then comes again, and ends with the dead letters for people to look at.
pub async fn handle(services: &Services, message: Message) -> Result<()> {
    services.apply_stripe_event(&message.body).await
}
