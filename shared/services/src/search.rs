//! Finding listings: a page of hits, each with its price for the stay when dates are given.

use domain::error::{Error, Result};
use domain::pricing::Price;
use domain::stay::Guests;
pub use store::listing_search::{SearchFilter, SearchHit};
use store::properties::Property;

use crate::Services;
use crate::quotes::{PriceInputs, price_of};

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
    /// A page of listings, best first.
    pub async fn search(&self, filter: &SearchFilter) -> Result<Vec<FoundListing>> {
        let connection = self.db.connection().await?;
        let hits = store::listing_search::page(&connection, filter).await?;
        let ids: Vec<_> = hits.iter().map(|hit| hit.property_id).collect();
        let mut properties = store::properties::find_many(&connection, &ids).await?;
        let inputs = match filter.dates {
            Some(dates) => PriceInputs::load(&connection, &ids, (dates.check_in(), dates.check_out())).await?,
            None => PriceInputs::default(),
        };
        let guests = Guests { adults: filter.guests.unwrap_or(1), children: 0, infants: 0, pets: 0 };
        hits.into_iter()
            .map(|hit| {
                let position = properties
                    .iter()
                    .position(|property| property.id == hit.property_id)
                    .ok_or_else(|| Error::internal("a listing in the search table is no property"))?;
                let property = properties.swap_remove(position);
                let price =
                    |dates| price_of(&property, dates, guests, &inputs.of(property.id), self.settings.service_fees);
                let stay = filter.dates.map(price).transpose()?;
                Ok(FoundListing { hit, property, stay })
            })
            .collect()
    }
}
