//! Puts the extract into the tables: after the migrations, as their owner.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use domain::error::{Error, Result};
use domain::place::{PlaceKind, search_key, weight};
use futures::SinkExt as _;

use super::extract::{self, ExtractPlace};
use crate::connect::DatabaseTarget;
use crate::error::from_postgres;
use crate::migrations;

/// Loads the extract of this release unless it is there already; says whether it did.
///
/// # Errors
/// `unavailable` when the database can't be reached; nothing is changed then.
pub async fn load_extract(owner: &DatabaseTarget) -> Result<bool> {
    let version = extract::version();
    let mut client = migrations::connect(owner).await?;
    let tx = client.transaction().await.map_err(from_postgres)?;
    // One loader at a time; readers go on with what there was.
    tx.batch_execute("LOCK TABLE place_extracts IN EXCLUSIVE MODE").await.map_err(from_postgres)?;
    let known = "SELECT EXISTS (SELECT 1 FROM place_extracts WHERE version = $1)";
    if tx.query_one(known, &[&version]).await.map_err(from_postgres)?.get(0) {
        return Ok(false);
    }
    let (places, names) = rows(&extract::read()?)?;
    tx.batch_execute("DELETE FROM place_extracts; DELETE FROM places WHERE id < 0").await.map_err(from_postgres)?;
    let columns =
        "id, kind, name, country, region, lat_e6, lng_e6, west_e6, south_e6, east_e6, north_e6, population, within";
    copy(&tx, &format!("COPY places ({columns}) FROM STDIN"), places).await?;
    copy(&tx, "COPY place_names (key, place_id, weight) FROM STDIN", names).await?;
    tx.execute("INSERT INTO place_extracts (version) VALUES ($1)", &[&version]).await.map_err(from_postgres)?;
    tx.commit().await.map_err(from_postgres)?;
    // The planner must not take them for empty.
    client.batch_execute("ANALYZE places; ANALYZE place_names").await.map_err(from_postgres)?;
    Ok(true)
}

async fn copy(tx: &tokio_postgres::Transaction<'_>, statement: &str, text: String) -> Result<()> {
    let sink = tx.copy_in::<_, std::io::Cursor<Vec<u8>>>(statement).await.map_err(from_postgres)?;
    let mut sink = std::pin::pin!(sink);
    sink.send(std::io::Cursor::new(text.into_bytes())).await.map_err(from_postgres)?;
    sink.close().await.map_err(from_postgres)
}

/// Both tables in COPY's text format.
fn rows(extract: &[ExtractPlace]) -> Result<(String, String)> {
    let around = Around::of(extract);
    let (mut places, mut names) = (String::new(), String::new());
    for (number, place) in extract.iter().enumerate() {
        let id = -1 - i64::try_from(number).map_err(Error::internal)?;
        let region = place.region.as_deref().map_or_else(|| "\\N".to_owned(), escaped);
        let [lat, lng] = place.centre_e6;
        let [west, south, east, north] = place.box_e6;
        let within = around.keys(place).into_iter().collect::<Vec<_>>().join(",");
        let (kind, name, country, population) = (place.kind, escaped(&place.name), &place.country, place.population);
        writeln!(
            places,
            "{id}\t{kind}\t{name}\t{country}\t{region}\t{lat}\t{lng}\t{west}\t{south}\t{east}\t{north}\t{population}\t{{{within}}}"
        )
        .map_err(Error::internal)?;
        let first = search_key(&place.name);
        let mut keys = BTreeSet::from([(first.clone(), true)]);
        keys.extend(place.other_names.iter().map(|name| (search_key(name), false)).filter(|(key, _)| *key != first));
        for (key, is_first) in keys.into_iter().filter(|(key, _)| !key.is_empty()) {
            let weight = weight(place.kind, place.population, is_first);
            writeln!(names, "{key}\t{id}\t{weight}").map_err(Error::internal)?;
        }
    }
    Ok((places, names))
}

/// Text as COPY reads it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', " ")
}

/// Under which names countries and regions may follow a comma.
struct Around<'a> {
    countries: HashMap<&'a str, BTreeSet<String>>,
    regions: HashMap<(&'a str, &'a str), BTreeSet<String>>,
}

impl<'a> Around<'a> {
    fn of(extract: &'a [ExtractPlace]) -> Self {
        let mut around = Self { countries: HashMap::new(), regions: HashMap::new() };
        for place in extract {
            let keys = place.other_names.iter().chain([&place.name]).map(|name| search_key(name));
            let country = place.country.as_str();
            match (place.kind, &place.region) {
                (PlaceKind::Country, _) => {
                    around.countries.insert(country, keys.chain([search_key(country)]).collect());
                }
                (PlaceKind::Region, Some(region)) => {
                    around.regions.insert((country, region), keys.collect());
                }
                _ => {}
            }
        }
        around
    }

    /// Letters, digits and spaces alone: needs no quotes in an array's text.
    fn keys(&self, place: &ExtractPlace) -> BTreeSet<String> {
        let country = self.countries.get(place.country.as_str());
        let region = place.region.as_deref().and_then(|region| self.regions.get(&(place.country.as_str(), region)));
        country.into_iter().chain(region).flatten().filter(|key| !key.is_empty()).cloned().collect()
    }
}
