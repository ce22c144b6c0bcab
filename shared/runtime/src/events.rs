//! Functions that are invoked by a schedule or by the deploy: one event, one JSON answer.

use adapters::{Aws, SecretsManager};
use domain::error::Result;
use lambda_runtime::{LambdaEvent, Runtime, service_fn};
use serde::Serialize;
use serde_json::Value;
use services::Services;
use store::DatabaseTarget;
use tracing::Instrument as _;

use crate::Error;
use crate::config::{MigrateConfig, SecretAt};
use crate::wiring::{start, warm_up};
use crate::{database, telemetry};

/// Hands each event to `handle` and answers with what it gives.
///
/// # Errors
/// When the environment's configuration is not complete, or the runtime API is lost.
pub async fn serve_event<H, T>(handle: H) -> std::result::Result<(), Error>
where
    H: AsyncFn(&Services, Value) -> Result<T>,
    T: Serialize,
{
    let (_, services) = start()?;
    warm_up(&services, &[]).await;
    serve(async |event| Box::pin(handle(&services, event)).await).await
}

/// Hands the databases of the owner role and of the functions' role to `handle`, at each invocation as they are then.
///
/// # Errors
/// When the environment's configuration is not complete, or the runtime API is lost.
pub async fn serve_migration<H, T>(handle: H) -> std::result::Result<(), Error>
where
    H: AsyncFn(Value, DatabaseTarget, DatabaseTarget) -> Result<T>,
    T: Serialize,
{
    telemetry::start();
    let config = MigrateConfig::from_environment().inspect_err(|error| tracing::error!(%error, "cannot start"))?;
    let manager = SecretsManager::new(Aws::default());
    let target = async |at: &SecretAt| match at {
        SecretAt::Value(text) => database::parse(text),
        SecretAt::Id(id) => database::parse(&manager.fetch(id).await?),
    };
    serve(async |event| handle(event, target(&config.owner).await?, target(&config.app).await?).await).await
}

async fn serve<T: Serialize>(handle: impl AsyncFn(Value) -> Result<T>) -> std::result::Result<(), Error> {
    let serve = async |event: LambdaEvent<Value>| {
        let trace_id = event.context.xray_trace_id.as_deref();
        let span = tracing::info_span!("event", request_id = event.context.request_id, trace_id);
        let answer = handle(event.payload).instrument(span.clone()).await;
        let log = |error: &domain::error::Error| {
            span.in_scope(|| tracing::error!(code = error.code().as_str(), cause = error.causes(), "failed"));
        };
        answer.inspect_err(log).map_err(Error::from)
    };
    Runtime::new(service_fn(serve)).run().await
}
