//! The AWS configuration, loaded at its first use: loading it costs milliseconds that a start need not spend.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use domain::error::{Error, Result, with_causes};
use tokio::sync::OnceCell;

/// A request's answer is due within 3 s; a call that takes longer than this is given up and may be tried once more.
const ATTEMPT_LIMIT: Duration = Duration::from_millis(900);
const OPERATION_LIMIT: Duration = Duration::from_millis(2_000);
const CONNECT_LIMIT: Duration = Duration::from_millis(500);
const MAX_ATTEMPTS: u32 = 2;

/// Makes clients of AWS services. Cheap to clone; all clones share one configuration.
#[derive(Clone)]
pub struct Aws {
    config: Arc<OnceCell<SdkConfig>>,
    patience: u32,
}

impl Default for Aws {
    fn default() -> Self {
        Self::with_patience(1)
    }
}

impl Aws {
    /// All limits so many times as long: for tests, whose local AWS may get no processor for seconds.
    pub fn with_patience(times: u32) -> Self {
        Self { config: Arc::default(), patience: times }
    }

    /// The configuration from the environment, with this application's time limits.
    pub async fn config(&self) -> &SdkConfig {
        self.config
            .get_or_init(|| async {
                aws_config::defaults(BehaviorVersion::latest())
                    // Bodies are small, and each attempt has a limit of its own.
                    .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                    .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
                    .timeout_config(
                        TimeoutConfig::builder()
                            .connect_timeout(self.patience * CONNECT_LIMIT)
                            .operation_attempt_timeout(self.patience * ATTEMPT_LIMIT)
                            .operation_timeout(self.patience * OPERATION_LIMIT)
                            .build(),
                    )
                    .load()
                    .await
            })
            .await
    }
}

/// A DynamoDB client, made at its first use.
#[derive(Clone)]
pub(crate) struct Dynamo {
    aws: Aws,
    client: Arc<OnceCell<aws_sdk_dynamodb::Client>>,
}

impl Dynamo {
    pub(crate) fn new(aws: Aws) -> Self {
        Self { aws, client: Arc::default() }
    }

    pub(crate) async fn client(&self) -> &aws_sdk_dynamodb::Client {
        self.client.get_or_init(|| async { aws_sdk_dynamodb::Client::new(self.aws.config().await) }).await
    }
}

/// A call that failed: by our own doing (`internal`), or because the service can't be reached, is slow or busy.
pub(crate) fn from_sdk<E, R>(service: &'static str, error: SdkError<E, R>) -> Error
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let is_ours = error.as_service_error().and_then(ProvideErrorMetadata::code).is_some_and(|code| {
        matches!(code, "ValidationException" | "AccessDeniedException" | "SerializationException" | "MissingParameter")
    });
    let cause = format!("{service}: {}", told(service, &error));
    if is_ours { Error::internal(cause) } else { Error::unavailable(cause) }
}

/// What may be logged of a failed call. Bodies never are, since they may hold a secret; nor what SES says, which names
/// whom the mail was for.
fn told<E, R>(service: &str, error: &SdkError<E, R>) -> String
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(answer) => {
            let (code, message) = (answer.err().code().unwrap_or("no code"), answer.err().message());
            match message.filter(|_| service != "ses") {
                Some(message) => format!("{code}: {message}"),
                None => code.to_owned(),
            }
        }
        SdkError::ResponseError(_) => "an answer that can't be read".to_owned(),
        unanswered => with_causes(unanswered),
    }
}

/// What a conditional write to DynamoDB came to: none when its condition did not hold.
///
/// # Errors
/// Those of [`from_sdk`].
pub(crate) fn unless_condition_failed<T, E, R>(outcome: std::result::Result<T, SdkError<E, R>>) -> Result<Option<T>>
where
    E: StdError + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match outcome {
        Ok(done) => Ok(Some(done)),
        Err(error)
            if error.as_service_error().and_then(ProvideErrorMetadata::code)
                == Some("ConditionalCheckFailedException") =>
        {
            Ok(None)
        }
        Err(error) => Err(from_sdk("dynamodb", error)),
    }
}

/// The items of a table, as DynamoDB's own maps.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// A text attribute.
pub(crate) fn text(item: &Item, name: &str) -> Result<String> {
    item.get(name)
        .and_then(|value| value.as_s().ok())
        .cloned()
        .ok_or_else(|| Error::internal(format!("an item lacks the text attribute {name}")))
}

/// A whole number attribute.
pub(crate) fn number(item: &Item, name: &str) -> Result<i64> {
    item.get(name)
        .and_then(|value| value.as_n().ok())
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Error::internal(format!("an item lacks the number attribute {name}")))
}

/// Writes a number as DynamoDB wants it.
pub(crate) fn n(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Writes a text as DynamoDB wants it.
pub(crate) fn s(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_sesv2::operation::send_email::SendEmailError;
    use aws_sdk_sesv2::types::error::MessageRejected;

    fn refused(service: &'static str) -> String {
        let message = "Email address is not verified: guest@example.com";
        let meta = aws_sdk_sesv2::error::ErrorMetadata::builder().code("MessageRejected").message(message).build();
        let rejected = MessageRejected::builder().message(message).meta(meta).build();
        let answer = r#"{"message": "Email address is not verified: guest@example.com"}"#;
        let error = SdkError::service_error(SendEmailError::MessageRejected(rejected), answer);
        from_sdk(service, error).causes()
    }

    #[test]
    fn nothing_is_told_of_whom_a_mail_was_for() {
        assert!(refused("ses").contains("ses: MessageRejected"), "{}", refused("ses"));
        assert!(!refused("ses").contains("guest@example.com"), "{}", refused("ses"));
        assert_eq!(refused("sqs").matches("guest@example.com").count(), 1, "{}", refused("sqs"));
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_not_told() {
        let error: SdkError<SendEmailError, &str> = SdkError::response_error("no JSON", "a secret");
        let causes = from_sdk("secretsmanager", error).causes();
        assert!(causes.contains("an answer that can't be read") && !causes.contains("a secret"), "{causes}");
    }

    #[test]
    fn what_hindered_a_call_is_told_with_its_causes() {
        let refused = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "nobody listens");
        let error: SdkError<SendEmailError, &str> = SdkError::timeout_error(refused);
        let causes = from_sdk("dynamodb", error).causes();
        assert!(causes.contains("nobody listens"), "{causes}");
    }
}
