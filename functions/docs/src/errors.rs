//! `GET /docs/errors`: every code a client can meet. The `type` of a problem is the address of its entry here.

use axum::http::header;
use axum::response::{Html, IntoResponse};
use domain::error::ErrorCode;
use web::Query;

/// What a client does about an error.
const fn advice(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::MalformedJson => {
            "The body could not be parsed as JSON. Check how it is written, and its encoding (UTF-8)."
        }
        ErrorCode::IdempotencyKeyMissing => {
            "This operation moves money: send an Idempotency-Key header, a new value for each new request and the same one to try again."
        }
        ErrorCode::IdempotencyKeyInvalid => {
            "The key must be 1 to 255 printable ASCII characters, in one header. A random UUID is a good key."
        }
        ErrorCode::WebhookSignatureInvalid => "Sign the raw body with the endpoint's secret, and send it within 300 s.",
        ErrorCode::Unauthenticated => {
            "Send an access token as `Authorization: Bearer …`. If you did, it has expired or its session has ended: refresh it, or log in again."
        }
        ErrorCode::InvalidCredentials => "The e-mail address or the password is wrong. Which of them is not said.",
        ErrorCode::TotpRequired => {
            "The password is right, and this account has a second factor. Log in again with a code of it as `totp`."
        }
        ErrorCode::TokenReused => {
            "A refresh token is good for one use. It was used again, so the whole session has ended, for safety: log in again."
        }
        ErrorCode::Forbidden => "You may see this, but not do that. Another account may.",
        ErrorCode::EmailUnverified => "Open the link in the mail that came at registration, or ask for a new one.",
        ErrorCode::ProviderEmailUnverified => {
            "The provider says nothing of your e-mail address, or that it is not verified. Verify it there and sign in again, or register with a password."
        }
        ErrorCode::NotFound => {
            "There is nothing at this address that you may see. What exists but is not yours looks the same."
        }
        ErrorCode::MethodNotAllowed => {
            "The address exists, but not with this method. The Allow header has those it takes."
        }
        ErrorCode::NotAcceptable => {
            "None of the media types in the Accept header can be made. `detail` names those that can."
        }
        ErrorCode::EmailTaken => "There is an account with this e-mail address. Log in, or reset the password.",
        ErrorCode::LastSignInMethod => {
            "Nobody could sign in to the account any more. Set a password first: `POST /v1/auth/password/forgot`."
        }
        ErrorCode::NotReady => {
            "The listing lacks, or would then lack, what publishing needs. `missing` names the fields."
        }
        ErrorCode::TooManyPhotos => "The property has 50 photos, rejected ones included. Delete one first.",
        ErrorCode::BookingsToCome => {
            "Somebody has booked or holds a stay there that is not over. Cancel it or wait; until then, unlist the property."
        }
        ErrorCode::DatesUnavailable => {
            "Somebody has booked, holds or blocks at least one of these nights. Choose others."
        }
        ErrorCode::NightBooked => {
            "Guests have booked the nights in `dates`: leave `available` out for them, or cancel the bookings first."
        }
        ErrorCode::QuoteChanged => {
            "The price is no longer the one you have shown. `quote` is the new one: show it, and book with it."
        }
        ErrorCode::ChangeOpen => {
            "This stay has a change that waits for its answer or to be paid for. Answer it, or have it taken back, first."
        }
        ErrorCode::TooManyHolds => {
            "You hold as many unpaid bookings as allowed. Pay or cancel one, or wait until one expires."
        }
        ErrorCode::TooManyWishlists => "You have 100 wishlists, which is all there may be. Delete one first.",
        ErrorCode::WishlistFull => {
            "There are 500 properties on this wishlist, and no more fit. Take one off, or begin another."
        }
        ErrorCode::FeedExists => "The property has a calendar feed of this address. One is enough.",
        ErrorCode::TooManyFeeds => "The property has as many calendar feeds as allowed. Delete one first.",
        ErrorCode::StayNotCompleted => {
            "Only a stay that took place and has ended can be reviewed. Wait until the check-out time has passed."
        }
        ErrorCode::ReviewWindowClosed => {
            "A stay may be reviewed within 14 days of check-out. What was written by then is published; no more is taken."
        }
        ErrorCode::AlreadyReviewed => {
            "You have reviewed this stay. While the review is hidden you may still change it, with PATCH."
        }
        ErrorCode::NotPaid => "There is a receipt once the card has been charged. Pay first, or ask again later.",
        ErrorCode::OpenObligations => {
            "Stays, payments or payouts of the account are not over. `open` counts them; cancel them, or wait."
        }
        ErrorCode::InvalidState => {
            "The object's state does not allow this. `detail` names the state; get the object again."
        }
        ErrorCode::IdempotencyInProgress => {
            "The first request with this key is still running. Ask again after Retry-After seconds, with the same key."
        }
        ErrorCode::PreconditionFailed => {
            "The object is no longer the version that If-Match names. Get it again, and apply your change to that."
        }
        ErrorCode::PayloadTooLarge => "A body may have at most 256 KiB.",
        ErrorCode::UnsupportedMediaType => "Send bodies as `application/json`, and say so in the Content-Type header.",
        ErrorCode::ValidationFailed => {
            "Fields or query parameters are wrong. `errors` has each of them: `pointer` (a JSON Pointer into the body, or `?name` of a query parameter), `code` and `detail`."
        }
        ErrorCode::InvalidCursor => {
            "A cursor is good for the list and the filters it was given out for, unaltered. Start again without one."
        }
        ErrorCode::IdempotencyKeyReused => {
            "The key was used with another request in the last 24 hours. Take a new key for a new request."
        }
        ErrorCode::TokenInvalid => "The one-time token is unknown, used or too old. Ask for a new one.",
        ErrorCode::TotpInvalid => {
            "The code is wrong, too old, or was used: each is good once. Wait for the next one, or send a recovery code."
        }
        ErrorCode::RateLimited => "Too many requests. Wait for Retry-After seconds.",
        ErrorCode::Internal => {
            "A fault of ours, in our log under the `request_id`. Trying again with the same Idempotency-Key is safe."
        }
        ErrorCode::Unavailable => {
            "Something we depend on is down or slow. Nothing was half done. Try again after Retry-After seconds, with the same Idempotency-Key."
        }
    }
}

/// Every error code, explained.
#[utoipa::path(
    get,
    path = "/docs/errors",
    tag = "docs",
    operation_id = "getErrorCodes",
    responses((status = 200, description = "A page with an entry for each code", content_type = "text/html", body = String))
)]
pub(crate) async fn errors(Query(()): Query<()>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "public, max-age=300")], Html(page()))
}

fn page() -> String {
    let entry = |code: &ErrorCode| {
        let (name, status, title, advice) = (code.as_str(), code.status(), code.title(), advice(*code));
        format!(
            "<section id=\"{name}\"><h2><code>{name}</code></h2><p><b>{status} {title}.</b> {advice}</p></section>\n"
        )
    };
    let entries: String = ErrorCode::ALL.iter().map(entry).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Roost: error codes</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}}\
         section:target{{background:#fff3c4}}</style></head>\n<body><h1>Error codes</h1>\n\
         <p>Errors are <code>application/problem+json</code> (RFC 9457). Decide by <code>code</code>, not by \
         <code>detail</code>; report a problem with its <code>request_id</code>.</p>\n{entries}</body></html>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_an_entry_with_its_anchor() {
        let page = page();
        for code in ErrorCode::ALL {
            assert!(page.contains(&format!("<section id=\"{}\">", code.as_str())), "{}", code.as_str());
        }
    }
}
