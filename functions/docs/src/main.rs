//! The Lambda function `docs`.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_http(docs::routes(), &[]).await
}
