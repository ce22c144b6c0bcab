//! Places are found as people write them: with slips, half typed, in other languages; and where only hosts know of them.

use domain::geo::Point;
use domain::place::{PlaceKind, PlaceQuery};
use domain::property::CountryCode;
use services::places::Place;
use services::properties::PropertyDetails;
use store::tx::Queries as _;
use testkit::{Kit, Person};

async fn with_extract() -> Kit {
    let kit = Kit::start().await;
    assert!(store::places::load_extract(&kit.database.owner_target()).await.expect("loaded"));
    kit
}

fn query(text: &str) -> PlaceQuery {
    PlaceQuery::parse(text).expect("something to look for")
}

async fn suggested(kit: &Kit, text: &str) -> Vec<Place> {
    kit.services.suggest_places(&query(text), 5).await.expect("suggested")
}

async fn meant(kit: &Kit, text: &str) -> String {
    let place = kit.services.resolve_place(&query(text)).await.expect("resolved");
    place.map_or_else(|| "nothing".to_owned(), |place| format!("{} {} {}", place.kind, place.name, place.country))
}

#[tokio::test]
async fn names_are_understood_as_people_write_them() {
    let kit = with_extract().await;
    let mut wrong = Vec::new();
    for (text, expected) in [
        ("Lisbon", "city Lisbon PT"),
        ("Lisbn", "city Lisbon PT"),
        ("lisboa", "city Lisbon PT"),
        ("Munchen", "city Munich DE"),
        ("München", "city Munich DE"),
        ("Muenchen", "city Munich DE"),
        ("new yrok", "city New York City US"),
        ("New York", "city New York City US"),
        ("Wien", "city Vienna AT"),
        ("Roma", "city Rome IT"),
        ("Rmoe", "city Rome IT"),
        ("København", "city Copenhagen DK"),
        ("Venezia", "city Venice IT"),
        ("Firenze", "city Florence IT"),
        ("Cologne", "city Köln DE"),
        ("Prais", "city Paris FR"),
        ("Barclona", "city Barcelona ES"),
        ("Londno", "city London GB"),
        ("Amsterdm", "city Amsterdam NL"),
        ("Москва", "city Moscow RU"),
        ("tokio", "city Tokyo JP"),
        ("san fransisco", "city San Francisco US"),
        ("Reykjavik", "city Reykjavík IS"),
        ("Paris, FR", "city Paris FR"),
        ("Paris, Texas", "city Paris US"),
        ("Paris France", "city Paris FR"),
        ("Springfield, Illinois", "city Springfield US"),
        ("Springfield, IL, USA", "city Springfield US"),
        ("Lisbon, Portugal", "city Lisbon PT"),
        ("London, Ontario", "city London CA"),
        ("Lisbn, Portugl", "city Lisbon PT"),
        ("Portugal", "country Portugal PT"),
        ("Prtugal", "country Portugal PT"),
        ("USA", "country United States US"),
        ("Georgia", "country Georgia GE"),
        ("Georgia, US", "region Georgia US"),
        ("Tuscany", "region Tuscany IT"),
        ("California", "region California US"),
        ("Lisbon, Japan", "nothing"),
        ("xqzvkwj", "nothing"),
        ("%", "nothing"),
        ("\\_", "nothing"),
    ] {
        let found = meant(&kit, text).await;
        if found != expected {
            wrong.push(format!("{text}: {found}, not {expected}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    let springfield = suggested(&kit, "Springfield, Illinois").await.remove(0);
    assert_eq!(springfield.region.as_deref(), Some("Illinois"));
    assert!(springfield.bounding_box.contains(springfield.centre));
}

#[tokio::test]
async fn suggestions_follow_the_typing() {
    let kit = with_extract().await;
    for text in ["ams", "amst", "amste", "amsterd", "amsterdam"] {
        assert_eq!(
            suggested(&kit, text).await.first().map(|place| place.name.clone()),
            Some("Amsterdam".into()),
            "{text}"
        );
    }
    let london = suggested(&kit, "london").await;
    assert_eq!((london[0].country.as_str(), london.len()), ("GB", 5));
    assert_eq!(kit.services.suggest_places(&query("s"), 100).await.expect("suggested").len(), 100);
}

#[tokio::test]
async fn the_extract_is_loaded_once_and_replaces_an_older_one() {
    let kit = with_extract().await;
    let owner = kit.database.owner_target();
    assert!(!store::places::load_extract(&owner).await.expect("nothing to do"));
    let count = "SELECT count(*) FROM places";
    let before: i64 = kit.database.value(count, &[]).await;
    kit.database.batch("UPDATE place_extracts SET version = 'older'; UPDATE places SET name = 'x' WHERE id = -1").await;
    assert!(store::places::load_extract(&owner).await.expect("loaded again"));
    assert_eq!(kit.database.value::<i64>(count, &[]).await, before);
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM places WHERE name = 'x'", &[]).await, 0);
}

#[tokio::test]
async fn looking_for_a_place_reads_indexes() {
    let kit = with_extract().await;
    let connection = kit.services.db.connection().await.expect("connected");
    for text in ["l", "lis", "new yrok", "san", "Springfield, Illinois"] {
        // The plan for all values comes after five of its own.
        for _ in 0..7 {
            store::places::candidates(&connection, &query(text)).await.expect("found");
        }
    }
    let name = "SELECT name FROM pg_prepared_statements WHERE statement LIKE '-- places.candidates%'";
    let name: String = connection.rows(name, &[]).await.expect("read")[0].get(0);
    let explain = format!("EXPLAIN EXECUTE \"{name}\" ('new yrok', '{{}}', '{{}}')");
    let plan: Vec<String> =
        connection.rows(&explain, &[]).await.expect("explained").iter().map(|row| row.get(0)).collect();
    let plan = plan.join("\n");
    assert!(plan.contains("place_names_likeness") && plan.contains("place_names_pkey"), "{plan}");
    assert!(!plan.contains("Seq Scan"), "{plan}");
}

/// A listing somewhere, in a city and region of these names.
async fn listed_in(kit: &Kit, host: &Person, at: (f64, f64), city: &str, region: Option<&str>) {
    let set = |details: &mut PropertyDetails| {
        let point = Point::new(at.0, at.1).expect("a point");
        let place = details.place.as_mut().expect("the kit's listings are somewhere");
        (place.lat_e6, place.lng_e6) = (point.latitude.microdegrees(), point.longitude.microdegrees());
        (place.public_lat_e6, place.public_lng_e6) = (place.lat_e6, place.lng_e6);
        place.city = Some(city.to_owned());
        place.region = region.map(str::to_owned);
        place.country = CountryCode::parse("FR").expect("a country");
    };
    kit.listing_of(host, set).await;
}

#[tokio::test]
async fn a_city_that_only_hosts_know_of_is_found_once_it_has_a_listing() {
    let kit = with_extract().await;
    let host = kit.host().await;
    assert_eq!(meant(&kit, "Zyxwvutham").await, "nothing");
    listed_in(&kit, &host, (44.0, 3.0), "Zyxwvutham", Some("Haute Zorbia")).await;
    listed_in(&kit, &host, (44.1, 3.1), "zyxwvutham", Some("Haute Zorbia")).await;
    assert_eq!(meant(&kit, "Zyxwvuthm").await, "city Zyxwvutham FR");
    assert_eq!(meant(&kit, "zyxwvutham, france").await, "city Zyxwvutham FR");
    assert_eq!(meant(&kit, "zyxwvutham, haute zorbia").await, "city Zyxwvutham FR");
    assert_eq!(meant(&kit, "Haute Zorbia").await, "region Haute Zorbia FR");
    let found = suggested(&kit, "zyxwvutham").await;
    assert_eq!(found.len(), 1, "the second is near the first: one place");
    for point in [(44.0, 3.0), (44.1, 3.1)] {
        assert!(found[0].bounding_box.contains(Point::new(point.0, point.1).expect("a point")));
    }
    // Far away, it is another one.
    listed_in(&kit, &host, (48.0, -3.0), "Zyxwvutham", None).await;
    assert_eq!(suggested(&kit, "zyxwvutham").await.len(), 2);
}

#[tokio::test]
async fn a_listing_in_a_city_of_the_extract_makes_no_other() {
    let kit = with_extract().await;
    let host = kit.host().await;
    listed_in(&kit, &host, (48.8566, 2.3522), "PARIS", Some("ile de france")).await;
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM places WHERE id > 0", &[]).await, 0);
    // Not what is called Paris: 300 km away.
    listed_in(&kit, &host, (46.2, 2.3), "Paris", None).await;
    let paris = suggested(&kit, "Paris, France").await;
    assert_eq!(paris[0].kind, PlaceKind::City);
    assert!(paris[0].bounding_box.contains(Point::new(48.8566, 2.3522).expect("a point")));
    assert_eq!(kit.database.value::<i64>("SELECT count(*) FROM places WHERE id > 0", &[]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_who_list_first_in_a_new_city_at_the_same_time_make_one_place() {
    let kit = std::sync::Arc::new(Kit::start().await);
    let host = kit.host().await;
    let runs = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05].map(|off| {
        let (kit, host) = (std::sync::Arc::clone(&kit), host.clone());
        tokio::spawn(async move { listed_in(&kit, &host, (44.0 + off, 3.0), "Newtown", Some("Newland")).await })
    });
    for run in runs {
        run.await.expect("listed");
    }
    let found = suggested(&kit, "newtown").await;
    assert_eq!(found.len(), 1);
    for off in [0.0, 0.05] {
        assert!(found[0].bounding_box.contains(Point::new(44.0 + off, 3.0).expect("a point")));
    }
}
