//! What hosts are paid: every route of `/v1/payouts`.

pub(crate) mod get;
pub mod json;
pub mod list;
