//! What a worker has done already, in DynamoDB: a claim with an end, then done; forgotten after two weeks, which is
//! as long as a message can live on a queue.

use async_trait::async_trait;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use domain::error::Result;
use jiff::Timestamp;
use services::ports::{DeliveryClaim, DeliveryLog};

use crate::aws::{Aws, Dynamo, from_sdk, n, s, text, unless_condition_failed};

/// How long a worker has a delivery to itself: longer than an invocation may run.
const CLAIM_SECONDS: i64 = 30;

const KEEP_SECONDS: i64 = 14 * 24 * 3600;

/// The table of deliveries.
pub struct DynamoDeliveries {
    dynamo: Dynamo,
    table: String,
}

impl DynamoDeliveries {
    /// Deliveries in this table, keyed by `delivery_id`.
    pub fn new(aws: Aws, table: impl Into<String>) -> Self {
        Self { dynamo: Dynamo::new(aws), table: table.into() }
    }
}

#[async_trait]
impl DeliveryLog for DynamoDeliveries {
    async fn claim(&self, delivery_id: &str) -> Result<DeliveryClaim> {
        let now = Timestamp::now().as_second();
        let outcome = self
            .dynamo
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .item("delivery_id", s(delivery_id))
            .item("state", s("claimed"))
            .item("claimed_until", n(now + CLAIM_SECONDS))
            .item("expires_at", n(now + KEEP_SECONDS))
            .condition_expression("attribute_not_exists(delivery_id) OR (#state = :claimed AND claimed_until <= :now)")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", s("claimed"))
            .expression_attribute_values(":now", n(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = outcome else { return Ok(DeliveryClaim::Mine) };
        match error.as_service_error().and_then(|error| match error {
            aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(failed) => {
                Some(failed)
            }
            _ => None,
        }) {
            Some(failed) => match failed.item() {
                Some(item) if text(item, "state")? == "done" => Ok(DeliveryClaim::Done),
                _ => Ok(DeliveryClaim::InProgress),
            },
            None => Err(from_sdk("dynamodb", error)),
        }
    }

    async fn complete(&self, delivery_id: &str) -> Result<()> {
        let now = Timestamp::now().as_second();
        self.dynamo
            .client()
            .await
            .put_item()
            .table_name(&self.table)
            .item("delivery_id", s(delivery_id))
            .item("state", s("done"))
            .item("expires_at", n(now + KEEP_SECONDS))
            .send()
            .await
            .map_err(|error| from_sdk("dynamodb", error))?;
        Ok(())
    }

    async fn release(&self, delivery_id: &str) -> Result<()> {
        let outcome = self
            .dynamo
            .client()
            .await
            .delete_item()
            .table_name(&self.table)
            .key("delivery_id", s(delivery_id))
            .condition_expression("#state = :claimed")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":claimed", s("claimed"))
            .send()
            .await;
        // What another has done since stays done.
        unless_condition_failed(outcome).map(drop)
    }
}
