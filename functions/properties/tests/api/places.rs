//! `GET /v1/places`.

use testkit::Kit;

use crate::api;

#[tokio::test]
async fn suggestions_say_what_and_where_a_place_is() {
    let kit = Kit::start().await;
    kit.database
        .batch(
            "INSERT INTO places VALUES
                 (-1, 'city', 'Suva', 'FJ', NULL, -18141610, 178441490, 178300000, -18300000, 178600000, -18000000, 77366, '{fiji}'),
                 (-2, 'country', 'Fiji', 'FJ', NULL, -18141610, 178441490, 176700000, -19000000, -178500000, -12200000, 900000, '{fiji}');
             INSERT INTO place_names VALUES ('suva', -1, 77366), ('fiji', -2, 900000)",
        )
        .await;
    let api = api(&kit);
    let answer = api.get("/v1/places?q=Suva,%20Fiji", None).await;
    assert!(answer.header("cache-control").contains("max-age"));
    let found = answer.of_status(200);
    let suva = serde_json::json!({"data": [{
        "name": "Suva", "kind": "city", "country": "FJ", "latitude": -18.14161, "longitude": 178.44149,
        "bbox": [178.3, -18.3, 178.6, -18.0],
    }]});
    assert_eq!(found, suva);
    let fiji = api.get("/v1/places?q=fij&limit=1", None).await.of_status(200);
    assert_eq!(fiji["data"][0]["bbox"], serde_json::json!([176.7, -19.0, -178.5, -12.2]));
    assert_eq!(api.get("/v1/places?q=atlantis", None).await.of_status(200), serde_json::json!({"data": []}));
}

#[tokio::test]
async fn what_is_no_query_is_refused_with_every_fault() {
    let kit = Kit::start().await;
    let api = api(&kit);
    api.get("/v1/places", None).await.problem(422, "validation_failed");
    let long = "x".repeat(101);
    let answer = api.get(&format!("/v1/places?q={long}&limit=101&near=1"), None).await;
    let problem = answer.problem(422, "validation_failed");
    let faults = problem["errors"].as_array().expect("faults");
    let faults: Vec<_> = faults.iter().map(|fault| (fault["pointer"].as_str(), fault["code"].as_str())).collect();
    assert_eq!(
        faults,
        [
            (Some("?q"), Some("text_too_long")),
            (Some("?limit"), Some("out_of_range")),
            (Some("?near"), Some("unknown_parameter")),
        ]
    );
}
