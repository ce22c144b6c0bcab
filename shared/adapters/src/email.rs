//! Mails by SESv2.

use async_trait::async_trait;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message};
use domain::error::{Error, Result};
use services::ports::{Mail, Mailer};
use tokio::sync::OnceCell;

use crate::aws::{Aws, from_sdk};

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
        self.client.get_or_init(|| async { aws_sdk_sesv2::Client::new(self.aws.config().await) }).await
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
