//! Where the tests' stack is: the environment that `cargo xtask test` gives. Nothing is skipped when it is missing.

/// The variable of this name.
///
/// # Panics
/// When it is not set: the tests were not started by the command that starts what they need.
#[track_caller]
pub fn require(name: &str) -> String {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => value,
        _ => panic!("{name} is not set, and this test needs the tests' stack: run `cargo xtask test`"),
    }
}

/// The tests' Redis.
pub fn redis_url() -> String {
    require("ROOST_TEST_REDIS_URL")
}
