//! The Lambda function `notifications`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_sqs(notifications::handle).await
}
