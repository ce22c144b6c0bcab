//! A simulator of the part of Stripe that Roost uses: stateful, strict about parameters and versions, with signed
//! webhooks, test cards and a fault script.
//!
//! Owns an account's worth of PaymentIntents, Charges, Refunds, PaymentMethods, Disputes, connected accounts,
//! Transfers, balance transactions and Events, in memory and, when told so, in a file. Must not know anything of Roost,
//! and must never be deployed. What Stripe has and this does not is refused by name (`simulator_unsupported`), never ignored.
//!
//! ```text
//! request ─ server (key, version, fault, Idempotency-Key) ─ routes ─ one file a resource ─ state (one lock)
//!                                                                                  └ event ─ webhooks (signed, retried)
//! ```

#![recursion_limit = "256"]

mod account_links;
mod accounts;
mod balance;
mod balance_transactions;
mod cards;
mod charges;
mod config;
mod currencies;
mod data_file;
mod disputes;
mod error;
mod events;
mod expand;
mod faults;
mod form;
mod html;
mod idempotency;
mod ids;
mod lists;
mod onboarding_page;
mod params;
mod pay_page;
mod payment_intents;
mod payment_methods;
mod refunds;
mod requests;
mod routes;
mod server;
mod shared;
mod signature;
mod sim;
mod simulator;
mod state;
mod table;
mod transfer_reversals;
mod transfers;
mod webhooks;

pub use config::{Config, ConfigError};
pub use data_file::write_whole;
pub use signature::sign;
pub use simulator::{Simulator, StartError};

/// The version of Stripe's API whose shapes and parameters are simulated: the one that the pinned client speaks.
pub const API_VERSION: &str = "2026-10-28.endive";
