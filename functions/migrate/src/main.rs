//! The Lambda function `migrate`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_migration(async |event, owner, app| migrate::handle(event, &owner, &app).await).await
}
