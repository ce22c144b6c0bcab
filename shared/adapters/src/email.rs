//! Mails by SESv2.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use domain::error::{Error, Result};
use services::ports::{Mail, Mailer};
use tokio::sync::OnceCell;

use crate::aws::{Aws, from_sdk};

/// Two mails an event, and a worker has 25 s.
const SEND_LIMIT: Duration = Duration::from_secs(4);
const CONNECT_LIMIT: Duration = Duration::from_secs(2);

/// Sends from one verified identity.
pub struct SesMailer {
    aws: Aws,
    client: OnceCell<aws_sdk_sesv2::Client>,
    from: String,
}

impl SesMailer {
    /// Sends from this address.
    pub fn new(aws: Aws, from: impl Into<String>) -> Self {
        Self { aws, client: OnceCell::new(), from: from.into() }
    }

    async fn client(&self) -> &aws_sdk_sesv2::Client {
        let make = || async {
            // A mail that was taken and not answered for must not be sent again at once: the queue brings it back, and
            // nobody waits for it.
            let limits = TimeoutConfig::builder().connect_timeout(CONNECT_LIMIT).operation_timeout(SEND_LIMIT).build();
            let config = aws_sdk_sesv2::config::Builder::from(self.aws.config().await)
                .retry_config(RetryConfig::disabled())
                .timeout_config(limits)
                .build();
            aws_sdk_sesv2::Client::from_conf(config)
        };
        self.client.get_or_init(make).await
    }
}

fn utf8(data: &str) -> Result<Content> {
    Content::builder().data(data).charset("UTF-8").build().map_err(Error::internal)
}

#[async_trait]
impl Mailer for SesMailer {
    async fn send(&self, mail: &Mail) -> Result<()> {
        let body = Body::builder().text(utf8(&mail.text)?).html(utf8(&mail.html)?).build();
        let message = Message::builder().subject(utf8(&mail.subject)?).body(body).build();
        self.client()
            .await
            .send_email()
            .from_email_address(&self.from)
            .destination(Destination::builder().to_addresses(&mail.to).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await
            .map_err(|error| from_sdk("ses", error))?;
        Ok(())
    }
}
