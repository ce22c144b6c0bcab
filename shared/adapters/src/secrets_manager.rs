//! Secrets Manager, without a cache: how long a secret is kept is the runtime's decision.

use std::sync::Arc;

use domain::error::{Error, Result};
use tokio::sync::OnceCell;

use crate::aws::{Aws, from_sdk};

/// Fetches secrets.
pub struct SecretsManager {
    aws: Aws,
    client: OnceCell<aws_sdk_secretsmanager::Client>,
}

impl SecretsManager {
    /// Secrets of the configured account.
    pub fn new(aws: Aws) -> Self {
        Self { aws, client: OnceCell::new() }
    }

    /// The text of the secret of this name or ARN.
    ///
    /// # Errors
    /// `unavailable` when the service can't be reached.
    pub async fn fetch(&self, secret_id: &str) -> Result<Arc<str>> {
        let client =
            self.client.get_or_init(|| async { aws_sdk_secretsmanager::Client::new(self.aws.config().await) }).await;
        let answer = client
            .get_secret_value()
            .secret_id(secret_id)
            .send()
            .await
            .map_err(|error| from_sdk("secretsmanager", error))?;
        answer.secret_string.map(Arc::from).ok_or_else(|| Error::internal("a secret has no text"))
    }
}
