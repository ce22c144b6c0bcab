//! What a stay costs and whether it can be booked, worked out the same way for a quote and for the booking itself.

use std::borrow::Cow;
use std::collections::HashMap;

use domain::error::{Error, ErrorCode, Result};
use domain::id::PropertyId;
use domain::money::Money;
use domain::pricing::{Price, TaxRate, price_stay};
use domain::property::PropertyStatus;
use domain::stay::{BrokenRule, Guests, StayDates, arrival_days, broken_rules};
use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp, Unit};
use serde::{Deserialize, Serialize};
use store::Connection;
use store::calendar_days::StayOverrides;
use store::properties::Property;
use store::stays::NearestQuery;
use store::tx::Queries;

use crate::Services;
use crate::actor::Actor;
use crate::sealing::{Purpose, Sealer};

/// How long a quote is good.
const QUOTE_MINUTES: i64 = 15;

/// How far from the wanted dates others are looked for.
const NEAREST_WITHIN_DAYS: i32 = 60;

/// How many other dates are offered.
const NEAREST_COUNT: i64 = 3;

/// The answer to "can I, and for how much".
#[derive(Clone, Debug)]
pub enum Quote {
    /// It can be booked at this price.
    Bookable(Offer),
    /// It can't be booked.
    NotBookable {
        /// Every reason: a code and a sentence.
        reasons: Vec<(&'static str, String)>,
        /// The nearest stays of the same length that can, nearest first.
        nearest: Vec<StayDates>,
    },
}

/// A price shown to a guest.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The price.
    pub price: Price,
    /// The sealed quote, to be sent along with the booking.
    pub quote_id: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a sealed quote says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QuotedPrice {
    pub(crate) property_id: PropertyId,
    pub(crate) check_in: Date,
    pub(crate) check_out: Date,
    pub(crate) guests: u32,
    pub(crate) total: Money,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
}

impl Services {
    /// The price of a stay at a listed property, or why it can't be booked.
    ///
    /// # Errors
    /// `not_found` for a property that is not listed and not the caller's.
    pub async fn quote(
        &self,
        actor: Option<&Actor>,
        property_id: PropertyId,
        (check_in, check_out): (Date, Date),
        guests: Guests,
    ) -> Result<Quote> {
        let mut property = self.property(actor, property_id).await?.property;
        let is_own = actor.is_some_and(|actor| actor.user_id == property.host_id);
        let connection = self.db.connection().await?;
        let now = store::clock::now(&connection).await?;
        let inputs = PriceInputs::load(&connection, &[property_id], (check_in, check_out)).await?;
        let inputs = inputs.of(property_id);
        let base_min_nights = property.details.rules.min_nights;
        property.details.rules = property.details.rules.with_min_nights(inputs.overrides.min_nights);
        let broken = broken_rules(&property.details.rules, check_in, check_out, guests, is_own, now);
        let mut reasons: Vec<_> = broken.iter().map(|rule| (rule.code(), rule.detail())).collect();
        if property.status != PropertyStatus::Listed {
            reasons.push(("not_listed", "The property is not listed.".to_owned()));
        }
        let Ok(dates) = StayDates::new(check_in, check_out) else {
            return Ok(Quote::NotBookable { reasons, nearest: Vec::new() });
        };
        let held_until = dates.held_until(property.details.rules.preparation_nights);
        if !store::stays::are_free(&connection, property_id, (check_in, held_until)).await? {
            let detail = "Some of these nights are taken.".to_owned();
            reasons.push((ErrorCode::DatesUnavailable.as_str(), detail));
        }
        if reasons.is_empty() {
            let price = price_of(&property, dates, guests, &inputs, self.settings.service_fees)?;
            return Ok(Quote::Bookable(offer(&self.sealer().await?, &property, dates, guests, price)?));
        }
        let nearest = nearest_bookable(&connection, &property, base_min_nights, dates, &broken, now).await?;
        Ok(Quote::NotBookable { reasons, nearest })
    }
}

/// What prices of stays depend on besides the property itself.
#[derive(Debug, Default)]
pub(crate) struct PriceInputs {
    overrides: HashMap<PropertyId, StayOverrides>,
    taxes: HashMap<PropertyId, Vec<TaxRate>>,
}

/// The same, of one property.
#[derive(Debug, Default)]
pub(crate) struct PriceInput<'a> {
    /// What its calendar says of the stay.
    pub(crate) overrides: Cow<'a, StayOverrides>,
    /// The taxes of its place.
    pub(crate) taxes: &'a [TaxRate],
}

impl PriceInputs {
    /// Those of a stay at any of these properties: two statements, however many they are.
    pub(crate) async fn load(
        queries: &impl Queries,
        ids: &[PropertyId],
        (check_in, check_out): (Date, Date),
    ) -> Result<Self> {
        let (overrides, taxes) = futures::try_join!(
            store::calendar_days::overrides_of(queries, ids, (check_in, check_out)),
            store::tax_rates::of_properties(queries, ids, check_in)
        )?;
        Ok(Self { overrides, taxes })
    }

    /// Those of one of them.
    pub(crate) fn of(&self, id: PropertyId) -> PriceInput<'_> {
        PriceInput {
            overrides: self.overrides.get(&id).map(Cow::Borrowed).unwrap_or_default(),
            taxes: self.taxes.get(&id).map(Vec::as_slice).unwrap_or_default(),
        }
    }
}

/// The price of a stay by the property's rates of today.
pub(crate) fn price_of(
    property: &Property,
    dates: StayDates,
    guests: Guests,
    inputs: &PriceInput<'_>,
    fees: domain::pricing::ServiceFees,
) -> Result<Price> {
    let card = property.rate_card().ok_or_else(|| Error::internal("a listed property has no price"))?;
    price_stay(&card, dates, guests.counted(), &inputs.overrides.prices_minor, inputs.taxes, fees)
        .map_err(Error::internal)
}

/// Seals a price as shown to a guest.
pub(crate) fn offer(
    sealer: &Sealer,
    property: &Property,
    dates: StayDates,
    guests: Guests,
    price: Price,
) -> Result<Offer> {
    // Signatures keep to the wall clock.
    let expires_at =
        Timestamp::now().round(Unit::Second).map_err(Error::internal)? + SignedDuration::from_mins(QUOTE_MINUTES);
    let quoted = QuotedPrice {
        property_id: property.id,
        check_in: dates.check_in(),
        check_out: dates.check_out(),
        guests: guests.counted(),
        total: price.total,
        expires_at: expires_at.as_second(),
    };
    let payload = serde_json::to_vec(&quoted).map_err(Error::internal)?;
    Ok(Offer { price, quote_id: sealer.seal(Purpose::Quote, &payload), expires_at })
}

/// What a sealed quote says; none for a word we did not seal.
pub(crate) fn open_quote(sealer: &Sealer, quote_id: &str) -> Option<QuotedPrice> {
    serde_json::from_slice(&sealer.open(Purpose::Quote, quote_id)?).ok()
}

/// Stays of the same length that can be booked, nearest first, the earlier among equals; none where other dates can't
/// help: the length, the guests, the guest or the listing are the trouble.
async fn nearest_bookable(
    connection: &Connection,
    property: &Property,
    base_min_nights: u32,
    wanted: StayDates,
    broken: &[BrokenRule],
    now: Timestamp,
) -> Result<Vec<StayDates>> {
    let is_of_dates = |rule: &BrokenRule| {
        use BrokenRule::{InThePast, TooFarAhead, TooShort, TooSoon};
        matches!(rule, InThePast { .. } | TooSoon { .. } | TooFarAhead { .. } | TooShort { .. })
    };
    let rules = &property.details.rules;
    // A day that asks for more nights than the host allows is too short first: on others it may be too long.
    let other_dates_help = wanted.nights() <= rules.max_nights && broken.iter().all(is_of_dates);
    let arrivals = arrival_days(rules, now).filter(|_| other_dates_help);
    let (Some(arrivals), PropertyStatus::Listed) = (arrivals, property.status) else { return Ok(Vec::new()) };
    let days = |number: u32| i32::try_from(number).map_err(Error::internal);
    let query = NearestQuery {
        property_id: property.id,
        wanted: wanted.check_in(),
        nights: days(wanted.nights())?,
        preparation_nights: days(rules.preparation_nights)?,
        arrivals,
        min_nights: days(base_min_nights)?,
        within_days: NEAREST_WITHIN_DAYS,
        limit: NEAREST_COUNT,
    };
    let found = store::stays::nearest(connection, &query).await?;
    let nights = Span::new().days(query.nights);
    let dates = found.into_iter().map(|check_in| StayDates::new(check_in, check_in.saturating_add(nights)));
    dates.collect::<Result<_, _>>().map_err(Error::internal)
}
