//! Pages of a search: together every hit, each once, best first; on whatever part of the map.

use domain::geo::{BoundingBox, Point};
use domain::id::PropertyId;
use services::properties::Property;
use services::search::{SearchFilter, SearchHit, SearchRequest};
use testkit::{Kit, Person, in_days};

fn everywhere() -> SearchFilter {
    SearchFilter { limit: 100, ..SearchFilter::default() }
}

async fn listing_at(kit: &Kit, host: &Person, latitude: f64, longitude: f64) -> Property {
    let point = Point::new(latitude, longitude).expect("a point");
    kit.listing_of(host, |details| {
        let place = details.place.as_mut().expect("a place");
        place.lat_e6 = point.latitude.microdegrees();
        place.lng_e6 = point.longitude.microdegrees();
        place.public_lat_e6 = place.lat_e6;
        place.public_lng_e6 = place.lng_e6;
    })
    .await
}

async fn search(kit: &Kit, filter: &SearchFilter) -> Vec<SearchHit> {
    let page = kit.services.search(&SearchRequest::from(filter.clone())).await.expect("searched");
    page.listings.iter().map(|found| found.hit).collect()
}

async fn ids_in(kit: &Kit, west: f64, south: f64, east: f64, north: f64) -> Vec<PropertyId> {
    let bounding_box = BoundingBox::new(west, south, east, north).expect("a box");
    let hits = search(kit, &SearchFilter { bounding_box: Some(bounding_box), ..everywhere() }).await;
    hits.iter().map(|hit| hit.property_id).collect()
}

fn sorted(mut ids: Vec<PropertyId>) -> Vec<PropertyId> {
    ids.sort();
    ids
}

#[tokio::test]
async fn pages_of_any_size_cover_every_hit_once_and_in_order() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let mut listed = Vec::new();
    for n in 0..17 {
        let property = kit
            .listing_of(&host, |details| {
                // Three grades, so that many are equal.
                details.instant_book = n % 3 == 0;
                details.house_rules = (n % 3 == 1).then(|| "Quiet after ten.".to_owned());
            })
            .await;
        listed.push(property.id);
    }
    let boxes = [
        None,
        Some(BoundingBox::new(2.0, 48.5, 2.8, 49.1).expect("a box")),
        Some(BoundingBox::new(-180.0, -90.0, 180.0, 90.0).expect("the world")),
        Some(BoundingBox::new(-10.0, 35.0, 30.0, 60.0).expect("a continent")),
    ];
    let dates = domain::stay::StayDates::new(in_days(10), in_days(12)).expect("nights");
    for (bounding_box, dates) in boxes.into_iter().flat_map(|part| [(part, None), (part, Some(dates))]) {
        for limit in [1, 2, 5, 16, 17, 18] {
            let mut filter = SearchFilter { bounding_box, dates, limit, ..everywhere() };
            let mut seen: Vec<SearchHit> = Vec::new();
            loop {
                let page = search(&kit, &filter).await;
                seen.extend(&page);
                if page.len() < usize::try_from(limit).expect("small") {
                    break;
                }
                filter.after = page.last().copied();
            }
            assert!(
                seen.is_sorted_by_key(|hit| (std::cmp::Reverse(hit.key), std::cmp::Reverse(hit.property_id))),
                "best first, newest among equals: {seen:?}"
            );
            let seen = sorted(seen.iter().map(|hit| hit.property_id).collect());
            assert_eq!(seen, sorted(listed.clone()), "{bounding_box:?}, pages of {limit}");
        }
    }
}

#[tokio::test]
async fn a_box_across_the_antimeridian_has_both_sides_and_nothing_between() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let west_side = listing_at(&kit, &host, -16.8, 179.9).await.id;
    let east_side = listing_at(&kit, &host, -16.8, -179.9).await.id;
    let on_it = listing_at(&kit, &host, -16.8, 180.0).await.id;
    let paris = listing_at(&kit, &host, 48.8, 2.3).await.id;
    let other_south = listing_at(&kit, &host, -30.0, 179.9).await.id;
    let fiji = ids_in(&kit, 177.0, -20.0, -178.0, -15.0).await;
    assert_eq!(sorted(fiji), sorted(vec![west_side, east_side, on_it]));
    let other_way = ids_in(&kit, -178.0, -90.0, 177.0, 90.0).await;
    assert_eq!(sorted(other_way), sorted(vec![paris]));
    let narrow = ids_in(&kit, 179.95, -17.0, -179.95, -16.0).await;
    assert_eq!(sorted(narrow), sorted(vec![on_it]));
    assert_eq!(ids_in(&kit, 179.0, -31.0, 180.0, -29.0).await, [other_south]);
}

#[tokio::test]
async fn edges_poles_and_points_belong_to_their_box() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let pole = listing_at(&kit, &host, 90.0, 0.0).await.id;
    let corner = listing_at(&kit, &host, -90.0, -180.0).await.id;
    let zero = listing_at(&kit, &host, 0.0, 0.0).await.id;
    assert_eq!(sorted(ids_in(&kit, -180.0, -90.0, 180.0, 90.0).await), sorted(vec![pole, corner, zero]));
    assert_eq!(ids_in(&kit, -1.0, 89.0, 1.0, 90.0).await, [pole]);
    assert_eq!(ids_in(&kit, -180.0, -90.0, -179.0, -89.0).await, [corner]);
    for (west, south, east, north) in [(0.0, 0.0, 1.0, 1.0), (-1.0, -1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 0.0)] {
        match BoundingBox::new(west, south, east, north) {
            Ok(_) => assert_eq!(ids_in(&kit, west, south, east, north).await, [zero], "{west},{south},{east},{north}"),
            Err(invalid) => assert_eq!((west, south, east, north), (0.0, 0.0, 0.0, 0.0), "{invalid}"),
        }
    }
}

#[tokio::test]
async fn filters_leave_out_what_does_not_meet_them_and_unlisted_is_never_found() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let cheap = kit.listing_of(&host, |details| details.base_price_minor = Some(5_000)).await;
    let dear = kit
        .listing_of(&host, |details| {
            details.base_price_minor = Some(20_000);
            details.rules.max_guests = 6;
        })
        .await;
    let in_yen = kit
        .listing_of(&host, |details| {
            details.currency = domain::money::Currency::JPY;
            details.base_price_minor = Some(10_000);
        })
        .await;
    let usd = Some(domain::money::Currency::USD);
    let cases = [
        (SearchFilter { guests: Some(3), ..everywhere() }, vec![dear.id]),
        (SearchFilter { min_price_minor: Some(20_000), currency: usd, ..everywhere() }, vec![dear.id]),
        (SearchFilter { max_price_minor: Some(5_000), currency: usd, ..everywhere() }, vec![cheap.id]),
        (
            SearchFilter { min_price_minor: Some(5_001), max_price_minor: Some(19_999), currency: usd, ..everywhere() },
            vec![],
        ),
        (SearchFilter { currency: usd, ..everywhere() }, vec![cheap.id, dear.id]),
        (SearchFilter { guests: Some(u32::MAX), ..everywhere() }, vec![]),
    ];
    for (filter, expected) in cases {
        let ids = search(&kit, &filter).await.iter().map(|hit| hit.property_id).collect();
        assert_eq!(sorted(ids), sorted(expected), "{filter:?}");
    }
    let (actor, id) = (&host.actor, in_yen.id);
    let unlisted =
        kit.services.write("test.unlist", |tx| async move { services::properties::unlist(&tx, actor, id).await });
    unlisted.await.expect("unlisted");
    assert!(search(&kit, &everywhere()).await.iter().all(|hit| hit.property_id != id));
    kit.list(&host, id).await;
    assert!(search(&kit, &everywhere()).await.iter().any(|hit| hit.property_id == id));
}
