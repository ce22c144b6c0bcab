//! The Lambda function `graphql`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_http(graphql::routes(), runtime::OF_CALLERS).await
}
