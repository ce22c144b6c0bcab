//! SQL, one file a table, and the one door to the database (`tx`). The only crate that names `tokio_postgres`.
//! Rules live in `domain`, use cases in `services`: nothing here decides, it reads and writes.

pub mod admin;
pub mod audit_log;
pub mod booking_changes;
pub mod bookings;
pub mod cache_invalidations;
pub mod calendar_days;
pub mod calendar_exports;
pub mod calendar_feeds;
pub mod clock;
pub mod connect;
pub mod disputes;
pub mod earnings;
pub mod email_changes;
pub mod erasures;
pub mod error;
pub mod idempotency_keys;
pub mod identities;
pub mod ledger;
pub mod ledger_check;
pub mod listing_search;
pub mod messages;
pub mod migrations;
pub mod notification_preferences;
pub mod outbox;
pub mod payments;
pub mod payout_accounts;
pub mod payout_reversals;
pub mod payouts;
pub mod personal_data;
pub mod photos;
pub mod places;
pub mod properties;
pub mod refunds;
pub mod reviews;
pub mod row;
pub mod second_factors;
pub mod stays;
pub mod suspensions;
pub mod tax_rates;
pub mod threads;
pub mod tx;
pub mod users;
pub mod wishlists;

pub use connect::{DatabaseCredentials, DatabaseTarget, Db};
pub use tx::{Committed, Connection, Tx};
