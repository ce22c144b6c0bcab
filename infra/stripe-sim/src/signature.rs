//! The `Stripe-Signature` header. Must not send anything.

use aws_lc_rs::hmac;

/// Signs a webhook's raw body as Stripe does: `t=<seconds since 1970>,v1=<hex>`, one `v1` for each secret, each an
/// HMAC-SHA256 over `t.body`.
#[must_use]
pub fn sign(secrets: &[String], timestamp: i64, body: &str) -> String {
    let signed = format!("{timestamp}.{body}");
    let signatures = secrets.iter().map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, signed.as_bytes());
        format!(",v1={}", tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    });
    format!("t={timestamp}{}", signatures.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_gives_a_signature() {
        // Worked out with Python's hmac module.
        let header = sign(&["whsec_a".to_owned(), "whsec_b".to_owned()], 1_700_000_000, "{}");
        assert_eq!(
            header,
            "t=1700000000,\
             v1=04339dc4f01d6541e8d3b7e4bd93cd2d4f680ccb28592270900b08e49cc09e57,\
             v1=c5189ebadc3785f3f35cf54514c1960853eb90d63e53d893af772bcdc3781c6f"
        );
    }
}
