//! What is known of the request being answered, for whoever answers it: a task-local, set by the shell alone.

use std::sync::Arc;

use services::throttles::Client;

/// Facts of one request.
#[derive(Clone, Debug, Default)]
pub struct RequestContext {
    /// The caller's `X-Request-Id`, or one made here.
    pub request_id: String,
    /// Base of problem types and links, without a slash at the end.
    pub public_base_url: Arc<str>,
    /// Where it comes from, and how often from there.
    pub client: Arc<Client>,
    /// Whether the request came with an `Authorization` header.
    pub credentials_sent: bool,
}

tokio::task_local! {
    static CURRENT: Arc<RequestContext>;
}

/// The request this task is answering; outside of the shell an empty one.
pub fn current() -> Arc<RequestContext> {
    CURRENT.try_with(Arc::clone).unwrap_or_default()
}

/// Runs `work` as part of the request.
pub async fn scope<F: Future>(context: RequestContext, work: F) -> F::Output {
    CURRENT.scope(Arc::new(context), work).await
}
