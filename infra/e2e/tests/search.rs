//! Search: what is found, in which order, page by page; and where a property appears to be.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay, User};
use serde_json::{Value, json};

const EARTH_METRES: f64 = 6_371_000.0;

fn ids(answer: &Answer) -> Result<Vec<String>> {
    let data = answer.at("/data")?;
    let hits = data.as_array().context("data is no list")?;
    hits.iter().map(|hit| Ok(hit["id"].as_str().context("a hit without id")?.to_owned())).collect()
}

/// A host with three listings on one spot, at 50.00, 70.00 and 90.00 a night, for 2, 4 and 6 guests.
async fn street(api: &Api) -> Result<Vec<Property>> {
    let host = api.register_verified_user().await?;
    let first = api.listed_property(&host, &Draft::default().priced(5_000).with("max_guests", json!(2))).await?;
    let mut listed = vec![first.clone()];
    for (price, guests) in [(7_000, 4), (9_000, 6)] {
        let draft =
            Draft::default().at(first.latitude, first.longitude).priced(price).with("max_guests", json!(guests));
        listed.push(api.listed_property(&host, &draft).await?);
    }
    Ok(listed)
}

#[tokio::test]
async fn filters_keep_what_satisfies_all_of_them() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let bbox = street[0].bbox();
    let cases: [(&str, &[usize]); 10] = [
        ("", &[0, 1, 2]),
        ("&guests=2", &[0, 1, 2]),
        ("&guests=3", &[1, 2]),
        ("&guests=7", &[]),
        ("&min_price=7000&currency=EUR", &[1, 2]),
        ("&min_price=7001&currency=EUR", &[2]),
        ("&max_price=7000&currency=EUR", &[0, 1]),
        ("&max_price=6999&currency=EUR", &[0]),
        ("&min_price=5001&max_price=8999&currency=EUR", &[1]),
        ("&guests=4&max_price=8000&currency=EUR", &[1]),
    ];
    for (filter, expected) in cases {
        let answer = api.get(&format!("/v1/properties?bbox={bbox}{filter}")).expect(200).await?;
        let expected: Vec<String> = expected.iter().map(|&number| street[number].id.clone()).collect();
        // Ids rise with the time of creation.
        let mut found = ids(&answer)?;
        found.sort();
        ensure!(found == expected, "{filter}: {expected:?} expected: {answer}");
    }
    Ok(())
}

#[tokio::test]
async fn pages_show_each_hit_once_in_order() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let bbox = street[0].bbox();
    for sort in ["relevance", "price", "-price", "rating", "newest", "distance"] {
        let (mut path, mut seen) = (format!("/v1/properties?bbox={bbox}&sort={sort}&limit=1"), Vec::new());
        loop {
            let page = api.get(&path).expect(200).await?;
            ensure!(ids(&page)?.len() == 1, "not one a page: {page}");
            seen.extend(ids(&page)?);
            let cursor = page.at("/next_cursor")?;
            let Some(cursor) = cursor.as_str() else {
                ensure!(page.header("link").is_none(), "a link beyond the last page: {page}");
                break;
            };
            let link = page.require_header("link")?;
            ensure!(link.contains("rel=\"next\"") && link.starts_with('<'), "RFC 8288: {page}");
            let target = link.split(['<', '>']).nth(1).context("no target")?;
            ensure!(
                target.contains("cursor=") && target.contains(&format!("sort={sort}")),
                "not the next page: {page}"
            );
            ensure!(seen.len() < 4, "pages without end: {page}");
            path = format!("/v1/properties?bbox={bbox}&sort={sort}&limit=1&cursor={cursor}");
        }
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        ensure!(seen.len() == 3 && unique.len() == 3, "{sort}: {seen:?}");
    }
    Ok(())
}

#[tokio::test]
async fn each_order_is_the_one_asked_for() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let bbox = street[0].bbox();
    let all: Vec<String> = street.iter().map(|property| property.id.clone()).collect();
    let backwards: Vec<String> = all.iter().rev().cloned().collect();
    for (sort, expected) in [("price", &all), ("-price", &backwards), ("newest", &backwards), ("rating", &backwards)] {
        let found = api.get(&format!("/v1/properties?bbox={bbox}&sort={sort}")).expect(200).await?;
        ensure!(ids(&found)? == *expected, "{sort}: {found}");
    }
    let (lat, lng) = (street[0].latitude, street[0].longitude);
    let near = api.get(&format!("/v1/properties?near={lat},{lng}&radius_km=1&sort=distance")).expect(200).await?;
    let data = near.at("/data")?;
    let metres = data.as_array().context("no list")?.iter().map(|hit| metres_between(&street[0], &hit["location"]));
    let metres = metres.collect::<Result<Vec<f64>>>()?;
    ensure!(
        metres.len() == 3 && metres.is_sorted() && metres.iter().all(|metres| *metres <= 1_000.0),
        "{metres:?}: {near}"
    );
    Ok(())
}

#[tokio::test]
async fn a_page_can_be_geojson() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let path = format!("/v1/properties?bbox={}&limit=2", street[0].bbox());
    let plain = api.get(&path).expect(200).await?;
    let answer = api.get(&path).header("accept", b"application/geo+json").expect(200).await?;
    ensure!(answer.require_header("content-type")?.starts_with("application/geo+json"), "{answer}");
    ensure!(answer.require_header("vary")?.to_ascii_lowercase().contains("accept"), "{answer}");
    ensure!(answer.require_header("link")?.contains("rel=\"next\""), "{answer}");
    ensure!(answer.text_at("/type")? == "FeatureCollection", "{answer}");
    ensure!(answer.at("/next_cursor")?.is_string(), "{answer}");
    let features = answer.at("/features")?;
    for (feature, hit) in
        features.as_array().context("no list")?.iter().zip(plain.at("/data")?.as_array().context("no list")?)
    {
        ensure!(feature["type"] == "Feature" && feature["geometry"]["type"] == "Point", "{feature}");
        ensure!(feature["id"] == hit["id"] && feature["properties"]["id"] == hit["id"], "{feature}");
        let coordinates = json!([hit["location"]["longitude"], hit["location"]["latitude"]]);
        ensure!(feature["geometry"]["coordinates"] == coordinates, "longitude comes first: {feature}");
    }
    Ok(())
}

#[tokio::test]
async fn a_map_counts_what_is_there_and_names_the_lowest_price() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let map = api.get(&format!("/v1/properties/map?bbox={}&zoom=14", street[0].bbox())).expect(200).await?;
    let clusters = map.at("/data")?;
    let clusters = clusters.as_array().context("no list")?;
    ensure!(clusters.iter().filter_map(|cluster| cluster["count"].as_i64()).sum::<i64>() == 3, "{map}");
    let lowest = clusters.iter().filter_map(|cluster| cluster["lowest_price"]["amount"].as_i64()).min();
    ensure!(lowest == Some(5_000), "{map}");
    for bad in [
        "",
        "?zoom=3",
        "?bbox=1,1,2,2",
        "?bbox=1,1,2,2&zoom=23",
        "?bbox=1,1,2&zoom=3",
        "?bbox=1,1,2,2&zoom=3&colour=red",
    ] {
        let answer = api.get(&format!("/v1/properties/map{bad}")).send().await?;
        answer.expect_problem(422, "validation_failed")?;
    }
    Ok(())
}

#[tokio::test]
async fn link_leads_to_the_next_page_as_it_stands() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let first = api.get(&format!("/v1/properties?bbox={}&limit=2", street[0].bbox())).expect(200).await?;
    let target = first.require_header("link")?.split(['<', '>']).nth(1).context("no target")?.to_owned();
    // The public address may be another than the one the test calls.
    let path = target.get(target.find("/v1/").context("no path in the link")?..).context("no path")?;
    let second = api.get(path).expect(200).await?;
    let mut seen = [ids(&first)?, ids(&second)?].concat();
    seen.sort();
    let all: Vec<String> = street.iter().map(|property| property.id.clone()).collect();
    ensure!(seen == all, "another page: {first}\n{second}");
    Ok(())
}

#[tokio::test]
async fn cursor_that_was_altered_or_belongs_to_another_search_is_refused() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let bbox = street[0].bbox();
    let search = format!("/v1/properties?bbox={bbox}&limit=1");
    let cursor = api.get(&search).expect(200).await?.text_at("/next_cursor")?;
    api.get(&format!("{search}&cursor={cursor}")).expect(200).await?;

    let mut altered = vec!["x".to_owned(), "".to_owned(), "AAAA".to_owned(), "a".repeat(3_000)];
    altered.push(format!("{cursor}A"));
    altered.push(cursor.chars().skip(1).collect());
    altered.push(cursor.chars().rev().collect());
    for place in [0, cursor.len() / 3, cursor.len() / 2, cursor.len() - 6] {
        let swap = |(at, letter): (usize, char)| {
            if at != place {
                letter
            } else if letter == 'B' {
                'C'
            } else {
                'B'
            }
        };
        altered.push(cursor.chars().enumerate().map(swap).collect());
    }
    for cursor in altered {
        let answer = api.get(&format!("{search}&cursor={cursor}")).send().await?;
        answer.expect_problem(422, "invalid_cursor")?;
    }
    for other in [
        "&guests=2",
        "&min_price=1&currency=EUR",
        "&max_price=9999&currency=EUR",
        "&check_in=2027-01-01&check_out=2027-01-02",
    ] {
        let answer = api.get(&format!("{search}{other}&cursor={cursor}")).send().await?;
        answer.expect_problem(422, "invalid_cursor")?;
    }
    let elsewhere = format!("/v1/properties?bbox=10,10,11,11&limit=1&cursor={cursor}");
    let answer = api.get(&elsewhere).send().await?;
    answer.expect_problem(422, "invalid_cursor")?;
    let bookings = api.get(&format!("/v1/bookings?cursor={cursor}")).by(&street[0].host).send().await?;
    bookings.expect_problem(422, "invalid_cursor")?;
    Ok(())
}

async fn expect_refused(api: &Api, caller: &User, base: &str, query: &str) -> Result<()> {
    let join = if base.contains('?') { '&' } else { '?' };
    let answer = api.get(&format!("{base}{join}{query}")).by(caller).send().await?;
    ensure!(answer.status == 422, "{query}: {answer}");
    let problem = answer.expect_problem(422, "validation_failed")?;
    ensure!(!problem.faults.is_empty(), "{query} without errors: {answer}");
    let names: Vec<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let is_named = |at: &str| at.contains("check_") || names.iter().any(|name| at.contains(name));
    let named = query.contains('%') || problem.faults.iter().any(|(at, _)| is_named(at));
    ensure!(named, "the parameter is not named: {answer}");
    Ok(())
}

#[tokio::test]
async fn bad_query_parameters_are_validation_failures() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_verified_user().await?;
    let property = api.listed_property(&user, &Draft::default()).await?;
    let search = "/v1/properties?bbox=1,1,2,2";
    let numbers =
        ["abc", "-1", "1.5", "1e3", "99999999999999999999", "9223372036854775808", "", "%00", "0x1", "%ff", "1%20"];
    for name in ["guests", "min_price", "max_price", "limit", "bedrooms", "beds"] {
        for value in numbers {
            expect_refused(&api, &user, search, &format!("{name}={value}")).await?;
        }
    }
    for bad in [
        "limit=0",
        "limit=101",
        "guests=0",
        "sort=bogus",
        "sort=",
        "colour=red",
        "limit=1&limit=1",
        "guests=2&guests=3",
        "%00=1",
        "check_in=2027-01-01",
        "check_out=2027-01-01",
        "check_in=2027-01-02&check_out=2027-01-01",
        "check_in=2027-01-01&check_out=2027-01-01",
        "check_in=2027-02-30&check_out=2027-03-03",
        "check_in=0000-01-01&check_out=0000-01-02",
        "check_in=x&check_out=y",
        "check_in=2027-1-1&check_out=2027-1-2",
        "Guests=1",
        "guests[]=1",
        "price=weekly",
        "price=total&max_price=1",
        "kind=castle",
        "room_type=",
        "amenities=wifi,dragon",
        "bathrooms=0.3",
        "min_rating=5.1",
        "min_rating=x",
        "instant_book=1",
        "pets_allowed=yes",
        "host_id=me",
        "near=1,1",
        "place=Lisbon",
        "radius_km=5",
    ] {
        expect_refused(&api, &user, search, bad).await?;
    }
    for bad in [
        "bbox=",
        "bbox=1,2,3",
        "bbox=1,2,3,4,5",
        "bbox=a,b,c,d",
        "bbox=NaN,0,1,1",
        "bbox=inf,0,1,1",
        "bbox=0,0,1e400,1",
        "bbox=-181,0,0,1",
        "bbox=0,0,181,1",
        "bbox=0,-91,1,1",
        "bbox=0,1,1,91",
        "bbox=0,10,1,5",
        "bbox=1,1,2,2&bbox=1,1,2,2",
        "bbox=%00,1,2,2",
        "bbox=1;1;2;2",
        "bbox=1,1,2,%ff",
        "near=1",
        "near=91,1",
        "near=1,1&radius_km=501",
        "near=1,1&radius_km=0",
        "near=1,1&radius_km=1e2",
        "place=",
        "sort=distance",
    ] {
        expect_refused(&api, &user, "/v1/properties", bad).await?;
    }
    for bad in ["limit=0", "limit=101", "role=admin", "role=", "status=nonsense", "colour=red", "limit=1&limit=2"] {
        expect_refused(&api, &user, "/v1/bookings", bad).await?;
    }
    let stay = Stay::in_days(20, 2)?;
    let quote = format!("{}/quote", property.path());
    for bad in ["guests=0", "guests=x", "guests=1&guests=1", "guests=1&colour=red", "guests=-1", "guests=1.5"] {
        expect_refused(&api, &user, &format!("{quote}?{}", stay.query()), bad).await?;
    }
    for bad in [
        "check_in=x&check_out=y&guests=1",
        "check_in=2027-01-01&guests=1",
        "guests=1",
        "check_in=2026-02-30&check_out=2026-03-02&guests=1",
        "check_in=2027-01-01T00:00&check_out=2027-01-02&guests=1",
    ] {
        expect_refused(&api, &user, &quote, bad).await?;
    }
    for path in ["/v1/users/me", &property.path(), &format!("/v1/users/{}", user.id)] {
        expect_refused(&api, &user, path, "colour=red").await?;
    }
    Ok(())
}

#[tokio::test]
async fn far_dates_are_never_an_accident() -> Result<()> {
    let api = Api::connect().await?;
    let user = api.register_verified_user().await?;
    let property = api.listed_property(&user, &Draft::default()).await?;
    for dates in [
        "check_in=9999-12-30&check_out=9999-12-31",
        "check_in=0001-01-01&check_out=9999-12-31",
        "check_in=1969-07-20&check_out=1969-07-21",
    ] {
        let found = api.get(&format!("/v1/properties?bbox={}&{dates}", property.bbox())).send().await?;
        let nothing = found.status == 200 && ids(&found)?.is_empty();
        ensure!(found.status == 422 || nothing, "{found}");
        let quote = api.get(&format!("{}/quote?{dates}&guests=1", property.path())).send().await?;
        let refused = quote.status == 200 && quote.at("/bookable")? == false;
        ensure!(quote.status == 422 || refused, "{quote}");
    }
    Ok(())
}

#[tokio::test]
async fn box_across_the_antimeridian_finds_both_sides() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let latitude = -40.0 + f64::from(e2e::random_below(80_000_000)) / 1e6;
    let east = api.listed_property(&host, &Draft::default().at(latitude, 179.95).priced(1_000)).await?;
    let west = api.listed_property(&host, &Draft::default().at(latitude, -179.95).priced(2_000)).await?;
    let (south, north) = (latitude - 0.02, latitude + 0.02);
    let both = api.get(&format!("/v1/properties?bbox=179.9,{south},-179.9,{north}")).expect(200).await?;
    let mut found = ids(&both)?;
    found.sort();
    ensure!(found == [east.id.clone(), west.id], "{both}");
    let one = api.get(&format!("/v1/properties?bbox=179.9,{south},180,{north}")).expect(200).await?;
    ensure!(ids(&one)? == [east.id], "{one}");
    Ok(())
}

fn metres_between(property: &Property, location: &Value) -> Result<f64> {
    let degrees = |name: &str| location[name].as_f64().with_context(|| format!("no {name}: {location}"));
    let (latitude, longitude) = (degrees("latitude")?.to_radians(), degrees("longitude")?.to_radians());
    let (own_latitude, own_longitude) = (property.latitude.to_radians(), property.longitude.to_radians());
    let half = |difference: f64| (difference / 2.0).sin().powi(2);
    let chord = half(latitude - own_latitude) + latitude.cos() * own_latitude.cos() * half(longitude - own_longitude);
    Ok(2.0 * EARTH_METRES * chord.sqrt().asin())
}

#[tokio::test]
async fn strangers_see_a_moved_point_and_the_host_the_true_one() -> Result<()> {
    let api = Api::connect().await?;
    let street = street(&api).await?;
    let stranger = api.register_user().await?;
    let mut shown = Vec::new();
    for property in &street {
        let own = api.get(&property.path()).by(&property.host).expect(200).await?;
        ensure!(metres_between(property, &own.at("/location")?)? < 1.0, "not the host's own point: {own}");
        ensure!(own.text_at("/location/street")? == "Rua do Forno 7", "not the host's own street: {own}");
        let by_stranger = api.get(&property.path()).by(&stranger).expect(200).await?;
        let by_nobody = api.get(&property.path()).expect(200).await?;
        let found = api.get(&format!("/v1/properties?bbox={}", property.bbox())).expect(200).await?;
        let hits = found.at("/data")?;
        let hit = hits.as_array().and_then(|all| all.iter().find(|hit| hit["id"] == property.id.as_str()));
        let hit = hit.with_context(|| format!("not found: {found}"))?.clone();
        for seen in [by_stranger.json()?, by_nobody.json()?, hit] {
            let metres = metres_between(property, &seen["location"])?;
            ensure!((149.0..=401.0).contains(&metres), "moved by {metres} m: {seen}");
            ensure!(seen["location"]["street"].is_null(), "the street is shown: {seen}");
            ensure!(seen["location"] == by_nobody.at("/location")?, "the point moves between looks: {seen}");
        }
        shown.push(by_nobody.at("/location")?);
    }
    // Three true points are one; three shown points that were one would give the rule away.
    ensure!(shown[0] != shown[1] && shown[1] != shown[2] && shown[0] != shown[2], "one offset for all: {shown:?}");
    Ok(())
}
