//! Search by everything a guest may ask for: what is kept, in which order, and page by page in every order.

use anyhow::{Context, Result, ensure};
use e2e::{Answer, Api, Draft, Property, Stay, User};
use serde_json::{Value, json};

const EARTH_KM: f64 = 6_371.0;

/// Listings on one spot, each a default draft with these fields in the place of its own.
async fn street(api: &Api, host: &User, houses: &[Value]) -> Result<Vec<Property>> {
    let (mut listed, mut place) = (Vec::<Property>::new(), None);
    for house in houses {
        let mut draft = Draft::default();
        if let Some((latitude, longitude)) = place {
            draft = draft.at(latitude, longitude);
        }
        for (field, value) in house.as_object().context("no object")? {
            draft = draft.with(field, value.clone());
        }
        let property = api.listed_property(host, &draft).await?;
        place = Some((property.latitude, property.longitude));
        listed.push(property);
    }
    Ok(listed)
}

/// A price on every night.
fn priced(amount: i64) -> Value {
    json!({ "base_price": { "amount": amount, "currency": "EUR" }, "weekend_price": null })
}

async fn expect_found(api: &Api, street: &[Property], filter: &str, expected: &[usize]) -> Result<Answer> {
    let answer = api.get(&format!("/v1/properties?bbox={}{filter}", street[0].bbox())).expect(200).await?;
    let (mut found, mut wanted) = (answer.ids()?, Vec::new());
    wanted.extend(expected.iter().map(|&number| street[number].id.clone()));
    found.sort();
    wanted.sort();
    ensure!(found == wanted, "{filter}: expected {expected:?} of {street:?}: {answer}");
    Ok(answer)
}

#[tokio::test]
async fn every_filter_keeps_what_satisfies_it() -> Result<()> {
    let api = Api::connect().await?;
    let users = api.register_verified_users(2).await?;
    let house = json!({
        "kind": "house", "room_type": "private_room", "bedrooms": 3, "beds": 5, "bathrooms": 2.5,
        "amenities": ["wifi", "kitchen", "pool"], "instant_book": false
    });
    let flat = json!({ "bedrooms": 1, "beds": 1, "bathrooms": 1, "amenities": ["wifi"], "instant_book": true });
    let mut street = street(&api, &users[0], &[house, flat]).await?;
    let draft = Draft::default().at(street[0].latitude, street[0].longitude).with("bedrooms", json!(0));
    street.push(api.listed_property(&users[1], &draft).await?);
    let (first, second) = (&users[0].id, &users[1].id);
    let cases: [(&str, &[usize]); 24] = [
        ("&kind=house", &[0]),
        ("&kind=apartment", &[1, 2]),
        ("&kind=hotel", &[]),
        ("&room_type=private_room", &[0]),
        ("&room_type=entire_place", &[1, 2]),
        ("&room_type=shared_room", &[]),
        ("&bedrooms=1", &[0, 1]),
        ("&bedrooms=3", &[0]),
        ("&bedrooms=4", &[]),
        ("&beds=2", &[0, 2]),
        ("&beds=5", &[0]),
        ("&bathrooms=1", &[0, 1, 2]),
        ("&bathrooms=2.5", &[0]),
        ("&bathrooms=3", &[]),
        ("&amenities=wifi", &[0, 1, 2]),
        ("&amenities=wifi,kitchen", &[0, 2]),
        ("&amenities=pool,wifi,kitchen", &[0]),
        ("&amenities=pool,hot_tub", &[]),
        ("&instant_book=true", &[1, 2]),
        ("&min_rating=4.5", &[]),
        ("&kind=apartment&bedrooms=1&instant_book=true&amenities=wifi", &[1]),
        ("&guests=4&beds=5&kind=house", &[0]),
        ("&currency=EUR", &[0, 1, 2]),
        ("&currency=JPY", &[]),
    ];
    for (filter, expected) in cases {
        expect_found(&api, &street, filter, expected).await?;
    }
    for (host, expected) in [(first, [0, 1].as_slice()), (second, &[2])] {
        expect_found(&api, &street, &format!("&host_id={host}"), expected).await?;
        // Without a place too: somebody's listings, wherever they are.
        let all = api.get(&format!("/v1/properties?host_id={host}")).expect(200).await?;
        ensure!(all.ids()?.len() == expected.len(), "{all}");
    }
    Ok(())
}

#[tokio::test]
async fn bad_filters_are_validation_failures() -> Result<()> {
    let api = Api::connect().await?;
    let sets: [(&str, &[&str]); 16] = [
        ("kind", &["castle", "", "House", "%00", "house,hotel"]),
        ("room_type", &["cave", "", "%00"]),
        ("amenities", &["", "wifi,", ",wifi", "gold", "wifi,gold", "%00", "wifi;pool"]),
        ("bedrooms", &["-1", "1.5", "x", "", "99999999999999999999", "%00", "1e1"]),
        ("beds", &["-1", "x", "", "4294967296"]),
        ("bathrooms", &["-1", "1.3", "x", "", "NaN", "inf", "1e400", "%00"]),
        ("instant_book", &["yes", "1", "", "TRUE", "%00"]),
        ("min_rating", &["0.9", "5.1", "-1", "x", "", "NaN", "inf"]),
        ("host_id", &["x", "", "prop_01h455vb4pex5vsknk084sn02q", "%00", "user_8zzzzzzzzzzzzzzzzzzzzzzzzz"]),
        ("price", &["", "nightly_total", "%00"]),
        ("sort", &["-newest", "PRICE", "price,rating", "%00", "--price"]),
        ("currency", &["", "EURO", "eur", "XXX", "%00"]),
        ("near", &["", "1", "1,2,3", "91,0", "0,181", "NaN,0", "a,b", "1e400,0", "%00,0", "-90.1,0"]),
        ("place", &["", "%20", "%00", "a%00b"]),
        ("radius_km", &["5"]),
        ("check_out", &["2027-06-31"]),
    ];
    for (name, values) in sets {
        for value in values {
            let answer = api.get(&format!("/v1/properties?{name}={value}")).send().await?;
            answer.expect_problem(422, "validation_failed")?;
        }
    }
    for value in ["", "0", "-1", "x", "NaN", "inf", "1e400", "100000", "%00"] {
        let answer = api.get(&format!("/v1/properties?near=1,2&radius_km={value}")).send().await?;
        answer.expect_problem(422, "validation_failed")?.expect_pointer("?radius_km")?;
    }
    for both in ["near=1,2&bbox=1,1,2,2", "near=1,2&place=Paris", "place=Paris&bbox=1,1,2,2", "sort=distance"] {
        api.get(&format!("/v1/properties?{both}")).send().await?.expect_problem(422, "validation_failed")?;
    }
    let long = "x".repeat(3_000);
    for name in ["place", "amenities", "kind", "near"] {
        let answer = api.get(&format!("/v1/properties?{name}={long}")).send().await?;
        answer.expect_problem(422, "validation_failed")?;
    }
    Ok(())
}

fn km_between(from: (f64, f64), hit: &Value) -> Result<f64> {
    let degrees = |name: &str| hit["location"][name].as_f64().with_context(|| format!("no {name}: {hit}"));
    let (latitude, longitude) = (degrees("latitude")?.to_radians(), degrees("longitude")?.to_radians());
    let (own_latitude, own_longitude) = (from.0.to_radians(), from.1.to_radians());
    let half = |difference: f64| (difference / 2.0).sin().powi(2);
    let chord = half(latitude - own_latitude) + latitude.cos() * own_latitude.cos() * half(longitude - own_longitude);
    Ok(2.0 * EARTH_KM * chord.sqrt().asin())
}

fn hits(answer: &Answer) -> Result<Vec<Value>> {
    Ok(answer.at("/data")?.as_array().context("no list")?.clone())
}

#[tokio::test]
async fn radius_is_kept_by_the_point_that_is_shown_and_sorted_by_it() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let center = api.listed_property(&host, &Draft::default()).await?;
    let from = (center.latitude, center.longitude);
    for (north, east) in [(0.03, 0.0), (0.0, 0.06), (-0.09, 0.0), (0.2, 0.2)] {
        let east = east / from.0.to_radians().cos();
        api.listed_property(&host, &Draft::default().at(from.0 + north, from.1 + east)).await?;
    }
    let search = format!("/v1/properties?near={:.6},{:.6}&host_id={}", from.0, from.1, host.id);
    let all = hits(&api.get(&format!("{search}&radius_km=100&sort=distance")).expect(200).await?)?;
    ensure!(all.len() == 5, "not all five within 100 km: {all:?}");
    let distances = all.iter().map(|hit| km_between(from, hit)).collect::<Result<Vec<_>>>()?;
    ensure!(distances.is_sorted(), "not by distance: {distances:?}");
    // Just beyond and just within the third: the circle is the caller's, to the metre.
    for (radius, expected) in [(distances[2] - 0.01, 2), (distances[2] + 0.01, 3), (0.1, 0)] {
        for sort in ["", "&sort=distance", "&sort=-price"] {
            let found = api.get(&format!("{search}&radius_km={radius:.4}{sort}")).expect(200).await?;
            ensure!(found.ids()?.len() == expected, "{expected} within {radius} km of {distances:?}: {found}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn six_orders_are_what_they_say_and_their_pages_show_each_hit_once() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let prices = [9_000, 4_000, 9_000, 15_000, 4_000];
    let street = street(&api, &host, &prices.map(priced)).await?;
    let first = &street[0];
    let near = format!("near={:.6},{:.6}&radius_km=3", first.latitude, first.longitude);
    for sort in ["relevance", "price", "-price", "rating", "newest", "distance"] {
        let search = format!("/v1/properties?{near}&host_id={}&sort={sort}", host.id);
        let whole = api.get(&search).expect(200).await?;
        let order = whole.ids()?;
        ensure!(order.len() == street.len(), "{sort}: {whole}");
        let amounts: Vec<i64> = hits(&whole)?.iter().filter_map(|hit| hit["base_price"]["amount"].as_i64()).collect();
        let newest: Vec<&String> = street.iter().rev().map(|property| &property.id).collect();
        match sort {
            "price" => ensure!(amounts == [4_000, 4_000, 9_000, 9_000, 15_000], "not by price: {amounts:?}"),
            "-price" => ensure!(amounts == [15_000, 9_000, 9_000, 4_000, 4_000], "not by price: {amounts:?}"),
            "newest" => ensure!(order.iter().collect::<Vec<_>>() == newest, "not newest first: {whole}"),
            _ => {}
        }
        let (mut paged, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("{search}&limit=2{cursor}")).expect(200).await?;
            paged.extend(page.ids()?);
            ensure!(paged.len() <= order.len(), "{sort}: pages without end: {paged:?}");
            match page.at("/next_cursor")?.as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        ensure!(paged == order, "{sort}: by pages {paged:?}, at once {order:?}");
        // A cursor of this order is none of another.
        let page = api.get(&format!("{search}&limit=2")).expect(200).await?;
        let other = if sort == "price" { "-price" } else { "price" };
        let cursor = page.text_at("/next_cursor")?;
        let foreign = search.replace(&format!("sort={sort}"), &format!("sort={other}"));
        let answer = api.get(&format!("{foreign}&limit=2&cursor={cursor}")).send().await?;
        answer.expect_problem(422, "invalid_cursor")?;
    }
    Ok(())
}

#[tokio::test]
async fn stay_of_each_hit_is_what_its_quote_says() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let mut houses = [priced(9_000), priced(4_000), priced(15_000)];
    houses[0]["min_nights"] = json!(4);
    houses[1]["advance_notice_hours"] = json!(24 * 14);
    houses[2]["preparation_nights"] = json!(2);
    let street = street(&api, &host, &houses).await?;
    let guest = api.register_verified_user().await?;
    api.book(&guest, &Stay::in_days(30, 3)?.body(&street[2])).expect(201).await?;
    let cases: [(i32, i32, &[usize]); 7] = [
        (30, 3, &[1]),
        (40, 4, &[0, 1, 2]),
        (40, 3, &[1, 2]),
        (5, 5, &[0, 2]),
        (33, 4, &[0, 1]),
        (35, 4, &[0, 1, 2]),
        (28, 2, &[1]),
    ];
    for (days, nights, expected) in cases {
        let stay = Stay::in_days(days, nights)?;
        let found = expect_found(&api, &street, &format!("&{}&guests=3", stay.query()), expected).await?;
        for hit in hits(&found)? {
            let id = hit["id"].as_str().context("no id")?;
            let quote = format!("/v1/properties/{id}/quote?{}&guests=3", stay.query());
            let quote = api.get(&quote).expect(200).await?;
            ensure!(quote.at("/bookable")? == true, "found, but not bookable: {quote}");
            ensure!(hit["stay"]["total"] == quote.at("/price/total")?, "two prices: {hit}\n{quote}");
            ensure!(hit["stay"]["nights"] == nights, "{hit}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn total_price_bounds_the_whole_stay() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    // The cheapest night has the dearest stay.
    let mut houses = [priced(5_000), priced(6_000), priced(7_000)];
    houses[0]["cleaning_fee"] = json!({ "amount": 90_000, "currency": "EUR" });
    houses[2]["weekly_discount_percent"] = json!(50);
    let street = street(&api, &host, &houses).await?;
    let stay = Stay::in_days(50, 7)?.query();
    let found = expect_found(&api, &street, &format!("&{stay}"), &[0, 1, 2]).await?;
    let mut totals = Vec::new();
    for property in &street {
        let hit = hits(&found)?.into_iter().find(|hit| hit["id"] == property.id.as_str()).context("not found")?;
        totals.push(hit["stay"]["total"]["amount"].as_i64().context("no total")?);
    }
    ensure!(totals[2] < totals[1] && totals[1] < totals[0], "not the prices meant: {totals:?}");
    let cases: [(String, &[usize]); 6] = [
        (format!("max_price={}", totals[1]), &[1, 2]),
        (format!("max_price={}", totals[1] - 1), &[2]),
        (format!("min_price={}", totals[1]), &[0, 1]),
        (format!("min_price={}", totals[1] + 1), &[0]),
        (format!("min_price={0}&max_price={0}", totals[1]), &[1]),
        (format!("max_price={}", totals[2] - 1), &[]),
    ];
    for (bounds, expected) in cases {
        expect_found(&api, &street, &format!("&{stay}&currency=EUR&price=total&{bounds}"), expected).await?;
        let paged = format!("&{stay}&currency=EUR&price=total&{bounds}&sort=price");
        expect_found(&api, &street, &paged, expected).await?;
    }
    Ok(())
}

#[tokio::test]
async fn found_places_come_as_geojson_when_asked_for() -> Result<()> {
    let api = Api::connect().await?;
    let host = api.register_verified_user().await?;
    let street = street(&api, &host, &[priced(9_000), priced(4_000)]).await?;
    let path = format!("/v1/properties?bbox={}&limit=1", street[0].bbox());
    let plain = api.get(&path).expect(200).await?;
    let answer = api.get(&path).header("accept", b"application/geo+json").expect(200).await?;
    ensure!(answer.require_header("content-type")?.starts_with("application/geo+json"), "{answer}");
    let vary = answer.headers.get_all("vary").iter().map(|it| format!("{it:?}").to_lowercase());
    ensure!(vary.collect::<String>().contains("accept"), "one kept for the other: {answer}");
    ensure!(answer.text_at("/type")? == "FeatureCollection", "not RFC 7946: {answer}");
    let feature = answer.at("/features/0")?;
    let location = plain.at("/data/0/location")?;
    let coordinates = json!([location["longitude"], location["latitude"]]);
    ensure!(feature["type"] == "Feature" && feature["geometry"]["type"] == "Point", "{answer}");
    ensure!(feature["geometry"]["coordinates"] == coordinates, "longitude comes first: {answer}");
    ensure!(
        feature["id"] == plain.at("/data/0/id")? || feature["properties"]["id"] == plain.at("/data/0/id")?,
        "{answer}"
    );
    ensure!(answer.require_header("link")?.contains("rel=\"next\""), "no next page: {answer}");
    for (accept, expected) in [
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("text/html, */*;q=0.1", "application/json"),
    ] {
        let answer = api.get(&path).header("accept", accept.as_bytes()).expect(200).await?;
        ensure!(answer.require_header("content-type")?.starts_with(expected), "{accept}: {answer}");
    }
    Ok(())
}
