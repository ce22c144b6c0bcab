//! Rows of `reviews`, all of them published, and what they come to for the property.

use jiff::{Timestamp, ToSpan as _};

use crate::bookings::{Booked, booked};
use crate::copy::Rows;
use crate::people::midnight;
use crate::random::{chance, of, uuid, weighted};
use crate::stays::Nights;
use crate::{Listing, Plan, words};

/// Columns in the order of the rows.
pub(crate) const COLUMNS: &str = "id, booking_id, property_id, author_role, author_id, subject_id, rating, cleanliness, \
    accuracy, check_in, communication, location, value, public_text, closes_at, published_at, created_at, updated_at";

/// After so many days a review may be read whatever the other side does.
const WINDOW_DAYS: i64 = 14;

/// How many reviews of guests there are, and their stars: in all, and in the six categories.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(crate) struct Tallies {
    all: (u32, u32),
    categories: [(u32, u32); 6],
}

impl Tallies {
    /// The columns of a property's row.
    pub(crate) fn columns(&self, rows: &mut Rows) {
        for (count, sum) in std::iter::once(&self.all).chain(&self.categories) {
            rows.plain(count).plain(sum);
        }
    }

    fn add(&mut self, stars: u8, categories: Option<[u8; 6]>) {
        let count = |(count, sum): &mut (u32, u32), stars: u8| {
            *count += 1;
            *sum += u32::from(stars);
        };
        count(&mut self.all, stars);
        for (tally, stars) in self.categories.iter_mut().zip(categories.into_iter().flatten()) {
            count(tally, stars);
        }
    }
}

/// A guest's stars.
struct OfGuest {
    stars: u8,
    categories: Option<[u8; 6]>,
}

/// What the guest of this stay said, if anything.
fn of_guest(plan: &Plan, listing: &Listing<'_>, nights: &Nights, booking: &Booked) -> Option<OfGuest> {
    let days_since = i64::from((plan.today - nights.check_out).get_days());
    if booking.status != "completed" || days_since <= WINDOW_DAYS + 1 {
        return None;
    }
    let mut rng = of(plan.seed, "review", listing.number.wrapping_mul(1_000).wrapping_add(nights.number));
    let is_popular = Listing::popularity(plan, listing.number) > 4.0;
    if !chance(&mut rng, if is_popular { 80.0 } else { 16.0 }) {
        return None;
    }
    let mut stars = || weighted(&mut rng, &[(5, 62), (4, 24), (3, 9), (2, 3), (1, 2)]);
    let all = stars();
    let categories = [stars(), stars(), stars(), stars(), stars(), stars()];
    let has_categories = chance(&mut rng, 70.0);
    Some(OfGuest { stars: all, categories: has_categories.then_some(categories) })
}

/// What a listing's reviews come to.
pub(crate) fn tallies(plan: &Plan, listing: &Listing<'_>, stays: &[Nights]) -> Tallies {
    let mut tallies = Tallies::default();
    for nights in stays {
        let booking = booked(plan, listing, nights);
        if let Some(OfGuest { stars, categories }) = of_guest(plan, listing, nights, &booking) {
            tallies.add(stars, categories);
        }
    }
    tallies
}

/// The rows of one stay: none, the guest's, or both sides'.
pub(crate) fn rows_of(plan: &Plan, listing: &Listing<'_>, nights: &Nights, rows: &mut Rows) {
    let booking = booked(plan, listing, nights);
    let Some(OfGuest { stars, categories }) = of_guest(plan, listing, nights, &booking) else { return };
    let mut rng = of(plan.seed, "review row", listing.number.wrapping_mul(1_000).wrapping_add(nights.number));
    let out = midnight(plan, i64::from((nights.check_out - plan.today).get_days()));
    let at = |seconds: i64| out.saturating_add(seconds.seconds()).unwrap_or(out);
    let closes_at = at(WINDOW_DAYS * 86_400 + 39_600);
    let (guest_at, host_at) = (at(rng.i64(50_000..900_000)), at(rng.i64(50_000..900_000)));
    let has_other_side = chance(&mut rng, 30.0);
    let published_at = if has_other_side { guest_at.max(host_at) } else { closes_at };
    let mut of_one = |role: &str, stars: u8, categories: Option<[u8; 6]>, text: &str, written_at: Timestamp| {
        let (author, subject) =
            if role == "guest" { (booking.guest_id, listing.host_id) } else { (listing.host_id, booking.guest_id) };
        rows.plain(uuid(&mut rng, written_at)).plain(booking.id).plain(listing.id).plain(role);
        rows.plain(author).plain(subject).plain(stars);
        for at in 0..6 {
            rows.optional(categories.map(|stars| stars[at]));
        }
        rows.text(text).plain(closes_at).plain(published_at).plain(written_at).plain(published_at).end();
    };
    let mut words_of = of(plan.seed, "review words", listing.number.wrapping_mul(1_000).wrapping_add(nights.number));
    of_one("guest", stars, categories, &words::review(&mut words_of, stars), guest_at);
    if has_other_side {
        of_one("host", 5, None, words::review_of_guest(&mut words_of), host_at);
    }
}
