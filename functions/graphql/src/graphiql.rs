//! GraphiQL: a page to try the schema on. Everything it loads is part of this program; nothing comes from elsewhere.

use axum::extract::Path;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::error::Error;
use web::Problem;

/// A file of the page; its name changes with its content.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

const ASSETS: &[Asset] = &[
    Asset {
        name: "react-18.3.1.min.js",
        media_type: JAVASCRIPT,
        content: include_bytes!("../assets/react-18.3.1.min.js"),
    },
    Asset {
        name: "react-dom-18.3.1.min.js",
        media_type: JAVASCRIPT,
        content: include_bytes!("../assets/react-dom-18.3.1.min.js"),
    },
    Asset {
        name: "graphiql-2.4.7.min.js",
        media_type: JAVASCRIPT,
        content: include_bytes!("../assets/graphiql-2.4.7.min.js"),
    },
    Asset {
        name: "graphiql-2.4.7.min.css",
        media_type: "text/css; charset=utf-8",
        content: include_bytes!("../assets/graphiql-2.4.7.min.css"),
    },
    Asset { name: "start-1.js", media_type: JAVASCRIPT, content: include_bytes!("../assets/start-1.js") },
    Asset {
        name: "page-1.css",
        media_type: "text/css; charset=utf-8",
        content: include_bytes!("../assets/page-1.css"),
    },
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

const PAGE: &str = include_str!("../assets/index.html");

/// Scripts and requests stay with this host; the editor sets styles of its elements, and its fonts are in its style sheet.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     font-src 'self' data:; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

/// `GET /graphql`.
pub(crate) async fn page() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CONTENT_SECURITY_POLICY)),
        (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
    ];
    (headers, PAGE).into_response()
}

/// `GET /graphql/assets/{name}`.
pub(crate) async fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(Error::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Ok((headers, asset.content).into_response())
}
