//! Working off a queue: each message by itself, so that a bad one takes no other with it.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use domain::error::Result;
use futures::FutureExt as _;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use services::Services;
use tracing::Instrument as _;

use crate::Error;
use crate::wiring::{start, warm_up};

/// No message of a batch is begun after so long: a worker has 25 s (template.yaml), a message may need half of them, and of a
/// worker that is killed at its end the queue believes that it has done nothing.
const BATCH_LIMIT: Duration = Duration::from_secs(12);

/// A message of the queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// The queue's id of it.
    pub id: String,
    /// Its text.
    pub body: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
}

/// Hands every message of every batch to `handle`. Those that fail go back to the queue, the others do not.
///
/// # Errors
/// When the environment's configuration is not complete, or the runtime API is lost.
pub async fn serve_sqs<H>(handle: H) -> std::result::Result<(), Error>
where
    H: AsyncFn(&Services, Message) -> Result<()>,
{
    let (_, services) = start()?;
    warm_up(&services, &[]).await;
    let serve = async |event: LambdaEvent<SqsEvent>| {
        let trace_id = event.context.xray_trace_id.as_deref();
        let span = tracing::info_span!("batch", request_id = event.context.request_id, trace_id);
        let failures = work_off(event.payload, Instant::now() + BATCH_LIMIT, async |message| {
            // Boxed: the futures of use cases nest deeper than the compiler lays out in one piece.
            Box::pin(handle(&services, message)).await
        })
        .instrument(span)
        .await;
        Ok::<_, Error>(failures)
    };
    Runtime::new(service_fn(serve)).run().await
}

/// Hands on what can be begun until then; the rest goes back.
async fn work_off(event: SqsEvent, until: Instant, handle: impl AsyncFn(Message) -> Result<()>) -> SqsBatchResponse {
    let mut failures = SqsBatchResponse::default();
    for message in event.records.into_iter().map(message) {
        let id = message.id.clone();
        if Instant::now() >= until {
            tracing::warn!(message_id = id, "the batch took too long: the message goes back");
            failures.add_failure(id);
            continue;
        }
        let span = tracing::info_span!("message", message_id = id, receive_count = message.receive_count);
        let work = AssertUnwindSafe(handle(message)).catch_unwind();
        let done = async {
            match work.await {
                Ok(Ok(())) => true,
                Ok(Err(error)) => {
                    tracing::error!(code = error.code().as_str(), cause = error.causes(), "the message goes back");
                    false
                }
                // The panic hook has logged where.
                Err(_panic) => false,
            }
        };
        let done = done.instrument(span.clone()).await;
        span.in_scope(|| tracing::info!(done, "worked off"));
        if !done {
            failures.add_failure(id);
        }
    }
    failures
}

fn message(message: SqsMessage) -> Message {
    let receive_count = message.attributes.get("ApproximateReceiveCount").and_then(|count| count.parse().ok());
    Message {
        id: message.message_id.unwrap_or_default(),
        body: message.body.unwrap_or_default(),
        receive_count: receive_count.unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Messages numbered from 1.
    fn batch(bodies: &[&str]) -> SqsEvent {
        let record = |(at, body): (usize, &&str)| json!({ "messageId": (at + 1).to_string(), "body": body, "attributes": { "ApproximateReceiveCount": "3" } });
        let records: Vec<_> = bodies.iter().enumerate().map(record).collect();
        serde_json::from_value(json!({ "Records": records })).expect("an event")
    }

    fn failed(response: &SqsBatchResponse) -> Vec<&str> {
        response.batch_item_failures.iter().map(|failure| failure.item_identifier.as_str()).collect()
    }

    #[tokio::test]
    async fn what_is_not_begun_in_time_goes_back() {
        let response = work_off(batch(&["a", "b"]), Instant::now(), async |_| panic!("too late")).await;
        assert_eq!(failed(&response), ["1", "2"]);
    }

    #[tokio::test]
    async fn a_failing_or_panicking_message_fails_alone() {
        let handle = async |message: Message| match message.body.as_str() {
            "bad" => Err(domain::error::Error::internal("bad")),
            "panic" => panic!("as told"),
            _ => {
                assert_eq!(message.receive_count, 3);
                Ok(())
            }
        };
        let until = Instant::now() + BATCH_LIMIT;
        let response = work_off(batch(&["good", "bad", "panic", "good"]), until, handle).await;
        assert_eq!(failed(&response), ["2", "3"]);
    }
}
