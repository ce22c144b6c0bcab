//! The workers' queues, on SQS: events of ours, and webhook events as they came.

use async_trait::async_trait;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use domain::error::{Error, Result};
use domain::event::Event;
use domain::id::EventId;
use services::ports::{EventPublisher, WebhookQueue};
use tokio::sync::OnceCell;

use crate::aws::{Aws, from_sdk};

/// A queue to put things on.
pub struct SqsQueue {
    aws: Aws,
    client: OnceCell<aws_sdk_sqs::Client>,
    queue_url: String,
}

impl SqsQueue {
    /// The queue of this URL.
    pub fn new(aws: Aws, queue_url: impl Into<String>) -> Self {
        Self { aws, client: OnceCell::new(), queue_url: queue_url.into() }
    }

    async fn client(&self) -> &aws_sdk_sqs::Client {
        self.client.get_or_init(|| async { aws_sdk_sqs::Client::new(self.aws.config().await) }).await
    }
}

#[async_trait]
impl EventPublisher for SqsQueue {
    async fn publish(&self, events: &[Event]) -> Result<Vec<EventId>> {
        let entries = events
            .iter()
            .map(|event| {
                let body = serde_json::to_string(event).map_err(Error::internal)?;
                SendMessageBatchRequestEntry::builder()
                    .id(event.id.to_string())
                    .message_body(body)
                    .build()
                    .map_err(Error::internal)
            })
            .collect::<Result<Vec<_>>>()?;
        let sent = self
            .client()
            .await
            .send_message_batch()
            .queue_url(&self.queue_url)
            .set_entries(Some(entries))
            .send()
            .await
            .map_err(|error| from_sdk("sqs", error))?;
        for failed in sent.failed() {
            tracing::warn!(event = failed.id(), code = failed.code(), "the queue refused an event");
        }
        sent.successful().iter().map(|entry| entry.id().parse().map_err(Error::internal)).collect()
    }
}

#[async_trait]
impl WebhookQueue for SqsQueue {
    async fn put(&self, body: &str) -> Result<()> {
        self.client()
            .await
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(body)
            .send()
            .await
            .map_err(|error| from_sdk("sqs", error))?;
        Ok(())
    }
}
