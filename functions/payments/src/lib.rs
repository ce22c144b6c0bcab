//! Money: every route of `/v1/payments`, `/v1/payouts` and `/v1/payout-account`, earnings and the books, and where Stripe's
//! webhooks come in.

pub mod create;
pub mod earnings;
mod get;
pub mod json;
mod list;
pub mod payout_account;
pub mod payouts;
pub mod refund;
mod stripe_webhook;
mod trial_balance;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use web::AppState;

/// All routes of this function, with full paths.
pub fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create::create_payment))
        .routes(routes!(list::list_payments))
        .routes(routes!(get::get_payment))
        .routes(routes!(refund::refund_payment))
        .routes(routes!(payout_account::create_payout_account, payout_account::get_payout_account))
        .routes(routes!(payouts::list::list_payouts))
        .routes(routes!(payouts::get::get_payout))
        .routes(routes!(earnings::get_earnings))
        .routes(routes!(trial_balance::get_trial_balance))
        .routes(routes!(stripe_webhook::stripe_webhook))
}
