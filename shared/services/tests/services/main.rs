//! The use cases on real stores: what holds whatever fails, and however many come at once.

mod access_tokens;
mod bookings;
mod cached;
mod calendar;
mod calendar_feeds;
mod email_changes;
mod idempotency;
mod inbox;
mod maintenance;
mod notifications;
mod oidc;
mod outbox;
mod places;
mod quote_agrees_with_rules;
mod reminders;
mod roles;
mod search_agrees_with_quote;
mod search_filters;
mod search_pages;
mod sessions;
mod sign_in;
mod throttles;
mod verification;
