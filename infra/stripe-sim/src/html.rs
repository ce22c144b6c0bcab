//! What the simulator's pages share: plain HTML, no script, nothing from elsewhere. Must not know what they are about.

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::error::StripeError;

pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let style = "body{font:16px sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}label{display:block;\
                 margin:.5rem 0}button{padding:.5rem 1rem;margin-right:.5rem}.wrong{color:#b00020}";
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title} (simulated)</title><style>{style}</style><body><main>\
         <h1>{title}</h1><p>A simulator: no money moves.</p>{body}</main></body></html>"
    );
    (status, Html(html)).into_response()
}

pub(crate) fn see(location: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, location.to_owned())]).into_response()
}

pub(crate) fn wrong(error: &StripeError) -> String {
    format!("<p class=\"wrong\" role=\"alert\">{}</p>", escape(&error.message))
}

pub(crate) fn failure(title: &str, error: &StripeError) -> Response {
    page(StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST), title, &wrong(error))
}
