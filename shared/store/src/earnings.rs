//! What the books say of a host's earnings and of everybody's balances: read from the ledger alone.

use domain::error::Result;
use domain::id::UserId;
use domain::ledger::Account;
use domain::money::{Currency, Money};
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::Queries;

/// A host's earnings of one month in one currency. `gross - host_fee - refunds - disputes = net`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthlyEarnings {
    /// Its first day, in UTC.
    pub month: Date,
    /// Earned by confirmed stays and their changes, before the host fee.
    pub gross: Money,
    /// The platform's fee, less what of it was given back with refunds.
    pub host_fee: Money,
    /// Given back to guests, before the host fee.
    pub refunds: Money,
    /// The host's share of disputes that were lost.
    pub disputes: Money,
    /// What the month brought.
    pub net: Money,
    /// Sent to the host, less what came back.
    pub paid_out: Money,
    /// Owed to the host at the end of the month, or of the time asked for; below nothing when the host owes.
    pub balance: Money,
}

/// The balance of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// Which account.
    pub account: Account,
    /// All debits.
    pub debits: Money,
    /// All credits.
    pub credits: Money,
}

/// A host's earnings by month and currency, by when the books were posted to: from one instant up to another.
pub async fn by_month(
    queries: &impl Queries,
    host_id: UserId,
    (from, until): (Timestamp, Timestamp),
) -> Result<Vec<MonthlyEarnings>> {
    let sql = "-- earnings.by_month
        WITH moved AS (
            SELECT date_trunc('month', m.posted_at AT TIME ZONE 'UTC')::date AS month, e.currency, e.account, m.kind,
                m.posted_at >= $2 AS is_asked, e.amount_minor AS amount
            FROM ledger_movements m JOIN ledger_entries e ON e.movement_id = m.id
            WHERE m.host_id = $1 AND m.posted_at < $3 AND e.account IN ('host_payable', 'host_fee_revenue')
        ), months AS (
            SELECT month, currency, bool_or(is_asked) AS is_asked,
                -sum(amount) FILTER (WHERE is_asked AND kind IN ('earned', 'changed')) AS gross,
                -sum(amount) FILTER (WHERE is_asked AND account = 'host_fee_revenue') AS host_fee,
                sum(amount) FILTER (WHERE is_asked AND kind IN ('given_back', 'refund_decided')) AS refunds,
                sum(amount) FILTER (WHERE is_asked AND kind = 'dispute_lost') AS disputes,
                -sum(amount) FILTER (WHERE is_asked AND account = 'host_payable'
                                         AND kind NOT IN ('payout', 'payout_reversed')) AS net,
                sum(amount) FILTER (WHERE is_asked AND kind IN ('payout', 'payout_reversed')) AS paid_out,
                sum(-sum(amount) FILTER (WHERE account = 'host_payable'))
                    OVER (PARTITION BY currency ORDER BY month) AS balance
            FROM moved GROUP BY month, currency
        )
        SELECT month, currency::text AS currency, coalesce(gross, 0)::bigint AS gross,
            coalesce(host_fee, 0)::bigint AS host_fee, coalesce(refunds, 0)::bigint AS refunds,
            coalesce(disputes, 0)::bigint AS disputes, coalesce(net, 0)::bigint AS net,
            coalesce(paid_out, 0)::bigint AS paid_out, coalesce(balance, 0)::bigint AS balance
        FROM months WHERE is_asked ORDER BY month, currency";
    queries.rows(sql, &[&host_id.uuid(), &from, &until]).await?.iter().map(month_from_row).collect()
}

/// Every account's debits and credits up to an instant, by currency and account.
pub async fn trial_balance(
    queries: &impl Queries,
    at: Timestamp,
    currency: Option<Currency>,
) -> Result<Vec<AccountBalance>> {
    let sql = "-- earnings.trial_balance
        SELECT e.account, e.currency::text AS currency,
            coalesce(sum(e.amount_minor) FILTER (WHERE e.amount_minor > 0), 0)::bigint AS debits,
            coalesce(-sum(e.amount_minor) FILTER (WHERE e.amount_minor < 0), 0)::bigint AS credits
        FROM ledger_movements m JOIN ledger_entries e ON e.movement_id = m.id
        WHERE m.posted_at <= $1 AND ($2::text IS NULL OR e.currency = $2)
        GROUP BY e.account, e.currency ORDER BY e.currency, e.account";
    let code = currency.map(Currency::code);
    let rows = queries.rows(sql, &[&at, &code]).await?;
    let balance = |row: &Row| -> Result<AccountBalance> {
        let currency = row.parse("currency")?;
        let money = |column| Ok(Money::new(row.read(column)?, currency));
        Ok(AccountBalance { account: row.parse("account")?, debits: money("debits")?, credits: money("credits")? })
    };
    rows.iter().map(balance).collect()
}

fn month_from_row(row: &Row) -> Result<MonthlyEarnings> {
    let currency: Currency = row.parse("currency")?;
    let money = |column| -> Result<Money> { Ok(Money::new(row.read(column)?, currency)) };
    Ok(MonthlyEarnings {
        month: row.read("month")?,
        gross: money("gross")?,
        host_fee: money("host_fee")?,
        refunds: money("refunds")?,
        disputes: money("disputes")?,
        net: money("net")?,
        paid_out: money("paid_out")?,
        balance: money("balance")?,
    })
}
