//! What hosts have earned.

use async_graphql::{Context, Object, Result, SimpleObject};
use payments::earnings::{EarningsOut, EarningsParams};
use serde::Deserialize;
use serde_json::json;

use crate::caller::RequestExt;
use crate::scalars::{Date, Money};
use crate::wire;

/// A month in one currency. `net` is `gross` less the other three.
#[derive(Clone, Debug, Deserialize, SimpleObject)]
struct MonthlyEarnings {
    /// `YYYY-MM`, in UTC, by when the money moved in the books.
    month: String,
    /// ISO 4217.
    currency: String,
    /// Of confirmed stays and their changes, before the host fee.
    gross: Money,
    /// The platform's fee, less what of it came back with refunds.
    host_fee: Money,
    /// Given back to guests, before the host fee.
    refunds: Money,
    /// The host's share of disputes that were lost.
    disputes: Money,
    /// What the month brought.
    net: Money,
    /// Sent to the host, less what came back.
    paid_out: Money,
    /// Owed to the host at the end; below nothing when the host owes.
    balance: Money,
}

/// What hosts ask about their money.
#[derive(Default)]
pub(crate) struct EarningsQuery;

#[Object]
impl EarningsQuery {
    /// What the caller has earned as a host, by month and currency; of the last 12 months unless asked otherwise.
    #[graphql(complexity = "50 + child_complexity")]
    async fn earnings(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first day, in UTC.")] from: Option<Date>,
        #[graphql(desc = "The day after the last, at most 60 months on.")] to: Option<Date>,
    ) -> Result<Option<Vec<MonthlyEarnings>>> {
        let actor = ctx.signed_in()?;
        let EarningsParams { from, to, group: _ } =
            wire::read_params("/graphql/earnings", &json!({ "from": from, "to": to }))?;
        let EarningsOut { data } = EarningsOut::of(&ctx.services().earnings(actor, (from, to)).await?);
        Ok(Some(data.iter().map(wire::object).collect::<domain::error::Result<_>>()?))
    }
}
