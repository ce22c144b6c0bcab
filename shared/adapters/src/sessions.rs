//! Refresh sessions in DynamoDB: the session itself as JSON, beside it what the table keys, indexes and expires by.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::error::{Error, Result};
use domain::id::{SessionId, UserId};
use services::ports::{Session, SessionStore};

use crate::aws::{Aws, Dynamo, Item, from_sdk, n, s, text, unless_condition_failed};

/// The table of sessions.
pub struct DynamoSessions {
    dynamo: Dynamo,
    table: String,
}

impl DynamoSessions {
    /// Sessions in this table, keyed by `family_id`, with the index `by_user`.
    pub fn new(aws: Aws, table: impl Into<String>) -> Self {
        Self { dynamo: Dynamo::new(aws), table: table.into() }
    }
}

fn item_of(session: &Session) -> Result<Item> {
    let json = serde_json::to_string(session).map_err(Error::internal)?;
    Ok(Item::from([
        ("family_id".to_owned(), s(session.id.to_string())),
        ("user_id".to_owned(), s(session.user_id.to_string())),
        ("version".to_owned(), n(session.version)),
        ("expires_at".to_owned(), n(session.expires_at.as_second())),
        ("session".to_owned(), s(json)),
    ]))
}

#[async_trait]
impl SessionStore for DynamoSessions {
    async fn create(&self, session: &Session) -> Result<()> {
        self.dynamo
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_of(session)?))
            .condition_expression("attribute_not_exists(family_id)")
            .send()
            .await
            .map_err(|error| from_sdk("dynamodb", error))?;
        Ok(())
    }

    async fn find(&self, id: SessionId) -> Result<Option<Session>> {
        let found = self
            .dynamo
            .client()
            .await
            .get_item()
            .table_name(&self.table)
            .key("family_id", s(id.to_string()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| from_sdk("dynamodb", error))?;
        let Some(item) = found.item.filter(|item| !item.contains_key("revoked")) else { return Ok(None) };
        serde_json::from_str(&text(&item, "session")?).map(Some).map_err(Error::internal)
    }

    async fn replace(&self, session: &Session, expected_version: u64) -> Result<bool> {
        let outcome = self
            .dynamo
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item_of(session)?))
            .condition_expression("version = :expected")
            .expression_attribute_values(":expected", n(expected_version))
            .send()
            .await;
        Ok(unless_condition_failed(outcome)?.is_some())
    }

    async fn revoke(&self, id: SessionId) -> Result<()> {
        let outcome = self
            .dynamo
            .client()
            .await
            .update_item()
            .table_name(&self.table)
            .key("family_id", s(id.to_string()))
            .update_expression("SET revoked = :true, version = version + :one REMOVE #session")
            .condition_expression("attribute_exists(family_id)")
            .expression_attribute_names("#session", "session")
            .expression_attribute_values(":true", AttributeValue::Bool(true))
            .expression_attribute_values(":one", n(1))
            .send()
            .await;
        // A session that is not there has ended.
        unless_condition_failed(outcome).map(drop)
    }

    async fn of_user(&self, user_id: UserId) -> Result<Vec<Session>> {
        let mut pages = self
            .dynamo
            .client()
            .await
            .query()
            .table_name(&self.table)
            .index_name("by_user")
            .key_condition_expression("user_id = :user")
            .filter_expression("attribute_not_exists(revoked)")
            .expression_attribute_values(":user", s(user_id.to_string()))
            .into_paginator()
            .items()
            .send();
        let mut sessions = Vec::new();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| from_sdk("dynamodb", error))?;
            sessions.push(serde_json::from_str(&text(&item, "session")?).map_err(Error::internal)?);
        }
        Ok(sessions)
    }

    async fn is_revoked(&self, id: SessionId) -> Result<bool> {
        let found = self
            .dynamo
            .client()
            .await
            .get_item()
            .table_name(&self.table)
            .key("family_id", s(id.to_string()))
            .projection_expression("revoked")
            .send()
            .await
            .map_err(|error| from_sdk("dynamodb", error))?;
        Ok(found.item.is_some_and(|item| item.contains_key("revoked")))
    }
}
