//! `GET /v1/earnings`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::error::Invalid;
use domain::money::Money;
use domain::stay::parse_date;
use jiff::civil::Date;
use serde::Serialize;
use services::earnings::MonthlyEarnings;
use utoipa::{IntoParams, ToSchema};
use web::csv::{self, Csv};
use web::fields::Read;
use web::{AppState, Caller, FromParams, Params, Problem, Query};

/// Which time.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EarningsParams {
    /// The first day, in UTC; the first of the eleventh month before this one unless given.
    #[param(value_type = Option<String>, format = "date")]
    pub from: Option<Date>,
    /// The day after the last, at most 60 months on; the first of next month unless given.
    #[param(value_type = Option<String>, format = "date")]
    pub to: Option<Date>,
    /// Always by month.
    #[param(inline)]
    pub group: Option<Group>,
}

/// What a row sums up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Group {
    /// A month, in UTC.
    Month,
}

impl FromParams for EarningsParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let from = params.optional("from", parse_date);
        let to = params.optional("to", parse_date);
        let group = params.optional("group", |group| match group {
            "month" => Ok(Group::Month),
            _ => Err(Invalid::new("unknown_value", "This must be month.")),
        });
        Ok(Self { from: from?, to: to?, group: group? })
    }
}

/// A month in one currency. `net` is `gross` less the other three.
#[derive(Serialize, ToSchema)]
pub struct MonthlyEarningsOut {
    /// `YYYY-MM`, in UTC, by when the money moved in the books.
    month: String,
    /// ISO 4217.
    currency: &'static str,
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

impl From<&MonthlyEarnings> for MonthlyEarningsOut {
    fn from(earned: &MonthlyEarnings) -> Self {
        Self {
            month: earned.month.strftime("%Y-%m").to_string(),
            currency: earned.net.currency.code(),
            gross: earned.gross,
            host_fee: earned.host_fee,
            refunds: earned.refunds,
            disputes: earned.disputes,
            net: earned.net,
            paid_out: earned.paid_out,
            balance: earned.balance,
        }
    }
}

/// Earnings, month by month.
#[derive(Serialize, ToSchema)]
pub struct EarningsOut {
    /// By month, then currency; a month in which nothing moved is left out.
    pub data: Vec<MonthlyEarningsOut>,
}

impl EarningsOut {
    /// What was earned.
    pub fn of(earned: &[MonthlyEarnings]) -> Self {
        Self { data: earned.iter().map(MonthlyEarningsOut::from).collect() }
    }

    fn to_csv(&self) -> Csv {
        let mut table =
            Csv::new(&["month", "currency", "gross", "host_fee", "refunds", "disputes", "net", "paid_out", "balance"]);
        for row in &self.data {
            let amounts = [row.gross, row.host_fee, row.refunds, row.disputes, row.net, row.paid_out, row.balance];
            let names = [csv::text(&row.month), csv::text(row.currency)];
            table.row(names.into_iter().chain(amounts.map(csv::amount)));
        }
        table
    }
}

/// What the caller has earned as a host, by month and currency.
///
/// With `Accept: text/csv` the same as a table (RFC 4180), amounts as decimal numbers.
#[utoipa::path(
    get,
    path = "/v1/earnings",
    tag = "payments",
    operation_id = "getEarnings",
    params(EarningsParams),
    security(("access_token" = [])),
    responses((
        status = 200,
        description = "Each month, in order",
        content((EarningsOut = "application/json"), (String = "text/csv"))
    ))
)]
pub(crate) async fn get_earnings(
    State(app): State<AppState>,
    Caller(actor): Caller,
    headers: HeaderMap,
    Query(EarningsParams { from, to, group: _ }): Query<EarningsParams>,
) -> Result<Response, Problem> {
    let earnings = EarningsOut::of(&app.services.earnings(&actor, (from, to)).await?);
    Ok(csv::or_json(&headers, &earnings, EarningsOut::to_csv))
}
