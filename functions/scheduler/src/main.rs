//! The Lambda function `scheduler`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_event(async |services, _event| scheduler::handle(services).await).await
}
