//! The Lambda function `payment-webhooks`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_sqs(payment_webhooks::handle).await
}
