//! What is looked for: a box around a city's centre with 20,000 listings, and searches in it as people make them.

use anyhow::{Context as _, Result};
use domain::geo::BoundingBox;
use domain::money::Currency;
use domain::stay::StayDates;
use jiff::ToSpan as _;
use jiff::civil::Date;
use seed::World;
use services::search::SearchFilter;
use tokio_postgres::Client;

/// So many listings are in the box, where the city has as many.
const LISTINGS_IN_THE_BOX: i64 = 20_000;

/// A box, and what its prices are like.
#[derive(Clone, Debug)]
pub(crate) struct Dense {
    /// The box.
    pub(crate) bounding_box: BoundingBox,
    /// How many listings it has.
    pub(crate) listings: i64,
    /// What most of them are priced in.
    pub(crate) currency: Currency,
    /// Base prices of which ten, twenty… ninety of a hundred are lower.
    deciles: Vec<i64>,
    /// The stack's today.
    pub(crate) today: Date,
}

impl Dense {
    /// Finds the box around a city of the seed.
    pub(crate) async fn around(client: &Client, city: (&str, &str, u32)) -> Result<Self> {
        let world = World::read()?;
        let city = world.city(city)?;
        let [lat, lng] = city.centre_e6;
        // Half the height of a box that is square on the ground.
        let found = client
            .query_one(
                "SELECT coalesce(max(reach), 50000)::float8 FROM (
                     SELECT greatest(abs(lat_e6 - $1::int), abs(lng_e6 - $2::int) * cosd($1::int / 1e6::float8)) AS reach
                     FROM listing_search
                     WHERE lat_e6 BETWEEN $1::int - 600000 AND $1::int + 600000
                         AND lng_e6 BETWEEN $2::int - 600000 AND $2::int + 600000
                     ORDER BY 1 LIMIT $3) nearest",
                &[&lat, &lng, &LISTINGS_IN_THE_BOX],
            )
            .await?;
        let (high, [lat, lng]) = (found.get::<_, f64>(0) / 1e6, [lat, lng].map(|degrees| f64::from(degrees) / 1e6));
        let wide = high / lat.to_radians().cos();
        let bounding_box = BoundingBox::new(lng - wide, lat - high, lng + wide, lat + high)
            .map_err(|invalid| anyhow::anyhow!("no box around {}: {}", city.name, invalid.detail))?;
        let edges = [bounding_box.south.microdegrees(), bounding_box.north.microdegrees()];
        let sides = [bounding_box.west.microdegrees(), bounding_box.east.microdegrees()];
        let row = client
            .query_one(
                "SELECT count(*), mode() WITHIN GROUP (ORDER BY currency)::text,
                     (SELECT (app_now() AT TIME ZONE 'UTC')::date)
                 FROM listing_search WHERE lat_e6 BETWEEN $1 AND $2 AND lng_e6 BETWEEN $3 AND $4",
                &[&edges[0], &edges[1], &sides[0], &sides[1]],
            )
            .await?;
        let code: Option<String> = row.get(1);
        let code = code.with_context(|| format!("no listing in {}: seed the database", city.name))?;
        let deciles = client
            .query_one(
                "SELECT percentile_disc(ARRAY[0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])
                     WITHIN GROUP (ORDER BY base_price_minor)
                 FROM listing_search
                 WHERE lat_e6 BETWEEN $1 AND $2 AND lng_e6 BETWEEN $3 AND $4 AND currency = $5",
                &[&edges[0], &edges[1], &sides[0], &sides[1], &code],
            )
            .await?;
        let currency = Currency::parse(&code).map_err(|invalid| anyhow::anyhow!("{code}: {}", invalid.detail))?;
        Ok(Self { bounding_box, listings: row.get(0), currency, deciles: deciles.get(0), today: row.get(2) })
    }

    /// Nothing but the box.
    pub(crate) fn everything(&self) -> SearchFilter {
        SearchFilter { bounding_box: Some(self.bounding_box), limit: 20, ..SearchFilter::default() }
    }

    /// Nights from so many days ahead.
    pub(crate) fn nights(&self, ahead: i64, count: i64) -> Result<StayDates> {
        let check_in = self.today.saturating_add(ahead.days());
        StayDates::new(check_in, check_in.saturating_add(count.days()))
            .map_err(|invalid| anyhow::anyhow!("no nights: {}", invalid.detail))
    }

    /// Dates, guests and a price that most listings keep to.
    pub(crate) fn typical(&self) -> Result<SearchFilter> {
        Ok(SearchFilter {
            dates: Some(self.nights(30, 3)?),
            guests: Some(2),
            max_price_minor: self.deciles.get(7).copied(),
            currency: Some(self.currency),
            ..self.everything()
        })
    }

    /// The `number`th of many: no two of the first thousands are the same.
    pub(crate) fn one_of_many(&self, number: i64) -> Result<SearchFilter> {
        let decile = self.deciles.get(usize::try_from(4 + number % 5)?).copied().unwrap_or(i64::MAX / 2);
        Ok(SearchFilter {
            dates: Some(self.nights(7 + number * 7 % 120, 2 + number % 5)?),
            guests: Some(u32::try_from(1 + number % 4)?),
            // A little more each time: another search with about the same answer.
            max_price_minor: Some(decile + number),
            ..self.typical()?
        })
    }
}

/// The same as a query of the API.
pub(crate) fn query(filter: &SearchFilter) -> String {
    let mut query = "limit=20".to_owned();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            query.push_str(&format!("&{name}={value}"));
        }
    };
    add("bbox", filter.bounding_box.map(|bounds| bounds.to_string()));
    add("check_in", filter.dates.map(|dates| dates.check_in().to_string()));
    add("check_out", filter.dates.map(|dates| dates.check_out().to_string()));
    add("guests", filter.guests.map(|guests| guests.to_string()));
    add("max_price", filter.max_price_minor.map(|price| price.to_string()));
    add("currency", filter.currency.map(|currency| currency.to_string()));
    query
}
