//! `…/calendar.ics` and `…/calendar-export`: what other sites read, and who is told where.

use axum::http::Method;
use domain::id::{BookingId, PropertyId};
use serde_json::Value;
use testkit::{Answer, Api, BASE_URL, Kit, Person, in_days};

use crate::api;

/// A host with a listed property, and the path of its calendar with its secret.
struct Exporting {
    kit: Kit,
    api: Api,
    host: Person,
    id: PropertyId,
}

impl Exporting {
    async fn start() -> Self {
        let kit = Kit::start().await;
        let (api, host) = (api(&kit), kit.host().await);
        let id = kit.listing_of(&host, |_| {}).await.id;
        Self { kit, api, host, id }
    }

    fn path(&self, of: &str) -> String {
        format!("/v1/properties/{}/{of}", self.id)
    }

    /// The path and query of the address that the host is told.
    async fn address(&self, method: Method) -> String {
        let told = self.api.call(method, &self.path("calendar-export"), Some(&self.host.token), &Value::Null).await;
        let url = told.of_status(200)["url"].as_str().expect("an address").to_owned();
        url.strip_prefix(BASE_URL).expect("an address of ours").to_owned()
    }

    async fn calendar(&self) -> String {
        let address = self.address(Method::GET).await;
        text(&self.api.get(&address, None).await)
    }

    /// A booking in `days` for two nights.
    async fn book(&self, status: &str, days: i32, preparation_nights: i32, hold_minutes: Option<i32>) -> BookingId {
        let (id, guest) = (BookingId::new(), self.kit.guest().await);
        self.kit
            .database
            .execute(
                "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                     children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                     instant_book, hold_expires_at, message, timeline)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true,
                     now() + make_interval(mins => $9), 'We are the Lovelaces', '[]')",
                &[
                    &id.uuid(), &self.id.uuid(), &guest.id.uuid(), &self.host.id.uuid(), &status, &in_days(days),
                    &in_days(days + 2), &in_days(days + 2 + preparation_nights), &hold_minutes,
                ],
            )
            .await;
        id
    }

    async fn block(&self, days: i32) {
        let sql =
            "INSERT INTO calendar_days (property_id, night, blocked, note) VALUES ($1, $2, true, 'Aunt Ada comes')";
        self.kit.database.execute(sql, &[&self.id.uuid(), &in_days(days)]).await;
    }
}

fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    String::from_utf8(answer.body.clone()).expect("UTF-8")
}

fn dates(first: i32, end: i32) -> String {
    format!(
        "DTEND;VALUE=DATE:{}\r\n{}",
        in_days(end).strftime("%Y%m%d"),
        format_args!("DTSTART;VALUE=DATE:{}\r\n", in_days(first).strftime("%Y%m%d"))
    )
}

/// Without the line between the two dates.
fn without_stamps(calendar: &str) -> String {
    calendar.split_inclusive("\r\n").filter(|line| !line.starts_with("DTSTAMP")).collect()
}

#[tokio::test]
async fn the_calendar_has_bookings_that_hold_nights_and_blocks_and_nobody_s_name() {
    let it = Exporting::start().await;
    let confirmed = it.book("confirmed", 10, 1, None).await;
    let pending = it.book("pending_host", 20, 0, Some(60)).await;
    let ran_out = it.book("pending_payment", 30, 0, Some(-1)).await;
    let cancelled = it.book("declined", 40, 0, None).await;
    for night in [50, 51, 53] {
        it.block(night).await;
    }
    let calendar = it.calendar().await;
    assert!(calendar.contains(&format!("UID:{confirmed}@api.roost.test\r\n")), "{calendar}");
    assert!(calendar.contains(&format!("UID:{pending}@api.roost.test\r\n")), "{calendar}");
    for other in [ran_out, cancelled] {
        assert!(!calendar.contains(&other.to_string()), "{calendar}");
    }
    assert_eq!(calendar.matches("BEGIN:VEVENT").count(), 5, "two stays, preparation, two blocks: {calendar}");
    let plain = without_stamps(&calendar);
    for (first, end) in [(10, 12), (12, 13), (20, 22), (50, 52), (53, 54)] {
        assert!(plain.contains(&dates(first, end)), "{first} to {end}: {calendar}");
    }
    assert_eq!((plain.matches("SUMMARY:Reserved").count(), plain.matches("SUMMARY:Not available").count()), (2, 3));
    for private in ["Ada", "Lovelace", "example.com", "Quai", "USD"] {
        assert!(!calendar.contains(private), "{private} is told: {calendar}");
    }
}

#[tokio::test]
async fn a_stay_imported_from_another_site_is_not_handed_on() {
    let it = Exporting::start().await;
    it.kit
        .database
        .execute(
            "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $1, 'x', 'https://x')",
            &[&it.id.uuid()],
        )
        .await;
    it.kit
        .database
        .execute(
            "INSERT INTO imported_stays (feed_id, uid, property_id, check_in, check_out) VALUES ($1, 'u', $1, $2, $3)",
            &[&it.id.uuid(), &in_days(3), &in_days(5)],
        )
        .await;
    assert!(!it.calendar().await.contains("VEVENT"));
}

#[tokio::test]
async fn the_address_stays_until_a_new_one_is_made_and_then_dies_at_once() {
    let it = Exporting::start().await;
    let first = it.address(Method::GET).await;
    assert_eq!(first, it.address(Method::GET).await);
    assert_eq!(it.api.get(&first, None).await.status, 200);
    let second = it.address(Method::POST).await;
    assert_ne!(first, second);
    it.api.get(&first, None).await.problem(404, "not_found");
    assert_eq!(it.api.get(&second, None).await.status, 200);
    assert_eq!(second, it.address(Method::GET).await);
}

#[tokio::test]
async fn without_its_secret_the_calendar_is_not_there() {
    let it = Exporting::start().await;
    let path = it.path("calendar.ics");
    // Before anybody asked for the address there is no secret at all.
    for token in ["", "?token=", "?token=null", "?token=x"] {
        it.api.get(&format!("{path}{token}"), None).await.problem(404, "not_found");
    }
    let address = it.address(Method::GET).await;
    let other = it.kit.listed_property().await.id;
    let secret = address.split_once('?').expect("a query").1;
    for wrong in [
        path.clone(),
        format!("{path}?token="),
        address[..address.len() - 1].to_owned(),
        format!("{address}x"),
        format!("/v1/properties/{other}/calendar.ics?{secret}"),
        format!("/v1/properties/{}/calendar.ics?{secret}", PropertyId::new()),
        format!("/v1/properties/x/calendar.ics?{secret}"),
    ] {
        it.api.get(&wrong, Some(&it.host.token)).await.problem(404, "not_found");
    }
    it.api.get(&format!("{address}&colour=red"), None).await.problem(422, "validation_failed");
}

#[tokio::test]
async fn a_reader_who_has_the_calendar_is_told_so_until_it_changes() {
    let it = Exporting::start().await;
    let address = it.address(Method::GET).await;
    let first = it.api.get(&address, None).await;
    assert_eq!(first.header("content-type"), "text/calendar; charset=utf-8");
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let tag = first.header("etag").to_owned();
    let again = it.api.send(Method::GET, &address, &[("if-none-match", &tag)], "").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    it.block(9).await;
    let changed = it.api.send(Method::GET, &address, &[("if-none-match", &tag)], "").await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn only_the_host_is_told_the_address() {
    let it = Exporting::start().await;
    let other = it.kit.guest().await;
    let draft = it.kit.draft(&it.host, |_| {}).await;
    for method in [Method::GET, Method::POST] {
        let of = |id: PropertyId| format!("/v1/properties/{id}/calendar-export");
        let call = async |path: &str, token: Option<&str>| it.api.call(method.clone(), path, token, &Value::Null).await;
        call(&of(it.id), None).await.problem(401, "unauthenticated");
        call(&of(it.id), Some(&other.token)).await.problem(403, "forbidden");
        call(&of(draft.id), Some(&other.token)).await.problem(404, "not_found");
        call(&of(PropertyId::new()), Some(&it.host.token)).await.problem(404, "not_found");
        call(&of(draft.id), Some(&it.host.token)).await.of_status(200);
    }
}
