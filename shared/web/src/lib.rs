//! HTTP as this product speaks it: the shell around every router, problems, extractors, answers, pages, OpenAPI.
//! It knows no resource and decides nothing: functions bring the routes, services the rules.
//!
//! A handler is a function of extractors that answers `Result<_, Problem>`:
//!
//! | wants | takes |
//! | --- | --- |
//! | the caller | [`Caller`], [`MaybeCaller`] |
//! | an id of the path, or two | [`PathId`], [`PathIds`] |
//! | a checked body | [`Body`], read by [`fields::FromFields`] |
//! | checked query parameters | [`Query`], read by [`params::FromParams`] |
//! | the idempotency key | [`OptionalIdempotencyKey`], [`RequiredIdempotencyKey`] |
//! | `If-Match` | [`IfMatch`] |

pub mod accept;
pub mod answers;
pub mod auth;
pub mod body;
pub mod context;
pub mod cors;
pub mod csv;
pub mod etag;
pub mod fields;
pub mod idempotency;
mod json;
pub mod kept;
pub mod openapi;
pub mod pages;
pub mod params;
pub mod path;
pub mod problem;
mod rate_limit;
pub mod shell;
pub mod uploads;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use services::Services;
use utoipa_axum::router::OpenApiRouter;

pub use answers::Reply;
pub use auth::{Caller, MaybeCaller};
pub use body::Body;
pub use cors::OriginPattern;
pub use etag::IfMatch;
pub use fields::{Fields, FromFields};
pub use idempotency::{OptionalIdempotencyKey, RequiredIdempotencyKey};
pub use pages::PageRequest;
pub use params::{FromParams, Params, Query};
pub use path::{PathId, PathIds};
pub use problem::Problem;

/// What every handler may reach: `State<AppState>`.
#[derive(Clone)]
pub struct AppState {
    /// The use cases and what they stand on.
    pub services: Arc<Services>,
    /// How this stage speaks HTTP.
    pub http: Arc<HttpSettings>,
}

/// How a stage speaks HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where clients reach the API, without a slash at the end: base of problem types and links.
    pub public_base_url: Arc<str>,
    /// Origins a browser may call from.
    pub cors_origins: Vec<OriginPattern>,
    /// A request still running after this is answered `503`: below the function's own limit, and below 3 s.
    pub time_limit: Duration,
}

impl HttpSettings {
    /// The time limit every deployed function has.
    pub const TIME_LIMIT: Duration = Duration::from_millis(2_800);
}

/// A function's whole router: its routes inside the shell, with problems for what no route answers.
pub fn app(state: AppState, routes: OpenApiRouter<AppState>) -> Router {
    let http = state.http.clone();
    shell::wrap(&http, Router::from(routes).with_state(state))
}
