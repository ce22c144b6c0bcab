//! Rows of `bookings`.

use anyhow::Result;
use domain::money::BasisPoints;
use domain::pricing::{ServiceFees, price_stay};
use domain::stay::StayDates;
use fastrand::Rng;
use jiff::{Timestamp, ToSpan as _};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use uuid::Uuid;

use crate::copy::Rows;
use crate::people::{self, midnight};
use crate::random::{chance, of, uuid, weighted};
use crate::stays::Nights;
use crate::{Listing, Plan};

/// Columns in the order of the rows.
pub(crate) const COLUMNS: &str = "id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults, \
    children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy, instant_book, \
    cancelled_by, timeline, created_at, updated_at, confirmed_at";

/// As the functions are set up unless told otherwise.
const FEES: ServiceFees = ServiceFees { guest: BasisPoints(1_420), host: BasisPoints(300) };

/// What a review must know of a booking.
pub(crate) struct Booked {
    /// Its id.
    pub(crate) id: Uuid,
    /// Who travels.
    pub(crate) guest_id: Uuid,
    /// Where it stands.
    pub(crate) status: &'static str,
    created_at: Timestamp,
    number: u64,
}

/// A booking's facts: the same for its own row and for its reviews.
pub(crate) fn booked(plan: &Plan, listing: &Listing<'_>, nights: &Nights) -> Booked {
    let mut rng = of(plan.seed, "booking", listing.number.wrapping_mul(1_000).wrapping_add(nights.number));
    let ahead = i64::from(rng.u32(1..90));
    let days = i64::from((nights.check_in - plan.today).get_days()) - ahead;
    let created_at = midnight(plan, days.min(-1)).saturating_add(rng.i64(0..86_400).seconds());
    let created_at = created_at.unwrap_or(Timestamp::UNIX_EPOCH);
    let id = uuid(&mut rng, created_at);
    let guest_id = people::identity(plan, plan.hosts() + rng.u64(..plan.guests())).0;
    let is_past = nights.check_out < plan.today;
    let status = if is_past {
        weighted(&mut rng, &[("completed", 870), ("cancelled", 70), ("no_show", 10), ("declined", 25), ("expired", 25)])
    } else {
        weighted(&mut rng, &[("confirmed", 90), ("cancelled", 6), ("declined", 2), ("expired", 2)])
    };
    Booked { id, guest_id, status, created_at, number: rng.u64(..) }
}

/// One row.
///
/// # Errors
/// When there is no price, which the listings' prices never come to.
pub(crate) fn row(plan: &Plan, listing: &Listing<'_>, nights: &Nights, rows: &mut Rows) -> Result<()> {
    let booking = booked(plan, listing, nights);
    let mut rng = of(plan.seed, "booking row", booking.number);
    let guests = rng.u16(1..=listing.max_guests);
    let children = if guests > 2 && chance(&mut rng, 40.0) { rng.u16(1..guests - 1) } else { 0 };
    let dates = StayDates::new(nights.check_in, nights.check_out)
        .map_err(|invalid| anyhow::anyhow!("a stay of no nights: {}", invalid.code))?;
    let price = price_stay(&listing.card, dates, u32::from(guests), &BTreeMap::new(), &[], FEES)?;
    let cancelled_by = (booking.status == "cancelled").then(|| if chance(&mut rng, 85.0) { "guest" } else { "host" });
    let history = History::of(plan, listing, nights, &booking, cancelled_by, &mut rng);

    rows.plain(booking.id).plain(listing.id).plain(booking.guest_id).plain(listing.host_id).plain(booking.status);
    rows.plain(nights.check_in).plain(nights.check_out).plain(nights.held_until);
    rows.plain(guests - children).plain(children).plain(u8::from(chance(&mut rng, 5.0))).plain(0);
    rows.text(&serde_json::to_string(&price)?).plain(price.total.currency).plain(price.total.amount);
    rows.plain(price.host_payout.amount).plain(listing.policy).flag(listing.instant_book).optional(cancelled_by);
    rows.text(&history.timeline).plain(booking.created_at).plain(history.last).optional(history.confirmed_at).end();
    Ok(())
}

/// What became of it, step by step.
struct History {
    timeline: String,
    confirmed_at: Option<Timestamp>,
    last: Timestamp,
}

impl History {
    fn of(
        plan: &Plan,
        listing: &Listing<'_>,
        nights: &Nights,
        booking: &Booked,
        cancelled_by: Option<&str>,
        rng: &mut Rng,
    ) -> Self {
        let mut history = Self { timeline: "[".to_owned(), confirmed_at: None, last: booking.created_at };
        history.add(booking.created_at, "created", "guest");
        let paid_at = later(booking.created_at, rng.i64(30..600));
        let answered_at = later(paid_at, rng.i64(600..40_000));
        let is_confirmed = matches!(booking.status, "confirmed" | "completed" | "no_show" | "cancelled");
        match (booking.status, listing.instant_book) {
            ("expired", _) => history.add(later(booking.created_at, 900), "expired", "system"),
            ("declined", _) => {
                history.add(paid_at, "authorized", "system");
                history.add(answered_at, "declined", "host");
            }
            (_, true) => history.add(paid_at, "paid", "system"),
            (_, false) => {
                history.add(paid_at, "authorized", "system");
                history.add(answered_at, "accepted", "host");
            }
        }
        history.confirmed_at = is_confirmed.then_some(history.last);
        let at = |day: jiff::civil::Date| midnight(plan, i64::from((day - plan.today).get_days()));
        match booking.status {
            "completed" => history.add(later(at(nights.check_out), 36_000), "completed", "system"),
            "no_show" => history.add(later(at(nights.check_in), 90_000), "no_show", "host"),
            "cancelled" => {
                let cancelled_at = later(history.last, rng.i64(3_600..86_400));
                history.add(cancelled_at, "cancelled", cancelled_by.unwrap_or("guest"));
            }
            _ => {}
        }
        history.timeline.push(']');
        history
    }

    fn add(&mut self, at: Timestamp, event: &str, by: &str) {
        let comma = if self.timeline.len() > 1 { "," } else { "" };
        // Unwrap safety: writing to a string does not fail.
        write!(self.timeline, r#"{comma}{{"at":"{at}","event":"{event}","by":"{by}"}}"#).expect("a string takes it");
        self.last = at;
    }
}

fn later(than: Timestamp, seconds: i64) -> Timestamp {
    than.saturating_add(seconds.seconds()).unwrap_or(than)
}
