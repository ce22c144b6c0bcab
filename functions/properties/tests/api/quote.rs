//! `GET /v1/properties/{id}/quote`.

use serde_json::json;
use testkit::{Kit, in_days, redacted};

use crate::api;

#[tokio::test]
async fn a_quote_has_every_line_and_is_good_for_a_quarter_of_an_hour() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let property = kit
        .listing_of(&host, |details| {
            details.base_price_minor = Some(10_005);
            details.cleaning_fee_minor = 2_500;
            details.weekly_discount_percent = domain::property::Percent::new(15).expect("a percentage");
            details.extra_guest_fee = Some(domain::pricing::ExtraGuestFee { after: 1, per_night_minor: 700 });
        })
        .await;
    let path =
        format!("/v1/properties/{}/quote?check_in={}&check_out={}&guests=2", property.id, in_days(10), in_days(17));
    let before = jiff::Timestamp::now();
    let quote = api(&kit).get(&path, None).await.of_status(200);
    let expires: jiff::Timestamp = quote["expires_at"].as_str().expect("an instant").parse().expect("an instant");
    assert!((899..=906).contains(&expires.duration_since(before).as_secs()), "{expires}");
    // 7 x 100.05 = 700.35; 15 % off 105.0525 -> 105.05; 7 x 7.00 = 49; 25 cleaning: 669.30; 14.2 % = 95.0406 -> 95.04.
    insta::assert_json_snapshot!(redacted(&quote, &["quote_id"]), @r#"
    {
      "bookable": true,
      "expires_at": "[instant]",
      "price": {
        "guest_fee": {
          "amount": 9504,
          "currency": "USD"
        },
        "host_fee": {
          "amount": 2008,
          "currency": "USD"
        },
        "host_payout": {
          "amount": 64922,
          "currency": "USD"
        },
        "lines": [
          {
            "amount": {
              "amount": 70035,
              "currency": "USD"
            },
            "code": "nights",
            "description": "7 nights",
            "quantity": 7,
            "unit_amount": {
              "amount": 10005,
              "currency": "USD"
            }
          },
          {
            "amount": {
              "amount": -10505,
              "currency": "USD"
            },
            "code": "discount",
            "description": "Weekly discount, 15%",
            "quantity": 1,
            "unit_amount": {
              "amount": -10505,
              "currency": "USD"
            }
          },
          {
            "amount": {
              "amount": 4900,
              "currency": "USD"
            },
            "code": "extra_guests",
            "description": "1 extra guest, 7 nights",
            "quantity": 7,
            "unit_amount": {
              "amount": 700,
              "currency": "USD"
            }
          },
          {
            "amount": {
              "amount": 2500,
              "currency": "USD"
            },
            "code": "cleaning",
            "description": "Cleaning fee",
            "quantity": 1,
            "unit_amount": {
              "amount": 2500,
              "currency": "USD"
            }
          },
          {
            "amount": {
              "amount": 9504,
              "currency": "USD"
            },
            "code": "guest_fee",
            "description": "Service fee",
            "quantity": 1,
            "unit_amount": {
              "amount": 9504,
              "currency": "USD"
            }
          }
        ],
        "subtotal": {
          "amount": 66930,
          "currency": "USD"
        },
        "taxes": {
          "amount": 0,
          "currency": "USD"
        },
        "total": {
          "amount": 76434,
          "currency": "USD"
        }
      },
      "quote_id": "[quote_id]"
    }
    "#);
}

#[tokio::test]
async fn a_stay_that_can_t_be_booked_says_every_reason_and_other_dates() {
    let kit = Kit::start().await;
    let host = kit.host().await;
    let property = kit
        .listing_of(&host, |details| {
            details.rules.booking_window_days = 30;
            details.rules.max_nights = 5;
        })
        .await;
    let api = api(&kit);
    let quote = async |check_in: i32, check_out: i32, guests: u32| {
        let path = format!(
            "/v1/properties/{}/quote?check_in={}&check_out={}&guests={guests}",
            property.id,
            in_days(check_in),
            in_days(check_out)
        );
        let quote = api.get(&path, None).await.of_status(200);
        let reasons = quote["reasons"].as_array().cloned().unwrap_or_default();
        let codes: Vec<String> =
            reasons.iter().map(|reason| reason["code"].as_str().unwrap_or("").to_owned()).collect();
        (quote["bookable"].clone(), codes, quote["nearest"].clone())
    };
    let (bookable, codes, nearest) = quote(50, 57, 3).await;
    assert_eq!((bookable, nearest), (json!(false), json!([])));
    assert_eq!(codes, ["too_far_ahead", "too_long", "too_many_guests"]);
    let (_, codes, nearest) = quote(-5, -3, 1).await;
    assert_eq!(codes, ["in_the_past"]);
    let nearest = nearest.as_array().expect("other dates").clone();
    assert_eq!(nearest.len(), 3);
    assert_eq!(quote(5, 5, 1).await.1, ["check_out_not_after_check_in"]);
    assert_eq!(quote(5, 3, 1).await.1, ["check_out_not_after_check_in"]);
    assert_eq!(quote(5, 8, 2).await.0, json!(true));
    let own = format!("/v1/properties/{}/quote?check_in={}&check_out={}", property.id, in_days(5), in_days(8));
    assert_eq!(api.get(&own, Some(&host.token)).await.of_status(200)["reasons"][0]["code"], "own_property");
}

#[tokio::test]
async fn parameters_that_are_no_stay_are_422_and_never_500() {
    let kit = Kit::start().await;
    let property = kit.listed_property().await;
    let api = api(&kit);
    let wrong = [
        "",
        "check_in=2027-01-01",
        "check_in=2027-01-01&check_out=2027-02-30",
        "check_in=2027-01-01&check_out=2027-1-3",
        "check_in=0000-01-01&check_out=9999-12-31",
        "check_in=2027-01-01&check_out=2027-01-03&guests=0",
        "check_in=2027-01-01&check_out=2027-01-03&guests=51",
        "check_in=2027-01-01&check_out=2027-01-03&guests=-1",
        "check_in=2027-01-01&check_out=2027-01-03&guests=1&guests=2",
        "check_in=2027-01-01&check_out=2027-01-03&pets=1",
        "check_in=%00&check_out=2027-01-03",
        "check_in=2027-01-01T00:00:00Z&check_out=2027-01-03",
    ];
    for query in wrong {
        let answer = api.get(&format!("/v1/properties/{}/quote?{query}", property.id), None).await;
        answer.problem(422, "validation_failed");
    }
    let ends = "check_in=2000-01-01&check_out=2200-12-31";
    api.get(&format!("/v1/properties/{}/quote?{ends}", property.id), None).await.of_status(200);
    let host = kit.host().await;
    let draft = kit.draft(&host, |_| {}).await;
    let path = format!("/v1/properties/{}/quote?check_in={}&check_out={}", draft.id, in_days(3), in_days(4));
    api.get(&path, None).await.problem(404, "not_found");
}
