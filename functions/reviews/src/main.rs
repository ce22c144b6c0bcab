//! The Lambda function `reviews`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_http(reviews::routes(), runtime::OF_CALLERS).await
}
