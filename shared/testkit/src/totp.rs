//! An authenticator app (RFC 6238), written a second time so that a test compares two.

use aws_lc_rs::hmac;
use jiff::Timestamp;

/// An app that was shown a secret. Its time stands still, so that a code asked for twice is the same.
#[derive(Clone)]
pub struct TotpApp {
    secret: Vec<u8>,
    step: i64,
}

impl TotpApp {
    /// From the base32 that was shown.
    pub fn new(secret: &str) -> Self {
        let bits: String = secret
            .chars()
            .map(|letter| "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(letter).expect("base32"))
            .map(|value| format!("{value:05b}"))
            .collect();
        let byte = |at: usize| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).expect("binary");
        Self { secret: (0..bits.len() / 8).map(byte).collect(), step: Timestamp::now().as_second() / 30 }
    }

    /// The secret's bytes.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The code so many steps from when the app was made; of those within one step of now each is taken once, in order.
    pub fn code(&self, steps: i64) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.secret);
        let tag = hmac::sign(&key, &(self.step + steps).to_be_bytes());
        let tag = tag.as_ref();
        let offset = usize::from(tag[19] & 15);
        let number = u32::from_be_bytes([tag[offset], tag[offset + 1], tag[offset + 2], tag[offset + 3]]);
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }
}
