//! Codes of the second factor: RFC 6238 with SHA-1, six digits and steps of 30 seconds, as every authenticator app has it.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;

/// Seconds of a step.
const STEP_SECONDS: i64 = 30;

/// Steps that a clock may be wrong by, either way.
const DRIFT_STEPS: i64 = 1;

/// Bytes of a secret: as many as RFC 4226 recommends.
pub(crate) const SECRET_BYTES: usize = 20;

/// What somebody sends as a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Six digits of the app.
    Digits(String),
    /// A recovery code, without its dashes.
    Recovery(String),
}

impl Code {
    /// Reads a code as people type it, spaces and dashes included; none for what can be neither.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let code: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(32).collect();
        match code.len() {
            6 if code.bytes().all(|byte| byte.is_ascii_digit()) => Some(Self::Digits(code)),
            RECOVERY_LETTERS if code.is_ascii() => Some(Self::Recovery(code.to_ascii_lowercase())),
            _ => None,
        }
    }
}

/// The step that this instant, in seconds since 1970, is in.
fn step_at(seconds: i64) -> i64 {
    seconds.div_euclid(STEP_SECONDS)
}

/// The step, of those now allowed and later than `last_step`, whose code this is.
pub(crate) fn matching_step(secret: &[u8], digits: &str, seconds: i64, last_step: Option<i64>) -> Option<i64> {
    let now = step_at(seconds);
    // Each is compared, so that the time does not tell which was it.
    let matching: Vec<i64> = (now - DRIFT_STEPS..=now + DRIFT_STEPS)
        .filter(|step| verify_slices_are_equal(code_of(secret, *step).as_bytes(), digits.as_bytes()).is_ok())
        .collect();
    matching.into_iter().find(|step| last_step.is_none_or(|last| *step > last))
}

/// The six digits of a step (RFC 4226 §5.3).
fn code_of(secret: &[u8], step: i64) -> String {
    format!("{:06}", truncated(secret, step) % 1_000_000)
}

fn truncated(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    let word = tag.get(offset..offset + 4).unwrap_or_default();
    word.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff
}

/// Letters of a recovery code: 80 bits.
const RECOVERY_LETTERS: usize = 16;

/// A recovery code of these random bytes, in groups as it is shown.
pub(crate) fn recovery_code(random: &[u8; 10]) -> String {
    let letters = base32(random).to_ascii_lowercase();
    let groups: Vec<&str> = (0..RECOVERY_LETTERS).step_by(4).filter_map(|at| letters.get(at..at + 4)).collect();
    groups.join("-")
}

/// RFC 4648 §6, without padding.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letter = |five_bits: u32| char::from(LETTERS[(five_bits & 31) as usize]);
    let (mut text, mut held, mut bits) = (String::new(), 0u32, 0u32);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(letter(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(letter(held << (5 - bits)));
    }
    text
}

/// What an authenticator app reads from a QR code.
pub(crate) fn otpauth_url(secret: &str, email: &str) -> String {
    let account: String = email.bytes().map(encoded).collect();
    format!("otpauth://totp/Roost:{account}?secret={secret}&issuer=Roost&algorithm=SHA1&digits=6&period=30")
}

fn encoded(byte: u8) -> String {
    match byte {
        b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RFC_SECRET: &[u8] = b"12345678901234567890";

    /// RFC 6238, appendix B, SHA-1; its eight digits end in the six.
    #[test]
    fn codes_are_those_of_the_rfc() {
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(format!("{:08}", truncated(RFC_SECRET, step_at(seconds)) % 100_000_000), code);
            assert_eq!(code_of(RFC_SECRET, step_at(seconds)), code[2..]);
        }
    }

    #[test]
    fn a_clock_may_be_wrong_by_one_step_either_way() {
        let (now, digits) = (1_234_567_890, "005924");
        let step = step_at(now);
        for (seconds, expected) in
            [(now - 60, None), (now - 30, Some(step)), (now, Some(step)), (now + 30, Some(step)), (now + 60, None)]
        {
            assert_eq!(matching_step(RFC_SECRET, digits, seconds, None), expected, "{seconds}");
        }
    }

    #[test]
    fn a_step_is_good_once_and_those_before_it_not_at_all() {
        let (now, digits) = (1_234_567_890, "005924");
        let step = step_at(now);
        assert_eq!(matching_step(RFC_SECRET, digits, now, Some(step - 1)), Some(step));
        for last in [step, step + 1] {
            assert_eq!(matching_step(RFC_SECRET, digits, now, Some(last)), None);
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn base32_is_that_of_the_rfc() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("foobar", "MZXW6YTBOI")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn codes_are_read_as_people_type_them() {
        assert_eq!(Code::parse(" 123 456 "), Some(Code::Digits("123456".to_owned())));
        let shown = recovery_code(&[0xab; 10]);
        assert_eq!(shown.len(), 19);
        let expected = Some(Code::Recovery(shown.replace('-', "")));
        assert_eq!(Code::parse(&shown), expected);
        assert_eq!(Code::parse(&shown.to_uppercase().replace('-', " ")), expected);
        for wrong in ["", "12345", "1234567", "12345a", "１２３４５６", "abcd", "🦀🦀🦀🦀"] {
            assert_eq!(Code::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_reads_whose_secret_it_is() {
        assert_eq!(
            otpauth_url("ABC", "ada+x@example.com"),
            "otpauth://totp/Roost:ada%2Bx%40example.com?secret=ABC&issuer=Roost&algorithm=SHA1&digits=6&period=30"
        );
    }
}
