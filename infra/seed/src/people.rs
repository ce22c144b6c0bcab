//! Hosts and guests: rows of `users`.

use jiff::{Timestamp, ToSpan as _};
use uuid::Uuid;

use crate::copy::Rows;
use crate::random::{chance, of, pick, uuid};
use crate::{Plan, words};

/// Argon2id of [`crate::PASSWORD`], the same for everybody: hashing is slow on purpose.
pub(crate) const PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$cm9vc3Qgc2VlZCBzYWx0Lg$ATBtjF5BSpUezV5zqwKNswWVmrwgPnqlfCwUlBzwohg";

/// Columns in the order of the rows.
pub(crate) const COLUMNS: &str = "id, email, email_key, password_hash, first_name, last_name, locale, currency, \
    email_verified_at, created_at, updated_at";

/// Midnight in UTC so many days from today.
pub(crate) fn midnight(plan: &Plan, days: i64) -> Timestamp {
    let date = plan.today.saturating_add(days.days());
    // Unwrap safety: midnight in UTC of a day near today is an instant.
    date.to_zoned(jiff::tz::TimeZone::UTC).expect("a day near today").timestamp()
}

/// An account's id and since when it is there: six to three years ago, the first the longest.
pub(crate) fn identity(plan: &Plan, number: u64) -> (Uuid, Timestamp) {
    let all = plan.hosts() + plan.guests();
    let span = i64::try_from(u128::from(number) * 1_000 * 86_400 / u128::from(all)).unwrap_or(0);
    let since = midnight(plan, -2_200).saturating_add(span.seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
    (uuid(&mut of(plan.seed, "user", number), since), since)
}

/// One row.
pub(crate) fn row(plan: &Plan, number: u64, rows: &mut Rows) {
    let (id, since) = identity(plan, number);
    let mut rng = of(plan.seed, "person", number);
    let (first, last) = words::person(&mut rng);
    let email = format!("person-{number}.{}@seed.roost.test", plan.seed);
    let locale = pick(&mut rng, &["en", "en", "de", "fr", "es", "pt"]);
    let currency = pick(&mut rng, &["USD", "EUR", "EUR", "GBP"]);
    let verified = (number < plan.hosts() || chance(&mut rng, 95.0)).then_some(since);
    rows.plain(id)
        .plain(&email)
        .plain(&email)
        .plain(PASSWORD_HASH)
        .text(first)
        .text(last)
        .plain(locale)
        .plain(currency);
    rows.optional(verified).plain(since).plain(since).end();
}
