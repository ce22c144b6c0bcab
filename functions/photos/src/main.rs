//! The Lambda function `photos`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_sqs(photos::handle).await
}
