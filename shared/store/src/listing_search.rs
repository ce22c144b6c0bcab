//! The table `listing_search`: one narrow row a listed property, derived from everything else, and the queries that
//! find pages of them. What a row says follows from the view `listing_search_source`; its calendar is kept by triggers.

use domain::error::Result;
use domain::id::PropertyId;

use crate::tx::{Queries, Tx};

mod filter;
pub mod map;
mod page;
mod param;
mod statement;

pub use filter::{Circle, SearchFilter, SearchHit, SortOrder};
pub use page::{FoundRow, page, statements};
pub use param::Statement;

/// Makes the row of a property what it must be now, from all that is known of it: there if it is listed, else gone.
/// Call it in the transaction of any change to a property; its row is locked (`find_for_update`).
pub async fn upsert(tx: &Tx, id: PropertyId) -> Result<()> {
    let sql = "-- listing_search.upsert
        INSERT INTO listing_search SELECT * FROM listing_search_source WHERE property_id = $1
        ON CONFLICT (property_id) DO UPDATE SET
            (amenities, base_price_minor, floor_night_minor, cell_14, lat_e6, lng_e6, score, rating_key, kind, room_type,
             max_guests, bedrooms, beds, bathrooms_halves, min_nights, max_nights, preparation_nights,
             advance_notice_hours, booking_window_days, check_in_minutes, instant_book, pets_allowed, currency, time_zone)
            = (EXCLUDED.amenities, EXCLUDED.base_price_minor, EXCLUDED.floor_night_minor, EXCLUDED.cell_14,
               EXCLUDED.lat_e6, EXCLUDED.lng_e6, EXCLUDED.score, EXCLUDED.rating_key, EXCLUDED.kind,
               EXCLUDED.room_type, EXCLUDED.max_guests, EXCLUDED.bedrooms, EXCLUDED.beds, EXCLUDED.bathrooms_halves,
               EXCLUDED.min_nights, EXCLUDED.max_nights, EXCLUDED.preparation_nights, EXCLUDED.advance_notice_hours,
               EXCLUDED.booking_window_days, EXCLUDED.check_in_minutes, EXCLUDED.instant_book, EXCLUDED.pets_allowed,
               EXCLUDED.currency, EXCLUDED.time_zone)";
    if tx.execute(sql, &[&id.uuid()]).await? == 0 {
        return delete(tx, id).await;
    }
    // The calendar as it is once the row is ours: who confirms a stay meanwhile waits for the row, or was waited for.
    tx.execute("-- listing_search.refresh\nSELECT listing_search_refresh(ARRAY[$1::uuid])", &[&id.uuid()]).await?;
    Ok(())
}

/// Removes the row of a property that is no longer listed.
pub async fn delete(tx: &Tx, id: PropertyId) -> Result<()> {
    tx.execute("-- listing_search.delete\nDELETE FROM listing_search WHERE property_id = $1", &[&id.uuid()]).await?;
    Ok(())
}
