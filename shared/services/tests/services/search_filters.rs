//! Each filter and each order, alone and together, against the plain reading of them over all listings.

use std::cmp::Reverse;

use domain::amenity::{Amenity, AmenitySet};
use domain::geo::{BoundingBox, Point, haversine_metres};
use domain::id::PropertyId;
use domain::money::Currency;
use domain::property::{Bathrooms, PropertyKind, RoomType};
use domain::stay::StayDates;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use services::properties::Property;
use services::search::{Circle, SearchFilter, SearchHit, SearchRequest, SortOrder};
use testkit::{Kit, Person, in_days};

const SORTS: [SortOrder; 6] = [
    SortOrder::Relevance,
    SortOrder::Price,
    SortOrder::PriceDescending,
    SortOrder::Rating,
    SortOrder::Newest,
    SortOrder::Distance,
];

/// The same numbers in each run.
fn runner() -> TestRunner {
    TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

fn any<S: Strategy>(runner: &mut TestRunner, strategy: S) -> S::Value {
    strategy.new_tree(runner).expect("a value").current()
}

fn amenities() -> impl Strategy<Value = AmenitySet> {
    prop::collection::vec(prop::sample::select(&Amenity::ALL[..4]), 0..3).prop_map(|some| some.into_iter().collect())
}

/// A listing around Paris, with the ratings it is given before it is listed.
async fn listing(kit: &Kit, host: &Person, runner: &mut TestRunner) -> Property {
    let (lat, lng) = any(runner, (48_000_000..49_500_000, 1_500_000..3_500_000));
    let (price, guests, bedrooms, beds, halves) = any(runner, (50..60_i64, 1..6_u32, 0..4_u32, 1..4_u32, 0..5_i64));
    let (kind, room, features) = any(
        runner,
        (
            prop::sample::select(PropertyKind::ALL),
            prop::sample::select(RoomType::ALL),
            (amenities(), any_bool(), any_bool()),
        ),
    );
    let (euros, count, stars) = any(runner, (any_bool(), 0..4_i32, 1..6_i32));
    let draft = kit
        .draft(host, |details| {
            let place = details.place.as_mut().expect("a place");
            (place.lat_e6, place.lng_e6, place.public_lat_e6, place.public_lng_e6) = (lat, lng, lat, lng);
            details.base_price_minor = Some(price * 100);
            details.rules.max_guests = guests;
            (details.bedrooms, details.beds) = (bedrooms, beds);
            details.bathrooms = Bathrooms::from_halves(halves).expect("few");
            (details.kind, details.room_type) = (kind, room);
            details.amenities = features.0;
            details.instant_book = features.1;
            details.rules.pets_allowed = features.2;
            details.currency = if euros { Currency::EUR } else { Currency::USD };
        })
        .await;
    let rated = "UPDATE properties SET rating_count = $2, rating_sum = least(5 * $2, $2 * $3 + $2 / 2) WHERE id = $1";
    kit.database.execute(rated, &[&draft.id.uuid(), &count, &stars]).await;
    let listed = kit.list(host, draft.id).await;
    kit.services.property(None, listed.id).await.expect("it is listed").property
}

fn any_bool() -> impl Strategy<Value = bool> {
    prop::bool::ANY
}

fn point_of(property: &Property) -> Point {
    let place = property.details.place.as_ref().expect("a place");
    Point::from_microdegrees(place.public_lat_e6, place.public_lng_e6).expect("a point")
}

fn hundredths(property: &Property) -> u16 {
    property.rating.overall.average().map_or(0, |average| (average * 100.0).round() as u16)
}

fn is_wanted(filter: &SearchFilter, property: &Property) -> bool {
    let details = &property.details;
    let price = details.base_price_minor.expect("a price");
    let at = point_of(property);
    filter.bounding_box.is_none_or(|area| area.contains(at))
        && filter.circle.is_none_or(|circle| haversine_metres(circle.centre, at) <= circle.radius_metres)
        && filter.guests.is_none_or(|guests| details.rules.max_guests >= guests)
        && filter.min_price_minor.is_none_or(|min| price >= min)
        && filter.max_price_minor.is_none_or(|max| price <= max)
        && filter.currency.is_none_or(|currency| details.currency == currency)
        && filter.kind.is_none_or(|kind| details.kind == kind)
        && filter.room_type.is_none_or(|room| details.room_type == room)
        && details.amenities.contains_all(filter.amenities)
        && filter.bedrooms.is_none_or(|least| details.bedrooms >= least)
        && filter.beds.is_none_or(|least| details.beds >= least)
        && filter.bathrooms_halves.is_none_or(|least| details.bathrooms.halves() >= least)
        && filter.instant_book.is_none_or(|wanted| details.instant_book == wanted)
        && filter.pets_allowed.is_none_or(|wanted| details.rules.pets_allowed == wanted)
        && filter.min_rating_hundredths.is_none_or(|least| hundredths(property) >= least)
        && filter.host_id.is_none_or(|host| property.host_id == host)
}

/// One filter of each kind.
fn single_filters(runner: &mut TestRunner, host: &Person) -> Vec<SearchFilter> {
    let all = || SearchFilter { limit: 7, ..SearchFilter::default() };
    let centre = Point::new(48.75, 2.5).expect("a point");
    let metres = any(runner, 5_000.0..80_000.0_f64);
    vec![
        all(),
        SearchFilter { bounding_box: Some(BoundingBox::new(1.9, 48.3, 3.1, 49.2).expect("a box")), ..all() },
        SearchFilter { circle: Some(Circle { centre, radius_metres: metres }), ..all() },
        SearchFilter { guests: Some(any(runner, 1..7_u32)), ..all() },
        SearchFilter { min_price_minor: Some(100 * any(runner, 50..60_i64)), ..all() },
        SearchFilter { max_price_minor: Some(100 * any(runner, 50..60_i64)), ..all() },
        SearchFilter { currency: Some(Currency::EUR), ..all() },
        SearchFilter { kind: Some(any(runner, prop::sample::select(PropertyKind::ALL))), ..all() },
        SearchFilter { room_type: Some(any(runner, prop::sample::select(RoomType::ALL))), ..all() },
        SearchFilter { amenities: any(runner, amenities()), ..all() },
        SearchFilter { bedrooms: Some(any(runner, 0..5_u32)), ..all() },
        SearchFilter { beds: Some(any(runner, 0..5_u32)), ..all() },
        SearchFilter { bathrooms_halves: Some(any(runner, 0..6_u8)), ..all() },
        SearchFilter { instant_book: Some(any(runner, any_bool())), ..all() },
        SearchFilter { pets_allowed: Some(any(runner, any_bool())), ..all() },
        SearchFilter { min_rating_hundredths: Some(any(runner, 100..501_u16)), ..all() },
        SearchFilter { host_id: Some(host.id), ..all() },
    ]
}

/// Two of them at once, with whatever order.
fn merged(one: &SearchFilter, other: &SearchFilter) -> SearchFilter {
    SearchFilter {
        bounding_box: one.bounding_box.or(other.bounding_box),
        circle: one.circle.or(other.circle),
        guests: one.guests.or(other.guests),
        min_price_minor: one.min_price_minor.or(other.min_price_minor),
        max_price_minor: one.max_price_minor.or(other.max_price_minor),
        currency: one.currency.or(other.currency),
        kind: one.kind.or(other.kind),
        room_type: one.room_type.or(other.room_type),
        amenities: if one.amenities.is_empty() { other.amenities } else { one.amenities },
        bedrooms: one.bedrooms.or(other.bedrooms),
        beds: one.beds.or(other.beds),
        bathrooms_halves: one.bathrooms_halves.or(other.bathrooms_halves),
        instant_book: one.instant_book.or(other.instant_book),
        pets_allowed: one.pets_allowed.or(other.pets_allowed),
        min_rating_hundredths: one.min_rating_hundredths.or(other.min_rating_hundredths),
        host_id: one.host_id.or(other.host_id),
        ..one.clone()
    }
}

/// All pages, one after the other.
async fn all_pages(kit: &Kit, filter: SearchFilter) -> Vec<(SearchHit, Property)> {
    let mut request = SearchRequest::from(filter);
    let mut found = Vec::new();
    loop {
        let page = kit.services.search(&request).await.expect("searched");
        found.extend(page.listings.into_iter().map(|listing| (listing.hit, listing.property)));
        match page.next {
            Some(next) => request.filter.after = Some(next),
            None => return found,
        }
        assert!(found.len() < 1_000, "pages without end");
    }
}

fn sorted_ids(ids: impl Iterator<Item = PropertyId>) -> Vec<PropertyId> {
    let mut ids: Vec<_> = ids.collect();
    ids.sort();
    ids
}

fn assert_in_order(sort: SortOrder, centre: Point, found: &[(SearchHit, Property)]) {
    let price = |property: &Property| property.details.base_price_minor.expect("a price");
    let in_order = match sort {
        SortOrder::Relevance => found.is_sorted_by_key(|(hit, p)| (Reverse(hit.key), Reverse(p.id))),
        SortOrder::Price => found.is_sorted_by_key(|(_, p)| (price(p), p.id)),
        SortOrder::PriceDescending => found.is_sorted_by_key(|(_, p)| (Reverse(price(p)), Reverse(p.id))),
        SortOrder::Rating => {
            found.is_sorted_by_key(|(_, p)| (Reverse(hundredths(p)), Reverse(p.rating.overall.count), Reverse(p.id)))
        }
        SortOrder::Newest => found.is_sorted_by_key(|(_, p)| Reverse(p.id)),
        SortOrder::Distance => {
            let says_so = |(hit, p): &(SearchHit, Property)| {
                (hit.key as f64 / 1_000.0 - haversine_metres(centre, point_of(p))).abs() < 0.01
            };
            found.iter().all(says_so) && found.is_sorted_by_key(|(hit, p)| (hit.key, p.id))
        }
    };
    assert!(in_order, "{sort:?}: {:?}", found.iter().map(|(hit, _)| hit).collect::<Vec<_>>());
}

#[tokio::test]
async fn every_filter_and_order_alone_and_together_finds_what_it_says_page_by_page() {
    let kit = Kit::start().await;
    let hosts = [kit.host().await, kit.host().await];
    let mut runner = runner();
    let mut listed = Vec::new();
    for n in 0..60 {
        listed.push(listing(&kit, &hosts[n % 2], &mut runner).await);
    }
    let singles = single_filters(&mut runner, &hosts[0]);
    let mut filters = singles.clone();
    for n in 0..40 {
        let more = single_filters(&mut runner, &hosts[1]);
        let (one, other) = (n * 7 % singles.len(), (n * 5 + 3) % singles.len());
        filters.push(merged(&more[one], &merged(&more[other], &more[(n * 11 + 1) % singles.len()])));
    }
    let centre = Point::new(48.8, 2.4).expect("a point");
    for (n, filter) in filters.into_iter().enumerate() {
        let expected = sorted_ids(listed.iter().filter(|property| is_wanted(&filter, property)).map(|p| p.id));
        // Each order with every single filter, and one with each mixture.
        let sorts = if n < singles.len() { &SORTS[..] } else { &SORTS[n % 6..=n % 6] };
        for &sort in sorts {
            let filter = SearchFilter { sort, centre: Some(centre), ..filter.clone() };
            let found = all_pages(&kit, filter.clone()).await;
            assert_eq!(sorted_ids(found.iter().map(|(hit, _)| hit.property_id)), expected, "{filter:?}");
            assert_in_order(sort, centre, &found);
        }
    }
}

#[tokio::test]
async fn a_total_is_that_of_the_quote_and_every_listing_within_it_is_found() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let mut listed = Vec::new();
    for n in 0..30_i64 {
        let property = kit
            .listing_of(&host, |details| {
                details.base_price_minor = Some(5_000 + 700 * n);
                details.cleaning_fee_minor = n % 3 * 2_000;
                details.weekly_discount_percent = domain::property::Percent::new(n % 4 * 10).expect("percent");
            })
            .await;
        if n % 5 == 0 {
            let cheaper = "INSERT INTO calendar_days (property_id, night, price_minor) VALUES ($1, $2, 100)";
            kit.database.execute(cheaper, &[&property.id.uuid(), &in_days(21)]).await;
        }
        listed.push(property.id);
    }
    let dates = StayDates::new(in_days(20), in_days(28)).expect("nights");
    let all = SearchFilter { dates: Some(dates), limit: 100, ..SearchFilter::default() };
    let everything = kit.services.search(&SearchRequest::from(all.clone())).await.expect("searched").listings;
    assert_eq!(everything.len(), listed.len());
    let total = |found: &services::search::FoundListing| found.stay.as_ref().expect("a price").total.amount;
    let totals: Vec<i64> = everything.iter().map(total).collect();
    for (min, max) in
        [(None, Some(totals[7])), (Some(totals[3]), None), (Some(totals[20]), Some(totals[10])), (None, Some(1))]
    {
        let filter = SearchFilter { limit: 4, sort: SortOrder::Price, ..all.clone() };
        let mut request = SearchRequest { filter, min_total_minor: min, max_total_minor: max };
        let mut found = Vec::new();
        loop {
            let page = kit.services.search(&request).await.expect("searched");
            found.extend(page.listings.iter().map(|listing| listing.property.id));
            match page.next {
                Some(next) => request.filter.after = Some(next),
                None => break,
            }
        }
        let is_within = |amount: i64| min.is_none_or(|min| amount >= min) && max.is_none_or(|max| amount <= max);
        let expected = everything.iter().filter(|listing| is_within(total(listing))).map(|listing| listing.property.id);
        assert_eq!(sorted_ids(found.into_iter()), sorted_ids(expected), "{min:?}..{max:?}");
    }
}

#[tokio::test]
async fn clusters_count_every_listing_once_and_say_the_lowest_price_of_each_currency() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let mut runner = runner();
    let mut listed = Vec::new();
    for _ in 0..40 {
        listed.push(listing(&kit, &host, &mut runner).await);
    }
    let around = BoundingBox::new(0.0, 47.0, 5.0, 51.0).expect("a box");
    for zoom in [0, 3, 6, 8, 10, 14, 22] {
        let clusters = kit.services.clusters(around, zoom).await.expect("clusters");
        assert_eq!(clusters.iter().map(|cluster| cluster.count).sum::<i64>(), 40, "zoom {zoom}");
        for currency in [Currency::EUR, Currency::USD] {
            let lowest = |prices: &mut dyn Iterator<Item = i64>| prices.min();
            let shown = clusters.iter().flat_map(|cluster| &cluster.lowest_prices);
            let shown = lowest(&mut shown.filter(|price| price.currency == currency).map(|price| price.amount));
            let all = listed.iter().filter(|property| property.details.currency == currency);
            assert_eq!(shown, lowest(&mut all.filter_map(|property| property.details.base_price_minor)), "zoom {zoom}");
        }
    }
    let near =
        kit.services.clusters(BoundingBox::new(1.5, 48.0, 2.5, 48.8).expect("a box"), 20).await.expect("clusters");
    let inside = listed.iter().filter(|p| BoundingBox::new(1.5, 48.0, 2.5, 48.8).expect("a box").contains(point_of(p)));
    assert_eq!(near.iter().map(|cluster| cluster.count).sum::<i64>(), i64::try_from(inside.count()).expect("few"));
    assert!(near.iter().filter(|cluster| cluster.count == 1).all(|cluster| cluster.only.is_some()));
}
