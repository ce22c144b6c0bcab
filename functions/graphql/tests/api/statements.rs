//! One SQL statement a level, whatever the page size.

use std::sync::{Arc, Mutex, PoisonError};

use domain::id::{PropertyId, ReviewId};
use serde_json::json;
use testkit::{Kit, Person};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::{api, data};

/// Names the statements that this thread's tasks run while it is there.
pub(crate) struct Counter {
    names: Arc<Mutex<Vec<String>>>,
    _guard: DefaultGuard,
}

impl Counter {
    pub(crate) async fn start(kit: &Kit) -> Self {
        let names = Arc::<Mutex<Vec<String>>>::default();
        let layer = Statements(Arc::clone(&names));
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        let counter = Self { names, _guard: guard };
        // A thread that met the callsite first, and that nobody listens on, may note just now that it is of no interest.
        while counter.statements().is_empty() {
            tracing::callsite::rebuild_interest_cache();
            kit.services.payments_of_bookings(&[]).await.expect("an answer");
        }
        counter.names.lock().unwrap_or_else(PoisonError::into_inner).clear();
        counter
    }

    pub(crate) fn statements(&self) -> Vec<String> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "store::statement" {
            let mut name = Name(String::new());
            event.record(&mut name);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(name.0);
        }
    }
}

struct Name(String);

impl Visit for Name {
    fn record_str(&mut self, _: &Field, value: &str) {
        self.0.push_str(value.trim_start_matches("-- "));
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

async fn publish_review(kit: &Kit, guest: &Person, host: &Person, property_id: PropertyId, days: (i32, i32)) {
    let booking = kit.confirmed_stay(guest, property_id, days).await;
    let sql =
        "INSERT INTO reviews (id, booking_id, property_id, author_role, author_id, subject_id, rating, public_text,
                                    closes_at, published_at)
               VALUES ($1, $2, $3, 'guest', $4, $5, 4, 'Fine.', app_now(), app_now())";
    let (guest, host) = (guest.id.uuid(), host.id.uuid());
    kit.database.execute(sql, &[&ReviewId::new().uuid(), &booking.uuid(), &property_id.uuid(), &guest, &host]).await;
}

#[tokio::test]
async fn twenty_properties_with_host_and_three_reviews_each_take_four_statements() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    for _ in 0..20 {
        let host = kit.host().await;
        let property = kit.listing_of(&host, |_| {}).await;
        for start in [10, 20, 30, 40] {
            publish_review(&kit, &guest, &host, property.id, (start, start + 2)).await;
        }
    }
    let counter = Counter::start(&kit).await;
    let query = "{ properties(first: 20) { edges { cursor node {
        id title host { id firstName } reviews(first: 3) { nodes { rating publicText authorFirstName } pageInfo { hasNextPage } }
    } } pageInfo { hasNextPage } } }";
    let found = data(&api(&kit), None, query, json!({})).await;
    let edges = found["properties"]["edges"].as_array().expect("a list");
    assert_eq!(edges.len(), 20);
    for edge in edges {
        assert_eq!(edge["node"]["host"]["firstName"], "Ada");
        assert_eq!(edge["node"]["reviews"]["nodes"].as_array().map(Vec::len), Some(3));
        assert_eq!(edge["node"]["reviews"]["pageInfo"]["hasNextPage"], true);
        assert_eq!(edge["node"]["reviews"]["nodes"][0]["authorFirstName"], "Ada");
    }
    let mut statements = counter.statements();
    statements.sort();
    let expected = ["listing_search.gather", "listing_search.page", "reviews.newest_of_properties", "users.find_many"];
    assert_eq!(statements, expected);
}

#[tokio::test]
async fn bookings_with_everything_below_take_one_statement_a_kind() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    for _ in 0..6 {
        let property = kit.listed_property().await;
        kit.confirmed_stay(&guest, property.id, (10, 12)).await;
    }
    let counter = Counter::start(&kit).await;
    let query = "{ bookings(first: 10) { nodes {
        id property { title location { exact street } } guest { firstName } host { firstName }
        payment { status refunds { id } } payments { id } change { status }
    } } }";
    let found = data(&api(&kit), Some(&guest), query, json!({})).await;
    let nodes = found["bookings"]["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 6);
    for node in nodes {
        let location = json!({ "exact": true, "street": "1 Quai du Louvre" });
        assert_eq!(node["property"]["location"], location, "a confirmed guest sees the exact place");
    }
    let mut statements = counter.statements();
    statements.sort();
    let expected = [
        "booking_changes.latest_of",
        "bookings.list",
        "payments.list_of_bookings",
        "properties.find_many_for_guest",
        "users.find_many",
    ];
    assert_eq!(statements, expected);
}

#[tokio::test]
async fn wishlists_with_their_properties_take_three_statements() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let properties = [kit.listed_property().await.id, kit.listed_property().await.id];
    for name in ["Summer", "Winter", "Spring"] {
        let mutation = "mutation ($input: CreateWishlistInput!) { createWishlist(input: $input) { wishlist { id } } }";
        let made = data(&api, Some(&guest), mutation, json!({ "input": { "name": name } })).await;
        for property in properties {
            let mutation = "mutation ($input: WishlistItemInput!) { addWishlistItem(input: $input) {
                wishlist { itemCount } } }";
            let input = json!({ "wishlistId": made["createWishlist"]["wishlist"]["id"], "propertyId": property });
            data(&api, Some(&guest), mutation, json!({ "input": input })).await;
        }
    }
    let counter = Counter::start(&kit).await;
    let query = "{ wishlists(first: 5) { nodes { name itemCount items(first: 2) { nodes {
        listed property { title } } pageInfo { hasNextPage } } } } }";
    let found = data(&api, Some(&guest), query, json!({})).await;
    let nodes = found["wishlists"]["nodes"].as_array().expect("a list");
    assert_eq!(nodes.len(), 3);
    for node in nodes {
        assert_eq!((&node["itemCount"], &node["items"]["pageInfo"]["hasNextPage"]), (&json!(2), &json!(false)));
        assert_eq!(node["items"]["nodes"][1]["property"]["title"], "A flat by the river");
    }
    let mut statements = counter.statements();
    statements.sort();
    let expected = ["properties.find_many_for_guest", "wishlist_items.newest_of_wishlists", "wishlists.list_of_user"];
    assert_eq!(statements, expected);
}
