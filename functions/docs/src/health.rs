//! `GET /health` and `GET /health/ready`.

use axum::Json;
use axum::extract::State;
use domain::error::{Error, ErrorCode};
use serde::Serialize;
use services::health::DependencyHealth;
use utoipa::ToSchema;
use web::{AppState, Problem, Query};

/// Whether the service runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct HealthOut {
    /// Always `ok`; anything else is a problem.
    #[schema(examples("ok"))]
    status: &'static str,
}

/// Whether requests can be served, and by which dependencies.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReadinessOut {
    /// Always `ok`; anything else is a problem.
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
    responses((status = 200, description = "Requests can be served", body = ReadinessOut))
)]
pub(crate) async fn ready(State(app): State<AppState>, Query(()): Query<()>) -> Result<Json<ReadinessOut>, Problem> {
    let health = app.services.check_health().await;
    let down: Vec<&str> = health.iter().filter(|one| one.required && !one.ok).map(|one| one.name).collect();
    if !down.is_empty() {
        let detail = format!("Not reachable: {}.", down.join(", "));
        let health = serde_json::to_value(health).map_err(Error::internal)?;
        return Err(Problem(Error::new(ErrorCode::Unavailable, detail).with("dependencies", health)));
    }
    Ok(Json(ReadinessOut { status: "ok", dependencies: health.into_iter().map(DependencyOut::from).collect() }))
}
