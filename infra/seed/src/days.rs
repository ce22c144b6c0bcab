//! Rows of `calendar_days`: nights that hosts keep for themselves, and other prices for some.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use crate::bookings::booked;
use crate::copy::Rows;
use crate::random::{chance, of};
use crate::stays::Nights;
use crate::world::{FULL_FROM_DAY, FULL_NIGHTS, World};
use crate::{Listing, Plan};

/// Columns in the order of the rows.
pub(crate) const COLUMNS: &str = "property_id, night, blocked, price_minor, min_nights";

/// The rows of one listing; nights that are booked have none, but that in the full city a booking that came to nothing
/// leaves no night free.
pub(crate) fn rows_of(plan: &Plan, world: &World, listing: &Listing<'_>, stays: &[Nights], rows: &mut Rows) {
    let mut rng = of(plan.seed, "days", listing.number);
    let (blocks, has_prices) = (chance(&mut rng, 8.0), chance(&mut rng, 4.0));
    let from = rng.i16(1..150);
    let blocked = if blocks { from..from + rng.i16(2..12) } else { 0..0 };
    let is_in_full_city = world.is_full_at(listing.point(plan));
    if !blocks && !has_prices && !is_in_full_city {
        return;
    }
    let is_booked = |night: Date, is_full: bool| {
        let mut here = stays.iter().filter(|stay| stay.check_in <= night && night < stay.held_until);
        here.any(|stay| !is_full || booked(plan, listing, stay).status == "confirmed")
    };
    for day in 0..160 {
        let night = plan.today.saturating_add(day.days());
        let is_full = is_in_full_city && (FULL_FROM_DAY..FULL_FROM_DAY + FULL_NIGHTS).contains(&day);
        if is_booked(night, is_full) {
            continue;
        }
        if is_full || blocked.contains(&day) {
            rows.plain(listing.id).plain(night).flag(true).null().null().end();
        } else if has_prices && day < 60 && matches!(night.weekday(), Weekday::Friday | Weekday::Saturday) {
            let price = listing.card.base_price_minor * 13 / 10;
            rows.plain(listing.id).plain(night).flag(false).plain(price.max(1)).plain(2).end();
        }
    }
}
