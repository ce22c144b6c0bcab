//! Finding listings: a page of hits, each with its price for the stay when dates are given.

use domain::error::Result;
use domain::id::PropertyId;
use domain::money::BasisPoints;
use domain::pricing::Price;
use domain::stay::{Guests, StayDates};
use store::Connection;
use store::listing_search::FoundRow;
pub use store::listing_search::{Circle, SearchFilter, SearchHit, SortOrder};
use store::properties::Property;

use crate::Services;
use crate::quotes::{PriceInputs, price_of};

/// By the price of the whole stay, rows are found in batches of at least so many.
const MIN_BATCH: i64 = 60;

/// So many batches at most are priced for one page; the next page goes on from there.
const MAX_BATCHES: usize = 8;

/// What to look for.
#[derive(Clone, Debug, Default)]
pub struct SearchRequest {
    /// What the database can tell.
    pub filter: SearchFilter,
    /// Only stays of these dates that cost at least this, all in.
    pub min_total_minor: Option<i64>,
    /// Only stays of these dates that cost at most this, all in.
    pub max_total_minor: Option<i64>,
}

impl From<SearchFilter> for SearchRequest {
    fn from(filter: SearchFilter) -> Self {
        Self { filter, ..Self::default() }
    }
}

/// A page of listings.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// The listings, in order.
    pub listings: Vec<FoundListing>,
    /// After which hit the next page begins; none after the last.
    pub next: Option<SearchHit>,
}

/// A listing found.
#[derive(Clone, Debug)]
pub struct FoundListing {
    /// Its place in the order.
    pub hit: SearchHit,
    /// The listing; only its public place may be shown.
    pub property: Property,
    /// The price of the stay asked for.
    pub stay: Option<Price>,
}

impl Services {
    /// A page of listings.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn search(&self, request: &SearchRequest) -> Result<SearchPage> {
        let connection = self.db.connection().await?;
        if request.filter.dates.is_some() && request.min_total_minor.or(request.max_total_minor).is_some() {
            return self.search_by_total(&connection, request).await;
        }
        // One more than the page: it tells whether there is another.
        let limit = request.filter.limit;
        let wider = SearchFilter { limit: limit + 1, ..request.filter.clone() };
        let mut rows = store::listing_search::page(&connection, &wider).await?;
        let next = rows.get(index(limit)).and_then(|_| rows.get(index(limit - 1))).map(|row| row.hit);
        rows.truncate(index(limit));
        Ok(SearchPage { listings: self.priced(&connection, &request.filter, rows).await?, next })
    }

    /// The same, keeping those whose stay costs what is asked: the database leaves out what is too dear whatever it
    /// comes to, the rest is priced batch by batch.
    async fn search_by_total(&self, connection: &Connection, request: &SearchRequest) -> Result<SearchPage> {
        let limit = index(request.filter.limit);
        let (min, max) = (request.min_total_minor.unwrap_or(0), request.max_total_minor.unwrap_or(i64::MAX));
        let nights = request.filter.dates.map_or(1, StayDates::nights);
        let mut filter = request.filter.clone();
        filter.limit = MIN_BATCH.max(2 * (request.filter.limit + 1));
        filter.max_floor_night_minor =
            request.max_total_minor.map(|total| dearest_night(total, nights, self.settings.service_fees.guest));
        let mut listings: Vec<FoundListing> = Vec::new();
        for _ in 0..MAX_BATCHES {
            let rows = store::listing_search::page(connection, &filter).await?;
            let is_last = index(filter.limit) > rows.len();
            filter.after = rows.last().map(|row| row.hit).or(filter.after);
            let priced = self.priced(connection, &filter, rows).await?;
            let costs = |found: &FoundListing| found.stay.as_ref().map_or(0, |price| price.total.amount);
            listings.extend(priced.into_iter().filter(|found| (min..=max).contains(&costs(found))));
            if listings.len() > limit {
                listings.truncate(limit);
                let next = listings.last().map(|found| found.hit);
                return Ok(SearchPage { listings, next });
            }
            if is_last {
                return Ok(SearchPage { listings, next: None });
            }
        }
        Ok(SearchPage { listings, next: filter.after })
    }

    async fn priced(
        &self,
        connection: &Connection,
        filter: &SearchFilter,
        rows: Vec<FoundRow>,
    ) -> Result<Vec<FoundListing>> {
        let ids: Vec<PropertyId> = rows.iter().map(|row| row.hit.property_id).collect();
        let inputs = match filter.dates {
            Some(dates) => PriceInputs::load(connection, &ids, (dates.check_in(), dates.check_out())).await?,
            None => PriceInputs::default(),
        };
        let guests = Guests { adults: filter.guests.unwrap_or(1), children: 0, infants: 0, pets: 0 };
        let fees = self.settings.service_fees;
        rows.into_iter()
            .map(|FoundRow { hit, property }| {
                let price = |dates| price_of(&property, dates, guests, &inputs.of(property.id), fees);
                let stay = filter.dates.map(price).transpose()?;
                Ok(FoundListing { hit, property, stay })
            })
            .collect()
    }
}

/// What the cheapest night of a stay of this total can cost at most: total, nights and the guest's fee give the bound,
/// with room for what is rounded.
fn dearest_night(total_minor: i64, nights: u32, guest_fee: BasisPoints) -> i64 {
    let whole = 10_000 + i128::from(guest_fee.0);
    let subtotal = (i128::from(total_minor) + 6) * 10_000 / whole + 1;
    i64::try_from(subtotal / i128::from(nights.max(1)) + 1).unwrap_or(i64::MAX)
}

fn index(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_stay_within_the_total_has_a_dearer_cheapest_night() {
        for (total, nights, fee) in [(100_000, 3, 1_420), (1, 1, 0), (0, 5, 1_420), (999, 7, 10_000)] {
            let bound = dearest_night(total, nights, BasisPoints(fee));
            // A night above the bound, without anything else, is dearer than the total.
            let subtotal = (bound + 1) * i64::from(nights) - 1;
            let all_in = subtotal + subtotal * i64::from(fee) / 10_000 - 5;
            assert!(all_in > total, "{bound} a night of {total}");
        }
    }
}
