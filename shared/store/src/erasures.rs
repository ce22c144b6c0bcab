//! What erasing a person writes, table by table, and the table `erasures` of those under way. Each statement may be run
//! again: what somebody wrote in the meantime goes too. Which tables there are is held by
//! [`crate::personal_data`] and its test.

use domain::error::{Error, Result};
use domain::id::UserId;

use crate::row::RowExt;
use crate::tx::{Queries, Tx};

/// What a person must still wait for, or others must wait for of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obligations {
    /// Stays as guest or host that are booked, asked for, held or under way.
    pub bookings: i64,
    /// Payments, refunds and disputes that are not settled.
    pub payments: i64,
    /// What is still to be paid out to them, or taken back.
    pub payouts: i64,
}

/// What is open for a person. The caller has locked the account and its properties.
pub async fn obligations(tx: &Tx, id: UserId) -> Result<Obligations> {
    let sql = "-- erasures.obligations
        WITH stays AS (SELECT id, host_id, status, hold_expires_at FROM bookings WHERE guest_id = $1 OR host_id = $1),
            paid AS (SELECT p.id, p.status FROM payments p JOIN stays ON stays.id = p.booking_id)
        SELECT (SELECT count(*) FROM stays WHERE status = 'confirmed' OR hold_expires_at > app_now()) AS bookings,
            (SELECT count(*) FROM paid WHERE status NOT IN ('succeeded', 'canceled'))
                + (SELECT count(*) FROM refunds r JOIN paid ON paid.id = r.payment_id WHERE r.status = 'pending')
                + (SELECT count(*) FROM disputes d JOIN paid ON paid.id = d.payment_id
                   WHERE d.status NOT IN ('won', 'lost', 'warning_closed', 'prevented')) AS payments,
            (SELECT count(*) FROM payouts_to_plan JOIN stays ON stays.id = booking_id WHERE stays.host_id = $1)
                + (SELECT count(*) FROM payout_reversals v JOIN payouts p ON p.id = v.payout_id
                   WHERE p.host_id = $1 AND v.status = 'pending') AS payouts";
    let row = tx.row(sql, &[&id.uuid()]).await?;
    let row = row.ok_or_else(|| Error::internal("a SELECT without FROM gave no row"))?;
    Ok(Obligations {
        bookings: row.read("bookings")?,
        payments: row.read("payments")?,
        payouts: row.read::<i64>("payouts")? + crate::payouts::count_open(tx, id).await?,
    })
}

/// The person: what is left is an id, and when it came and went.
const ACCOUNT: &str = "-- erasures.account
    UPDATE users SET email = $2, email_key = $2, password_hash = NULL, first_name = 'Former', last_name = 'member',
        phone = NULL, locale = 'en', time_zone = NULL, bio = NULL, languages = '{}', email_verified_at = NULL, role = 'user',
        totp_confirmed_at = NULL, sessions_valid_from = clock_timestamp(), erased_at = coalesce(erased_at, app_now()), updated_at = app_now()
    WHERE id = $1";

/// Everything else of the person ($1), in the order in which locks are taken.
const STATEMENTS: &[&str] = &[
    "-- erasures.properties
     UPDATE properties SET status = 'archived', suspended_at = NULL, suspended_from = NULL, title = NULL,
         description = NULL, house_rules = NULL, lat_e6 = NULL, lng_e6 = NULL, public_lat_e6 = NULL,
         public_lng_e6 = NULL, country = NULL, street = NULL, city = NULL, region = NULL, postal_code = NULL,
         public_offset_bearing_radians = NULL, public_offset_metres = NULL, calendar_token = NULL,
         updated_at = app_now()
     WHERE host_id = $1",
    "-- erasures.booking_messages
     UPDATE bookings SET message = NULL WHERE guest_id = $1 AND message IS NOT NULL",
    "-- erasures.refund_reasons
     UPDATE refunds SET reason = '(erased)' WHERE payment_id IN (
         SELECT p.id FROM payments p JOIN bookings b ON b.id = p.booking_id WHERE b.guest_id = $1 OR b.host_id = $1)",
    "-- erasures.payout_accounts
     DELETE FROM payout_accounts WHERE user_id = $1",
    "-- erasures.payouts
     UPDATE payouts SET account_id = NULL WHERE host_id = $1 AND account_id IS NOT NULL",
    "-- erasures.reviews
     UPDATE reviews SET public_text = '(erased)', private_text = NULL, updated_at = app_now()
     WHERE author_id = $1 AND booking_id IN (SELECT id FROM bookings WHERE guest_id = $1 OR host_id = $1)",
    "-- erasures.responses
     UPDATE reviews SET response = NULL, responded_at = NULL, updated_at = app_now()
     WHERE subject_id = $1 AND response IS NOT NULL
         AND booking_id IN (SELECT id FROM bookings WHERE guest_id = $1 OR host_id = $1)",
    "-- erasures.review_reports
     UPDATE review_reports SET reason = '(erased)' WHERE reporter_id = $1",
    "-- erasures.messages
     UPDATE messages SET text = '(erased)'
     WHERE sender_id = $1 AND thread_id IN (SELECT id FROM threads WHERE guest_id = $1 OR host_id = $1)",
    "-- erasures.second_factors
     DELETE FROM second_factors WHERE user_id = $1",
    "-- erasures.identities
     DELETE FROM identities WHERE user_id = $1",
    "-- erasures.wishlists
     DELETE FROM wishlists WHERE user_id = $1",
    "-- erasures.email_changes
     DELETE FROM email_changes WHERE user_id = $1",
    "-- erasures.notification_preferences
     DELETE FROM notification_preferences WHERE user_id = $1",
    "-- erasures.photos
     UPDATE photos SET status = 'deleted', caption = NULL
     WHERE property_id IN (SELECT id FROM properties WHERE host_id = $1) AND status <> 'deleted'",
    "-- erasures.avatars
     UPDATE avatars SET status = 'deleted' WHERE user_id = $1 AND status <> 'deleted'",
    "-- erasures.calendar_feeds
     DELETE FROM calendar_feeds WHERE property_id IN (SELECT id FROM properties WHERE host_id = $1)",
    "-- erasures.calendar_days
     DELETE FROM calendar_days WHERE property_id IN (SELECT id FROM properties WHERE host_id = $1)",
    "-- erasures.listing_search
     DELETE FROM listing_search WHERE property_id IN (SELECT id FROM properties WHERE host_id = $1)",
];

/// Answers kept for retries, which say what they say: the person's own, and that of the registration, which had no
/// caller yet. And events of the account, which are kept for a week.
const BY_NAME: &[&str] = &[
    "-- erasures.idempotency_keys
     DELETE FROM idempotency_keys
     WHERE caller = $1 OR caller = 'anonymous' AND position(convert_to($1, 'UTF8') IN body) > 0",
    "-- erasures.outbox
     DELETE FROM outbox WHERE data ->> 'user_id' = $1",
];

/// Erases a person from every table, and begins what follows elsewhere. The caller has locked the account and its
/// properties.
pub async fn erase(tx: &Tx, id: UserId) -> Result<()> {
    let (uuid, name) = (id.uuid(), id.to_string());
    tx.execute(ACCOUNT, &[&uuid, &format!("{name}@erased.invalid")]).await?;
    for sql in STATEMENTS {
        tx.execute(sql, &[&uuid]).await?;
    }
    for sql in BY_NAME {
        tx.execute(sql, &[&name]).await?;
    }
    let sql = "-- erasures.begin\nINSERT INTO erasures (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING";
    tx.execute(sql, &[&uuid]).await?;
    Ok(())
}

/// Whose erasure is not finished, those that wait longest first.
pub async fn open(queries: &impl Queries, limit: i64) -> Result<Vec<UserId>> {
    let sql = "-- erasures.open
               SELECT user_id FROM erasures WHERE finished_at IS NULL ORDER BY begun_at LIMIT $1";
    let rows = queries.rows(sql, &[&limit]).await?;
    rows.iter().map(|row| Ok(UserId::from_uuid(row.read("user_id")?))).collect()
}

/// Notes that nothing is left of a person, unless the erasure has begun so recently that a request or a worker which had
/// read the account before may still write; says whether it did.
pub async fn finish(tx: &Tx, id: UserId, settled_after_seconds: f64) -> Result<bool> {
    let sql = "-- erasures.finish
               UPDATE erasures SET finished_at = clock_timestamp()
               WHERE user_id = $1 AND finished_at IS NULL
                   AND begun_at <= clock_timestamp() - make_interval(secs => $2)";
    Ok(tx.execute(sql, &[&id.uuid(), &settled_after_seconds]).await? == 1)
}

/// Whether the person of an account has gone.
pub async fn is_erased(queries: &impl Queries, id: UserId) -> Result<bool> {
    let sql = "-- erasures.is_erased\nSELECT erased_at IS NOT NULL AS erased FROM users WHERE id = $1";
    queries.row(sql, &[&id.uuid()]).await?.map_or(Ok(false), |row| row.read("erased"))
}
