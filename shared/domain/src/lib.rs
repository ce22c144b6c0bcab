//! (in the making)
pub mod error;
