//! `POST /v1/bookings`.

use serde_json::json;
use testkit::{Kit, in_days, redacted};
use tokio::task::JoinSet;

use crate::{api, book, stay};

#[tokio::test]
async fn a_booking_holds_its_nights_unpaid_for_a_quarter_of_an_hour() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let before = jiff::Timestamp::now();
    let answer = book(&api, &guest, &stay(property.id, (10, 12))).await;
    let booking = answer.of_status(201);
    assert_eq!(answer.header("location"), format!("/v1/bookings/{}", booking["id"].as_str().expect("an id")));
    let until: jiff::Timestamp = booking["hold_expires_at"].as_str().expect("an instant").parse().expect("an instant");
    assert!((899..=906).contains(&until.duration_since(before).as_secs()), "{until}");
    insta::assert_json_snapshot!(redacted(&booking, &[]), @r#"
    {
      "cancellation_policy": "flexible",
      "check_in": "[date]",
      "check_out": "[date]",
      "created_at": "[instant]",
      "guest_id": "[user]",
      "guests": {
        "adults": 1,
        "children": 0,
        "infants": 0,
        "pets": 0
      },
      "hold_expires_at": "[instant]",
      "host_id": "[user]",
      "id": "[book]",
      "nights": 2,
      "price": {
        "guest_fee": {
          "amount": 2840,
          "currency": "USD"
        },
        "host_fee": {
          "amount": 600,
          "currency": "USD"
        },
        "host_payout": {
          "amount": 19400,
          "currency": "USD"
        },
        "lines": [
          {
            "amount": {
              "amount": 20000,
              "currency": "USD"
            },
            "code": "nights",
            "description": "2 nights",
            "quantity": 2,
            "unit_amount": {
              "amount": 10000,
              "currency": "USD"
            }
          },
          {
            "amount": {
              "amount": 2840,
              "currency": "USD"
            },
            "code": "guest_fee",
            "description": "Service fee",
            "quantity": 1,
            "unit_amount": {
              "amount": 2840,
              "currency": "USD"
            }
          }
        ],
        "subtotal": {
          "amount": 20000,
          "currency": "USD"
        },
        "taxes": {
          "amount": 0,
          "currency": "USD"
        },
        "total": {
          "amount": 22840,
          "currency": "USD"
        }
      },
      "property_id": "[prop]",
      "status": "pending_payment",
      "timeline": [
        {
          "at": "[instant]",
          "by": "guest",
          "event": "created"
        }
      ],
      "updated_at": "[instant]"
    }
    "#);
    assert_eq!(kit.events.taken(), [], "an unpaid hold is no news to the host");
}

#[tokio::test]
async fn a_key_is_required_because_money_moves() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let stay = stay(property.id, (10, 12));
    api.post("/v1/bookings", Some(&guest.token), &stay).await.problem(400, "idempotency_key_missing");
    for key in ["", &"k".repeat(256), "caf\u{e9}"] {
        let answer = api.post_keyed("/v1/bookings", Some(&guest.token), key, &stay).await;
        answer.problem(400, "idempotency_key_invalid");
    }
    api.post_keyed("/v1/bookings", Some(&guest.token), &"k".repeat(255), &stay).await.of_status(201);
}

#[tokio::test]
async fn the_same_key_books_once_and_replays_conflicts_too() {
    let kit = Kit::start().await;
    let (api, one, two, property) = (api(&kit), kit.guest().await, kit.guest().await, kit.listed_property().await);
    let stay = stay(property.id, (10, 12));
    let first = api.post_keyed("/v1/bookings", Some(&one.token), "k", &stay).await;
    let again = api.post_keyed("/v1/bookings", Some(&one.token), "k", &stay).await;
    assert_eq!((first.status, again.status, &first.body), (201, 201, &again.body));
    assert_eq!((first.header("idempotent-replayed"), again.header("idempotent-replayed")), ("", "true"));
    assert_eq!(first.header("location"), again.header("location"));
    let refused = api.post_keyed("/v1/bookings", Some(&two.token), "k", &stay).await;
    refused.problem(409, "dates_unavailable");
    kit.database.batch("UPDATE bookings SET status = 'declined', hold_expires_at = NULL").await;
    let replayed = api.post_keyed("/v1/bookings", Some(&two.token), "k", &stay).await;
    assert_eq!((replayed.status, &replayed.body), (409, &refused.body));
    assert_eq!(replayed.header("idempotent-replayed"), "true");
    let other = crate::stay(property.id, (10, 13));
    let reused = api.post_keyed("/v1/bookings", Some(&two.token), "k", &other).await;
    reused.problem(422, "idempotency_key_reused");
    book(&api, &two, &stay).await.of_status(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_fifty_at_once_gets_the_nights_and_the_others_409() {
    let kit = Kit::start().await;
    let (api, property) = (api(&kit), kit.listed_property().await);
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let guest = kit.guest().await;
        let (api, stay) = (api.clone(), stay(property.id, (10, 14)));
        tasks.spawn(async move { book(&api, &guest, &stay).await });
    }
    let mut booked = 0;
    for answer in tasks.join_all().await {
        if answer.status == 201 {
            booked += 1;
        } else {
            answer.problem(409, "dates_unavailable");
        }
    }
    assert_eq!(booked, 1);
}

#[tokio::test]
async fn every_broken_rule_is_told_with_its_place() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit
        .listing_of(&host, |details| {
            details.rules.min_nights = 3;
            details.rules.max_nights = 5;
            details.rules.advance_notice_hours = 48;
            details.rules.booking_window_days = 60;
        })
        .await;
    let faults = async |person: &testkit::Person, days: (i32, i32), guests: serde_json::Value| {
        let mut body = stay(property.id, days);
        body["guests"] = guests;
        let faults = book(&api, person, &body).await.faults();
        faults.into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>()
    };
    let one = json!({ "adults": 1 });
    let many = json!({ "adults": 2, "children": 1, "infants": 5, "pets": 1 });
    assert_eq!(
        faults(&guest, (-3, -2), many).await,
        ["/check_in in_the_past", "/check_out too_short", "/guests too_many_guests", "/guests/pets pets_not_allowed"]
    );
    assert_eq!(faults(&guest, (1, 7), one.clone()).await, ["/check_in too_soon", "/check_out too_long"]);
    assert_eq!(faults(&guest, (70, 73), one.clone()).await, ["/check_in too_far_ahead"]);
    assert_eq!(faults(&guest, (10, 10), one.clone()).await, ["/check_out check_out_not_after_check_in"]);
    assert_eq!(faults(&guest, (10, 8), one.clone()).await, ["/check_out check_out_not_after_check_in"]);
    assert_eq!(faults(&host, (10, 13), one).await, ["/property_id own_property"]);
    let mut infants = stay(property.id, (10, 13));
    infants["guests"] = json!({ "adults": 2, "infants": 5 });
    book(&api, &guest, &infants).await.of_status(201);
}

#[tokio::test]
async fn a_body_that_is_no_stay_is_told_all_its_faults() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    let body = json!({
        "property_id": guest.id, "check_in": "2027-02-30", "check_out": 5, "guests": { "adults": 0, "dogs": 1 },
        "message": "", "expected_total": { "amount": "1", "currency": "USD" }, "price": 1,
    });
    let faults = book(&api, &guest, &body).await.faults();
    let pointers: Vec<&str> = faults.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/check_in",
            "/check_out",
            "/expected_total/amount",
            "/guests/adults",
            "/guests/dogs",
            "/message",
            "/price",
            "/property_id",
        ]
    );
    assert!(faults.contains(&("/property_id".to_owned(), "not_found".to_owned())), "{faults:?}");
    let nothing = stay(domain::id::PropertyId::new(), (10, 12));
    assert_eq!(book(&api, &guest, &nothing).await.faults(), [("/property_id".to_owned(), "not_found".to_owned())]);
    let rows: i64 = kit.database.value("SELECT count(*) FROM idempotency_keys", &[]).await;
    assert_eq!(rows, 0, "what was not valid is not kept");
}

#[tokio::test]
async fn another_price_is_409_with_the_new_quote() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let mut body = stay(property.id, (10, 12));
    body["expected_total"] = json!({ "amount": 1, "currency": "USD" });
    let problem = book(&api, &guest, &body).await.problem(409, "quote_changed");
    let quote = &problem["quote"];
    assert_eq!(quote["bookable"], true);
    body["expected_total"] = quote["price"]["total"].clone();
    body["quote_id"] = quote["quote_id"].clone();
    let booking = book(&api, &guest, &body).await.of_status(201);
    assert_eq!(booking["price"], quote["price"]);
}

#[tokio::test]
async fn who_has_not_verified_their_address_does_not_book() {
    let kit = Kit::start().await;
    let (api, property) = (api(&kit), kit.listed_property().await);
    let answer = book(&api, &kit.unverified().await, &stay(property.id, (10, 12))).await;
    answer.problem(403, "email_unverified");
    let suspended = kit.guest().await;
    kit.database.execute("UPDATE users SET suspended_at = now() WHERE id = $1", &[&suspended.id.uuid()]).await;
    book(&api, &suspended, &stay(property.id, (10, 12))).await.problem(403, "forbidden");
}

#[tokio::test]
async fn the_eleventh_unpaid_hold_is_one_too_many() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    for n in 0..10 {
        book(&api, &guest, &stay(property.id, (10 + n, 11 + n))).await.of_status(201);
    }
    book(&api, &guest, &stay(property.id, (30, 31))).await.problem(409, "too_many_holds");
    kit.database.advance(jiff::SignedDuration::from_mins(15)).await;
    book(&api, &guest, &stay(property.id, (30, 31))).await.of_status(201);
}

#[tokio::test]
async fn a_hold_that_ran_out_blocks_nobody_though_no_sweeper_has_been_by() {
    let kit = Kit::start().await;
    let (api, one, two, property) = (api(&kit), kit.guest().await, kit.guest().await, kit.listed_property().await);
    let first = book(&api, &one, &stay(property.id, (10, 12))).await.of_status(201);
    book(&api, &two, &stay(property.id, (11, 13))).await.problem(409, "dates_unavailable");
    kit.database.advance(jiff::SignedDuration::from_mins(15)).await;
    book(&api, &two, &stay(property.id, (11, 13))).await.of_status(201);
    let path = format!("/v1/bookings/{}", first["id"].as_str().expect("an id"));
    let read = api.get(&path, Some(&one.token)).await.of_status(200);
    assert_eq!((&read["status"], read.get("hold_expires_at")), (&"expired".into(), None));
    assert_eq!(read["check_in"], in_days(10).to_string());
}

/// Nothing that a loser would have to wait for is asked for: here another transaction has the listing locked.
#[tokio::test]
async fn who_comes_too_late_is_told_without_waiting_for_anybody() {
    let kit = Kit::start().await;
    let (api, one, two, property) = (api(&kit), kit.guest().await, kit.guest().await, kit.listed_property().await);
    let (nights, unverified) = (stay(property.id, (10, 12)), kit.unverified().await);
    let first = api.post_keyed("/v1/bookings", Some(&one.token), "first", &nights).await;
    let mut other = kit.database.connect_as_app().await;
    let lock = other.transaction().await.expect("a transaction");
    lock.execute("SELECT 1 FROM properties WHERE id = $1 FOR UPDATE", &[&property.id.uuid()]).await.expect("locked");
    book(&api, &two, &nights).await.problem(409, "dates_unavailable");
    // The winner's own key still answers as it did.
    let again = api.post_keyed("/v1/bookings", Some(&one.token), "first", &nights).await;
    assert_eq!(again.of_status(201), first.of_status(201));
    // What concerns the caller is told first, as when the nights are free.
    lock.rollback().await.expect("unlocked");
    book(&api, &unverified, &nights).await.problem(403, "email_unverified");
}
