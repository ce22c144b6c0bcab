//! What `docs/API-DESIGN.md` promises of every endpoint, over a tiny router: no database, no other crate's routes.

mod common;
mod openapi;
mod requests;
mod shell;
mod with_services;
