//! The Lambda function `payments`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_http(payments::routes(), runtime::OF_CALLERS).await
}
