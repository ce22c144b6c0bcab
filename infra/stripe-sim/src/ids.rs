//! Ids and secrets in Stripe's shape. Must not be used where they have to be unguessable: a seed makes them known.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A source of ids: the same seed gives the same ones in the same order.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ids {
    seed: u64,
    count: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, count: 0 }
    }

    /// `prefix_` and 24 characters.
    pub(crate) fn next(&mut self, prefix: &str) -> String {
        self.count += 1;
        let source = [self.seed.to_be_bytes(), self.count.to_be_bytes()].concat();
        let hash = digest(&SHA256, &source);
        let characters =
            hash.as_ref().iter().take(24).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        format!("{prefix}_{}", characters.collect::<String>())
    }
}
