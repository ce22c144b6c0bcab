//! `GET /v1/admin/ledger/trial-balance`.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use domain::ledger::Account;
use domain::money::{Currency, Money};
use jiff::Timestamp;
use serde::Serialize;
use services::earnings::AccountBalance;
use utoipa::{IntoParams, ToSchema};
use web::csv::{self, Csv};
use web::fields::Read;
use web::params::{instant, text};
use web::{AppState, Caller, FromParams, Params, Problem, Query};

/// Which books.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrialBalanceParams {
    /// Up to this instant; now unless given.
    #[param(value_type = Option<String>, format = "date-time")]
    at: Option<Timestamp>,
    /// Only this currency.
    currency: Option<Currency>,
}

impl FromParams for TrialBalanceParams {
    fn from_params(params: &mut Params) -> Read<Self> {
        let at = params.optional("at", instant);
        let currency = params.optional("currency", text);
        Ok(Self { at: at?, currency: currency? })
    }
}

/// An account in one currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct AccountBalanceOut {
    /// Which account.
    account: Account,
    /// All debits.
    debits: Money,
    /// All credits.
    credits: Money,
    /// Debits less credits: above nothing what there is, below nothing what is owed or earned.
    balance: Money,
}

/// The sum of all accounts of one currency.
#[derive(Serialize, ToSchema)]
pub(crate) struct TotalOut {
    /// All debits.
    debits: Money,
    /// All credits: the same, if the books are right.
    credits: Money,
}

/// Every account, and that they balance.
#[derive(Serialize, ToSchema)]
pub(crate) struct TrialBalanceOut {
    /// Up to this instant.
    #[schema(value_type = String, format = "date-time")]
    at: Timestamp,
    /// By currency, then account.
    data: Vec<AccountBalanceOut>,
    /// One a currency.
    totals: Vec<TotalOut>,
}

impl TrialBalanceOut {
    fn of(at: Timestamp, balances: &[AccountBalance]) -> Self {
        let mut totals: Vec<TotalOut> = Vec::new();
        for AccountBalance { debits, credits, .. } in balances {
            match totals.last_mut().filter(|total| total.debits.currency == debits.currency) {
                Some(total) => {
                    total.debits.amount += debits.amount;
                    total.credits.amount += credits.amount;
                }
                None => totals.push(TotalOut { debits: *debits, credits: *credits }),
            }
        }
        let out = |AccountBalance { account, debits, credits }: &AccountBalance| AccountBalanceOut {
            account: *account,
            debits: *debits,
            credits: *credits,
            balance: Money::new(debits.amount - credits.amount, debits.currency),
        };
        Self { at, data: balances.iter().map(out).collect(), totals }
    }

    fn to_csv(&self) -> Csv {
        let mut table = Csv::new(&["account", "currency", "debits", "credits", "balance"]);
        for row in &self.data {
            let names = [csv::text(row.account.as_str()), csv::text(row.balance.currency.code())];
            table.row(names.into_iter().chain([row.debits, row.credits, row.balance].map(csv::amount)));
        }
        table
    }
}

/// Every account of the books, for admins.
///
/// With `Accept: text/csv` the same as a table (RFC 4180), amounts as decimal numbers.
#[utoipa::path(
    get,
    path = "/v1/admin/ledger/trial-balance",
    tag = "admin",
    operation_id = "getTrialBalance",
    params(TrialBalanceParams),
    security(("access_token" = [])),
    responses((
        status = 200,
        description = "Each account, in order",
        content((TrialBalanceOut = "application/json"), (String = "text/csv"))
    ))
)]
pub(crate) async fn get_trial_balance(
    State(app): State<AppState>,
    Caller(actor): Caller,
    headers: HeaderMap,
    Query(TrialBalanceParams { at, currency }): Query<TrialBalanceParams>,
) -> Result<Response, Problem> {
    let (at, balances) = app.services.trial_balance(&actor, at, currency).await?;
    let balance = TrialBalanceOut::of(at, &balances);
    Ok(csv::or_json(&headers, &balance, TrialBalanceOut::to_csv))
}
