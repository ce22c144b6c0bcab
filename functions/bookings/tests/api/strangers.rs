//! Who is refused before anything is looked at.

use axum::http::Method;
use serde_json::json;
use testkit::Kit;

use crate::{api, stay};

#[tokio::test]
async fn strangers_and_bad_tokens_are_401() {
    let kit = Kit::start().await;
    let (api, property) = (api(&kit), kit.listed_property().await);
    let stay = stay(property.id, (10, 12));
    for token in [None, Some("x")] {
        api.post_keyed("/v1/bookings", token, "k", &stay).await.problem(401, "unauthenticated");
        api.get("/v1/bookings", token).await.problem(401, "unauthenticated");
        let path = format!("/v1/bookings/{}", domain::id::BookingId::new());
        api.get(&path, token).await.problem(401, "unauthenticated");
    }
    let answer = api.call(Method::DELETE, "/v1/bookings", None, &json!(null)).await;
    answer.problem(405, "method_not_allowed");
    let rows: i64 = kit.database.value("SELECT count(*) FROM bookings", &[]).await;
    assert_eq!(rows, 0);
}
