//! What is held on a person, for whom it is about: one statement over all tables, and the list of the columns that lead to
//! a person, which a test holds against the schema. Whoever adds one says here what becomes of it.

use domain::error::Result;
use domain::id::UserId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_postgres::Row;

use crate::row::RowExt;
use crate::tx::Queries;

/// A column that names a person.
#[derive(Clone, Copy, Debug)]
pub struct Reference {
    /// Table and column.
    pub column: &'static str,
    /// The kind under which the export has its rows, or why it has none.
    pub exported: Exported,
    /// What erasing does to its rows.
    pub erased: &'static str,
}

/// Whether an export has the rows of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exported {
    /// Under this kind.
    As(&'static str),
    /// Not, since.
    Not(&'static str),
}

const fn reference(column: &'static str, exported: Exported, erased: &'static str) -> Reference {
    Reference { column, exported, erased }
}

/// Every foreign key on `users`.
pub const REFERENCES: &[Reference] = {
    use Exported::{As, Not};
    &[
        reference("audit_log.actor_id", Not("what an admin did is the platform's record"), "kept: a pseudonym"),
        reference("avatars.user_id", As("avatars"), "deleted, with its objects"),
        reference("bookings.guest_id", As("bookings_as_guest"), "kept for the books, the message is emptied"),
        reference("bookings.host_id", As("bookings_as_host"), "kept for the books"),
        reference("email_changes.user_id", As("email_changes"), "deleted"),
        reference("erasures.user_id", Not("there is none while there is somebody to export"), "kept: that it was done"),
        reference("identities.user_id", As("identities"), "deleted"),
        reference("ledger_movements.host_id", Not("follows from payments, refunds and payouts"), "kept for the books"),
        reference("messages.sender_id", As("messages"), "the text is replaced"),
        reference("notification_preferences.user_id", As("notification_preferences"), "deleted"),
        reference("payments.payer_id", As("payments"), "kept for the books"),
        reference("payout_accounts.user_id", As("payout_account"), "deleted"),
        reference("payouts.host_id", As("payouts"), "kept for the books, the account's name is emptied"),
        reference("properties.host_id", As("properties"), "archived, all that describes it is emptied"),
        reference("review_reports.reporter_id", As("review_reports"), "the reason is replaced"),
        reference("reviews.author_id", As("reviews_written"), "the texts are replaced, the stars stay"),
        reference("reviews.subject_id", As("reviews_received"), "the answer is deleted; the text is its author's"),
        reference("second_factors.user_id", Not("a secret, which is shown to nobody again"), "deleted"),
        reference(
            "sessions_to_end.user_id",
            Not("the sessions themselves are exported"),
            "deleted within a minute, with the sessions",
        ),
        reference("threads.guest_id", As("threads"), "kept: a pseudonym"),
        reference("threads.host_id", As("threads"), "kept: a pseudonym"),
        reference("wishlists.user_id", As("wishlists"), "deleted"),
    ]
};

/// The kinds of an export in its order, each with what gives its rows: a key that orders them, and the row without what
/// is internal, secret, or another person's.
pub const KINDS: &[(&str, &str)] = &[
    ("account", "SELECT ''::text AS key, to_jsonb(u) - '{password_hash,email_key,sessions_valid_from,erased_at}'::text[]
                 FROM users u WHERE id = $1"),
    ("avatars", "SELECT id::text, to_jsonb(a) FROM avatars a WHERE user_id = $1 AND status <> 'deleted'"),
    ("email_changes", "SELECT id::text, to_jsonb(e) FROM email_changes e WHERE user_id = $1"),
    ("identities", "SELECT id::text, to_jsonb(i) FROM identities i WHERE user_id = $1"),
    ("properties", "SELECT id::text, to_jsonb(p) - '{calendar_token}'::text[] FROM properties p WHERE host_id = $1"),
    ("photos", "SELECT f.id::text, to_jsonb(f) - '{sort_order}'::text[] FROM photos f JOIN properties p ON p.id = f.property_id
                WHERE p.host_id = $1 AND f.status <> 'deleted'"),
    ("calendar_days", "SELECT d.property_id::text || d.night, to_jsonb(d) || jsonb_build_object('currency', p.currency)
                       FROM calendar_days d JOIN properties p ON p.id = d.property_id WHERE p.host_id = $1"),
    ("calendar_feeds", "SELECT f.id::text, to_jsonb(f) - '{etag,last_modified,failures_in_a_row}'::text[]
                        FROM calendar_feeds f JOIN properties p ON p.id = f.property_id WHERE p.host_id = $1"),
    ("bookings_as_guest", "SELECT id::text, to_jsonb(b) - '{held_nights,held_until,host_payout_minor,host_fee_basis_points,expiry_told_in,arrival_told_for}'::text[]
                           FROM bookings b WHERE guest_id = $1"),
    ("bookings_as_host", "SELECT id::text, to_jsonb(b) - '{message,held_nights,expiry_told_in,arrival_told_for}'::text[]
                          FROM bookings b WHERE host_id = $1"),
    ("booking_changes", "SELECT c.id::text, to_jsonb(c) - '{held_until}'::text[] FROM booking_changes c JOIN bookings b ON b.id = c.booking_id
                         WHERE b.guest_id = $1 OR b.host_id = $1"),
    ("payments", "SELECT id::text, to_jsonb(p) - '{instruction,asked_at,fee_minor,fee_currency}'::text[] FROM payments p WHERE payer_id = $1"),
    ("refunds", "SELECT r.id::text, to_jsonb(r) - '{asked_at}'::text[] FROM refunds r JOIN payments p ON p.id = r.payment_id
                 WHERE p.payer_id = $1"),
    ("disputes", "SELECT d.id, to_jsonb(d) - '{withdrawn_minor,fee_minor,account_currency}'::text[]
                  FROM disputes d JOIN payments p ON p.id = d.payment_id WHERE p.payer_id = $1"),
    ("payouts", "SELECT id::text, to_jsonb(p) - '{source_intent_id,attempt,claimed_until,retry_at}'::text[] FROM payouts p WHERE host_id = $1"),
    ("payout_account", "SELECT ''::text, to_jsonb(a) - '{asked_at}'::text[] FROM payout_accounts a WHERE user_id = $1"),
    ("reviews_written", "SELECT id::text, to_jsonb(r) FROM reviews r WHERE author_id = $1
                         AND booking_id IN (SELECT id FROM bookings WHERE guest_id = $1 OR host_id = $1)"),
    ("reviews_received", "SELECT id::text, to_jsonb(r) FROM reviews r WHERE subject_id = $1
                          AND booking_id IN (SELECT id FROM bookings WHERE guest_id = $1 OR host_id = $1)
                          AND coalesce(published_at, closes_at) <= app_now() AND hidden_at IS NULL"),
    ("review_reports", "SELECT review_id::text, to_jsonb(r) FROM review_reports r WHERE reporter_id = $1"),
    ("threads", "SELECT id::text, to_jsonb(t) - CASE WHEN guest_id = $1 THEN '{host_unread}' ELSE '{guest_unread}' END::text[]
                 FROM threads t WHERE guest_id = $1 OR host_id = $1"),
    ("messages", "SELECT m.thread_id::text || lpad(m.position::text, 12, '0'), to_jsonb(m) - '{booking_id,event,caused_by}'::text[]
                  FROM messages m JOIN threads t ON t.id = m.thread_id WHERE (t.guest_id = $1 OR t.host_id = $1) AND m.sender_id = $1"),
    ("wishlists", "SELECT id::text, (to_jsonb(w) - '{share_token}'::text[]) || jsonb_build_object('items', (
                       SELECT coalesce(jsonb_agg(to_jsonb(i) - '{wishlist_id}'::text[]), '[]') FROM wishlist_items i WHERE i.wishlist_id = w.id))
                   FROM wishlists w WHERE user_id = $1"),
    ("notification_preferences", "SELECT kind, to_jsonb(n) FROM notification_preferences n WHERE user_id = $1"),
    ("acts_of_admins", "SELECT id::text, to_jsonb(l) - '{actor_id}'::text[] FROM audit_log l WHERE subject_id = $1
                        OR subject_id IN (SELECT id FROM properties WHERE host_id = $1)
                        OR subject_id IN (SELECT id FROM bookings WHERE guest_id = $1 OR host_id = $1)
                        OR subject_id IN (SELECT r.id FROM reviews r JOIN bookings b ON b.id = r.booking_id
                                          WHERE r.author_id = $1 AND (b.guest_id = $1 OR b.host_id = $1))"),
];

/// Where an export goes on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The number of the kind.
    pub kind: i32,
    /// The key of the last row.
    pub key: String,
}

/// A row that is held on a person.
#[derive(Clone, Debug)]
pub struct Record {
    /// Where it is in the export.
    pub position: Position,
    /// What kind of row.
    pub kind: &'static str,
    /// The row.
    pub data: Value,
}

/// What is held on a person in this database, from a position on, at most `limit` rows, in one statement.
pub async fn records(queries: &impl Queries, id: UserId, after: Option<&Position>, limit: i64) -> Result<Vec<Record>> {
    let of_kind = |(number, (_, select)): (usize, &(&str, &str))| {
        format!("SELECT {number} AS kind, r.key, r.data FROM ({select}) AS r (key, data)")
    };
    let all: Vec<String> = KINDS.iter().enumerate().map(of_kind).collect();
    let sql = format!(
        "-- personal_data.records
         SELECT kind, key, data FROM ({}) AS held WHERE (kind, key COLLATE \"C\") > ($2, $3 COLLATE \"C\")
         ORDER BY kind, key COLLATE \"C\" LIMIT $4",
        all.join(" UNION ALL ")
    );
    let (kind, key) = after.map_or((-1, ""), |position| (position.kind, position.key.as_str()));
    let rows = queries.rows(&sql, &[&id.uuid(), &kind, &key, &limit]).await?;
    let record = |row: &Row| -> Result<Record> {
        let number: i32 = row.read("kind")?;
        let kind = usize::try_from(number).ok().and_then(|number| KINDS.get(number)).map_or("", |(kind, _)| *kind);
        Ok(Record { position: Position { kind: number, key: row.read("key")? }, kind, data: row.read("data")? })
    };
    rows.iter().map(record).collect()
}
