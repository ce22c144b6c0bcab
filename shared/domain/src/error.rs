//! The one error of the product: what a client may read and what only the log may, kept apart.
//! Turning it into an HTTP answer is the web layer's work.

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// Shorthand for results of rules, stores and use cases.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Every code a client can meet, with its HTTP status and RFC 9457 title: one table, so that the list is exhaustive.
macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// A stable, machine-readable reason; `as_str` is the `code` member of a problem.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// Every code there is, in the order of the documentation.
            pub const ALL: &[ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The stable snake_case name.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $code,)* }
            }

            /// The HTTP status it is answered with.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$variant => $status,)* }
            }

            /// The short summary of the kind of problem, the same for each occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(ErrorCode::$variant => $title,)* }
            }
        }
    };
}

error_codes! {
    /// The body is not JSON at all.
    MalformedJson = "malformed_json", 400, "The request body is not valid JSON";
    /// The `Idempotency-Key` header is required here.
    IdempotencyKeyMissing = "idempotency_key_missing", 400, "An idempotency key is required";
    /// The `Idempotency-Key` header is empty, too long or not printable.
    IdempotencyKeyInvalid = "idempotency_key_invalid", 400, "The idempotency key is not usable";
    /// The webhook's signature is missing, wrong or too old.
    WebhookSignatureInvalid = "webhook_signature_invalid", 400, "The webhook signature is not valid";
    /// No access token, or one that is not valid.
    Unauthenticated = "unauthenticated", 401, "Authentication is required";
    /// E-mail or password do not match; which of them is not said.
    InvalidCredentials = "invalid_credentials", 401, "Wrong e-mail address or password";
    /// The password is right, and the account's second factor is to be sent too.
    TotpRequired = "totp_required", 401, "A code of the second factor is required";
    /// A spent refresh token came again: its whole family is revoked.
    TokenReused = "token_reused", 401, "The refresh token has been used before";
    /// The caller may see this, but not do that.
    Forbidden = "forbidden", 403, "Not allowed";
    /// The account's e-mail address has not been verified yet.
    EmailUnverified = "email_unverified", 403, "Verify your e-mail address first";
    /// The address of somebody new is not verified where they sign in.
    ProviderEmailUnverified = "provider_email_unverified", 403, "The provider has not verified the e-mail address";
    /// Nothing there that the caller may see.
    NotFound = "not_found", 404, "Not found";
    /// The route is known, but not with this method.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// None of the media types asked for can be made.
    NotAcceptable = "not_acceptable", 406, "Not acceptable";
    /// An account with this address exists.
    EmailTaken = "email_taken", 409, "The e-mail address is taken";
    /// Without it nobody could sign in to the account.
    LastSignInMethod = "last_sign_in_method", 409, "It is the only way to sign in";
    /// The listing lacks, or would lack, what publishing needs; `missing` names the fields.
    NotReady = "not_ready", 409, "The listing is not ready to be published";
    /// The property has as many photos as it may.
    TooManyPhotos = "too_many_photos", 409, "There are too many photos";
    /// Stays are still to come there, or under way.
    BookingsToCome = "bookings_to_come", 409, "There are bookings to come";
    /// A booking, hold, block or import has these nights.
    DatesUnavailable = "dates_unavailable", 409, "The dates are not available";
    /// A booked night can neither be blocked nor opened; `dates` has each of them.
    NightBooked = "night_booked", 409, "A night is booked";
    /// The price is no longer the one shown; `quote` is the new one.
    QuoteChanged = "quote_changed", 409, "The price has changed";
    /// Another change of the stay is proposed, or waits to be paid for.
    ChangeOpen = "change_open", 409, "A change is open";
    /// The guest has as many unpaid holds as allowed.
    TooManyHolds = "too_many_holds", 409, "Too many unpaid bookings";
    /// The user has as many wishlists as allowed.
    TooManyWishlists = "too_many_wishlists", 409, "Too many wishlists";
    /// The wishlist has as many properties as allowed.
    WishlistFull = "wishlist_full", 409, "The wishlist is full";
    /// The property has a calendar feed of this address.
    FeedExists = "feed_exists", 409, "There is such a feed already";
    /// The property has as many calendar feeds as allowed.
    TooManyFeeds = "too_many_feeds", 409, "Too many calendar feeds";
    /// The stay has not ended, or never took place.
    StayNotCompleted = "stay_not_completed", 409, "The stay is not completed";
    /// More than 14 days have passed since check-out.
    ReviewWindowClosed = "review_window_closed", 409, "The time to review is over";
    /// This side has reviewed the stay.
    AlreadyReviewed = "already_reviewed", 409, "Already reviewed";
    /// Nothing has been paid yet.
    NotPaid = "not_paid", 409, "Nothing has been paid yet";
    /// Stays, payments or payouts of the person are not over; `open` counts them.
    OpenObligations = "open_obligations", 409, "There are open obligations";
    /// The object's state does not allow this.
    InvalidState = "invalid_state", 409, "Not possible in this state";
    /// The first request with this key has not ended.
    IdempotencyInProgress = "idempotency_in_progress", 409, "The first request with this key is still running";
    /// `If-Match` names another version.
    PreconditionFailed = "precondition_failed", 412, "The object has changed meanwhile";
    /// The body is over 256 KiB.
    PayloadTooLarge = "payload_too_large", 413, "The request body is too large";
    /// The body is of another media type than `application/json`.
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported media type";
    /// Fields or parameters are wrong; `errors` has each of them.
    ValidationFailed = "validation_failed", 422, "The request is not valid";
    /// The cursor was altered or belongs to other filters.
    InvalidCursor = "invalid_cursor", 422, "The cursor is not valid";
    /// The key was used with another request.
    IdempotencyKeyReused = "idempotency_key_reused", 422, "The idempotency key belongs to another request";
    /// A one-time token is unknown, used or too old.
    TokenInvalid = "token_invalid", 422, "The token is not valid";
    /// A code of the second factor is wrong, too old, or was used.
    TotpInvalid = "totp_invalid", 422, "The code is not valid";
    /// Too many requests.
    RateLimited = "rate_limited", 429, "Too many requests";
    /// A fault of ours; the log has the cause under the request id.
    Internal = "internal_error", 500, "Something went wrong on our side";
    /// A dependency is down or too slow; trying again later is right.
    Unavailable = "unavailable", 503, "Temporarily unavailable";
}

/// Why a single value can't be taken: what newtypes' parsers return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Stable snake_case reason, such as `too_long`.
    pub code: &'static str,
    /// A sentence for the person who sent the value.
    pub detail: String,
}

impl Invalid {
    /// A reason and its sentence.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl StdError for Invalid {}

/// One fault of a request: where, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into the body, or `?name` for a query parameter.
    pub pointer: String,
    /// Stable snake_case reason.
    pub code: &'static str,
    /// A sentence for the person who sent it.
    pub detail: String,
}

impl FieldError {
    /// A fault at `pointer`.
    pub fn new(pointer: impl Into<String>, invalid: Invalid) -> Self {
        Self { pointer: pointer.into(), code: invalid.code, detail: invalid.detail }
    }
}

/// What went wrong: `code`, `detail`, `fields` and `extra` are for the client, `cause` for the log alone.
#[derive(Debug)]
pub struct Error {
    code: ErrorCode,
    detail: String,
    fields: Vec<FieldError>,
    extra: Map<String, Value>,
    retry_after_seconds: Option<u32>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error whose `detail` may be shown to the client.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            fields: Vec::new(),
            extra: Map::new(),
            retry_after_seconds: None,
            cause: None,
        }
    }

    /// Nothing there that the caller may see: says nothing of what exists.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "There is nothing at this address that you may see.")
    }

    /// A fault of ours: the client reads a fixed sentence, the log gets `cause`.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorCode::Internal, "The request could not be completed. It has been logged under its request id.")
            .caused_by(cause)
    }

    /// A dependency is down: `503`, to be tried again in a second or two.
    pub fn unavailable(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(ErrorCode::Unavailable, "A part of the service is not reachable. Try again in a moment.")
            .retry_after(2)
            .caused_by(cause)
    }

    /// `422` with every fault of the request.
    pub fn validation(fields: Vec<FieldError>) -> Self {
        let detail = match fields.as_slice() {
            [only] => only.detail.clone(),
            _ => format!("{} fields of the request are not valid.", fields.len()),
        };
        Self { fields, ..Self::new(ErrorCode::ValidationFailed, detail) }
    }

    /// `422` with a single fault.
    pub fn invalid_field(pointer: impl Into<String>, invalid: Invalid) -> Self {
        Self::validation(vec![FieldError::new(pointer, invalid)])
    }

    /// Adds a member to the problem, such as `missing` or `quote`.
    #[must_use]
    pub fn with(mut self, member: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(member.to_owned(), value.into());
        self
    }

    /// Tells the client when to come again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The error with the whole chain of its causes: for the log alone.
    pub fn causes(&self) -> String {
        with_causes(self)
    }

    /// The reason.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The sentence for the client.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The faults of a request that is not valid; else empty.
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// Further members of the problem.
    pub fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }

    /// Seconds for `Retry-After`, where it makes sense to come again.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.code.as_str(), self.detail)?;
        for field in &self.fields {
            write!(formatter, "; {} {}", field.pointer, field.code)?;
        }
        Ok(())
    }
}

/// An error with the whole chain of its causes: for the log alone.
pub fn with_causes(error: &dyn StdError) -> String {
    let mut chain = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        chain.push_str(&format!(": {cause}"));
        next = cause.source();
    }
    chain
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_snake_case() {
        let mut seen = std::collections::HashSet::new();
        for code in ErrorCode::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            assert!(code.as_str().chars().all(|c| c.is_ascii_lowercase() || c == '_'));
            assert!((400..=599).contains(&code.status()));
        }
    }

    #[test]
    fn the_cause_is_not_in_what_the_client_reads() {
        let error = Error::internal(std::io::Error::other("password=hunter2"));
        assert!(!error.to_string().contains("hunter2"));
        assert!(!error.detail().contains("hunter2"));
        assert!(error.source().is_some());
    }
}
