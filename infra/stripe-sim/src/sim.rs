//! The simulator's own handles below `/_sim`: the fault script, the logs, the clock, and what people and banks do.
//! Open to whoever reaches the port: it listens on this machine only.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State as Extract};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::accounts::Onboarding;
use crate::error::StripeError;
use crate::faults::Fault;
use crate::server::{json_response, refusal};
use crate::shared::Shared;
use crate::{accounts, disputes, payment_intents};

type Account = Extract<Arc<Shared>>;

/// Keeps a slip of the hand from moving the clock out of what a timestamp can show.
const MAX_ADVANCE_SECONDS: i64 = 10 * 366 * 86_400;

pub(crate) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/_sim/health", get(health))
        .route("/_sim/faults", get(list_faults).post(add_fault).delete(clear_faults))
        .route("/_sim/requests", get(requests))
        .route("/_sim/webhooks", get(webhooks))
        .route("/_sim/clock", get(clock).post(advance_clock))
        .route("/_sim/payment_intents/{id}/authenticate", post(authenticate))
        .route("/_sim/disputes/{id}/close", post(close_dispute))
        .route("/_sim/accounts/{id}/onboard", post(onboard))
        .route("/_sim/accounts/{id}/pay_out", post(pay_out))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, StripeError> {
    serde_json::from_slice(body).map_err(|error| StripeError::invalid(format!("Invalid JSON: {error}")))
}

fn answer(result: Result<Value, StripeError>) -> Response {
    match result {
        Ok(body) => json_response(200, &body),
        Err(error) => refusal(&error),
    }
}

async fn health() -> Response {
    json_response(200, &json!({"status": "ok"}))
}

async fn list_faults(Extract(shared): Account) -> Response {
    json_response(200, &shared.locked(|state| json!(state.faults)))
}

async fn add_fault(Extract(shared): Account, body: Bytes) -> Response {
    answer(read::<Fault>(&body).map(|fault| {
        let shown = json!(fault);
        shared.locked(|state| state.faults.add(fault));
        shown
    }))
}

async fn clear_faults(Extract(shared): Account) -> Response {
    shared.locked(|state| state.faults.clear());
    json_response(200, &json!([]))
}

/// The calls of the API, newest first.
async fn requests(Extract(shared): Account) -> Response {
    json_response(200, &shared.locked(|state| json!(state.requests.newest_first())))
}

/// The sendings of events, newest first.
async fn webhooks(Extract(shared): Account) -> Response {
    let all = shared.locked(|state| json!(state.deliveries.newest_first().collect::<Vec<_>>()));
    json_response(200, &all)
}

async fn clock(Extract(shared): Account) -> Response {
    json_response(200, &shared.locked(|state| json!({"now": state.now(), "ahead_seconds": state.clock_ahead_seconds})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceIn {
    advance_seconds: i64,
}

/// Moves the account's time, so that authorisations run out.
async fn advance_clock(Extract(shared): Account, body: Bytes) -> Response {
    answer(read(&body).and_then(|AdvanceIn { advance_seconds }| {
        shared.locked(|state| {
            let ahead = state.clock_ahead_seconds.saturating_add(advance_seconds);
            if advance_seconds < 0 || ahead > MAX_ADVANCE_SECONDS {
                return Err(StripeError::invalid("The clock goes forward only, and ten years at most."));
            }
            state.clock_ahead_seconds = ahead;
            payment_intents::expire_authorisations(state);
            Ok(json!({"now": state.now(), "ahead_seconds": ahead}))
        })
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthenticateIn {
    outcome: Authentication,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Authentication {
    Succeed,
    Fail,
}

/// The holder of the card answers 3-D Secure.
async fn authenticate(Extract(shared): Account, Path(id): Path<String>, body: Bytes) -> Response {
    answer(read(&body).and_then(|AuthenticateIn { outcome }| {
        let succeeds = matches!(outcome, Authentication::Succeed);
        shared.locked(|state| payment_intents::authenticate(state, &id, succeeds))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseIn {
    status: Verdict,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Won,
    Lost,
}

/// The bank decides a dispute.
async fn close_dispute(Extract(shared): Account, Path(id): Path<String>, body: Bytes) -> Response {
    answer(read(&body).and_then(|CloseIn { status }| {
        let won = matches!(status, Verdict::Won);
        shared.locked(|state| disputes::close(state, &id, won))
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OnboardIn {
    outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Complete,
    RequirementsDue,
    PendingVerification,
}

/// The holder of a connected account onboards, or Stripe finds that something is due again.
async fn onboard(Extract(shared): Account, Path(id): Path<String>, body: Bytes) -> Response {
    answer(read(&body).and_then(|OnboardIn { outcome }| {
        let onboarding = match outcome {
            Outcome::Complete => Onboarding::Complete,
            Outcome::RequirementsDue => Onboarding::RequirementsDue,
            Outcome::PendingVerification => Onboarding::PendingVerification,
        };
        shared.locked(|state| accounts::onboard(state, &id, onboarding))
    }))
}

/// A connected account's balance goes to its bank, where no reversal reaches it.
async fn pay_out(Extract(shared): Account, Path(id): Path<String>) -> Response {
    answer(shared.locked(|state| accounts::pay_out(state, &id)))
}
