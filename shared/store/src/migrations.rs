//! Applying `migrations/` and keeping the functions' role. Run by the deploy, never at a cold start.

use domain::error::{Error, Result};
use tokio_postgres::NoTls;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::connect::DatabaseTarget;
use crate::error::from_postgres;

mod embedded {
    refinery::embed_migrations!("../../migrations");
}

/// Any number will do, as long as every migrator takes the same one.
const ADVISORY_LOCK: i64 = 0x0052_4f4f_5354;

/// What a run did.
#[derive(Debug)]
pub struct Migrated {
    /// Names of the migrations applied now, in order.
    pub applied: Vec<String>,
}

/// Makes the role of the functions if it is missing, sets its password, and applies what is not yet applied.
/// One migrator at a time; a second one waits and then finds nothing to do.
///
/// # Errors
/// `unavailable` when the database can't be reached; an applied migration that was edited, or a statement that
/// failed, is internal and leaves the migrations before it applied.
pub async fn migrate(owner: &DatabaseTarget, app: &DatabaseTarget) -> Result<Migrated> {
    let mut client = connect(owner).await?;
    client.execute("SELECT pg_advisory_lock($1)", &[&ADVISORY_LOCK]).await.map_err(from_postgres)?;
    ensure_role(&client, app).await?;
    let report = embedded::migrations::runner().run_async(&mut client).await.map_err(Error::internal)?;
    Ok(Migrated { applied: report.applied_migrations().iter().map(ToString::to_string).collect() })
}

async fn ensure_role(client: &tokio_postgres::Client, app: &DatabaseTarget) -> Result<()> {
    // Role names and passwords can't be parameters: the server quotes them.
    let statement: String = client
        .query_one(
            "SELECT format(CASE WHEN EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1)
                                THEN 'ALTER ROLE %I LOGIN PASSWORD %L' ELSE 'CREATE ROLE %I LOGIN PASSWORD %L' END,
                           $1::text, $2::text)",
            &[&app.user, &app.password],
        )
        .await
        .map_err(from_postgres)?
        .get(0);
    client.batch_execute(&statement).await.map_err(from_postgres)
}

pub(crate) async fn connect(target: &DatabaseTarget) -> Result<tokio_postgres::Client> {
    let config = target.config();
    match &target.tls {
        None => {
            let (client, connection) = config.connect(NoTls).await.map_err(from_postgres)?;
            drive(connection);
            Ok(client)
        }
        Some(tls) => {
            let tls = MakeRustlsConnect::new((**tls).clone());
            let (client, connection) = config.connect(tls).await.map_err(from_postgres)?;
            drive(connection);
            Ok(client)
        }
    }
}

/// The connection's own task; it ends when the client is dropped.
fn drive(connection: impl Future<Output = std::result::Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "the migration's connection ended");
        }
    });
}
