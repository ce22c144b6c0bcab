//! The SQL against a real database: what constraints, locks, grants and indexes promise.

mod admin_plan;
mod bookings;
mod idempotency_keys;
mod ledger;
mod outbox;
mod personal_data;
mod schema;
mod search_calendar;
mod search_plan;
mod threads;
