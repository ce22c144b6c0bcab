//! `GET` and `PUT /v1/properties/{id}/calendar`.

use axum::http::Method;
use domain::id::{BookingId, FeedId, PropertyId};
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, Person, in_days};

use crate::api;

/// A host with a listed property at 100 dollars a night, in Paris.
struct Let {
    kit: Kit,
    api: Api,
    host: Person,
    id: PropertyId,
}

impl Let {
    async fn start() -> Self {
        let kit = Kit::start().await;
        let (api, host) = (api(&kit), kit.host().await);
        let id = kit.listing_of(&host, |_| {}).await.id;
        Self { kit, api, host, id }
    }

    fn path(&self, (from, to): (i32, i32)) -> String {
        format!("/v1/properties/{}/calendar?from={}&to={}", self.id, in_days(from), in_days(to))
    }

    async fn days(&self, caller: Option<&Person>, span: (i32, i32)) -> Vec<Value> {
        let token = caller.map(|caller| caller.token.as_str());
        let calendar = self.api.get(&self.path(span), token).await.of_status(200);
        calendar["data"].as_array().expect("days").clone()
    }

    async fn put(&self, days: Value) -> Answer {
        let path = format!("/v1/properties/{}/calendar", self.id);
        self.api.call(Method::PUT, &path, Some(&self.host.token), &json!({ "days": days })).await
    }

    /// Two nights from that day, and a night of preparation.
    async fn book(&self, day: i32, status: &str, hold: Option<i32>) -> BookingId {
        let (id, guest) = (BookingId::new(), self.kit.guest().await);
        self.kit
            .database
            .execute(
                "INSERT INTO bookings (id, property_id, guest_id, host_id, status, check_in, check_out, held_until, adults,
                     children, infants, pets, price, currency, total_minor, host_payout_minor, cancellation_policy,
                     instant_book, hold_expires_at, timeline)
                 VALUES ($1, $2, $3, $4, $5, $6::date, $6::date + 2, $6::date + 3, 1, 0, 0, 0, '{}', 'USD', 1, 1, 'flexible', true,
                     app_now() + make_interval(mins => $7), '[]')",
                &[&id.uuid(), &self.id.uuid(), &guest.id.uuid(), &self.host.id.uuid(), &status, &in_days(day), &hold],
            )
            .await;
        id
    }

    async fn import(&self, (from, to): (i32, i32)) -> FeedId {
        let feed = FeedId::new();
        let sql = "INSERT INTO calendar_feeds (id, property_id, name, url) VALUES ($1, $2, 'A', 'https://example.com')";
        self.kit.database.execute(sql, &[&feed.uuid(), &self.id.uuid()]).await;
        let sql = "INSERT INTO imported_stays (feed_id, uid, property_id, check_in, check_out)
                   SELECT $1, n::text, $2, $3, $4 FROM generate_series(1, 2) n";
        self.kit.database.execute(sql, &[&feed.uuid(), &self.id.uuid(), &in_days(from), &in_days(to)]).await;
        feed
    }
}

fn dollars(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

/// Each day's reason, `-` for one that can be had.
fn reasons(days: &[Value]) -> Vec<&str> {
    assert!(days.iter().all(|day| day["available"] == day.get("reason").is_none()), "{days:?}");
    days.iter().map(|day| day["reason"].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn a_calendar_shows_each_day_and_why_it_cannot_be_had() {
    let at = Let::start().await;
    let booking = at.book(10, "confirmed", None).await;
    at.book(14, "pending_payment", Some(15)).await;
    at.book(20, "pending_payment", Some(0)).await;
    let feed = at.import((25, 27)).await;
    at.put(json!([{ "from": in_days(30), "to": in_days(31), "available": false, "note": "Painters" }]))
        .await
        .of_status(200);

    let seen = at.days(None, (9, 32)).await;
    assert_eq!(seen.len(), 23, "`to` is out");
    assert_eq!(seen[0]["date"], in_days(9).to_string());
    let expected = ["-", "booked", "booked", "preparation", "-", "booked", "booked", "preparation", "-"];
    assert_eq!(reasons(&seen)[..9], expected);
    assert_eq!(reasons(&seen)[9..16], ["-"; 7], "a hold that ran out holds nothing");
    assert_eq!(reasons(&seen)[16..], ["blocked", "blocked", "-", "-", "-", "blocked", "-"]);
    for day in &seen {
        let members: Vec<&String> = day.as_object().expect("an object").keys().collect();
        assert!(
            members.iter().all(|name| ["date", "available", "reason", "price", "min_nights"].contains(&name.as_str()))
        );
        assert_eq!((&day["price"], &day["min_nights"]), (&dollars(10_000), &json!(1)));
    }

    let own = at.days(Some(&at.host), (9, 32)).await;
    assert_eq!(own[1]["booking_id"], booking.to_string());
    assert_eq!(own[3]["booking_id"], booking.to_string(), "whose preparation it is");
    assert_eq!((&own[16]["reason"], &own[16]["feed_id"]), (&json!("imported"), &json!(feed.to_string())));
    assert_eq!((&own[21]["reason"], &own[21]["note"]), (&json!("blocked"), &json!("Painters")));
    assert_eq!(at.days(Some(&at.kit.guest().await), (9, 32)).await, seen, "others see what strangers see");
}

#[tokio::test]
async fn past_days_notice_and_window_are_named() {
    let at = Let::start().await;
    let sql = "UPDATE properties SET advance_notice_hours = 48, booking_window_days = 10, check_in_time = '00:00',
                   time_zone = 'UTC', min_nights = 3, weekend_price_minor = 15000 WHERE id = $1";
    at.kit.database.execute(sql, &[&at.id.uuid()]).await;
    // Noon: 48 hours on it is the third day's noon, so the fourth is the first to arrive on.
    let noon = in_days(0).at(12, 0, 0, 0).in_tz("UTC").expect("an instant").timestamp();
    at.kit.database.set_now(noon).await;
    let days = at.days(None, (-1, 12)).await;
    assert_eq!(reasons(&days)[..5], ["past", "too_soon", "too_soon", "too_soon", "-"]);
    assert_eq!(reasons(&days)[10..], ["-", "-", "too_far_ahead"]);
    for day in &days {
        let date: jiff::civil::Date = day["date"].as_str().expect("a date").parse().expect("a date");
        let weekend = matches!(date.weekday(), jiff::civil::Weekday::Friday | jiff::civil::Weekday::Saturday);
        assert_eq!((&day["price"], &day["min_nights"]), (&dollars(if weekend { 15_000 } else { 10_000 }), &json!(3)));
    }
}

#[tokio::test]
async fn a_span_is_from_today_for_90_days_unless_given_and_at_most_400() {
    let at = Let::start().await;
    let base = format!("/v1/properties/{}/calendar", at.id);
    let days = at.api.get(&base, None).await.of_status(200)["data"].as_array().expect("days").len();
    assert_eq!(days, 90);
    assert_eq!(at.days(None, (5, 405)).await.len(), 400);
    let cases = [
        (at.path((5, 406)), vec![("?to", "too_many_days")]),
        (at.path((5, 5)), vec![("?to", "to_not_after_from")]),
        (at.path((5, 4)), vec![("?to", "to_not_after_from")]),
        (format!("{base}?to={}", in_days(-5)), vec![("?to", "to_not_after_from")]),
        (format!("{base}?from=tomorrow&to=2027-02-30"), vec![("?from", "invalid_format"), ("?to", "invalid_format")]),
        (format!("{base}?from=1990-01-01"), vec![("?from", "out_of_range")]),
        (format!("{base}?since=2027-01-01"), vec![("?since", "unknown_parameter")]),
        (format!("{base}?from=2027-01-01&from=2027-01-02"), vec![("?from", "repeated")]),
    ];
    for (path, expected) in cases {
        let answer = at.api.get(&path, None).await;
        answer.problem(422, "validation_failed");
        let expected: Vec<_> = expected.iter().map(|(at, code)| ((*at).to_owned(), (*code).to_owned())).collect();
        assert_eq!(answer.faults(), expected, "{path}");
    }
    let last = format!("{base}?from=2200-12-31");
    assert_eq!(at.api.get(&last, None).await.of_status(200)["data"][0]["reason"], "too_far_ahead");
}

#[tokio::test]
async fn what_is_left_out_stays_null_goes_back_and_the_last_entry_wins() {
    let at = Let::start().await;
    let (a, b, c) = (in_days(10), in_days(11), in_days(12));
    let put = at
        .put(json!([
            { "from": a, "to": c, "available": false, "price": dollars(20_000), "min_nights": 4, "note": " A fair " },
            { "from": b, "to": c, "price": dollars(30_000), "available": true },
        ]))
        .await
        .of_status(200);
    let first = json!({ "date": a, "available": false, "reason": "blocked", "price": dollars(20_000), "min_nights": 4,
        "note": "A fair" });
    let second = json!({ "date": b, "available": true, "price": dollars(30_000), "min_nights": 4, "note": "A fair" });
    assert_eq!(put["data"], json!([first, second]));

    let again = json!([{ "from": a, "to": c, "min_nights": null, "note": null }]);
    let put = at.put(again.clone()).await.of_status(200);
    assert_eq!(
        put["data"][0],
        json!({ "date": a, "available": false, "reason": "blocked", "price": dollars(20_000),
        "min_nights": 1 })
    );
    assert_eq!(at.put(again).await.of_status(200), put, "the same again changes nothing");

    at.put(json!([{ "from": a, "to": c, "available": true, "price": null }])).await.of_status(200);
    let rows: i64 = at.kit.database.value("SELECT count(*) FROM calendar_days", &[]).await;
    assert_eq!(rows, 0, "a night of which nothing is said has no row");
    assert_eq!(at.put(json!([])).await.of_status(200), json!({ "data": [] }));
}

#[tokio::test]
async fn availability_of_a_booked_night_is_refused_and_nothing_changes() {
    let at = Let::start().await;
    at.book(10, "confirmed", None).await;
    for available in [false, true] {
        let days = json!([
            { "from": in_days(8), "to": in_days(9), "price": dollars(1) },
            { "from": in_days(9), "to": in_days(13), "available": available },
        ]);
        let problem = at.put(days).await.problem(409, "night_booked");
        assert_eq!(problem["dates"], json!([in_days(10), in_days(11)]), "and not the night of preparation");
    }
    let rows: i64 = at.kit.database.value("SELECT count(*) FROM calendar_days", &[]).await;
    assert_eq!(rows, 0);
    let priced =
        json!([{ "from": in_days(10), "to": in_days(11), "price": dollars(5), "min_nights": 2, "note": "Ada" }]);
    assert_eq!(at.put(priced).await.of_status(200)["data"][0]["price"], dollars(5));

    at.book(20, "pending_payment", Some(15)).await;
    at.put(json!([{ "from": in_days(20), "to": in_days(21), "available": false }])).await.problem(409, "night_booked");
    at.kit.database.advance(jiff::SignedDuration::from_mins(15)).await;
    at.put(json!([{ "from": in_days(20), "to": in_days(21), "available": false }])).await.of_status(200);
}

#[tokio::test]
async fn every_fault_of_a_change_is_named_at_once() {
    let at = Let::start().await;
    let (a, b) = (in_days(10), in_days(11));
    let answer = at
        .put(json!([
            { "from": a, "to": a },
            { "from": "x", "to": b, "available": null, "min_nights": 0 },
            { "from": a, "to": b, "price": { "amount": 0, "currency": "USD" }, "note": "x".repeat(501), "blocked": true },
            { "from": a, "to": in_days(411), "available": "no" },
            7,
        ]))
        .await;
    answer.problem(422, "validation_failed");
    let mut faults = answer.faults();
    faults.sort();
    let expected = [
        ("/days/0/to", "to_not_after_from"),
        ("/days/1/available", "required"),
        ("/days/1/from", "invalid_format"),
        ("/days/1/min_nights", "out_of_range"),
        ("/days/2/blocked", "unknown_field"),
        ("/days/2/note", "text_too_long"),
        ("/days/2/price", "out_of_range"),
        ("/days/3/available", "wrong_type"),
        ("/days/3/to", "too_many_days"),
        ("/days/4", "wrong_type"),
    ];
    assert_eq!(faults, expected.map(|(at, code)| (at.to_owned(), code.to_owned())));

    let euros = json!([{ "from": a, "to": b }, { "from": a, "to": b, "price": { "amount": 5, "currency": "EUR" } }]);
    let answer = at.put(euros).await;
    answer.problem(422, "validation_failed");
    assert_eq!(answer.faults(), [("/days/1/price/currency".to_owned(), "currency_mismatch".to_owned())]);
    let wide = json!([{ "from": a, "to": b }, { "from": in_days(900), "to": in_days(901) }]);
    let answer = at.put(wide).await;
    answer.problem(422, "validation_failed");
    assert_eq!(answer.faults(), [("/days".to_owned(), "too_many_days".to_owned())]);
}

#[tokio::test]
async fn only_the_host_changes_a_calendar_and_a_draft_has_none_for_strangers() {
    let at = Let::start().await;
    let draft = at.kit.draft(&at.host, |details| details.base_price_minor = None).await;
    let (stranger, body) = (at.kit.guest().await, json!({ "days": [] }));
    let path = |id: PropertyId| format!("/v1/properties/{id}/calendar");
    at.api.get(&path(draft.id), None).await.problem(404, "not_found");
    at.api.get(&path(draft.id), Some(&stranger.token)).await.problem(404, "not_found");
    let own = at.api.get(&path(draft.id), Some(&at.host.token)).await.of_status(200);
    assert_eq!(own["data"][0]["price"], Value::Null, "a draft has no price yet");
    at.api.call(Method::PUT, &path(draft.id), Some(&stranger.token), &body).await.problem(404, "not_found");
    at.api.call(Method::PUT, &path(at.id), Some(&stranger.token), &body).await.problem(403, "forbidden");
    at.api.call(Method::PUT, &path(at.id), None, &body).await.problem(401, "unauthenticated");
    let admin = at.kit.admin().await;
    at.api.call(Method::PUT, &path(at.id), Some(&admin.token), &body).await.problem(403, "forbidden");
}
