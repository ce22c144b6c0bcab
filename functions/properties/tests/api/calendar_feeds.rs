//! `…/feeds`: naming calendars of other sites, what is told of them, and forgetting them.

use axum::http::Method;
use domain::id::{FeedId, PropertyId};
use serde_json::{Value, json};
use testkit::{Answer, Api, CalendarSite, Kit, Person, Served, in_days};

use crate::api;

/// A host with a listing, and another site.
struct Importing {
    kit: Kit,
    api: Api,
    host: Person,
    id: PropertyId,
    site: CalendarSite,
}

impl Importing {
    async fn start() -> Self {
        let site = CalendarSite::start().await;
        let kit = Kit::with(|services| site.trust(services)).await;
        let (api, host) = (api(&kit), kit.host().await);
        let id = kit.listing_of(&host, |_| {}).await.id;
        Self { kit, api, host, id, site }
    }

    fn path(&self) -> String {
        format!("/v1/properties/{}/feeds", self.id)
    }

    async fn add(&self, url: &str) -> Answer {
        self.api.post(&self.path(), Some(&self.host.token), &json!({ "url": url, "name": "Another site" })).await
    }

    async fn list(&self) -> Vec<Value> {
        let page = self.api.get(&self.path(), Some(&self.host.token)).await.of_status(200);
        page["data"].as_array().cloned().expect("a list")
    }

    async fn delete(&self, feed: &Value) -> Answer {
        let path = format!("{}/{}", self.path(), feed["id"].as_str().expect("an id"));
        self.api.call(Method::DELETE, &path, Some(&self.host.token), &Value::Null).await
    }

    /// Two nights in ten days, taken on the other site.
    fn serve(&self, path: &str) {
        let [first, end] = [10, 12].map(|days| in_days(days).strftime("%Y%m%d").to_string());
        self.site.serve_stays(path, &[("u", &first, &end)]);
    }

    async fn is_bookable(&self, first: i32, end: i32) -> bool {
        let dates = format!("check_in={}&check_out={}", in_days(first), in_days(end));
        let path = format!("/v1/properties/{}/quote?{dates}&guests=1", self.id);
        self.api.get(&path, None).await.of_status(200)["bookable"] == true
    }
}

#[tokio::test]
async fn a_feed_takes_its_nights_at_once_and_frees_them_when_it_is_deleted() {
    let it = Importing::start().await;
    it.serve("/a.ics");
    assert!(it.is_bookable(10, 12).await);
    let answer = it.add(&it.site.url("/a.ics")).await;
    let feed = answer.of_status(201);
    assert_eq!(answer.header("location"), it.path());
    assert!(feed["id"].as_str().is_some_and(|id| id.starts_with("feed_")), "{feed}");
    assert_eq!((&feed["property_id"], &feed["name"]), (&json!(it.id), &json!("Another site")));
    assert_eq!((&feed["stays"], &feed["last_error"], &feed["conflicts"]), (&json!(1), &json!(null), &json!([])));
    assert!(feed["refreshed_at"].is_string() && feed["next_refresh_at"].is_string(), "{feed}");
    assert_eq!(it.list().await.as_slice(), std::slice::from_ref(&feed));
    assert!(!it.is_bookable(10, 12).await && !it.is_bookable(11, 13).await && !it.is_bookable(9, 11).await);
    assert!(it.is_bookable(12, 14).await && it.is_bookable(8, 10).await);
    assert_eq!(it.delete(&feed).await.status, 204);
    assert!(it.is_bookable(10, 12).await);
    it.delete(&feed).await.problem(404, "not_found");
    assert_eq!(it.list().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_feed_that_can_t_be_read_is_made_and_says_so() {
    let it = Importing::start().await;
    it.site.serve("/page", Served::Raw("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n<html>".to_owned()));
    let missing = it.add(&it.site.url("/missing")).await.of_status(201);
    assert_eq!(missing["last_error"], json!({ "code": "refused", "status": 404 }));
    assert_eq!((&missing["refreshed_at"], &missing["stays"]), (&json!(null), &json!(0)));
    let page = it.add(&it.site.url("/page")).await.of_status(201);
    assert_eq!(page["last_error"], json!({ "code": "not_a_calendar", "status": null }));
}

#[tokio::test]
async fn a_site_too_slow_for_the_host_to_wait_is_left_to_the_scheduler() {
    let it = Importing::start().await;
    it.site.serve("/a.ics", Served::Silence);
    let feed = it.add(&it.site.url("/a.ics")).await.of_status(201);
    assert_eq!((&feed["attempted_at"], &feed["last_error"]), (&json!(null), &json!(null)));
    it.serve("/a.ics");
    assert_eq!(it.kit.services.run_maintenance().await.refreshed_feeds, 1);
    assert_eq!(it.list().await[0]["stays"], 1);
}

#[tokio::test]
async fn addresses_that_lead_to_our_own_network_are_refused() {
    let it = Importing::start().await;
    // The trusted origin is that one alone.
    let beside = it.site.url("/").replace("127.0.0.1", "127.0.0.2");
    for (url, code) in [
        ("http://example.com/a.ics", "https_required"),
        (&beside, "https_required"),
        ("https://example.com:8443/", "port_not_allowed"),
        ("https://me:secret@example.com/", "userinfo_not_allowed"),
        ("https://169.254.169.254/latest/meta-data/", "address_not_allowed"),
        ("https://2852039166/", "address_not_allowed"),
        ("https://0x7f.1/", "address_not_allowed"),
        ("https://[::ffff:10.0.0.1]/", "address_not_allowed"),
        ("https://[fd00:ec2::254]/", "address_not_allowed"),
        ("https://localhost/", "address_not_allowed"),
        ("not an address", "invalid_format"),
        ("", "required"),
    ] {
        assert_eq!(it.add(url).await.faults(), [("/url".to_owned(), code.to_owned())], "{url}");
    }
    let both = it.api.post(&it.path(), Some(&it.host.token), &json!({ "url": 1, "name": "", "colour": "red" })).await;
    let faults = [("/colour", "unknown_field"), ("/name", "required"), ("/url", "wrong_type")];
    assert_eq!(both.faults(), faults.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    assert!(it.site.requests().is_empty() && it.list().await.is_empty());
}

#[tokio::test]
async fn a_redirect_into_our_own_network_is_not_followed() {
    let it = Importing::start().await;
    let closed = CalendarSite::start().await;
    closed.serve_stays("/a.ics", &[]);
    let to = closed.url("/a.ics");
    let redirect = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    it.site.serve("/a.ics", Served::Raw(redirect));
    let feed = it.add(&it.site.url("/a.ics")).await.of_status(201);
    assert_eq!(feed["last_error"]["code"], "address_not_allowed");
    assert!(closed.requests().is_empty());
}

#[tokio::test]
async fn an_address_is_taken_once_and_twenty_at_most() {
    let it = Importing::start().await;
    let url = |n: usize| it.site.url(&format!("/{n}"));
    for n in 0..20 {
        it.add(&url(n)).await.of_status(201);
        if n == 0 {
            it.add(&url(0)).await.problem(409, "feed_exists");
        }
    }
    it.add(&url(20)).await.problem(409, "too_many_feeds");
    let feeds = it.list().await;
    assert_eq!(feeds.len(), 20);
    it.delete(&feeds[7]).await;
    it.add(&url(20)).await.of_status(201);
}

#[tokio::test]
async fn feeds_come_in_pages() {
    let it = Importing::start().await;
    for n in 0..3 {
        it.add(&it.site.url(&format!("/{n}"))).await.of_status(201);
    }
    let first = it.api.get(&format!("{}?limit=2", it.path()), Some(&it.host.token)).await.of_status(200);
    let cursor = first["next_cursor"].as_str().expect("a second page");
    let rest = it.api.get(&format!("{}?limit=2&cursor={cursor}", it.path()), Some(&it.host.token)).await.of_status(200);
    let all: Vec<Value> = [&first, &rest].iter().flat_map(|page| page["data"].as_array().cloned()).flatten().collect();
    assert_eq!((all, &rest["next_cursor"]), (it.list().await, &json!(null)));
}

#[tokio::test]
async fn the_same_key_makes_one_feed() {
    let it = Importing::start().await;
    it.serve("/a.ics");
    let body = json!({ "url": it.site.url("/a.ics"), "name": "Another site" });
    let first = it.api.post_keyed(&it.path(), Some(&it.host.token), "k", &body).await;
    let again = it.api.post_keyed(&it.path(), Some(&it.host.token), "k", &body).await;
    assert_eq!((first.of_status(201), again.header("idempotent-replayed")), (again.of_status(201), "true"));
    assert_eq!(it.list().await.len(), 1);
}

#[tokio::test]
async fn a_feed_that_has_changed_meanwhile_is_not_deleted() {
    let it = Importing::start().await;
    let feed = it.add(&it.site.url("/a.ics")).await.of_status(201);
    let path = format!("{}/{}", it.path(), feed["id"].as_str().expect("an id"));
    let authorization = format!("Bearer {}", it.host.token);
    let headers = [("authorization", authorization.as_str()), ("if-match", "\"another\"")];
    it.api.send(Method::DELETE, &path, &headers, "").await.problem(412, "precondition_failed");
    assert_eq!(it.list().await.len(), 1);
}

#[tokio::test]
async fn feeds_are_their_hosts_alone() {
    let it = Importing::start().await;
    let feed = it.add(&it.site.url("/a.ics")).await.of_status(201);
    let (other, other_host) = (it.kit.guest().await, it.kit.host().await);
    let others = it.kit.listing_of(&other_host, |_| {}).await.id;
    let draft = it.kit.draft(&it.host, |_| {}).await.id;
    let body = json!({ "url": it.site.url("/b.ics"), "name": "x" });
    for (id, token, status, code) in [
        (it.id, None, 401, "unauthenticated"),
        (it.id, Some(&other.token), 403, "forbidden"),
        (draft, Some(&other.token), 404, "not_found"),
        (PropertyId::new(), Some(&it.host.token), 404, "not_found"),
    ] {
        let (feeds, token) = (format!("/v1/properties/{id}/feeds"), token.map(String::as_str));
        it.api.get(&feeds, token).await.problem(status, code);
        it.api.post(&feeds, token, &body).await.problem(status, code);
        let one = format!("{feeds}/{}", feed["id"].as_str().expect("an id"));
        it.api.call(Method::DELETE, &one, token, &Value::Null).await.problem(status, code);
    }
    // A host's right to one property is none to another's feeds.
    let crossed = format!("/v1/properties/{others}/feeds/{}", feed["id"].as_str().expect("an id"));
    it.api.call(Method::DELETE, &crossed, Some(&other_host.token), &Value::Null).await.problem(404, "not_found");
    for id in [FeedId::new().to_string(), it.id.to_string(), "x".to_owned()] {
        let path = format!("{}/{id}", it.path());
        it.api.call(Method::DELETE, &path, Some(&it.host.token), &Value::Null).await.problem(404, "not_found");
    }
    assert_eq!(it.list().await.len(), 1);
    assert_eq!(it.site.requests().len(), 1, "nobody else made us ask");
}
