//! The Lambda function `properties`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_http(properties::routes(), runtime::OF_CALLERS).await
}
