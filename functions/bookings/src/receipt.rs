//! `GET /v1/bookings/{id}/receipt`.

mod html;
mod page;
mod pdf;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use domain::error::{Error, ErrorCode};
use domain::id::BookingId;
use web::{AppState, Caller, PathId, Problem, Query, accept};

use self::page::ReceiptPage;

const HTML: &str = "text/html";
const PDF: &str = "application/pdf";

/// Styles of its own and nothing else: what people wrote could do no harm even if it were not escaped.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The guest's receipt: what the stay costs, what was paid, what went back and what is kept.
///
/// As HTML, or as PDF with `Accept: application/pdf`. There is one once the card has been charged; before that the answer
/// is `409 not_paid`.
#[utoipa::path(
    get,
    path = "/v1/bookings/{id}/receipt",
    tag = "bookings",
    operation_id = "getReceipt",
    params(("id" = BookingId, Path)),
    security(("access_token" = [])),
    responses((status = 200, description = "The receipt", content((String = "text/html"), (Vec<u8> = "application/pdf"))))
)]
pub(crate) async fn get_receipt(
    State(app): State<AppState>,
    Caller(actor): Caller,
    PathId(id): PathId<BookingId>,
    Query(()): Query<()>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let not_acceptable =
        || Error::new(ErrorCode::NotAcceptable, "A receipt can be had as text/html or as application/pdf.");
    let media_type = accept::preferred(&headers, &[HTML, PDF]).ok_or_else(not_acceptable)?;
    let page = ReceiptPage::of(&app.services.receipt(&actor, id).await?);
    let (content_type, body) = match media_type {
        PDF => (PDF.to_owned(), pdf::render(&page)?),
        html => (format!("{html}; charset=utf-8"), html::render(&page)?.into_bytes()),
    };
    let headers = [
        (header::CONTENT_TYPE, content_type.as_str()),
        (header::VARY, "Accept"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    ];
    Ok((headers, body).into_response())
}
