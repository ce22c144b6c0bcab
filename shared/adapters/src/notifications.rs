//! In-app notifications in DynamoDB, by person and in the order of their ids; the table's TTL forgets them.

use std::collections::HashMap;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::UpdateItemOutput;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use domain::error::{Error, Result};
use domain::id::{NotificationId, UserId};
use jiff::Timestamp;
use services::ports::{Notification, NotificationStore};

use crate::aws::{Aws, Dynamo, Item, from_sdk, n, number, s, text, unless_condition_failed};

/// The table of notifications.
pub struct DynamoNotifications {
    dynamo: Dynamo,
    table: String,
}

impl DynamoNotifications {
    /// Notifications in this table, keyed by `user_id` and `notification_id`.
    pub fn new(aws: Aws, table: impl Into<String>) -> Self {
        Self { dynamo: Dynamo::new(aws), table: table.into() }
    }
}

fn key_of(user_id: UserId, id: NotificationId) -> HashMap<String, AttributeValue> {
    HashMap::from([("user_id".to_owned(), s(user_id.to_string())), ("notification_id".to_owned(), s(id.to_string()))])
}

fn from_item(item: &Item) -> Result<Notification> {
    let at = |text: &str| text.parse::<Timestamp>().map_err(Error::internal);
    let read_at = item.get("read_at").and_then(|value| value.as_s().ok());
    Ok(Notification {
        id: text(item, "notification_id")?.parse().map_err(Error::internal)?,
        user_id: text(item, "user_id")?.parse().map_err(Error::internal)?,
        kind: text(item, "kind")?.parse().map_err(Error::internal)?,
        data: serde_json::from_str(&text(item, "data")?).map_err(Error::internal)?,
        created_at: at(&text(item, "created_at")?)?,
        read_at: read_at.map(|text| at(text)).transpose()?,
        expires_at: Timestamp::from_second(number(item, "expires_at")?).map_err(Error::internal)?,
    })
}

#[async_trait]
impl NotificationStore for DynamoNotifications {
    async fn put(&self, entry: &Notification) -> Result<()> {
        let outcome = self
            .dynamo
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .set_item(Some(key_of(entry.user_id, entry.id)))
            .item("kind", s(entry.kind.as_str()))
            .item("data", s(entry.data.to_string()))
            .item("created_at", s(entry.created_at.to_string()))
            .item("expires_at", n(entry.expires_at.as_second()))
            .condition_expression("attribute_not_exists(notification_id)")
            .send()
            .await;
        // It may be there: read already, and not to be unread by a message that came again.
        unless_condition_failed(outcome).map(drop)
    }

    async fn page(&self, user_id: UserId, before: Option<NotificationId>, limit: u32) -> Result<Vec<Notification>> {
        let mut query = self
            .dynamo
            .client()
            .await
            .query()
            .table_name(&self.table)
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", s(user_id.to_string()))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        if let Some(before) = before {
            query = query
                .key_condition_expression("user_id = :user AND notification_id < :before")
                .expression_attribute_values(":before", s(before.to_string()));
        }
        let found = query.send().await.map_err(|error| from_sdk("dynamodb", error))?;
        let entries: Vec<Notification> = found.items().iter().map(from_item).collect::<Result<_>>()?;
        // Deleted late: the oldest come last and end first.
        let now = Timestamp::now();
        Ok(entries.into_iter().take_while(|entry| entry.expires_at > now).collect())
    }

    async fn mark_read(&self, user_id: UserId, id: NotificationId, at: Timestamp) -> Result<Option<Notification>> {
        let outcome = self
            .dynamo
            .client()
            .await
            .update_item()
            .table_name(&self.table)
            .set_key(Some(key_of(user_id, id)))
            .update_expression("SET read_at = if_not_exists(read_at, :at)")
            .condition_expression("attribute_exists(notification_id) AND expires_at > :now")
            .expression_attribute_values(":at", s(at.to_string()))
            .expression_attribute_values(":now", n(Timestamp::now().as_second()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        let updated = unless_condition_failed(outcome)?;
        updated.as_ref().and_then(UpdateItemOutput::attributes).map(from_item).transpose()
    }

    async fn remove_of_user(&self, user_id: UserId) -> Result<()> {
        let client = self.dynamo.client().await;
        let mut pages = client
            .query()
            .table_name(&self.table)
            .key_condition_expression("user_id = :user")
            .expression_attribute_values(":user", s(user_id.to_string()))
            .projection_expression("notification_id")
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| from_sdk("dynamodb", error))?;
            let id = text(&item, "notification_id")?.parse().map_err(Error::internal)?;
            let removal = client.delete_item().table_name(&self.table).set_key(Some(key_of(user_id, id)));
            removal.send().await.map_err(|error| from_sdk("dynamodb", error))?;
        }
        Ok(())
    }
}
