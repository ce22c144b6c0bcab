//! The tables `places` and `place_names`: what people call where they want to go. Filled from the extract, and by what
//! hosts say of their listings where the extract has nothing.

use domain::error::{Error, Result};
use domain::geo::{BoundingBox, Point};
use domain::place::{PlaceKind, PlaceQuery, search_key, weight};
use tokio_postgres::Row;

use crate::properties;
use crate::row::RowExt;
use crate::tx::{Queries, Tx};

pub mod extract;
mod load;

pub use load::load_extract;

/// How far a place of the extract, or another listing's, may be to be the one a host means.
const SAME_PLACE_DEGREES: f64 = 0.45;
/// How far around a listing the box of a place reaches that is known from listings alone.
const AROUND_LISTING_METRES: f64 = 5_000.0;

/// A place.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// What it is.
    pub kind: PlaceKind,
    /// Its usual name.
    pub name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Name of the region it lies in, where that is known; of a region its own.
    pub region: Option<String>,
    /// Its centre.
    pub centre: Point,
    /// What to search to search it.
    pub bounding_box: BoundingBox,
}

/// A place that may be meant.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its row.
    pub place_id: i64,
    /// The name that is like what was asked for.
    pub key: String,
    /// See [`domain::place::weight`].
    pub weight: f64,
}

/// Places whose names begin like what was typed or are like it, some hundreds at most and in no order: which of them
/// is meant is for [`PlaceQuery::score`] to say.
pub async fn candidates(queries: &impl Queries, query: &PlaceQuery) -> Result<Vec<Candidate>> {
    if query.name.is_empty() {
        return Ok(Vec::new());
    }
    // `%` goes by pg_trgm.similarity_threshold, which connect.rs sets. Of few letters everything is alike.
    let sql = "-- places.candidates
        WITH called AS (
            (SELECT place_id, key, weight FROM place_names
             WHERE key >= $1 AND key < $1::text || '~'
             ORDER BY key = $1 DESC, weight DESC LIMIT CASE WHEN $3::text[] = '{}' THEN 1000 ELSE 5000 END)
            UNION ALL
            (SELECT place_id, key, weight FROM place_names
             WHERE key % $1 AND length($1) > 2
             ORDER BY similarity(key, $1) + 0.06 * log(weight) DESC
             LIMIT CASE WHEN $3::text[] = '{}' THEN 200 ELSE 5000 END)
            UNION ALL
            (SELECT place_id, key, weight FROM place_names WHERE key = ANY ($2) ORDER BY weight DESC LIMIT 20)
        )
        SELECT DISTINCT place_id, key, weight FROM called
        WHERE $3::text[] = '{}' OR NOT EXISTS (
            SELECT 1 FROM unnest($3::text[]) AS asked (key)
            WHERE NOT EXISTS (
                SELECT 1 FROM places p, unnest(p.within) AS around (key)
                WHERE p.id = called.place_id
                    AND (starts_with(around.key, asked.key) OR similarity(around.key, asked.key) >= 0.4)))";
    let rows = queries.rows(sql, &[&query.name, &query.transposed(), &query.within]).await?;
    let candidate = |row: &Row| {
        let weight: f32 = row.read("weight")?;
        Ok(Candidate { place_id: row.read("place_id")?, key: row.read("key")?, weight: f64::from(weight) })
    };
    rows.iter().map(candidate).collect()
}

/// The places of these rows, in the order of the ids.
pub async fn find_many(queries: &impl Queries, ids: &[i64]) -> Result<Vec<Place>> {
    let sql = "-- places.find_many
        SELECT kind, name, country::text, region, lat_e6, lng_e6, west_e6, south_e6, east_e6, north_e6
        FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position) JOIN places USING (id)
        ORDER BY position";
    queries.rows(sql, &[&ids]).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Place> {
    Ok(Place {
        kind: row.parse("kind")?,
        name: row.read("name")?,
        country: row.read("country")?,
        region: row.read("region")?,
        centre: Point::from_microdegrees(row.read("lat_e6")?, row.read("lng_e6")?).map_err(Error::internal)?,
        bounding_box: box_from_row(row)?,
    })
}

fn box_from_row(row: &Row) -> Result<BoundingBox> {
    let degrees = |column: &str| Ok::<_, Error>(f64::from(row.read::<i32>(column)?) / 1_000_000.0);
    let (west, south, east, north) =
        (degrees("west_e6")?, degrees("south_e6")?, degrees("east_e6")?, degrees("north_e6")?);
    BoundingBox::new(west, south, east, north).map_err(Error::internal)
}

/// Makes the city and the region that a host names findable, in the transaction that lists the property: by a place of
/// that name in that country nearby if there is one, else by one made of the listings there.
///
/// Works with the place that strangers see, so that no box tells more than search does.
pub async fn learn(tx: &Tx, place: &properties::Place) -> Result<()> {
    let point = Point::from_microdegrees(place.public_lat_e6, place.public_lng_e6).map_err(Error::internal)?;
    // Always in this order: whoever waits for a lock below holds none that another waits for.
    for (kind, name) in [(PlaceKind::City, &place.city), (PlaceKind::Region, &place.region)] {
        if let Some(name) = name {
            learn_one(tx, kind, name, place, point).await?;
        }
    }
    Ok(())
}

async fn learn_one(tx: &Tx, kind: PlaceKind, name: &str, place: &properties::Place, point: Point) -> Result<()> {
    let (key, country) = (search_key(name), place.country.as_str());
    if key.is_empty() || key.len() > 400 {
        return Ok(());
    }
    let known = nearby(tx, kind, &key, country, point).await?;
    if known.as_ref().is_some_and(|known| known.holds(point)) {
        return Ok(());
    }
    // Of those that list first there, one makes the row and the others see it.
    let lock = "-- places.lock\nSELECT pg_advisory_xact_lock(hashtextextended($1, 13))";
    tx.rows(lock, &[&format!("{kind} {country} {key}")]).await?;
    let around = BoundingBox::around(point, AROUND_LISTING_METRES);
    match nearby(tx, kind, &key, country, point).await? {
        Some(known) if known.holds(point) => Ok(()),
        Some(known) => set_box(tx, known.id, known.bounding_box.with(around)).await,
        None => insert(tx, kind, (name, &key), place, point, around).await,
    }
}

/// A place that a host may mean.
struct Known {
    id: i64,
    bounding_box: BoundingBox,
}

impl Known {
    /// Whether nothing need be done: a place of the extract is as large as it is.
    fn holds(&self, point: Point) -> bool {
        self.id < 0 || self.bounding_box.contains(point)
    }
}

/// The nearest place of this name and kind: a city within about 50 km, a region anywhere in the country.
async fn nearby(tx: &Tx, kind: PlaceKind, key: &str, country: &str, point: Point) -> Result<Option<Known>> {
    let sql = "-- places.nearby
        SELECT id, west_e6, south_e6, east_e6, north_e6
        FROM place_names n JOIN places p ON p.id = n.place_id
        WHERE n.key = $1 AND p.kind = $2 AND p.country = $3
            AND ($2 = 'region' OR (abs(p.lat_e6 - $4::int) <= $6::float8
                AND least(abs(p.lng_e6::bigint - $5::int), 360000000 - abs(p.lng_e6::bigint - $5::int))
                    * cosd($4::int / 1000000.0::float8) <= $6::float8))
        ORDER BY id < 0 DESC, abs(p.lat_e6 - $4::int) + abs(p.lng_e6::bigint - $5::int) LIMIT 1";
    let (latitude, longitude) = (point.latitude.microdegrees(), point.longitude.microdegrees());
    let reach = SAME_PLACE_DEGREES * 1_000_000.0;
    let row = tx.row(sql, &[&key, &kind.as_str(), &country, &latitude, &longitude, &reach]).await?;
    row.map(|row| Ok(Known { id: row.read("id")?, bounding_box: box_from_row(&row)? })).transpose()
}

async fn set_box(tx: &Tx, id: i64, to: BoundingBox) -> Result<()> {
    let sql = "-- places.set_box
        UPDATE places SET (west_e6, south_e6, east_e6, north_e6) = ($2, $3, $4, $5) WHERE id = $1";
    let BoundingBox { west, south, east, north } = to;
    let edges = [west.microdegrees(), south.microdegrees(), east.microdegrees(), north.microdegrees()];
    tx.execute(sql, &[&id, &edges[0], &edges[1], &edges[2], &edges[3]]).await?;
    Ok(())
}

async fn insert(
    tx: &Tx,
    kind: PlaceKind,
    (name, key): (&str, &str),
    place: &properties::Place,
    point: Point,
    around: BoundingBox,
) -> Result<()> {
    let sql = "-- places.insert
        WITH made AS (
            INSERT INTO places (kind, name, country, region, lat_e6, lng_e6, west_e6, south_e6, east_e6, north_e6,
                population, within)
            VALUES ($1, $2, $3::text, $4, $5, $6, $7, $8, $9, $10, 0,
                array_remove(ARRAY[$11::text, lower($3::text)], NULL)
                || coalesce((SELECT array_agg(n.key) FROM place_names n JOIN places p ON p.id = n.place_id
                             WHERE p.kind = 'country' AND p.country = $3::text), '{}'))
            RETURNING id)
        INSERT INTO place_names (key, place_id, weight) SELECT $12::text, id, $13::real FROM made";
    let BoundingBox { west, south, east, north } = around;
    let region = if kind == PlaceKind::Region { Some(name) } else { place.region.as_deref() };
    let region_key = region.map(search_key);
    #[expect(clippy::cast_possible_truncation, reason = "a rough weight")]
    let weight = weight(kind, 0, true) as f32;
    tx.execute(
        sql,
        &[
            &kind.as_str(),
            &name,
            &place.country.as_str(),
            &region,
            &point.latitude.microdegrees(),
            &point.longitude.microdegrees(),
            &west.microdegrees(),
            &south.microdegrees(),
            &east.microdegrees(),
            &north.microdegrees(),
            &region_key,
            &key,
            &weight,
        ],
    )
    .await?;
    Ok(())
}
