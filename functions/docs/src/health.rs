//! `GET /health` and `GET /health/ready`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use services::health::DependencyHealth;
use utoipa::ToSchema;
use web::{AppState, Problem, Query};

/// Whether the service runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthOut {
    /// `ok`, or `unavailable` when a dependency that requests need is down.
    #[schema(examples("ok"))]
    status: &'static str,
}

/// Whether requests can be served, and by which dependencies.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessOut {
    /// `ok`, or `unavailable` when a dependency that requests need is down.
    #[schema(examples("ok"))]
    status: &'static str,
    /// Each dependency.
    dependencies: Vec<DependencyOut>,
}

/// How one dependency answered.
#[derive(Serialize, ToSchema)]
pub(crate) struct DependencyOut {
    /// Its name.
    #[schema(examples("database"))]
    name: &'static str,
    /// Whether it answered.
    ok: bool,
    /// Whether requests need it; without the others they are slower, not wrong.
    required: bool,
    /// How long the answer took.
    milliseconds: u64,
}

impl From<DependencyHealth> for DependencyOut {
    fn from(health: DependencyHealth) -> Self {
        let DependencyHealth { name, ok, required, milliseconds } = health;
        Self { name, ok, required, milliseconds }
    }
}

/// Whether the function runs. Touches nothing else.
#[utoipa::path(
    get,
    path = "/health",
    tag = "docs",
    operation_id = "getHealth",
    responses((status = 200, description = "It runs", body = HealthOut))
)]
pub(crate) async fn health(Query(()): Query<()>) -> Json<HealthOut> {
    Json(HealthOut { status: "ok" })
}

/// Whether every dependency answers, and how fast.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "docs",
    operation_id = "getReadiness",
    responses(
        (status = 200, description = "Requests can be served", body = ReadinessOut),
        (status = 503, description = "A dependency that requests need is down", body = ReadinessOut)
    )
)]
pub(crate) async fn ready(State(app): State<AppState>, Query(()): Query<()>) -> Result<Response, Problem> {
    let dependencies = app.services.check_health().await;
    let serves = dependencies.iter().all(|dependency| dependency.ok || !dependency.required);
    let (status, text) = if serves { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "unavailable") };
    let dependencies = dependencies.into_iter().map(DependencyOut::from).collect();
    Ok((status, Json(ReadinessOut { status: text, dependencies })).into_response())
}
