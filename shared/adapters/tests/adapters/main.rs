//! The ports on the local AWS and a real Redis: what they promise the use cases, also when what is behind them fails.

mod calendar_fetcher;
mod deliveries;
mod events;
mod mail;
mod oidc;
mod one_time_tokens;
mod redis_cache;
mod secrets;
mod sessions;
mod throttles;
