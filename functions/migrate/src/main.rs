//! The Lambda function `migrate`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_migration(async |owner, app| migrate::handle(&owner, &app).await).await
}
