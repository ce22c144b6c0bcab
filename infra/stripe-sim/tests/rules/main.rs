//! The rules of Stripe's API that the simulator holds to, tried over HTTP.

mod access;
mod connect;
mod data_file;
mod disputes;
mod faults;
mod harness;
mod idempotency;
mod lists;
mod pay_page;
mod payment_intents;
mod refunds;
mod webhooks;
