//! What a map shows where there are too many listings to show each: clusters.

use domain::error::{Error, Result};
use domain::geo::{BoundingBox, FINEST_LEVEL, Point, count_cells};
use domain::id::PropertyId;
use domain::money::Money;
use store::listing_search::map::{CellTotal, TOTALS_LEVEL, coarse_totals, fine_totals};

use crate::Services;

/// A tile of a web map (256 pixels) is so many levels of the grid wide: clusters are some 64 pixels apart.
const LEVELS_BELOW_ZOOM: u8 = 2;

/// At most about so many clusters are given, whatever the zoom says.
const MAX_CELLS: u64 = 2_000;

/// Up to so many listings around the box are looked at one by one; the totals of coarse cells serve beyond.
const MAX_COUNTED: i64 = 50_000;

/// Listings near each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The middle of their public points; the very point of one alone.
    pub at: Point,
    /// How many there are.
    pub count: i64,
    /// The lowest base price of a night in each currency, that of most listings first.
    pub lowest_prices: Vec<Money>,
    /// Which it is, where it is one alone and the map is close enough to tell.
    pub only: Option<PropertyId>,
}

impl Services {
    /// Clusters of the listings in a box, as far apart as a web map of this zoom (0 to 22) needs. Seen from far, clusters
    /// at the edges count what lies just outside the box as well.
    ///
    /// # Errors
    /// `unavailable`.
    pub async fn clusters(&self, bounding_box: BoundingBox, zoom: u8) -> Result<Vec<Cluster>> {
        let boxes = bounding_box.split();
        let wanted = zoom.saturating_add(LEVELS_BELOW_ZOOM).min(FINEST_LEVEL);
        let level = (0..=wanted).rev().find(|level| count_cells(&boxes, *level) <= MAX_CELLS).unwrap_or(0);
        let connection = self.db.connection().await?;
        let coarse = coarse_totals(&connection, &boxes, level.min(TOTALS_LEVEL)).await?;
        let counted: i64 = coarse.iter().map(|total| total.listings).sum();
        let totals = if level > TOTALS_LEVEL && counted <= MAX_COUNTED {
            fine_totals(&connection, &boxes, level).await?
        } else {
            coarse
        };
        totals.chunk_by(|a, b| a.cell == b.cell).map(cluster).collect()
    }
}

/// One cluster of a cell's totals, one a currency.
fn cluster(totals: &[CellTotal]) -> Result<Cluster> {
    let count: i64 = totals.iter().map(|total| total.listings).sum();
    let middle = |read: fn(&CellTotal) -> i32| {
        let sum: i64 = totals.iter().map(|total| i64::from(read(total)) * total.listings).sum();
        i32::try_from(sum / count.max(1)).map_err(Error::internal)
    };
    let mut by_count: Vec<&CellTotal> = totals.iter().collect();
    by_count.sort_by_key(|total| std::cmp::Reverse(total.listings));
    let at = Point::from_microdegrees(middle(|total| total.lat_e6)?, middle(|total| total.lng_e6)?);
    Ok(Cluster {
        at: at.map_err(Error::internal)?,
        count,
        lowest_prices: by_count.iter().map(|total| Money::new(total.lowest_price_minor, total.currency)).collect(),
        only: totals.first().filter(|_| count == 1).and_then(|total| total.only),
    })
}
