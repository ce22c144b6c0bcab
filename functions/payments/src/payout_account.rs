//! Where hosts are paid: both routes of `/v1/payout-account`.

use axum::Json;
use axum::extract::State;
use domain::payout::PayoutAccountStatus;
use domain::property::CountryCode;
use jiff::Timestamp;
use serde::Serialize;
use services::payout_accounts::PayoutAccountView;
use utoipa::ToSchema;
use web::fields::{Fields, FromFields, Read, text};
use web::{AppState, Body, Caller, OptionalIdempotencyKey, Problem, Query, Reply, answers};

/// Where the host lives, or does business.
#[derive(ToSchema)]
pub struct CreatePayoutAccountIn {
    /// It can't be changed later.
    pub country: CountryCode,
}

impl FromFields for CreatePayoutAccountIn {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let country = fields.required("country", text);
        Ok(Self { country: country? })
    }
}

/// A host's account with the payment provider.
#[derive(Serialize, ToSchema)]
pub struct PayoutAccountOut {
    country: CountryCode,
    /// Payouts wait until it is `enabled`.
    status: PayoutAccountStatus,
    /// The provider's page on which the host tells what it asks for; good once and for a few minutes, and only in the
    /// answer to `POST`, which gives another whenever it is asked. None when nothing is left to be told.
    onboarding_url: Option<String>,
    #[schema(value_type = String, format = "date-time")]
    created_at: Timestamp,
    #[schema(value_type = String, format = "date-time")]
    updated_at: Timestamp,
}

impl From<&PayoutAccountView> for PayoutAccountOut {
    fn from(view: &PayoutAccountView) -> Self {
        let account = &view.account;
        Self {
            country: account.country.clone(),
            status: account.status,
            onboarding_url: view.onboarding_url.clone(),
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

/// Be paid: open an account with the payment provider, or go on where its onboarding was left.
///
/// One account a user. Asked again, the answer has a fresh `onboarding_url`.
#[utoipa::path(
    post,
    path = "/v1/payout-account",
    tag = "payouts",
    operation_id = "createPayoutAccount",
    security(("access_token" = [])),
    request_body = CreatePayoutAccountIn,
    responses((status = 201, description = "The account", body = PayoutAccountOut),
              (status = 200, description = "The account there is", body = PayoutAccountOut))
)]
pub(crate) async fn create_payout_account(
    State(app): State<AppState>,
    Caller(actor): Caller,
    key: OptionalIdempotencyKey,
    Query(()): Query<()>,
    body: Body<CreatePayoutAccountIn>,
) -> Result<Reply, Problem> {
    let key = key.bind(&app.services, Some(&actor), &body.canonical).await?;
    let answer = app
        .services
        .create_payout_account(&actor, &body.value.country, key.as_ref(), |outcome| {
            answers::of(outcome, |view| match view.created {
                true => answers::created(&PayoutAccountOut::from(view), "/v1/payout-account"),
                false => answers::ok(&PayoutAccountOut::from(view)),
            })
        })
        .await?;
    Ok(answer.into())
}

/// The own account with the payment provider, as it is there now.
#[utoipa::path(
    get,
    path = "/v1/payout-account",
    tag = "payouts",
    operation_id = "getPayoutAccount",
    security(("access_token" = [])),
    responses((status = 200, description = "The account", body = PayoutAccountOut))
)]
pub(crate) async fn get_payout_account(
    State(app): State<AppState>,
    Caller(actor): Caller,
    Query(()): Query<()>,
) -> Result<Json<PayoutAccountOut>, Problem> {
    Ok(Json(PayoutAccountOut::from(&app.services.payout_account(&actor).await?)))
}
