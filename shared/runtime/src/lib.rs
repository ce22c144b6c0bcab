//! What every `main` starts from: configuration, secrets, logs, the use cases wired to AWS, and the loops that serve
//! HTTP, queues and schedules. It decides nothing about the product.
//!
//! ```no_run
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), runtime::Error> {
//!     runtime::serve_http(utoipa_axum::router::OpenApiRouter::new(), runtime::OF_CALLERS).await
//! }
//! ```

pub mod config;
pub mod database;
mod events;
mod http;
pub mod secrets;
mod sqs;
pub mod telemetry;
mod wiring;

pub use events::{serve_event, serve_migration};
pub use http::{OF_CALLERS, serve_http};
pub use lambda_runtime::Error;
pub use sqs::{Message, serve_sqs};
pub use wiring::{patient_services, services};

/// A fifth of the instructions of a small request were the C library's allocator's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
