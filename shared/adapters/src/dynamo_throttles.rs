//! Counts of attempts in DynamoDB, for when Redis is gone: one conditional update a bucket, each a step of its own.
//! What was added before a limit refused is taken away again.

use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use domain::error::{Error, Result};
use services::ports::{Attempt, Bucket, Counted, ThrottleStore};

use crate::aws::{Aws, Dynamo, from_sdk, n, number, s, unless_condition_failed};

/// All of a try: what is left of a request's three seconds must do for the work itself.
const LIMIT: Duration = Duration::from_millis(1_200);

/// Others may add between two updates of one bucket, but not for ever.
const MAX_ROUNDS: u32 = 8;

/// The table of attempts.
pub struct DynamoThrottles {
    dynamo: Dynamo,
    table: String,
    limit: Duration,
}

/// What became of one bucket: when it will be empty.
enum Filled {
    Added(i64),
    Full(i64),
}

impl DynamoThrottles {
    /// Attempts in this table, keyed by `throttle_key`.
    pub fn new(aws: Aws, table: impl Into<String>) -> Self {
        Self { dynamo: Dynamo::new(aws), table: table.into(), limit: LIMIT }
    }

    /// The limit of a try so many times as long: for tests, on a machine that has much else to do.
    #[must_use]
    pub fn with_patience(self, times: u32) -> Self {
        Self { limit: times * LIMIT, ..self }
    }

    async fn count(&self, attempt: &Attempt) -> Result<Counted> {
        let (mut added, mut strained, mut gauge_costs) = (Vec::new(), false, Vec::new());
        for gauge in &attempt.gauges {
            let cost = match self.fill(gauge, gauge.cost, attempt.now).await? {
                Filled::Added(_) => gauge.cost,
                Filled::Full(_) => 0,
            };
            strained |= cost == 0;
            added.push((gauge.key.clone(), cost));
            gauge_costs.push(cost);
        }
        let mut empty_at = Vec::new();
        let mut allowed = true;
        for limit in &attempt.limits {
            let cost = if strained { limit.strained_cost } else { limit.cost };
            match self.fill(limit, cost, attempt.now).await? {
                Filled::Added(at) => {
                    added.push((limit.key.clone(), cost));
                    empty_at.push(at);
                }
                Filled::Full(at) => {
                    allowed = false;
                    empty_at.push(at);
                }
            }
        }
        if !allowed {
            added.retain(|(_, cost)| *cost > 0);
            self.give_back(&added, attempt.now).await?;
        }
        Ok(Counted { allowed, strained, gauge_costs, empty_at })
    }

    async fn fill(&self, bucket: &Bucket, cost: i64, now: i64) -> Result<Filled> {
        let full_from = now + bucket.window - cost;
        for _ in 0..MAX_ROUNDS {
            let in_use = self.update(bucket, now, "SET empty_at = empty_at + :cost, expires_at = :expires_at").await;
            let in_use = in_use
                .condition_expression("empty_at > :now AND empty_at <= :full_from")
                .expression_attribute_values(":cost", n(cost))
                .expression_attribute_values(":full_from", n(full_from));
            let empty = self.update(bucket, now, "SET empty_at = :sum, expires_at = :expires_at").await;
            let empty = empty
                .condition_expression("attribute_not_exists(throttle_key) OR empty_at <= :now")
                .expression_attribute_values(":sum", n(now + cost));
            for update in [in_use, empty] {
                if let Some(at) = added(update).await? {
                    return Ok(Filled::Added(at));
                }
            }
            match self.empty_at(&bucket.key).await? {
                Some(at) if at > full_from => return Ok(Filled::Full(at)),
                _ => {}
            }
        }
        Err(Error::unavailable("too many count the same at the same moment"))
    }

    async fn update(&self, bucket: &Bucket, now: i64, expression: &str) -> UpdateItemFluentBuilder {
        let update = self.dynamo.client().await.update_item().table_name(&self.table);
        update
            .key("throttle_key", s(&bucket.key))
            .update_expression(expression)
            .expression_attribute_values(":now", n(now))
            // The table forgets a bucket when it is empty, or a while later.
            .expression_attribute_values(":expires_at", n((now + bucket.window) / 1_000 + 60))
            .return_values(ReturnValue::UpdatedNew)
    }

    async fn empty_at(&self, key: &str) -> Result<Option<i64>> {
        let get = self.dynamo.client().await.get_item().table_name(&self.table).key("throttle_key", s(key));
        let found = get.consistent_read(true).send().await.map_err(|error| from_sdk("dynamodb", error))?;
        found.item.map(|item| number(&item, "empty_at")).transpose()
    }

    async fn take_back(&self, key: &str, cost: i64) -> Result<()> {
        let outcome = self
            .dynamo
            .client()
            .await
            .update_item()
            .table_name(&self.table)
            .key("throttle_key", s(key))
            .update_expression("SET empty_at = empty_at - :cost")
            .condition_expression("attribute_exists(throttle_key)")
            .expression_attribute_values(":cost", n(cost))
            .send()
            .await;
        // A bucket that was forgotten is empty.
        unless_condition_failed(outcome).map(drop)
    }
}

/// When the bucket will be empty after this update; none when its condition does not hold.
async fn added(update: UpdateItemFluentBuilder) -> Result<Option<i64>> {
    let updated = unless_condition_failed(update.send().await)?;
    updated.map(|updated| number(&updated.attributes.unwrap_or_default(), "empty_at")).transpose()
}

#[async_trait]
impl ThrottleStore for DynamoThrottles {
    async fn take(&self, attempt: &Attempt) -> Result<Counted> {
        tokio::time::timeout(self.limit, self.count(attempt)).await.map_err(Error::unavailable)?
    }

    async fn give_back(&self, costs: &[(String, i64)], _now: i64) -> Result<()> {
        let all = async {
            for (key, cost) in costs {
                self.take_back(key, *cost).await?;
            }
            Ok(())
        };
        tokio::time::timeout(self.limit, all).await.map_err(Error::unavailable)?
    }
}
