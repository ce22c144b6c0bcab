//! `GET /v1/users/{id}`.

use testkit::{Kit, redacted};

use crate::api;

#[tokio::test]
async fn anybody_sees_first_name_and_no_more_of_a_person() {
    let kit = Kit::start().await;
    let guest = kit.guest().await;
    let user = api(&kit).get(&format!("/v1/users/{}", guest.id), None).await.of_status(200);
    let text = user.to_string();
    assert!(!text.contains(&guest.email) && !text.contains("Lovelace"), "{text}");
    for member in ["email", "phone", "last_name", "role", "locale", "currency"] {
        assert!(user.get(member).is_none(), "{member}");
    }
    let shown = redacted(&user, &[]);
    assert_eq!((&shown["first_name"], &shown["member_since"]), (&"Ada".into(), &"[instant]".into()));
}

#[tokio::test]
async fn what_is_no_user_s_id_is_not_found() {
    let kit = Kit::start().await;
    let uuid = kit.guest().await.id.uuid();
    let other = domain::id::UserId::new();
    let property = domain::id::PropertyId::from_uuid(uuid);
    for id in [
        other.to_string(),
        property.to_string(),
        uuid.to_string(),
        "user_".to_owned(),
        "x".to_owned(),
        "%00".to_owned(),
        "user_%F0%9F%A6%80".to_owned(),
    ] {
        api(&kit).get(&format!("/v1/users/{id}"), None).await.problem(404, "not_found");
    }
}
