//! Counts of attempts in Redis: one script a try, so that nothing comes between looking and adding. A Redis that is gone
//! or slow is an error here; who asks goes on to the next in line.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::error::{Error, Result};
use services::ports::{Attempt, Bucket, Counted, ThrottleStore};

use crate::redis_cache::RedisCache;

/// What it may take: next in line is a table, which takes some milliseconds too.
const OPERATION_LIMIT: Duration = Duration::from_millis(250);

/// Of buckets, gauges first; now, how many gauges, then of each bucket window, cost and strained cost, all in
/// milliseconds: 1 if allowed, 1 if strained, then of each gauge what was added, of each limit when it will be empty.
const TAKE: &str = "local now, gauges = tonumber(ARGV[1]), tonumber(ARGV[2])
local strained, allowed = false, true
local empty_at, costs = {}, {}
for at, key in ipairs(KEYS) do
    local window, cost, strained_cost = unpack(ARGV, 3 * at, 3 * at + 2)
    window, cost, strained_cost = tonumber(window), tonumber(cost), tonumber(strained_cost)
    local filled = math.max(tonumber(redis.call('GET', key) or 0), now)
    if at > gauges and strained then cost = strained_cost end
    if filled + cost > now + window then
        if at > gauges then allowed = false else strained, cost = true, 0 end
    end
    empty_at[at], costs[at] = filled, cost
end
local answer = {allowed and 1 or 0, strained and 1 or 0}
for at, key in ipairs(KEYS) do
    local added = allowed and costs[at] or 0
    if added > 0 then
        empty_at[at] = empty_at[at] + added
        redis.call('SET', key, string.format('%.0f', empty_at[at]), 'PX', string.format('%.0f', empty_at[at] - now))
    end
    answer[at + 2] = at > gauges and empty_at[at] or added
end
return answer";

/// Of buckets; now, then what each gives back.
const GIVE_BACK: &str = "local now = tonumber(ARGV[1])
for at, key in ipairs(KEYS) do
    local filled = redis.call('GET', key)
    if filled then
        local empty_at = tonumber(filled) - tonumber(ARGV[at + 1])
        if empty_at > now then
            redis.call('SET', key, string.format('%.0f', empty_at), 'PX', string.format('%.0f', empty_at - now))
        else
            redis.call('DEL', key)
        end
    end
end
return 1";

/// Counts in Redis.
pub struct RedisThrottles {
    redis: Arc<RedisCache>,
}

impl RedisThrottles {
    /// On the connection of this cache.
    pub fn new(redis: Arc<RedisCache>) -> Self {
        Self { redis }
    }
}

#[async_trait]
impl ThrottleStore for RedisThrottles {
    async fn take(&self, attempt: &Attempt) -> Result<Counted> {
        let buckets: Vec<&Bucket> = attempt.gauges.iter().chain(&attempt.limits).collect();
        let mut command = redis::cmd("EVAL");
        command.arg(TAKE).arg(buckets.len());
        for bucket in &buckets {
            command.arg(&bucket.key);
        }
        command.arg(attempt.now).arg(attempt.gauges.len());
        for bucket in &buckets {
            command.arg(bucket.window).arg(bucket.cost).arg(bucket.strained_cost);
        }
        let answer: Option<Vec<i64>> = self.redis.run_within(OPERATION_LIMIT, &command).await;
        let answer = answer.ok_or_else(|| Error::unavailable("redis does not count attempts"))?;
        let [allowed, strained, of_buckets @ ..] = answer.as_slice() else {
            return Err(Error::internal("the script of throttles answers what it never does"));
        };
        let (gauge_costs, empty_at) = of_buckets
            .split_at_checked(attempt.gauges.len())
            .ok_or_else(|| Error::internal("the script of throttles leaves gauges out"))?;
        Ok(Counted {
            allowed: *allowed == 1,
            strained: *strained == 1,
            gauge_costs: gauge_costs.to_vec(),
            empty_at: empty_at.to_vec(),
        })
    }

    async fn give_back(&self, costs: &[(String, i64)], now: i64) -> Result<()> {
        let mut command = redis::cmd("EVAL");
        command.arg(GIVE_BACK).arg(costs.len());
        for (key, _) in costs {
            command.arg(key);
        }
        command.arg(now);
        for (_, cost) in costs {
            command.arg(*cost);
        }
        let answer: Option<i64> = self.redis.run_within(OPERATION_LIMIT, &command).await;
        answer.map(drop).ok_or_else(|| Error::unavailable("redis does not take attempts back"))
    }
}
