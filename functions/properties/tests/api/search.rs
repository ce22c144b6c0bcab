//! `GET /v1/properties`.

use serde_json::Value;
use testkit::{Kit, in_days};

use crate::api;

#[tokio::test]
async fn a_hit_has_the_stay_s_price_when_dates_are_given_and_never_the_very_place() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    let property = kit.listing_of(&host, |details| details.base_price_minor = Some(10_001)).await;
    let dates = format!("check_in={}&check_out={}", in_days(10), in_days(13));
    let found = api.get(&format!("/v1/properties?bbox=2,48,3,49&{dates}&guests=2"), None).await.of_status(200);
    let hit = &found["data"][0];
    assert_eq!(hit["id"], property.id.to_string());
    assert_eq!((&hit["location"]["exact"], hit["location"].get("street")), (&false.into(), None));
    // 300.03 and 14.2 % of it: 42.60426 -> 42.60.
    assert_eq!(hit["stay"]["total"]["amount"], 34_263);
    assert_eq!((&hit["stay"]["nights"], &hit["stay"]["nightly_average"]["amount"]), (&3.into(), &11_421.into()));
    let quote = api.get(&format!("/v1/properties/{}/quote?{dates}&guests=2", property.id), None).await.of_status(200);
    assert_eq!(quote["price"]["total"], hit["stay"]["total"]);
    let without = api.get("/v1/properties", None).await.of_status(200);
    assert!(without["data"][0].get("stay").is_none());
    // Also for the host: a search is the same for everybody.
    let own = api.get("/v1/properties", Some(&host.token)).await;
    assert!(own.status == 200 && own.json()["data"][0]["location"]["exact"] == false, "{}", own.json());
}

#[tokio::test]
async fn links_lead_through_all_pages_and_a_cursor_is_good_for_its_own_filters() {
    let kit = Kit::start().await;
    let (api, host) = (api(&kit), kit.host().await);
    for _ in 0..5 {
        kit.listing_of(&host, |_| {}).await;
    }
    let mut path = "/v1/properties?bbox=2,48,3,49&guests=1&limit=2".to_owned();
    let mut ids = Vec::new();
    let mut cursors = Vec::new();
    loop {
        let answer = api.get(&path, None).await;
        let page = answer.of_status(200);
        ids.extend(page["data"].as_array().into_iter().flatten().map(|hit| hit["id"].to_string()));
        let Some(cursor) = page["next_cursor"].as_str() else {
            assert_eq!((&page["next_cursor"], answer.header("link")), (&Value::Null, ""));
            break;
        };
        cursors.push(cursor.to_owned());
        let link = answer.header("link");
        assert!(link.ends_with(">; rel=\"next\""), "{link}");
        path =
            link.trim_start_matches(&format!("<{}", testkit::BASE_URL)).trim_end_matches(">; rel=\"next\"").to_owned();
    }
    assert_eq!((ids.len(), cursors.len()), (5, 2));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5);
    for query in ["guests=2&bbox=2,48,3,49", "guests=1", "guests=1&bbox=2,48,3,50"] {
        let answer = api.get(&format!("/v1/properties?{query}&limit=2&cursor={}", cursors[0]), None).await;
        answer.problem(422, "invalid_cursor");
    }
    let altered = format!("x{}", &cursors[0][1..]);
    let answer = api.get(&format!("/v1/properties?guests=1&bbox=2,48,3,49&cursor={altered}"), None).await;
    answer.problem(422, "invalid_cursor");
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_422_and_never_500() {
    let kit = Kit::start().await;
    let api = api(&kit);
    let wrong = [
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "bbox=0,10,1,5",
        "bbox=-181,0,1,1",
        "bbox=0,0,1,91",
        "bbox=NaN,0,1,1",
        "bbox=0,0,1,1&bbox=0,0,1,1",
        "check_in=2027-01-01",
        "check_out=2027-01-01",
        "check_in=2027-01-03&check_out=2027-01-01",
        "check_in=2027-01-01&check_out=2027-01-01",
        "guests=0",
        "guests=x",
        "currency=usd",
        "min_price=-1",
        "max_price=1e3",
        "max_price=99999999999999999999",
        "sort=cheapest",
        "limit=0",
        "limit=101",
        "cursor=",
        "extra=1",
        "%00=1",
    ];
    for query in wrong {
        let answer = api.get(&format!("/v1/properties?{query}"), None).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.json());
    }
    let both = api.get("/v1/properties?guests=0&limit=0&check_in=x&check_out=2027-01-03", None).await.faults();
    assert_eq!(both.len(), 3, "{both:?}");
    for query in
        ["bbox=180,-90,-180,90", "bbox=-180,-90,180,90", "min_price=5&max_price=1", "currency=KWD", "limit=100"]
    {
        api.get(&format!("/v1/properties?{query}"), None).await.of_status(200);
    }
}
