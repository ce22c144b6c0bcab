//! What must hold, whatever happened: cheaply after every few steps, and wholly once everything has come to rest.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::acts::text;
use crate::world::{Known, World};

/// Each gives a row, and a text in it, for every fault.
const ALWAYS: [(&str, &str); 9] = [
    (
        "nights are promised twice",
        "SELECT a.id || ' and ' || b.id FROM bookings a JOIN bookings b
             ON b.property_id = a.property_id AND b.id > a.id
         WHERE (a.status IN ('pending_payment', 'pending_host', 'confirmed')
                AND b.status IN ('pending_payment', 'pending_host', 'confirmed') AND a.held_nights && b.held_nights)
             OR (a.status IN ('confirmed', 'completed') AND b.status IN ('confirmed', 'completed')
                 AND daterange(a.check_in, a.check_out) && daterange(b.check_in, b.check_out))",
    ),
    (
        "a night is slept and blocked",
        "SELECT b.id || ' on ' || c.night FROM bookings b JOIN calendar_days c
             ON c.property_id = b.property_id AND c.blocked AND c.night >= b.check_in AND c.night < b.check_out
         WHERE b.status IN ('pending_payment', 'pending_host', 'confirmed')
             AND (b.hold_expires_at IS NULL OR b.hold_expires_at > app_now())",
    ),
    (
        "one request made two bookings",
        "SELECT message FROM bookings WHERE message IS NOT NULL GROUP BY message HAVING count(*) > 1",
    ),
    (
        "one request made two refunds",
        "SELECT reason FROM refunds WHERE reason LIKE 'host%s refund%' GROUP BY reason HAVING count(*) > 1",
    ),
    (
        "a stay is certain without its money",
        "SELECT b.id || ' ' || b.status FROM bookings b
         WHERE b.status IN ('confirmed', 'completed', 'no_show')
             AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.booking_id = b.id AND p.status = 'succeeded')",
    ),
    (
        "a request that waits for its host is being given up",
        "SELECT b.id::text FROM bookings b JOIN payments p ON p.booking_id = b.id
         WHERE b.status = 'pending_host' AND b.hold_expires_at > app_now() AND p.instruction = 'cancel'",
    ),
    (
        "more goes back than came",
        "SELECT p.id::text FROM payments p
         WHERE p.captured_minor < (SELECT coalesce(sum(r.amount_minor), 0) FROM refunds r
                                   WHERE r.payment_id = p.id AND r.status <> 'failed')",
    ),
    (
        "the books of a booking do not sum to zero",
        "SELECT booking_id || ' ' || currency FROM ledger_entries
         GROUP BY booking_id, currency HAVING sum(amount_minor) <> 0",
    ),
    (
        "a night is slept by one and held for another's change",
        "SELECT b.id || ' and ' || c.id FROM bookings b JOIN booking_changes c
             ON c.property_id = b.property_id AND c.booking_id <> b.id AND c.hold_expires_at > app_now()
                 AND b.held_nights && daterange(c.check_in, c.held_until)
         WHERE b.status IN ('pending_payment', 'pending_host', 'confirmed')
             AND (b.hold_expires_at IS NULL OR b.hold_expires_at > app_now())",
    ),
];

/// The same once nothing is under way.
const AT_REST: [(&str, &str); 8] = [
    ("an instruction is left", "SELECT id || ' ' || instruction FROM payments WHERE instruction IS NOT NULL"),
    ("a refund is left", "SELECT id::text FROM refunds WHERE status = 'pending'"),
    (
        // Of what the guest's bank has taken the provider gives nothing back.
        "a refund was refused",
        "SELECT r.id::text FROM refunds r
         WHERE r.status = 'failed' AND NOT EXISTS (SELECT 1 FROM disputes d WHERE d.payment_id = r.payment_id)",
    ),
    ("a transfer is under way", "SELECT id || ' ' || status FROM payouts WHERE status = 'sending'"),
    ("an event was not published", "SELECT id || ' ' || kind FROM outbox WHERE published_at IS NULL"),
    ("a payment was quarantined", "SELECT id::text FROM payments WHERE quarantined_at IS NOT NULL"),
    (
        "a stay that is certain has not got its price",
        "SELECT b.id || ' ' || b.status || ' costs ' || b.total_minor || ', kept ' || money.kept
         FROM bookings b JOIN LATERAL (
             SELECT coalesce(sum(p.captured_minor), 0) - coalesce(sum(given.back), 0) AS kept
             FROM payments p LEFT JOIN LATERAL (SELECT sum(r.amount_minor) AS back FROM refunds r
                                                WHERE r.payment_id = p.id AND r.reason NOT LIKE 'host%s refund%'
                                                    AND r.status = 'succeeded') given ON true
             WHERE p.booking_id = b.id) money ON true
         WHERE b.status IN ('confirmed', 'completed', 'no_show') AND money.kept <> b.total_minor
             AND NOT EXISTS (SELECT 1 FROM disputes d JOIN payments p ON p.id = d.payment_id
                             WHERE p.booking_id = b.id)",
    ),
    (
        "money without a stay",
        "SELECT b.id || ' ' || b.status || ' kept ' || sum(p.captured_minor - p.refunded_minor)
         FROM bookings b JOIN payments p ON p.booking_id = b.id
         WHERE (b.status IN ('pending_payment', 'pending_host', 'declined', 'expired')
                OR (b.status = 'cancelled' AND b.cancelled_by <> 'guest'))
             AND NOT EXISTS (SELECT 1 FROM disputes d JOIN payments p ON p.id = d.payment_id
                             WHERE p.booking_id = b.id)
         GROUP BY b.id HAVING sum(p.captured_minor - p.refunded_minor) <> 0",
    ),
];

/// The same once every clock has run out.
const AT_THE_END: [(&str, &str); 4] = [
    (
        "a booking is pending forever",
        "SELECT id || ' ' || status FROM bookings WHERE status IN ('pending_payment', 'pending_host', 'confirmed')",
    ),
    (
        "a payment is open forever",
        "SELECT id || ' ' || status FROM payments WHERE status NOT IN ('succeeded', 'canceled')",
    ),
    (
        "a change is open forever",
        "SELECT id || ' ' || status FROM booking_changes WHERE status IN ('proposed', 'accepted')",
    ),
    (
        "a host who can be paid is not",
        "SELECT o.id || ' ' || o.status || ' ' || coalesce(o.failure, '') FROM payouts o
         JOIN payout_accounts a ON a.user_id = o.host_id AND a.status = 'enabled'
         WHERE o.status NOT IN ('sent', 'withheld', 'reversed', 'canceled')
             AND greatest(o.due_at, o.retry_at) < app_now()",
    ),
];

/// How much is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Moment {
    /// Whatever is under way.
    Always,
    /// Nothing is under way.
    Rest,
    /// Nothing is under way, and nothing can come any more.
    End,
}

type Checked = Result<(), String>;

impl World {
    /// Checks everything that must hold now.
    ///
    /// # Errors
    /// What does not.
    pub(crate) async fn check(&self, moment: Moment) -> Checked {
        self.check_rows(&ALWAYS).await?;
        self.check_promises().await?;
        if moment >= Moment::Rest {
            self.check_rows(&AT_REST).await?;
            self.check_provider().await?;
            self.check_transfers().await?;
            self.check_ledger().await?;
            self.check_messages().await?;
        }
        if moment >= Moment::End {
            self.check_rows(&AT_THE_END).await?;
        }
        Ok(())
    }

    async fn check_rows(&self, checks: &[(&str, &str)]) -> Checked {
        for (fault, sql) in checks {
            let rows = self.kit.database.rows(sql, &[]).await;
            if let Some(row) = rows.first() {
                return Err(format!("{fault}: {} ({} in all)", row.get::<_, String>(0), rows.len()));
            }
        }
        Ok(())
    }

    /// What was answered is so.
    async fn check_promises(&self) -> Checked {
        let made: Vec<String> = {
            let asked = self.asked.borrow();
            let id = |known: &Known| match known {
                Known::Made { id, .. } => Some(uuid_of(id)),
                _ => None,
            };
            asked.values().filter_map(|asked| id(&asked.known)).collect()
        };
        let (ended, refunds, reviews) = {
            let promised = self.promised.borrow();
            let ended: Vec<(String, &str)> = promised.ended.iter().map(|(id, status)| (uuid_of(id), *status)).collect();
            let reviews: Vec<String> = promised.reviews.iter().map(|id| uuid_of(id)).collect();
            (ended, promised.refunds.clone(), reviews)
        };
        self.all_there("a booking", "SELECT id::text FROM bookings", &made).await?;
        self.all_there("a refund", "SELECT reason FROM refunds", &refunds).await?;
        self.all_there("a review", "SELECT id::text FROM reviews", &reviews).await?;
        for status in ["cancelled", "declined", "no_show"] {
            let of_status: Vec<String> =
                ended.iter().filter(|(_, end)| *end == status).map(|(id, _)| id.clone()).collect();
            let sql = format!("SELECT id::text FROM bookings WHERE status = '{status}'");
            self.all_there(status, &sql, &of_status).await?;
        }
        Ok(())
    }

    async fn all_there(&self, what: &str, sql: &str, promised: &[String]) -> Checked {
        let sql = format!("SELECT wanted FROM unnest($1::text[]) wanted WHERE wanted NOT IN ({sql})");
        let missing = self.kit.database.rows(&sql, &[&promised]).await;
        missing.first().map_or(Ok(()), |row| {
            let missing: String = row.get(0);
            Err(format!("{what} that was answered for is not there any more: {missing}"))
        })
    }

    /// The provider's books and ours, payment by payment.
    async fn check_provider(&self) -> Checked {
        let mut given_back: BTreeMap<String, i64> = BTreeMap::new();
        let mut names: BTreeMap<String, u32> = BTreeMap::new();
        for refund in self.everything("/v1/refunds").await {
            if refund["status"] != "failed" {
                *given_back.entry(text(&refund, "payment_intent")).or_default() +=
                    refund["amount"].as_i64().unwrap_or(0);
                *names.entry(text(&refund["metadata"], "refund_id")).or_default() += 1;
            }
        }
        if let Some((name, times)) = names.iter().find(|(_, times)| **times > 1) {
            return Err(format!("the refund {name} was made {times} times"));
        }
        let sql = "SELECT id::text, intent_id, status, captured_minor, refunded_minor FROM payments";
        let mut ours = BTreeMap::new();
        for row in self.kit.database.rows(sql, &[]).await {
            let (id, intent, status): (String, Option<String>, String) = (row.get(0), row.get(1), row.get(2));
            let (captured, refunded): (i64, i64) = (row.get(3), row.get(4));
            ours.insert(id, (intent, status, captured, refunded));
        }
        let mut intents = BTreeMap::new();
        for intent in self.everything("/v1/payment_intents").await {
            let (name, payment) = (text(&intent, "id"), uuid_of(&text(&intent["metadata"], "payment_id")));
            if let Some(other) = intents.insert(payment.clone(), name.clone()) {
                return Err(format!("the payment {payment} has two intents: {other} and {name}"));
            }
            let captured = intent["amount_received"].as_i64().unwrap_or(0);
            let theirs = (text(&intent, "status"), captured, given_back.get(&name).copied().unwrap_or(0));
            let known = ours.remove(&payment);
            agree(&name, theirs, known)?;
        }
        match ours.iter().find(|(_, (intent, ..))| intent.is_some()) {
            Some((payment, _)) => Err(format!("the provider does not know the intent of {payment}")),
            None => Ok(()),
        }
    }

    /// What hosts were sent, by the provider and by us.
    async fn check_transfers(&self) -> Checked {
        let mut theirs: BTreeMap<String, i64> = BTreeMap::new();
        for transfer in self.everything("/v1/transfers").await {
            let payout = uuid_of(&text(&transfer["metadata"], "payout_id"));
            let left = transfer["amount"].as_i64().unwrap_or(0) - transfer["amount_reversed"].as_i64().unwrap_or(0);
            if theirs.insert(payout.clone(), left).is_some() {
                return Err(format!("the payout {payout} was sent twice"));
            }
        }
        let sql = "SELECT id::text, amount_minor - withheld_minor - reversed_minor FROM payouts
                   WHERE status IN ('sent', 'reversed')";
        let rows = self.kit.database.rows(sql, &[]).await;
        let ours: BTreeMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let differs = |(payout, left): &(&String, &i64)| ours.get(*payout) != Some(*left);
        match theirs.iter().find(differs) {
            Some((payout, left)) => {
                Err(format!("of {payout} the provider has sent {left}, we say {:?}", ours.get(payout)))
            }
            None if ours.len() != theirs.len() => Err("a payout is sent that the provider knows nothing of".to_owned()),
            None => Ok(()),
        }
    }

    /// The books against the tables and against the provider's account.
    async fn check_ledger(&self) -> Checked {
        let connection = self.kit.services.db.connection().await.map_err(|error| error.causes())?;
        let found = store::ledger_check::imbalances(&connection, None, 10).await.map_err(|error| error.causes())?;
        if let Some(first) = found.first() {
            let sql = "SELECT string_agg(posted, '; ') FROM (
                           SELECT m.source || ': ' || string_agg(e.account || ' ' || e.amount_minor, ', ') AS posted
                           FROM ledger_movements m JOIN ledger_entries e ON e.movement_id = m.id
                           WHERE e.booking_id = $1 GROUP BY m.id ORDER BY m.id) all_of_it";
            let posted: String = self.kit.database.value(sql, &[&first.booking_id.uuid()]).await;
            return Err(format!("the books and the tables do not agree: {found:?}; posted was {posted}"));
        }
        let sql = "SELECT lower(currency), sum(amount_minor)::bigint FROM ledger_entries
                   WHERE account = 'provider_balance' GROUP BY 1 HAVING sum(amount_minor) <> 0";
        let rows = self.kit.database.rows(sql, &[]).await;
        let posted: BTreeMap<String, i64> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        let theirs = self.stripe.nets().await;
        if posted == theirs {
            return Ok(());
        }
        Err(format!("by the books the provider has {posted:?}, by the provider {theirs:?}"))
    }

    async fn everything(&self, path: &str) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::new();
        loop {
            let after = all.last().map(|last| format!("&starting_after={}", text(last, "id"))).unwrap_or_default();
            let page = self.stripe.get(&format!("{path}?limit=100{after}")).await;
            all.extend(page["data"].as_array().cloned().unwrap_or_default());
            if page["has_more"] != true {
                return all;
            }
        }
    }

    /// Everybody has heard of everything once.
    async fn check_messages(&self) -> Checked {
        if let Some(id) = self.stores.mailed_twice().first() {
            return Err(format!("{id} went out twice"));
        }
        if let Some(id) = self.stores.undone().first() {
            return Err(format!("{id} was begun and never done"));
        }
        for kind in ["booking.confirmed", "booking.cancelled"] {
            let mut heard = self.stores.entries(kind);
            heard.sort();
            let sql = "SELECT data->>'guest_id', data->>'booking_id' FROM outbox WHERE kind = $1
                       UNION ALL SELECT data->>'host_id', data->>'booking_id' FROM outbox
                                 WHERE kind = $1 AND data->>'host_id' IS NOT NULL";
            let rows = self.kit.database.rows(sql, &[&kind]).await;
            let mut told: Vec<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
            told.sort();
            let mut heard: Vec<(String, String)> =
                heard.into_iter().map(|(person, booking)| (person.to_string(), booking)).collect();
            heard.sort();
            if heard != told {
                return Err(format!("{kind}: {} were to hear of it, {} have", told.len(), heard.len()));
            }
        }
        Ok(())
    }
}

/// What we know of a payment: its intent, status, captured and refunded minor units.
type Ours = (Option<String>, String, i64, i64);

fn agree(name: &str, theirs: (String, i64, i64), ours: Option<Ours>) -> Checked {
    let (status, captured, refunded) = theirs;
    match ours {
        Some((Some(known), our_status, our_captured, our_refunded)) if known == name => {
            let is_same = (captured, refunded) == (our_captured, our_refunded)
                && (status == our_status || status == "requires_confirmation");
            let theirs = format!("{status} {captured} {refunded}");
            let ours = format!("{our_status} {our_captured} {our_refunded}");
            if is_same { Ok(()) } else { Err(format!("of {name} the provider says {theirs}, we {ours}")) }
        }
        // Given up before its intent was known: nobody has got what is needed to pay it.
        Some((None, our_status, ..)) if our_status == "canceled" && captured == 0 => Ok(()),
        other => Err(format!("the intent {name} is of no payment of ours: {other:?}")),
    }
}

/// The UUID of a TypeID, as the database writes it.
fn uuid_of(id: &str) -> String {
    use domain::id::{BookingId, PaymentId, PayoutId, ReviewId};
    let parsed = match id.split_once('_') {
        Some(("book", _)) => id.parse::<BookingId>().ok().map(|id| id.uuid()),
        Some(("pay", _)) => id.parse::<PaymentId>().ok().map(|id| id.uuid()),
        Some(("pout", _)) => id.parse::<PayoutId>().ok().map(|id| id.uuid()),
        Some(("rev", _)) => id.parse::<ReviewId>().ok().map(|id| id.uuid()),
        _ => None,
    };
    parsed.map_or_else(|| id.to_owned(), |uuid| uuid.to_string())
}
