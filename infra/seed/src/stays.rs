//! When a listing is booked: stays of one listing never overlap, and leave their nights of preparation between them.

use jiff::ToSpan as _;
use jiff::civil::Date;

use crate::random::{of, weighted};
use crate::{Listing, Plan};

/// How far back the first stays lie.
const DAYS_BACK: i32 = 540;
/// How far ahead the last ones.
const DAYS_AHEAD: i32 = 170;

/// Nights of one booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nights {
    /// Its place among the listing's, oldest first.
    pub(crate) number: u64,
    /// Arrival.
    pub(crate) check_in: Date,
    /// How many.
    pub(crate) count: i32,
    /// Departure.
    pub(crate) check_out: Date,
    /// End of what is held.
    pub(crate) held_until: Date,
}

/// How many bookings each listing has: by popularity, `plan.bookings` in all.
pub(crate) fn counts(plan: &Plan) -> Vec<u32> {
    let popularity = |number| Listing::popularity(plan, number);
    let total: f64 = (0..plan.listings).map(popularity).sum();
    let (mut sum, mut given) = (0.0, 0_u64);
    let mut counts: Vec<u32> = (0..plan.listings)
        .map(|number| {
            sum += popularity(number);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "counts"
            )]
            let up_to = (plan.bookings as f64 * sum / total).round() as u64;
            let count = u32::try_from(up_to.saturating_sub(given)).unwrap_or(u32::MAX);
            given = given.max(up_to);
            count
        })
        .collect();
    // What does not fit into one calendar goes to those after it, round and round.
    let mut left = 0;
    for _ in 0..3 {
        for count in &mut counts {
            let wanted = *count + left;
            *count = wanted.min(MOST);
            left = wanted - *count;
        }
    }
    counts
}

/// More stays of a night with two nights of preparation would not fit.
const MOST: u32 = 150;

/// The nights of a listing's `count` bookings.
pub(crate) fn of_listing(plan: &Plan, listing: &Listing<'_>, count: u32) -> Vec<Nights> {
    let mut rng = of(plan.seed, "stays", listing.number);
    let window = DAYS_BACK + DAYS_AHEAD;
    let preparation = i32::from(listing.preparation_nights);
    let shortest = i32::from(listing.min_nights);
    let mut lengths: Vec<i32> = (0..count)
        .map(|_| {
            weighted(&mut rng, &[(1, 10), (2, 26), (3, 24), (4, 14), (5, 9), (7, 13), (10, 3), (14, 1)]).max(shortest)
        })
        .collect();
    // A busy place has shorter stays.
    let count = i32::try_from(count).unwrap_or(i32::MAX);
    let room = window * 9 / 10 - count * preparation;
    while lengths.iter().sum::<i32>() > room {
        lengths.iter_mut().for_each(|length| *length = (*length / 2).max(1));
        if lengths.iter().all(|length| *length == 1) {
            break;
        }
    }
    let free = window - lengths.iter().map(|length| length + preparation).sum::<i32>();
    let mut gaps: Vec<i32> = lengths.iter().map(|_| rng.i32(0..=free.max(0))).collect();
    gaps.sort_unstable();
    let mut used = 0;
    let stays = gaps.into_iter().zip(lengths).zip(0..).map(|((gap, length), number)| {
        let from = gap + used - DAYS_BACK;
        used += length + preparation;
        let day = |days: i32| plan.today.saturating_add(days.days());
        Nights {
            number,
            check_in: day(from),
            count: length,
            check_out: day(from + length),
            held_until: day(from + length + preparation),
        }
    });
    stays.collect()
}
