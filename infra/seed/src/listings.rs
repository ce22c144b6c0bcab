//! Listings: rows of `properties`, and what their bookings must know of them.

use domain::amenity::{Amenity, AmenitySet};
use domain::geo::{Point, PublicOffset};
use domain::money::Currency;
use domain::pricing::{ExtraGuestFee, RateCard};
use domain::property::Percent;
use fastrand::Rng;
use jiff::{Timestamp, ToSpan as _};
use store::places::extract::ExtractPlace;
use uuid::Uuid;

use crate::copy::Rows;
use crate::people::midnight;
use crate::random::{chance, normal, of, pick, uuid, weighted};
use crate::reviews::Tallies;
use crate::world::{World, is_hot, point_near};
use crate::{Plan, currencies, people, words};

/// A listing, as its seed and number have it.
pub struct Listing<'a> {
    /// Its place among all.
    pub number: u64,
    /// Its id.
    pub id: Uuid,
    /// Its host's.
    pub host_id: Uuid,
    /// Since when it is there.
    pub since: Timestamp,
    /// Where.
    pub city: &'a ExtractPlace,
    /// Its prices.
    pub card: RateCard,
    /// Adults and children at most.
    pub max_guests: u16,
    /// Shortest stay, unless a day says otherwise.
    pub min_nights: u16,
    /// Nights kept free after each stay.
    pub preparation_nights: i16,
    /// Whether paying confirms.
    pub instant_book: bool,
    /// What cancelling gives back.
    pub policy: &'static str,
    kind: &'static str,
    room_type: &'static str,
    thing: &'static str,
}

const KINDS: &[((&str, &str), u32)] = &[
    (("apartment", "flat"), 40),
    (("apartment", "studio"), 12),
    (("apartment", "loft"), 8),
    (("house", "house"), 18),
    (("house", "cottage"), 7),
    (("guesthouse", "guesthouse"), 6),
    (("hotel", "hotel room"), 5),
    (("unique", "houseboat"), 1),
    (("unique", "tree house"), 1),
    (("unique", "tower"), 1),
];

/// Columns in the order of the rows.
pub(crate) const COLUMNS: &str = "id, host_id, status, title, description, kind, room_type, lat_e6, lng_e6, \
    public_lat_e6, public_lng_e6, street, city, region, country, postal_code, time_zone, max_guests, bedrooms, beds, \
    bathrooms_halves, amenities, house_rules, check_in_time, check_out_time, currency, base_price_minor, \
    weekend_price_minor, weekly_discount_percent, monthly_discount_percent, cleaning_fee_minor, extra_guest_after, \
    extra_guest_per_night_minor, min_nights, max_nights, advance_notice_hours, preparation_nights, \
    booking_window_days, instant_book, pets_allowed, cancellation_policy, created_at, updated_at, rating_count, \
    rating_sum, cleanliness_count, cleanliness_sum, accuracy_count, accuracy_sum, check_in_count, check_in_sum, \
    communication_count, communication_sum, location_count, location_sum, value_count, value_sum";

impl<'a> Listing<'a> {
    /// The `number`th listing.
    pub fn new(plan: &Plan, world: &'a World, number: u64) -> Self {
        let mut rng = of(plan.seed, "listing", number);
        // In the order of their numbers, so that ids sort as the rows lie.
        let span = i64::try_from(u128::from(number) * 900 * 86_400 / u128::from(plan.listings)).unwrap_or(0);
        let since = midnight(plan, -1_500).saturating_add(span.seconds()).unwrap_or(Timestamp::UNIX_EPOCH);
        let id = uuid(&mut rng, since);
        let city = world.draw(&mut rng);
        let host_id = people::identity(plan, rng.u64(..plan.hosts())).0;
        let (kind, thing) = weighted(&mut rng, KINDS);
        let room_type = weighted(&mut rng, &[("entire_place", 76), ("private_room", 21), ("shared_room", 3)]);
        let max_guests = match room_type {
            "entire_place" => {
                weighted(&mut rng, &[(2, 30), (3, 10), (4, 30), (5, 8), (6, 12), (8, 7), (10, 2), (12, 1)])
            }
            _ => rng.u16(1..4),
        };
        let card = prices(&mut rng, city, room_type, max_guests);
        Self {
            number,
            id,
            host_id,
            since,
            city,
            card,
            max_guests,
            min_nights: weighted(&mut rng, &[(1, 60), (2, 25), (3, 10), (5, 3), (7, 2)]),
            preparation_nights: weighted(&mut rng, &[(0, 85), (1, 13), (2, 2)]),
            instant_book: chance(&mut rng, 65.0),
            policy: weighted(
                &mut rng,
                &[("flexible", 30), ("moderate", 35), ("limited", 5), ("firm", 20), ("strict", 10)],
            ),
            kind,
            room_type,
            thing,
        }
    }

    /// How much more it is booked than others: most about as much, one in a thousand all the time.
    pub(crate) fn popularity(plan: &Plan, number: u64) -> f64 {
        let mut rng = of(plan.seed, "popularity", number);
        if number.is_multiple_of(1_000) { 5.0 } else { 0.2 + 2.4 * rng.f64().powi(2) }
    }

    /// Its exact latitude and longitude.
    pub(crate) fn point(&self, plan: &Plan) -> (f64, f64) {
        point_near(&mut of(plan.seed, "point", self.number), self.city)
    }

    /// Its row.
    pub(crate) fn row(&self, plan: &Plan, ratings: &Tallies, rows: &mut Rows) {
        let mut rng = of(plan.seed, "listing row", self.number);
        let (lat, lng) = self.point(plan);
        // Unwrap safety: a point near a city, brought back onto the map.
        let exact = Point::new(lat, lng).expect("a point on the map");
        let public = PublicOffset::draw(rng.f64(), rng.f64()).applied_to(exact);
        let bedrooms = if self.room_type == "entire_place" { self.max_guests.div_ceil(2) } else { 1 };
        rows.plain(self.id).plain(self.host_id).plain("listed");
        rows.text(&words::title(&mut rng, self.thing, &self.city.name));
        rows.text(&words::description(&mut rng, self.thing, &self.city.name)).plain(self.kind).plain(self.room_type);
        for point in [exact, public] {
            rows.plain(point.latitude.microdegrees()).plain(point.longitude.microdegrees());
        }
        rows.text(&words::street(&mut rng)).text(&self.city.name).optional_text(self.city.region.as_deref());
        rows.plain(&self.city.country).null().plain(&self.city.time_zone);
        rows.plain(self.max_guests)
            .plain(bedrooms)
            .plain(self.max_guests.max(bedrooms))
            .plain(rng.u16(2..5) + bedrooms / 2);
        rows.plain(amenities(&mut rng).bits());
        let rules = chance(&mut rng, 50.0).then(|| words::rules(&mut rng));
        rows.optional_text(rules.as_deref());
        rows.plain(pick(&mut rng, &["14:00", "15:00", "15:00", "16:00"]))
            .plain(pick(&mut rng, &["10:00", "11:00", "11:00"]));
        let card = &self.card;
        rows.plain(card.currency).plain(card.base_price_minor).optional(card.weekend_price_minor);
        rows.plain(card.weekly_discount_percent.get()).plain(card.monthly_discount_percent.get());
        rows.plain(card.cleaning_fee_minor).optional(card.extra_guest_fee.map(|fee| fee.after));
        rows.optional(card.extra_guest_fee.map(|fee| fee.per_night_minor));
        rows.plain(self.min_nights).plain(pick(&mut rng, &[28, 60, 90, 365])).plain(pick(&mut rng, &[0, 0, 0, 12, 24]));
        rows.plain(self.preparation_nights).plain(pick(&mut rng, &[180, 365, 365, 365, 730])).flag(self.instant_book);
        rows.flag(chance(&mut rng, 30.0)).plain(self.policy).plain(self.since).plain(self.since);
        ratings.columns(rows);
        rows.end();
    }
}

/// Mostly in the country's currency; amounts that people would ask for.
fn prices(rng: &mut Rng, city: &ExtractPlace, room_type: &str, max_guests: u16) -> RateCard {
    let code = match rng.u8(..100) {
        0..4 => "USD",
        4..7 => "EUR",
        _ => city.currency.as_str(),
    };
    let (currency, minor_a_dollar) = currencies::priced_in(code);
    let level = if is_hot(city) { 110.0 } else { 60.0 } * if room_type == "entire_place" { 1.0 } else { 0.45 };
    let dollars = level * (0.5 * normal(rng)).exp() * (0.6 + 0.2 * f64::from(max_guests));
    let base_price_minor = round_price(dollars.max(8.0) * minor_a_dollar, currency);
    let part = |percent: i64| (base_price_minor * percent / 100).max(1);
    let percent = |percent: i64| Percent::new(percent).unwrap_or(Percent::ZERO);
    RateCard {
        currency,
        base_price_minor,
        weekend_price_minor: chance(rng, 15.0).then(|| part(115)),
        weekly_discount_percent: percent(weighted(rng, &[(0, 60), (5, 15), (10, 20), (15, 5)])),
        monthly_discount_percent: percent(weighted(rng, &[(0, 60), (15, 15), (20, 15), (30, 10)])),
        cleaning_fee_minor: if chance(rng, 35.0) { part(35) } else { 0 },
        extra_guest_fee: (max_guests > 2 && chance(rng, 12.0))
            .then(|| ExtraGuestFee { after: 2, per_night_minor: part(12) }),
    }
}

/// To two digits that count, and whole units of the currency.
fn round_price(minor: f64, currency: Currency) -> i64 {
    let unit = 10_f64.powi(i32::from(currency.exponent()));
    let step = 10_f64.powf((minor / unit).log10().floor() - 1.0).max(1.0) * unit;
    #[expect(clippy::cast_possible_truncation, reason = "a price of some millions at most")]
    let rounded = ((minor / step).round() * step) as i64;
    rounded.max(1)
}

fn amenities(rng: &mut Rng) -> AmenitySet {
    // What most places have, then what some have.
    let often = rng.f64() * 0.4;
    Amenity::ALL
        .iter()
        .copied()
        .filter(|amenity| {
            let share = match amenity.bit() {
                0 => 0.95,
                1 => 0.8,
                2..12 => 0.35 + often,
                _ => often,
            };
            rng.f64() < share
        })
        .collect()
}
