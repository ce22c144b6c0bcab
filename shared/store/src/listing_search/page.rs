//! How a page is found: the first rows in its order if they are enough, else the whole box; by distance, rings that grow.

use domain::error::{Error, Result};
use domain::geo::{
    self, BoundingBox, Cover, CoverCell, FINEST_LEVEL, MAX_COVER_CELLS, Point, WORLD_LEVEL, haversine_metres,
};
use tokio_postgres::Row;

use super::filter::{Circle, SearchFilter, SearchHit, SortOrder};
use super::param::Statement;
use super::statement::{Source, gather, page as first_rows};
use crate::properties::{Property, from_row};
use crate::row::RowExt;
use crate::tx::Queries;

/// In how many ranges of cells the whole of a box is read.
const MAX_RANGES: usize = 32;

/// The first ring of a search by distance; each next one is four times as wide.
const FIRST_RING_METRES: f64 = 1_000.0;

/// A hit, and the property that it is.
#[derive(Clone, Debug)]
pub struct FoundRow {
    /// Its place in the order.
    pub hit: SearchHit,
    /// The property.
    pub property: Property,
}

/// A page of listings: all that there are, or `filter.limit`.
///
/// # Errors
/// `unavailable`; `internal` for a search by distance from nowhere.
pub async fn page(queries: &impl Queries, filter: &SearchFilter) -> Result<Vec<FoundRow>> {
    let area = filter.area();
    let boxes = area.map_or_else(Vec::new, BoundingBox::split);
    if filter.host_id.is_some() {
        return run(queries, &gather(filter, &whole_world_or(&boxes), &Source::Host)).await;
    }
    if filter.sort == SortOrder::Distance {
        let centre = filter.centre.ok_or_else(|| Error::internal("a search by distance needs a centre"))?;
        return nearest(queries, filter, centre, &whole_world_or(&boxes)).await;
    }
    let found = run(queries, &first_rows(filter, &cover(&boxes), &boxes)).await?;
    if is_full(&found, filter) {
        return Ok(found);
    }
    let boxes = whole_world_or(&boxes);
    run(queries, &gather(filter, &boxes, &Source::Ranges(&geo::ranges(&boxes, FINEST_LEVEL, MAX_RANGES)))).await
}

/// The statements that [`page`] would send for a search by anything but distance: that for the first rows, and the one
/// that follows if they are too few. For looking at their plans, and for running them elsewhere.
pub fn statements(filter: &SearchFilter) -> [Statement; 2] {
    let boxes = filter.area().map_or_else(Vec::new, BoundingBox::split);
    let all = whole_world_or(&boxes);
    let ranges = geo::ranges(&all, FINEST_LEVEL, MAX_RANGES);
    [first_rows(filter, &cover(&boxes), &boxes), gather(filter, &all, &Source::Ranges(&ranges))]
}

fn whole_world_or(boxes: &[BoundingBox]) -> Vec<BoundingBox> {
    if boxes.is_empty() { vec![BoundingBox::WORLD] } else { boxes.to_vec() }
}

fn cover(boxes: &[BoundingBox]) -> Cover {
    match boxes {
        [] => Cover { level: WORLD_LEVEL, cells: vec![CoverCell { cell: 0, bounds: BoundingBox::WORLD }] },
        boxes => geo::cover(boxes, MAX_COVER_CELLS),
    }
}

/// Gathers within rings that grow until one holds a page.
async fn nearest(
    queries: &impl Queries,
    filter: &SearchFilter,
    centre: Point,
    boxes: &[BoundingBox],
) -> Result<Vec<FoundRow>> {
    let corners = boxes.iter().flat_map(|part| part.corners()).map(|corner| haversine_metres(centre, corner));
    let reach = filter.circle.map_or_else(|| corners.fold(0.0, f64::max), |circle| circle.radius_metres);
    let seen_metres = filter.after.map_or(0.0, |hit| hit.key as f64 / 1_000.0);
    let mut radius_metres = FIRST_RING_METRES.max(seen_metres * 1.3);
    // A circle around another point is asked for besides: its rings would not be these.
    let has_rings = filter.circle.is_none_or(|circle| circle.centre == centre);
    while has_rings && radius_metres < reach {
        let ring = SearchFilter { circle: Some(Circle { centre, radius_metres }), ..filter.clone() };
        let around = BoundingBox::around(centre, radius_metres).split();
        let ranges = geo::ranges(&around, FINEST_LEVEL, MAX_RANGES);
        let found = run(queries, &gather(&ring, boxes, &Source::Ranges(&ranges))).await?;
        if is_full(&found, filter) {
            return Ok(found);
        }
        radius_metres *= 4.0;
    }
    run(queries, &gather(filter, boxes, &Source::Ranges(&geo::ranges(boxes, FINEST_LEVEL, MAX_RANGES)))).await
}

fn is_full(found: &[FoundRow], filter: &SearchFilter) -> bool {
    i64::try_from(found.len()).unwrap_or(i64::MAX) >= filter.limit
}

async fn run(queries: &impl Queries, statement: &Statement) -> Result<Vec<FoundRow>> {
    queries.rows(&statement.sql, &statement.params()).await?.iter().map(found_row).collect()
}

fn found_row(row: &Row) -> Result<FoundRow> {
    let property = from_row(row)?;
    Ok(FoundRow { hit: SearchHit { key: row.read("sort_key")?, property_id: property.id }, property })
}
