//! The function `docs`: `/health`, `/openapi.json`, `/docs/errors`, and the answer to what no other function serves.

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), runtime::Error> {
    runtime::serve_http(docs::routes()).await
}
