//! What SQS event source mappings and EventBridge Scheduler do on AWS, read from the template: takes messages off the
//! queues and ticks the clock, and invokes the functions through the Lambda Invoke API. A dependency that is away is
//! waited for; nothing is lost meanwhile, since a message leaves its queue only after it was worked.

use std::collections::HashSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::functions::{BUILD_LIMIT, invoke};
use crate::local::Function;
use crate::ministack::{ACCOUNT, REGION};
use crate::resources::Aws;
use crate::template::{Template, text};
use crate::ui;

const LONG_POLL_SECONDS: i32 = 5;
/// Beyond a function's own limit an answer comes no more: whoever had the event has died, and the queue gives it again.
const GRACE: Duration = Duration::from_secs(5);
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// How functions are invoked.
#[derive(Clone)]
struct Invoker {
    client: reqwest::Client,
    router_port: u16,
    function: String,
    limit: Duration,
}

impl Invoker {
    async fn invoke(&self, event: &Value) -> Result<Value> {
        invoke(&self.client, self.router_port, &self.function, event, self.limit).await
    }
}

/// A queue that feeds a function.
struct Mapping {
    queue_arn: String,
    queue_url: String,
    batch_size: i32,
    reports_failures: bool,
}

/// Starts a task for every mapping and schedule; they run until the set is dropped.
pub(crate) fn start(
    functions: &[Function],
    template: &Template,
    aws: &Aws,
    router_port: u16,
    watched: bool,
) -> Result<JoinSet<()>> {
    let mut pumps = JoinSet::new();
    let client = reqwest::Client::new();
    for function in functions {
        let limit = if watched { BUILD_LIMIT } else { function.timeout + GRACE };
        let invoker = Invoker { client: client.clone(), router_port, function: function.name.clone(), limit };
        for event in &function.events {
            match event.kind.as_str() {
                "SQS" => {
                    let arn = text(&event.properties["Queue"]);
                    let name = arn.rsplit(':').next().context("an ARN has parts")?;
                    let mapping = Mapping {
                        queue_url: template.queue_url(name),
                        batch_size: i32::try_from(event.properties["BatchSize"].as_i64().unwrap_or(10))?.clamp(1, 10),
                        reports_failures: reports_failures(&event.properties),
                        queue_arn: arn,
                    };
                    pumps.spawn(drain(mapping, aws.clone(), invoker.clone()));
                }
                "Schedule" | "ScheduleV2" => {
                    let expression = event.properties.get("ScheduleExpression").or(event.properties.get("Schedule"));
                    let expression = expression.map(text).unwrap_or_default();
                    let every = parse_rate(&expression).with_context(|| {
                        format!("{}: only rate(…) is known here, not {expression:?}", function.name)
                    })?;
                    let input = event.properties["Input"].as_str().map(serde_json::from_str).transpose()?;
                    pumps.spawn(tick(invoker.clone(), every, input));
                }
                _ => {}
            }
        }
    }
    Ok(pumps)
}

/// The functions that a schedule invokes, in the template's order.
pub(crate) fn scheduled(functions: &[Function]) -> Vec<&str> {
    let has_schedule = |function: &&Function| function.events.iter().any(|event| event.kind.starts_with("Schedule"));
    functions.iter().filter(has_schedule).map(|function| function.name.as_str()).collect()
}

/// The event EventBridge Scheduler sends when a schedule has no input of its own.
pub(crate) fn schedule_event(function: &str) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    json!({
        "version": "0",
        "id": uuid::Uuid::new_v4(),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": ACCOUNT,
        "time": jiff::Timestamp::from_second(i64::try_from(now.as_secs()).unwrap_or_default()).unwrap_or_default(),
        "region": REGION,
        "resources": [format!("arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/{function}")],
        "detail": {},
    })
}

async fn tick(invoker: Invoker, every: Duration, input: Option<Value>) {
    let mut clock = tokio::time::interval(every);
    clock.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut quiet = Quiet::default();
    loop {
        clock.tick().await;
        let event = input.clone().unwrap_or_else(|| schedule_event(&invoker.function));
        quiet.report(&format!("the scheduled {}", invoker.function), invoker.invoke(&event).await);
    }
}

async fn drain(mapping: Mapping, aws: Aws, invoker: Invoker) {
    let mut quiet = Quiet::default();
    loop {
        let outcome = pump_once(&mapping, &aws, &invoker).await;
        if quiet.report(&format!("the queue of {}", invoker.function), outcome).is_none() {
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
    }
}

/// Takes one batch, has it worked, and deletes what succeeded. What failed shows again after its visibility timeout and
/// goes to the dead-letter queue after as many tries as the queue says.
async fn pump_once(mapping: &Mapping, aws: &Aws, invoker: &Invoker) -> Result<()> {
    let received = aws
        .sqs
        .receive_message()
        .queue_url(&mapping.queue_url)
        .max_number_of_messages(mapping.batch_size)
        .wait_time_seconds(LONG_POLL_SECONDS)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await
        .map_err(|error| anyhow::Error::new(error.into_service_error()))?;
    let messages = received.messages.unwrap_or_default();
    if messages.is_empty() {
        return Ok(());
    }
    let event =
        json!({ "Records": messages.iter().map(|message| record(message, &mapping.queue_arn)).collect::<Vec<_>>() });
    let answer = invoker.invoke(&event).await?;
    let failed = if mapping.reports_failures { failed_ids(&answer) } else { Failed::None };
    let done: Vec<&Message> = messages.iter().filter(|message| !failed.holds(message)).collect();
    let mut request = aws.sqs.delete_message_batch().queue_url(&mapping.queue_url);
    for (number, message) in done.iter().enumerate() {
        let entry = DeleteMessageBatchRequestEntry::builder()
            .id(number.to_string())
            .receipt_handle(message.receipt_handle().unwrap_or_default())
            .build()?;
        request = request.entries(entry);
    }
    if !done.is_empty() {
        request.send().await.map_err(|error| anyhow::Error::new(error.into_service_error()))?;
    }
    Ok(())
}

fn record(message: &Message, queue_arn: &str) -> Value {
    let attributes: serde_json::Map<String, Value> = message
        .attributes
        .iter()
        .flatten()
        .map(|(name, value)| (name.as_str().to_owned(), Value::String(value.clone())))
        .collect();
    let message_attributes: serde_json::Map<String, Value> = message
        .message_attributes
        .iter()
        .flatten()
        .map(|(name, value)| {
            let value = json!({"stringValue": value.string_value, "dataType": value.data_type, "stringListValues": [], "binaryListValues": []});
            (name.clone(), value)
        })
        .collect();
    json!({
        "messageId": message.message_id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": message_attributes,
        "md5OfBody": message.md5_of_body,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue_arn,
        "awsRegion": REGION,
    })
}

/// Which messages of a batch a function could not work.
#[derive(Debug, PartialEq, Eq)]
enum Failed {
    None,
    Some(HashSet<String>),
    All,
}

impl Failed {
    fn holds(&self, message: &Message) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(ids) => message.message_id().is_some_and(|id| ids.contains(id)),
        }
    }
}

/// As AWS reads it: no list or an empty one is success, an entry without an id is failure of the whole batch.
fn failed_ids(answer: &Value) -> Failed {
    let Some(failures) = answer["batchItemFailures"].as_array().filter(|list| !list.is_empty()) else {
        return Failed::None;
    };
    let ids: Option<HashSet<String>> = failures
        .iter()
        .map(|failure| failure["itemIdentifier"].as_str().filter(|id| !id.is_empty()).map(str::to_owned))
        .collect();
    ids.map_or(Failed::All, Failed::Some)
}

fn reports_failures(properties: &Value) -> bool {
    let types = properties["FunctionResponseTypes"].as_array();
    types.is_some_and(|types| types.iter().any(|kind| kind == "ReportBatchItemFailures"))
}

/// `rate(1 minute)`, `rate(5 minutes)`, `rate(1 hour)`, `rate(1 day)`.
fn parse_rate(expression: &str) -> Option<Duration> {
    let (count, unit) = expression.strip_prefix("rate(")?.strip_suffix(')')?.split_once(' ')?;
    let seconds = match unit.trim_end_matches('s') {
        "minute" => 60,
        "hour" => 3_600,
        "day" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(count.parse::<u64>().ok()?.checked_mul(seconds)?))
}

/// Says that something fails once, and once that it works again, however often it is tried in between.
#[derive(Default)]
struct Quiet {
    failing: bool,
}

impl Quiet {
    fn report<T>(&mut self, what: &str, outcome: Result<T>) -> Option<T> {
        match outcome {
            Ok(value) => {
                if std::mem::take(&mut self.failing) {
                    ui::say(&format!("  ✓ {what} works again"));
                }
                Some(value)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failing, true) {
                    ui::warn(&format!("{what} waits: {error:#}"));
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_reported_messages_come_back() {
        let answer = json!({"batchItemFailures": [{"itemIdentifier": "b"}]});
        let failed = failed_ids(&answer);
        assert!(failed.holds(&Message::builder().message_id("b").build()));
        assert!(!failed.holds(&Message::builder().message_id("a").build()));
    }

    #[test]
    fn no_report_is_success_and_a_report_without_an_id_fails_the_batch() {
        assert_eq!(failed_ids(&Value::Null), Failed::None);
        assert_eq!(failed_ids(&json!({"batchItemFailures": []})), Failed::None);
        assert_eq!(failed_ids(&json!({"batchItemFailures": [{"itemIdentifier": ""}]})), Failed::All);
    }

    #[test]
    fn rates_are_read_in_singular_and_plural() {
        assert_eq!(parse_rate("rate(1 minute)"), Some(Duration::from_secs(60)));
        assert_eq!(parse_rate("rate(5 minutes)"), Some(Duration::from_secs(300)));
        assert_eq!(parse_rate("cron(0 * * * ? *)"), None);
    }
}
