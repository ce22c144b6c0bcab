//! The statements of a search. There are few texts: what is not asked for is asked as something that every row meets,
//! since each text is planned once a connection.

use domain::geo::{BoundingBox, CellRange, Cover, MAX_COVER_CELLS, Point, WORLD_LEVEL, shift_to};
use domain::money::Currency;
use domain::property::{PropertyKind, RoomType};
use domain::stay::StayDates;
use uuid::Uuid;

use super::filter::{SearchFilter, SortOrder};
use super::param::{Param, Statement};
use crate::properties::COLUMNS;

/// So many of the first rows in the order of the page are looked at, before the box is gathered as a whole.
const CANDIDATES: [(i64, i64); 2] = [(30, 128), (i64::MAX, 512)];

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
    fn after(&self, statement: &mut Statement, (column, id_column): (&str, &str), filter: &SearchFilter) -> String {
        let (key, id) = match (filter.after, filter.sort) {
            (Some(hit), _) => (hit.key, hit.property_id.uuid()),
            // By price it begins where the prices asked for do.
            (None, SortOrder::Price) => (filter.min_price_minor.unwrap_or(i64::MIN), Uuid::nil()),
            (None, SortOrder::PriceDescending) => (filter.max_price_minor.unwrap_or(i64::MAX), Uuid::max()),
            (None, _) if self.descending => (i64::MAX, Uuid::max()),
            (None, _) => (i64::MIN, Uuid::nil()),
        };
        let compare = if self.descending { "<" } else { ">" };
        let key = self.column.map(|_| statement.bind(Param::Bigint(Some(key))));
        let id = statement.bind(Param::Uuid(Some(id)));
        match key {
            Some(key) => format!("({column}, {id_column}) {compare} ({key}, {id})"),
            None => format!("{id_column} {compare} {id}"),
        }
    }
}

/// The columns that the filters read.
const FILTERED: &str = "property_id, amenities, base_price_minor, floor_night_minor, lat_e6, lng_e6, rating_key, kind, \
    room_type, max_guests, bedrooms, beds, bathrooms_halves, min_nights, max_nights, preparation_nights, \
    advance_notice_hours, booking_window_days, check_in_minutes, instant_book, pets_allowed, has_overrides, currency, \
    time_zone, taken, change_holds_until";

/// The first rows of the cells in the order of the page: each cell is a branch that reads its own index, and the
/// branches are merged (`Merge Append`). Of a box without enough hits among them it may give too few.
pub(super) fn page(filter: &SearchFilter, cover: &Cover, boxes: &[BoundingBox]) -> Statement {
    let mut statement = Statement::default();
    let order = Order::of(filter.sort);
    let column = order.column.unwrap_or("property_id");
    let (south, north) = latitudes(&mut statement, boxes);
    let after = order.after(&mut statement, (column, "property_id"), filter);
    let filters = filters(&mut statement, filter);
    let limit = statement.bind(Param::Bigint(Some(filter.limit)));
    let count = if cover.level == WORLD_LEVEL { 2 } else { MAX_COVER_CELLS };
    let branches: Vec<String> = (0..count)
        .map(|n| {
            let covered = cover.cells.get(n);
            // No cell, no longitude: a comparison with NULL is known to be empty before the index is opened.
            let west = statement.bind(Param::Integer(covered.map(|covered| covered.bounds.west.microdegrees())));
            let east = statement.bind(Param::Integer(covered.map(|covered| covered.bounds.east.microdegrees())));
            let cell = match cover.level {
                WORLD_LEVEL => String::new(),
                level => {
                    let cell = statement.bind(Param::Integer(covered.map(|covered| covered.cell)));
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
    let candidates =
        CANDIDATES.iter().find(|(limit, _)| filter.limit <= *limit).map_or(0, |(_, candidates)| *candidates);
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
    let mut statement = Statement::default();
    let order = Order::of(filter.sort);
    let key = match (filter.sort, order.column) {
        (SortOrder::Distance, _) => distance(&mut statement, filter.centre),
        (_, column) => column.map_or_else(|| "0".to_owned(), |column| format!("l.{column}")),
    };
    let (south, north) = latitudes(&mut statement, boxes);
    let [first, second] = [0, 1].map(|n| longitudes(&mut statement, boxes.get(n)));
    let after = order.after(&mut statement, (&key, "l.property_id"), filter);
    let filters = filters(&mut statement, filter);
    let limit = statement.bind(Param::Bigint(Some(filter.limit)));
    let from = match source {
        Source::Ranges(ranges) => {
            let column = |read: fn(&CellRange) -> i32| Param::Integers(ranges.iter().map(read).collect());
            let firsts = statement.bind(column(|range| range.first));
            let lasts = statement.bind(column(|range| range.last));
            let wests = statement.bind(column(|range| range.bounds.west.microdegrees()));
            let easts = statement.bind(column(|range| range.bounds.east.microdegrees()));
            // OFFSET: what is asked besides stays outside, where it can't talk the planner into another index than
            // that of the cells, whose order is the heap's.
            format!(
                "unnest({firsts}, {lasts}, {wests}, {easts}) AS r (first, last, west, east)
                 CROSS JOIN LATERAL (SELECT * FROM listing_search
                     WHERE cell_14 BETWEEN r.first AND r.last AND lng_e6 BETWEEN r.west AND r.east
                         AND lat_e6 BETWEEN {south} AND {north} OFFSET 0) l"
            )
        }
        Source::Host => {
            let host = statement.bind(Param::Uuid(filter.host_id.map(|host| host.uuid())));
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
    (statement.bind(Param::Integer(Some(south))), statement.bind(Param::Integer(Some(north))))
}

fn longitudes(statement: &mut Statement, part: Option<&BoundingBox>) -> String {
    let west = statement.bind(Param::Integer(part.map(|part| part.west.microdegrees())));
    let east = statement.bind(Param::Integer(part.map(|part| part.east.microdegrees())));
    format!("l.lng_e6 BETWEEN {west} AND {east}")
}

/// Millimetres from a point to a row's, on the sphere: whole numbers, so that a cursor says them exactly.
fn distance(statement: &mut Statement, centre: Option<Point>) -> String {
    let lat = statement.bind(Param::Double(centre.map(|centre| centre.latitude.degrees())));
    let lng = statement.bind(Param::Double(centre.map(|centre| centre.longitude.degrees())));
    format!(
        "(12742017600 * asin(sqrt(least(1, power(sin(radians(l.lat_e6 / 1e6::float8 - {lat}) / 2), 2)
            + cos(radians({lat})) * cos(radians(l.lat_e6 / 1e6::float8))
                * power(sin(radians(l.lng_e6 / 1e6::float8 - {lng}) / 2), 2)))))::bigint"
    )
}

/// Everything that is asked of a row `l` besides its place on the map and in the order.
fn filters(statement: &mut Statement, filter: &SearchFilter) -> String {
    let small = |least: Option<u32>| Param::Smallint(Some(least.map_or(0, |n| i16::try_from(n).unwrap_or(i16::MAX))));
    let kind = filter.kind.and_then(|kind| place_in(PropertyKind::ALL, kind));
    let room_type = filter.room_type.and_then(|room| place_in(RoomType::ALL, room));
    let rating_key = filter.min_rating_hundredths.map_or(0, |hundredths| i32::from(hundredths) * 1_000_000);
    let guests = statement.bind(small(filter.guests));
    let min_price = statement.bind(Param::Bigint(Some(filter.min_price_minor.unwrap_or(0))));
    let max_price = statement.bind(Param::Bigint(Some(filter.max_price_minor.unwrap_or(i64::MAX))));
    let max_floor = statement.bind(Param::Bigint(Some(filter.max_floor_night_minor.unwrap_or(i64::MAX))));
    let currency = statement.bind(Param::Text(filter.currency.map(Currency::code)));
    let amenities = statement.bind(Param::Bigint(Some(filter.amenities.bits())));
    let kind = statement.bind(Param::Smallint(kind));
    let room_type = statement.bind(Param::Smallint(room_type));
    let bedrooms = statement.bind(small(filter.bedrooms));
    let beds = statement.bind(small(filter.beds));
    let bathrooms = statement.bind(small(filter.bathrooms_halves.map(u32::from)));
    let instant = statement.bind(Param::Boolean(filter.instant_book));
    let pets = statement.bind(Param::Boolean(filter.pets_allowed));
    let rating = statement.bind(Param::Integer(Some(rating_key)));
    let radius_mm = filter.circle.map(|circle| (circle.radius_metres * 1_000.0) as i64);
    let radius_mm = statement.bind(Param::Bigint(radius_mm));
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

/// The number of a code in the table: its place in the domain's list, from 1.
fn place_in<T: PartialEq>(all: &[T], wanted: T) -> Option<i16> {
    all.iter().position(|each| *each == wanted).and_then(|place| i16::try_from(place + 1).ok())
}

/// The same rules as `domain::stay::broken_rules`, and that nothing takes a night of the stay or of the host's
/// preparation after it. A test compares the two. Of a check-in time that comes twice, in the night clocks go
/// back, PostgreSQL takes the second and the domain the first: hence the hour less and more.
fn available(statement: &mut Statement, dates: StayDates) -> String {
    let check_in = statement.bind(Param::Date(dates.check_in()));
    let check_out = statement.bind(Param::Date(dates.check_out()));
    let nights = statement.bind(Param::Integer(i32::try_from(dates.nights()).ok()));
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
                              AND b.check_in < {check_out} + l.preparation_nights AND b.held_until > {check_in})
          AND (coalesce(l.change_holds_until, '-infinity') <= (SELECT app_now())
               OR NOT EXISTS (SELECT 1 FROM booking_changes c
                              WHERE c.property_id = l.property_id AND c.hold_expires_at > (SELECT app_now())
                                  AND c.check_in < {check_out} + l.preparation_nights AND c.held_until > {check_in}))"
    )
}
