//! Nobody reads the other side's review before both are in, or the window is over.

use jiff::SignedDuration;
use serde_json::{Value, json};
use testkit::{Api, Kit, Person};
use tokio::task::JoinSet;

use crate::{api, events, path, post, review, stayed};

async fn listed(api: &Api, property: &impl std::fmt::Display) -> Value {
    api.get(&format!("/v1/properties/{property}/reviews"), None).await.of_status(200)
}

#[tokio::test]
async fn a_hidden_review_is_there_for_its_author_and_admins_alone() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (property, booking) = stayed(&kit, &host, &guest).await;
    let id = post(&api, &guest, &review(booking, 2)).await.of_status(201)["id"].clone();
    let path = path(&id, "");
    api.get(&path, Some(&guest.token)).await.of_status(200);
    api.get(&path, Some(&kit.admin().await.token)).await.of_status(200);
    for token in [Some(host.token.as_str()), Some(kit.guest().await.token.as_str()), None] {
        api.get(&path, token).await.problem(404, "not_found");
    }
    let page = listed(&api, &property.id).await;
    assert_eq!((&page["data"], &page["rating"]["count"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn both_are_published_when_the_second_comes_in() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (property, booking) = stayed(&kit, &host, &guest).await;
    let of_guest = post(&api, &guest, &review(booking, 4)).await.of_status(201);
    let of_host = post(&api, &host, &review(booking, 5)).await.of_status(201);
    assert_eq!((&of_guest["status"], &of_host["status"]), (&json!("hidden"), &json!("published")));
    let seen = |person: Option<&Person>, id: &Value| {
        let (api, path, token) = (api.clone(), path(id, ""), person.map(|person| person.token.clone()));
        async move { api.get(&path, token.as_deref()).await.of_status(200) }
    };
    assert_eq!(seen(Some(&host), &of_guest["id"]).await["private_text"], "The tap drips.");
    let by_stranger = seen(None, &of_guest["id"]).await;
    assert_eq!((by_stranger.get("private_text"), by_stranger.get("booking_id")), (None, None));
    assert_eq!(by_stranger["status"], "published");
    let avatar = kit.avatar(guest.id).await;
    let page = listed(&api, &property.id).await;
    let large = format!("https://photos.roost.test/photos/{avatar}/400.jpg");
    assert_eq!(page["data"][0]["author_avatar"]["large"], large);
    assert_eq!(page["data"].as_array().map(Vec::len), Some(1), "the host's is of the guest, not of the place");
    assert_eq!((&page["data"][0]["id"], &page["data"][0]["author_first_name"]), (&of_guest["id"], &json!("Ada")));
    let mut kinds = events(&kit);
    kinds.sort_unstable();
    assert_eq!(kinds, ["review.published", "review.published", "review.received", "review.received"]);
}

#[tokio::test]
async fn one_side_alone_is_read_when_the_window_is_over_though_no_sweeper_came() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let (property, booking) = stayed(&kit, &host, &guest).await;
    let id = post(&api, &guest, &review(booking, 3)).await.of_status(201)["id"].clone();
    kit.database.advance(SignedDuration::from_hours(24 * 14)).await;
    let seen = api.get(&path(&id, ""), None).await.of_status(200);
    assert_eq!((&seen["status"], &seen["published_at"]), (&json!("published"), &seen["closes_at"]));
    let page = listed(&api, &property.id).await;
    assert_eq!((&page["data"][0]["id"], &page["rating"]["count"]), (&id, &json!(1)));
    assert_eq!(page["rating"]["average"], json!(3.0));
    assert_eq!(events(&kit), ["review.received"]);
    let report = kit.services.run_maintenance().await;
    assert_eq!((report.published_reviews, report.failed_steps), (1, vec![]));
    assert_eq!(kit.services.run_maintenance().await.published_reviews, 0);
    assert_eq!(listed(&api, &property.id).await, page, "the sweep changes nothing that is read");
    assert_eq!(events(&kit), ["review.received", "review.published"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn sides_that_write_at_the_same_moment_are_both_published() {
    let kit = Kit::start().await;
    let (host, guest, api) = (kit.host().await, kit.guest().await, api(&kit));
    let property = kit.listing_of(&host, |_| {}).await;
    let mut bookings = Vec::new();
    for n in 0..5 {
        bookings.push(kit.confirmed_stay(&guest, property.id, (10 + n, 11 + n)).await);
    }
    kit.database.advance(SignedDuration::from_hours(24 * 22)).await;
    let mut tasks = JoinSet::new();
    for booking in bookings {
        for author in [&host, &guest] {
            let (api, author, body) = (api.clone(), author.clone(), review(booking, 5));
            tasks.spawn(async move { post(&api, &author, &body).await.of_status(201) });
        }
    }
    tasks.join_all().await;
    let hidden: i64 = kit.database.value("SELECT count(*) FROM reviews WHERE published_at IS NULL", &[]).await;
    assert_eq!(hidden, 0);
    assert_eq!(listed(&api, &property.id).await["rating"]["count"], json!(5));
}
