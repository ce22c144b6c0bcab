//! One-time tokens in DynamoDB, by their hash; the table's TTL forgets them.

use async_trait::async_trait;
use domain::error::{Error, Result};
use domain::id::UserId;
use jiff::Timestamp;
use services::ports::{OneTimeToken, OneTimeTokenStore};

use crate::aws::{Aws, Dynamo, from_sdk, n, number, s, text, unless_condition_failed};

/// The table of one-time tokens.
pub struct DynamoOneTimeTokens {
    dynamo: Dynamo,
    table: String,
}

impl DynamoOneTimeTokens {
    /// Tokens in this table, keyed by `token_hash`.
    pub fn new(aws: Aws, table: impl Into<String>) -> Self {
        Self { dynamo: Dynamo::new(aws), table: table.into() }
    }
}

#[async_trait]
impl OneTimeTokenStore for DynamoOneTimeTokens {
    async fn put(&self, token: &OneTimeToken) -> Result<()> {
        self.dynamo
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .item("token_hash", s(&token.hash))
            .item("purpose", s(&token.purpose))
            .item("user_id", s(token.user_id.to_string()))
            .item("bound_to", s(&token.bound_to))
            .item("expires_at", n(token.expires_at.as_second()))
            .send()
            .await
            .map_err(|error| from_sdk("dynamodb", error))?;
        Ok(())
    }

    async fn find(&self, hash: &str) -> Result<Option<OneTimeToken>> {
        let found = self
            .dynamo
            .client()
            .await
            .get_item()
            .table_name(&self.table)
            .key("token_hash", s(hash))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| from_sdk("dynamodb", error))?;
        let Some(item) = found.item else { return Ok(None) };
        Ok(Some(OneTimeToken {
            hash: text(&item, "token_hash")?,
            purpose: text(&item, "purpose")?,
            user_id: text(&item, "user_id")?.parse().map_err(Error::internal)?,
            bound_to: text(&item, "bound_to")?,
            expires_at: Timestamp::from_second(number(&item, "expires_at")?).map_err(Error::internal)?,
        }))
    }

    async fn remove(&self, found: &OneTimeToken) -> Result<bool> {
        let outcome = self
            .dynamo
            .client()
            .await
            .delete_item()
            .table_name(&self.table)
            .key("token_hash", s(&found.hash))
            .condition_expression("purpose = :purpose")
            .expression_attribute_values(":purpose", s(&found.purpose))
            .send()
            .await;
        Ok(unless_condition_failed(outcome)?.is_some())
    }

    async fn remove_of_user(&self, user_id: UserId) -> Result<()> {
        let mut pages = self
            .dynamo
            .client()
            .await
            .scan()
            .table_name(&self.table)
            .filter_expression("user_id = :user")
            .expression_attribute_values(":user", s(user_id.to_string()))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| from_sdk("dynamodb", error))?;
            let hash = text(&item, "token_hash")?;
            let delete = self.dynamo.client().await.delete_item().table_name(&self.table).key("token_hash", s(hash));
            delete.send().await.map_err(|error| from_sdk("dynamodb", error))?;
        }
        Ok(())
    }
}
