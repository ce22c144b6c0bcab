//! The statements of a search. There are few texts: what is not asked for is asked as something that every row meets,
//! since each text is planned once a connection.

use domain::geo::{BoundingBox, CellRange, Cover, MAX_COVER_CELLS, Point, WORLD_LEVEL, shift_to};
use domain::money::Currency;
use domain::property::{PropertyKind, RoomType};
use domain::stay::StayDates;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::filter::{SearchFilter, SearchHit, SortOrder};
use crate::properties::COLUMNS;

/// So many of the first rows in the order of the page are looked at, before the box is gathered as a whole.
const CANDIDATES: [(i64, i64); 2] = [(30, 128), (i64::MAX, 512)];

/// An SQL text and what its `$n` stand for.
pub(super) struct Statement {
    pub(super) sql: String,
    params: Vec<Box<dyn ToSql + Sync + Send>>,
}

impl Statement {
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params.iter().map(|param| &**param as &(dyn ToSql + Sync)).collect()
    }

    fn new() -> Self {
        Self { sql: String::new(), params: Vec::new() }
    }

    /// Another parameter; gives its place in the text, with its type.
    fn bind<T: ToSql + Sync + Send + 'static>(&mut self, value: T, sql_type: &str) -> String {
        self.params.push(Box::new(value));
        format!("${}::{sql_type}", self.params.len())
    }
}

/// By what a list is sorted, and which way.
struct Order {
    /// The column before the id; none where the id alone decides.
    column: Option<&'static str>,
    descending: bool,
}

impl Order {
    fn of(sort: SortOrder) -> Self {
        let (column, descending) = match sort {
            SortOrder::Relevance => (Some("score"), true),
            SortOrder::Price => (Some("base_price_minor"), false),
            SortOrder::PriceDescending => (Some("base_price_minor"), true),
            SortOrder::Rating => (Some("rating_key"), true),
            SortOrder::Newest => (None, true),
            SortOrder::Distance => (Some("distance_mm"), false),
        };
        Self { column, descending }
    }

    /// For `ORDER BY`, with the column under this name.
    fn by(&self, column: &str) -> String {
        let direction = if self.descending { "DESC" } else { "ASC" };
        match self.column {
            Some(_) => format!("{column} {direction}, property_id {direction}"),
            None => format!("property_id {direction}"),
        }
    }

    /// What comes after a hit. The first page begins after what comes before everything, so that it is the same text
    /// and always a range of the index.
    fn after(&self, statement: &mut Statement, column: &str, after: Option<SearchHit>) -> String {
        let (key, id) = match after {
            Some(hit) => (hit.key, hit.property_id.uuid()),
            None if self.descending => (i64::MAX, Uuid::max()),
            None => (i64::MIN, Uuid::nil()),
        };
        let compare = if self.descending { "<" } else { ">" };
        let key = self.column.map(|_| statement.bind(key, "bigint"));
        let id = statement.bind(id, "uuid");
        match key {
            Some(key) => format!("({column}, property_id) {compare} ({key}, {id})"),
            None => format!("property_id {compare} {id}"),
        }
    }
}

/// The columns that the filters read.
const FILTERED: &str = "property_id, amenities, base_price_minor, floor_night_minor, lat_e6, lng_e6, rating_key, kind, \
    room_type, max_guests, bedrooms, beds, bathrooms_halves, min_nights, max_nights, preparation_nights, \
    advance_notice_hours, booking_window_days, check_in_minutes, instant_book, pets_allowed, has_overrides, currency, \
    time_zone, taken";

/// The first rows of the cells in the order of the page: each cell is a branch that reads its own index, and the
/// branches are merged (`Merge Append`). Of a box without enough hits among them it may give too few.
pub(super) fn page(filter: &SearchFilter, cover: &Cover, boxes: &[BoundingBox]) -> Statement {
    let mut statement = Statement::new();
    let order = Order::of(filter.sort);
    let column = order.column.unwrap_or("property_id");
    let (south, north) = latitudes(&mut statement, boxes);
    let after = order.after(&mut statement, column, filter.after);
    let filters = filters(&mut statement, filter);
    let limit = statement.bind(filter.limit, "bigint");
    let count = if cover.level == WORLD_LEVEL { 2 } else { MAX_COVER_CELLS };
    let branches: Vec<String> = (0..count)
        .map(|n| {
            let covered = cover.cells.get(n);
            // No cell, no longitude: a comparison with NULL is known to be empty before the index is opened.
            let west = statement.bind(covered.map(|covered| covered.bounds.west.microdegrees()), "int");
            let east = statement.bind(covered.map(|covered| covered.bounds.east.microdegrees()), "int");
            let cell = match cover.level {
                WORLD_LEVEL => String::new(),
                level => {
                    let cell = statement.bind(covered.map(|covered| covered.cell), "int");
                    match shift_to(level) {
                        0 => format!("cell_14 = {cell} AND "),
                        shift => format!("(cell_14 >> {shift}) = {cell} AND "),
                    }
                }
            };
            format!(
                "(SELECT {column} AS sort_key, {FILTERED} FROM listing_search
                  WHERE {cell}lat_e6 BETWEEN {south} AND {north} AND lng_e6 BETWEEN {west} AND {east} AND {after}
                  ORDER BY {})",
                order.by(column)
            )
        })
        .collect();
    let by = order.by("sort_key");
    let candidates = CANDIDATES.iter().find(|(limit, _)| filter.limit <= *limit).map_or(0, |(_, candidates)| *candidates);
    // Its number hidden from the planner: knowing how few rows it guesses there are, it would sort them all.
    let rows = format!(
        "SELECT l.sort_key, l.property_id FROM ({} ORDER BY {by} LIMIT (SELECT {candidates})) l
         WHERE {filters} ORDER BY {by} LIMIT {limit}",
        branches.join(" UNION ALL ")
    );
    statement.sql = shown("page", &order, &rows);
    statement
}

/// Where [`gather`] takes its rows from.
pub(super) enum Source<'a> {
    /// Ranges of cells of the finest level, in the order of the heap.
    Ranges(&'a [CellRange]),
    /// The listings of the filter's host.
    Host,
}

/// All rows of the source, then the filters, then the order.
pub(super) fn gather(filter: &SearchFilter, boxes: &[BoundingBox], source: &Source<'_>) -> Statement {
    let mut statement = Statement::new();
    let order = Order::of(filter.sort);
    let key = match (filter.sort, order.column) {
        (SortOrder::Distance, _) => distance(&mut statement, filter.centre),
        (_, column) => column.unwrap_or("0").to_owned(),
    };
    let (south, north) = latitudes(&mut statement, boxes);
    let [first, second] = [0, 1].map(|n| longitudes(&mut statement, boxes.get(n)));
    let after_key = if order.column.is_some() { key.as_str() } else { "property_id" };
    let after = order.after(&mut statement, after_key, filter.after);
    let filters = filters(&mut statement, filter);
    let limit = statement.bind(filter.limit, "bigint");
    let from = match source {
        Source::Ranges(ranges) => {
            let column = |read: fn(&CellRange) -> i32| ranges.iter().map(read).collect::<Vec<i32>>();
            let firsts = statement.bind(column(|range| range.first), "int[]");
            let lasts = statement.bind(column(|range| range.last), "int[]");
            let wests = statement.bind(column(|range| range.bounds.west.microdegrees()), "int[]");
            let easts = statement.bind(column(|range| range.bounds.east.microdegrees()), "int[]");
            format!(
                "unnest({firsts}, {lasts}, {wests}, {easts}) AS r (first, last, west, east)
                 JOIN listing_search l ON l.cell_14 BETWEEN r.first AND r.last AND l.lng_e6 BETWEEN r.west AND r.east"
            )
        }
        Source::Host => {
            let host = statement.bind(filter.host_id.map(|host| host.uuid()), "uuid");
            format!("properties h JOIN listing_search l ON l.property_id = h.id AND h.host_id = {host}")
        }
    };
    let by = order.by("sort_key");
    let rows = format!(
        "SELECT {key} AS sort_key, l.property_id FROM {from}
         WHERE l.lat_e6 BETWEEN {south} AND {north} AND ({first} OR {second}) AND {after} AND {filters}
         ORDER BY {by} LIMIT {limit}"
    );
    statement.sql = shown("gather", &order, &rows);
    statement
}

/// The rows with what is shown of them, in the same order.
fn shown(name: &str, order: &Order, rows: &str) -> String {
    let key = if order.column.is_some() { "c.sort_key::bigint" } else { "0::bigint" };
    format!(
        "-- listing_search.{name}
         SELECT {key} AS sort_key, {COLUMNS} FROM ({rows}) c JOIN properties ON id = c.property_id
         ORDER BY {}",
        order.by("c.sort_key")
    )
}

fn latitudes(statement: &mut Statement, boxes: &[BoundingBox]) -> (String, String) {
    let edges = boxes.first().map(|part| (part.south.microdegrees(), part.north.microdegrees()));
    let (south, north) = edges.unwrap_or((-90_000_000, 90_000_000));
    (statement.bind(south, "int"), statement.bind(north, "int"))
}

fn longitudes(statement: &mut Statement, part: Option<&BoundingBox>) -> String {
    let west = statement.bind(part.map(|part| part.west.microdegrees()), "int");
    let east = statement.bind(part.map(|part| part.east.microdegrees()), "int");
    format!("l.lng_e6 BETWEEN {west} AND {east}")
}

/// Millimetres from a point to a row's, on the sphere: whole numbers, so that a cursor says them exactly.
fn distance(statement: &mut Statement, centre: Option<Point>) -> String {
    let lat = statement.bind(centre.map(|centre| centre.latitude.degrees()), "float8");
    let lng = statement.bind(centre.map(|centre| centre.longitude.degrees()), "float8");
    format!(
        "(12742017600 * asin(sqrt(least(1, power(sin(radians(l.lat_e6 / 1e6::float8 - {lat}) / 2), 2)
            + cos(radians({lat})) * cos(radians(l.lat_e6 / 1e6::float8))
                * power(sin(radians(l.lng_e6 / 1e6::float8 - {lng}) / 2), 2)))))::bigint"
    )
}

/// Everything that is asked of a row `l` besides its place on the map and in the order.
fn filters(statement: &mut Statement, filter: &SearchFilter) -> String {
    let small = |number: Option<u32>| number.map_or(0, |number| i16::try_from(number).unwrap_or(i16::MAX));
    let nth = |place: Option<usize>| place.and_then(|place| i16::try_from(place + 1).ok());
    let kind = filter.kind.map(|kind| nth(PropertyKind::ALL.iter().position(|each| *each == kind)));
    let room_type = filter.room_type.map(|room| nth(RoomType::ALL.iter().position(|each| *each == room)));
    let rating_key = filter.min_rating_hundredths.map_or(0, |hundredths| i32::from(hundredths) * 1_000_000);
    let guests = statement.bind(small(filter.guests), "smallint");
    let min_price = statement.bind(filter.min_price_minor.unwrap_or(0), "bigint");
    let max_price = statement.bind(filter.max_price_minor.unwrap_or(i64::MAX), "bigint");
    let max_floor = statement.bind(filter.max_floor_night_minor.unwrap_or(i64::MAX), "bigint");
    let currency = statement.bind(filter.currency.map(Currency::code), "text");
    let amenities = statement.bind(filter.amenities.bits(), "bigint");
    let kind = statement.bind(kind.flatten(), "smallint");
    let room_type = statement.bind(room_type.flatten(), "smallint");
    let bedrooms = statement.bind(small(filter.bedrooms), "smallint");
    let beds = statement.bind(small(filter.beds), "smallint");
    let bathrooms = statement.bind(i16::from(filter.bathrooms_halves.unwrap_or(0)), "smallint");
    let instant = statement.bind(filter.instant_book, "boolean");
    let pets = statement.bind(filter.pets_allowed, "boolean");
    let rating = statement.bind(rating_key, "integer");
    let radius_mm = statement.bind(filter.circle.map(|circle| (circle.radius_metres * 1_000.0) as i64), "bigint");
    let distance = distance(statement, filter.circle.map(|circle| circle.centre));
    let mut sql = format!(
        "l.max_guests >= {guests} AND l.base_price_minor BETWEEN {min_price} AND {max_price}
         AND l.floor_night_minor <= {max_floor} AND ({currency} IS NULL OR l.currency = {currency})
         AND l.amenities & {amenities} = {amenities} AND ({kind} IS NULL OR l.kind = {kind})
         AND ({room_type} IS NULL OR l.room_type = {room_type}) AND l.bedrooms >= {bedrooms} AND l.beds >= {beds}
         AND l.bathrooms_halves >= {bathrooms} AND ({instant} IS NULL OR l.instant_book = {instant})
         AND ({pets} IS NULL OR l.pets_allowed = {pets}) AND l.rating_key >= {rating}
         AND ({radius_mm} IS NULL OR {distance} <= {radius_mm})"
    );
    if let Some(dates) = filter.dates {
        sql.push_str(&available(statement, dates));
    }
    sql
}

/// The same rules as `domain::stay::broken_rules`, and that nothing takes a night of the stay or of the host's
/// preparation after it. A test compares the two. Of a check-in time that comes twice, in the night clocks go
/// back, PostgreSQL takes the second and the domain the first: hence the hour less and more.
fn available(statement: &mut Statement, dates: StayDates) -> String {
    let check_in = statement.bind(dates.check_in(), "date");
    let check_out = statement.bind(dates.check_out(), "date");
    let nights = statement.bind(i32::try_from(dates.nights()).unwrap_or(i32::MAX), "int");
    let arrival = format!("({check_in} + l.check_in_minutes * interval '1 minute'");
    format!(
        " AND {nights} BETWEEN CASE WHEN l.has_overrides THEN coalesce(
                  (SELECT d.min_nights FROM calendar_days d WHERE d.property_id = l.property_id AND d.night = {check_in}),
                  l.min_nights) ELSE l.min_nights END AND l.max_nights
          AND NOT l.taken && daterange({check_in}, {check_out} + l.preparation_nights)
          AND {check_in} BETWEEN ((SELECT app_now()) AT TIME ZONE l.time_zone)::date
                         AND ((SELECT app_now()) AT TIME ZONE l.time_zone)::date + l.booking_window_days
          AND (l.advance_notice_hours = 0
               OR least({arrival}) AT TIME ZONE l.time_zone,
                        {arrival} - interval '1 hour') AT TIME ZONE l.time_zone + interval '1 hour')
                  >= (SELECT app_now()) + l.advance_notice_hours * interval '1 hour')
          AND NOT EXISTS (SELECT 1 FROM bookings b
                          WHERE b.property_id = l.property_id AND b.hold_expires_at > (SELECT app_now())
                              AND b.check_in < {check_out} + l.preparation_nights AND b.held_until > {check_in})"
    )
}
