//! The client of the black-box tests: it speaks HTTP to the running stack and knows only the published contract.
//!
//! Owns the way a test talks to the stack (calls, mails, the developer's handles), the fixtures it starts from and the
//! assertions on problems. Must not depend on any crate of the product, and must not repair what the product answers.
//!
//! `cargo xtask test` starts a stack and names it in `ROOST_TEST_STACK`; without it every test fails and says so.

mod answer;
mod api;
mod contract;
mod fixtures;
mod forge;
mod machine;
mod mail;
mod paying;
mod provider;
mod samples;
mod stack;

pub use answer::{Answer, Problem};
pub use api::{Api, Call};
pub use contract::{Contract, Operation};
pub use fixtures::{Draft, PHOTO, Property, Stay, User, new_key, random_below, unknown_id};
pub use forge::forgeries;
pub use machine::Watch;
pub use mail::{Mail, Mailbox};
pub use paying::{Paying, until};
pub use provider::Provider;
pub use samples::Samples;
pub use stack::Stack;
