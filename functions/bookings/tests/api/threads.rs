//! `/v1/threads`, and the thread of a booking.

use domain::id::{BookingId, PropertyId, ThreadId};
use serde_json::{Value, json};
use testkit::{Answer, Api, Kit, Person};
use tokio::task::JoinSet;

use crate::{api, book, stay};

async fn ask(api: &Api, guest: &Person, property_id: PropertyId, text: &str) -> Answer {
    api.post("/v1/threads", Some(&guest.token), &json!({ "property_id": property_id, "text": text })).await
}

async fn write(api: &Api, person: &Person, path: &str, text: &str) -> Answer {
    api.post(path, Some(&person.token), &json!({ "text": text })).await
}

/// What is read there, oldest first: words, or `*event`.
async fn said(api: &Api, person: &Person, path: &str) -> Vec<String> {
    let page = api.get(&format!("{path}?limit=100"), Some(&person.token)).await.of_status(200);
    let newest_first = page["data"].as_array().expect("a list").iter();
    let line = |message: &Value| match message["kind"].as_str() {
        Some("system") => format!("*{}", message["event"].as_str().expect("an event")),
        _ => message["text"].as_str().expect("words").to_owned(),
    };
    newest_first.rev().map(line).collect()
}

async fn unread(api: &Api, person: &Person, thread: &Value) -> Value {
    let path = format!("/v1/threads/{}", thread["id"].as_str().expect("an id"));
    api.get(&path, Some(&person.token)).await.of_status(200)["unread_count"].clone()
}

fn text<'a>(json: &'a Value, member: &str) -> &'a str {
    json[member].as_str().expect("a text")
}

#[tokio::test]
async fn a_question_is_one_thread_that_asking_again_continues() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let answer = ask(&api, &guest, property.id, "  Is there a cot?\n").await;
    let thread = answer.of_status(201);
    assert_eq!(answer.header("location"), format!("/v1/threads/{}", text(&thread, "id")));
    assert_eq!(thread["property"], json!({ "id": property.id, "title": "A flat by the river" }));
    assert_eq!((&thread["guest_id"], &thread["host_id"]), (&json!(guest.id), &json!(host.id)));
    assert_eq!((&thread["other_party"]["id"], &thread["other_party"]["first_name"]), (&json!(host.id), &json!("Ada")));
    assert_eq!(thread["other_party"].get("email"), None);
    assert_eq!((&thread["booking_ids"], &thread["unread_count"]), (&json!([]), &json!(0)));
    let message = &thread["last_message"];
    assert_eq!((&message["kind"], &message["text"]), (&json!("message"), &json!("Is there a cot?")));
    assert_eq!((&message["sender_id"], &message["event"]), (&json!(guest.id), &Value::Null));
    let again = ask(&api, &guest, property.id, "And a high chair?").await.of_status(201);
    assert_eq!(again["id"], thread["id"]);
    let path = format!("/v1/threads/{}/messages", text(&thread, "id"));
    write(&api, &host, &path, "Both.").await.of_status(201);
    assert_eq!(said(&api, &guest, &path).await, ["Is there a cot?", "And a high chair?", "Both."]);
    assert_eq!(said(&api, &host, &path).await.len(), 3);
    let received: Vec<_> = kit.events.taken().into_iter().filter(|it| it.kind.as_str() == "message.received").collect();
    let told: Vec<Value> = received.iter().map(|event| event.data["recipient_id"].clone()).collect();
    assert_eq!(told, [json!(host.id), json!(host.id), json!(guest.id)]);
}

#[tokio::test]
async fn a_booking_joins_the_thread_and_its_message_is_the_guests_first() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let mut body = stay(property.id, (10, 12));
    body["message"] = json!("We come by train.");
    let first = book(&api, &guest, &body).await.of_status(201);
    let path = format!("/v1/bookings/{}/messages", text(&first, "id"));
    assert_eq!(said(&api, &host, &path).await, ["*requested", "We come by train."]);
    let asked = ask(&api, &guest, property.id, "Which station?").await.of_status(201);
    assert_eq!(asked["booking_ids"], json!([first["id"]]));
    let second = book(&api, &guest, &stay(property.id, (20, 22))).await.of_status(201);
    write(&api, &host, &format!("/v1/bookings/{}/messages", text(&second, "id")), "The main one.").await.of_status(201);
    let all = ["*requested", "We come by train.", "Which station?", "*requested", "The main one."];
    assert_eq!(said(&api, &guest, &path).await, all);
    let thread = api.get(&format!("/v1/threads/{}", text(&asked, "id")), Some(&guest.token)).await.of_status(200);
    assert_eq!((&thread["booking_ids"], &thread["unread_count"]), (&json!([second["id"], first["id"]]), &json!(1)));
    assert_eq!(unread(&api, &host, &thread).await, 2);
    let other = kit.guest().await;
    book(&api, &other, &stay(property.id, (30, 32))).await.of_status(201);
    assert_eq!(said(&api, &guest, &path).await, all, "another guest's thread is another");
}

#[tokio::test]
async fn what_happens_to_a_booking_stands_among_the_messages() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let booking = book(&api, &guest, &stay(property.id, (10, 12))).await.of_status(201);
    let path = format!("/v1/bookings/{}", text(&booking, "id"));
    write(&api, &guest, &format!("{path}/messages"), "Something came up.").await.of_status(201);
    api.post(&format!("{path}/cancel"), Some(&guest.token), &json!({})).await.of_status(200);
    write(&api, &host, &format!("{path}/messages"), "A pity.").await.of_status(201);
    let messages = format!("{path}/messages");
    assert_eq!(said(&api, &host, &messages).await, ["*requested", "Something came up.", "*cancelled", "A pity."]);
    let page = api.get(&messages, Some(&host.token)).await.of_status(200);
    let cancelled = &page["data"][1];
    assert_eq!((&cancelled["booking_id"], &cancelled["by"]), (&booking["id"], &json!("guest")));
    assert_eq!((&cancelled["sender_id"], &cancelled["text"]), (&Value::Null, &Value::Null));
    let expiring = book(&api, &guest, &stay(property.id, (20, 22))).await.of_status(201);
    kit.database.advance(jiff::SignedDuration::from_mins(15)).await;
    assert_eq!(kit.services.run_maintenance().await.failed_steps, Vec::<&str>::new());
    assert_eq!(said(&api, &host, &messages).await[4..], ["*requested", "*expired"]);
    let refused = kit.guest().await;
    api.post_keyed("/v1/bookings", Some(&refused.token), "k", &stay(property.id, (-1, 2))).await.of_status(422);
    let threads: i64 = kit.database.value("SELECT count(*) FROM threads", &[]).await;
    assert_eq!(threads, 1, "what is refused begins none; {}", expiring["id"]);
}

#[tokio::test]
async fn only_what_the_other_side_wrote_is_unread_until_it_is_marked() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let thread = ask(&api, &guest, property.id, "One").await.of_status(201);
    let path = format!("/v1/threads/{}", text(&thread, "id"));
    write(&api, &guest, &format!("{path}/messages"), "Two").await.of_status(201);
    book(&api, &guest, &stay(property.id, (10, 12))).await.of_status(201);
    assert_eq!((unread(&api, &guest, &thread).await, unread(&api, &host, &thread).await), (json!(0), json!(2)));
    let read = api.post(&format!("{path}/read"), Some(&host.token), &json!({})).await.of_status(200);
    assert_eq!((&read["id"], &read["unread_count"]), (&thread["id"], &json!(0)));
    write(&api, &host, &format!("{path}/messages"), "Three").await.of_status(201);
    assert_eq!((unread(&api, &guest, &thread).await, unread(&api, &host, &thread).await), (json!(1), json!(0)));
    api.post(&format!("{path}/read"), Some(&guest.token), &Value::Null).await.of_status(200);
    assert_eq!(unread(&api, &guest, &thread).await, 0);
}

#[tokio::test]
async fn own_threads_are_listed_newest_message_first_on_either_side() {
    let kit = Kit::start().await;
    let (api, me, other) = (api(&kit), kit.person().await, kit.person().await);
    let mut made = Vec::new();
    let mine = kit.listing_of(&me, |_| {}).await;
    for n in 0..5 {
        let thread = if n % 2 == 0 {
            let property = kit.listing_of(&other, |_| {}).await;
            ask(&api, &me, property.id, "As guest").await
        } else {
            ask(&api, &kit.guest().await, mine.id, "As host").await
        };
        made.insert(0, thread.of_status(201)["id"].clone());
    }
    // The oldest comes first when somebody writes there.
    let oldest = made.pop().expect("five");
    let path = format!("/v1/threads/{}/messages", oldest.as_str().expect("an id"));
    write(&api, &other, &path, "Hello?").await.of_status(201);
    made.insert(0, oldest);
    let (mut seen, mut query) = (Vec::new(), "?limit=2".to_owned());
    loop {
        let page = api.get(&format!("/v1/threads{query}"), Some(&me.token)).await.of_status(200);
        seen.extend(page["data"].as_array().expect("a list").iter().map(|thread| thread["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, made);
    let of_other = api.get("/v1/threads", Some(&other.token)).await.of_status(200);
    assert_eq!(of_other["data"].as_array().map(Vec::len), Some(3));
    assert_eq!(
        (&of_other["data"][0]["other_party"]["id"], &of_other["data"][0]["unread_count"]),
        (&json!(me.id), &json!(1))
    );
    let strangers = api.get("/v1/threads", Some(&kit.guest().await.token)).await.of_status(200);
    assert_eq!(strangers["data"], json!([]));
}

#[tokio::test]
async fn a_page_of_messages_is_followed_by_the_next_whatever_is_written_meanwhile() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let thread = ask(&api, &guest, property.id, "1").await.of_status(201);
    let path = format!("/v1/threads/{}/messages", text(&thread, "id"));
    for n in 2..=5 {
        write(&api, &guest, &path, &n.to_string()).await.of_status(201);
    }
    let first = api.get(&format!("{path}?limit=2"), Some(&guest.token)).await.of_status(200);
    write(&api, &guest, &path, "6").await.of_status(201);
    let next = format!("{path}?limit=2&cursor={}", text(&first, "next_cursor"));
    let second = api.get(&next, Some(&guest.token)).await.of_status(200);
    let texts = |page: &Value| -> Vec<Value> {
        page["data"].as_array().expect("a list").iter().map(|message| message["text"].clone()).collect()
    };
    assert_eq!((texts(&first), texts(&second)), (vec![json!("5"), json!("4")], vec![json!("3"), json!("2")]));
    let foreign = ask(&api, &guest, kit.listed_property().await.id, "x").await.of_status(201);
    let foreign = format!("/v1/threads/{}/messages?cursor={}", text(&foreign, "id"), text(&first, "next_cursor"));
    api.get(&foreign, Some(&guest.token)).await.problem(422, "invalid_cursor");
}

#[tokio::test]
async fn strangers_find_nothing_and_leave_nothing() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let thread = ask(&api, &guest, property.id, "Hello").await.of_status(201);
    let booking = book(&api, &guest, &stay(property.id, (10, 12))).await.of_status(201);
    let own = format!("/v1/threads/{}", text(&thread, "id"));
    let unknown = format!("/v1/threads/{}", ThreadId::new());
    let of_booking = format!("/v1/bookings/{}", text(&booking, "id"));
    let unknown_booking = format!("/v1/bookings/{}", BookingId::new());
    for person in [&kit.guest().await, &kit.admin().await] {
        for thread in [own.as_str(), &unknown, "/v1/threads/nonsense", &format!("/v1/threads/{}", guest.id)] {
            api.get(thread, Some(&person.token)).await.problem(404, "not_found");
            let read = api.post(&format!("{thread}/read"), Some(&person.token), &json!({})).await;
            read.problem(404, "not_found");
        }
        for at in [&own, &unknown, &of_booking, &unknown_booking] {
            api.get(&format!("{at}/messages"), Some(&person.token)).await.problem(404, "not_found");
            write(&api, person, &format!("{at}/messages"), "Hello").await.problem(404, "not_found");
        }
    }
    for path in ["/v1/threads", &own, &format!("{own}/messages"), &format!("{of_booking}/messages")] {
        api.get(path, None).await.problem(401, "unauthenticated");
    }
    let rows: i64 = kit.database.value("SELECT count(*) FROM messages", &[]).await;
    assert_eq!(rows, 2, "the question, and that something was booked");
}

#[tokio::test]
async fn who_may_not_deal_with_others_may_read_and_not_write() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    ask(&api, &kit.unverified().await, property.id, "Hello").await.problem(403, "email_unverified");
    let thread = ask(&api, &guest, property.id, "Hello").await.of_status(201);
    let booking = book(&api, &guest, &stay(property.id, (10, 12))).await.of_status(201);
    let path = format!("/v1/threads/{}/messages", text(&thread, "id"));
    let of_booking = format!("/v1/bookings/{}/messages", text(&booking, "id"));
    for (change, code) in [("suspended_at = now()", "forbidden"), ("email_verified_at = NULL", "email_unverified")] {
        kit.database.batch("UPDATE users SET suspended_at = NULL, email_verified_at = now()").await;
        kit.database.execute(&format!("UPDATE users SET {change} WHERE id = $1"), &[&guest.id.uuid()]).await;
        write(&api, &guest, &path, "x").await.problem(403, code);
        write(&api, &guest, &of_booking, "x").await.problem(403, code);
        ask(&api, &guest, property.id, "x").await.problem(403, code);
        assert_eq!(said(&api, &guest, &path).await, ["Hello", "*requested"]);
        write(&api, &host, &path, "Are you there?").await.of_status(201);
        kit.database
            .batch("DELETE FROM messages WHERE text = 'Are you there?'; UPDATE threads SET last_position = 2")
            .await;
    }
}

#[tokio::test]
async fn only_other_peoples_listings_are_asked_about() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let (property, draft) = (kit.listing_of(&host, |_| {}).await, kit.draft(&host, |_| {}).await);
    let fault = |code: &str| vec![("/property_id".to_owned(), code.to_owned())];
    assert_eq!(ask(&api, &host, property.id, "Hello me").await.faults(), fault("own_property"));
    for hidden in [draft.id, PropertyId::new()] {
        assert_eq!(ask(&api, &guest, hidden, "Hello").await.faults(), fault("not_found"));
    }
    let thread = ask(&api, &guest, property.id, "Hello").await.of_status(201);
    kit.database.batch("UPDATE properties SET status = 'unlisted'").await;
    assert_eq!(ask(&api, &guest, property.id, "Still there?").await.of_status(201)["id"], thread["id"]);
    assert_eq!(ask(&api, &kit.guest().await, property.id, "Hello").await.faults(), fault("not_found"));
}

#[tokio::test]
async fn words_are_1_to_5000_characters() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let thread = ask(&api, &guest, property.id, &format!(" {} ", "ö".repeat(5_000))).await.of_status(201);
    let path = format!("/v1/threads/{}/messages", text(&thread, "id"));
    for (words, code) in [(" \n ", "required"), (&*"x".repeat(5_001), "text_too_long"), ("a\0", "invalid_characters")] {
        let fault = vec![("/text".to_owned(), code.to_owned())];
        assert_eq!(write(&api, &guest, &path, words).await.faults(), fault);
        assert_eq!(ask(&api, &guest, property.id, words).await.faults(), fault);
    }
    let unknown = api.post(&path, Some(&guest.token), &json!({ "text": "x", "to": 1 })).await;
    assert_eq!(unknown.faults(), [("/to".to_owned(), "unknown_field".to_owned())]);
}

#[tokio::test]
async fn the_same_key_writes_once() {
    let kit = Kit::start().await;
    let (api, guest, property) = (api(&kit), kit.guest().await, kit.listed_property().await);
    let body = json!({ "property_id": property.id, "text": "Hello" });
    let first = api.post_keyed("/v1/threads", Some(&guest.token), "k", &body).await;
    let again = api.post_keyed("/v1/threads", Some(&guest.token), "k", &body).await;
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    assert_eq!(again.header("idempotent-replayed"), "true");
    let path = format!("/v1/threads/{}/messages", text(&first.json(), "id"));
    assert_eq!(said(&api, &guest, &path).await, ["Hello"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_at_once_is_in_one_thread_each_at_its_place() {
    let kit = Kit::start().await;
    let (api, host, guest) = (api(&kit), kit.host().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let (api, guest) = (api.clone(), guest.clone());
        tasks.spawn(async move {
            if n % 4 == 0 {
                book(&api, &guest, &stay(property.id, (10 + n, 11 + n))).await.of_status(201);
            } else {
                ask(&api, &guest, property.id, &n.to_string()).await.of_status(201);
            }
        });
    }
    tasks.join_all().await;
    let threads = api.get("/v1/threads", Some(&host.token)).await.of_status(200);
    assert_eq!(threads["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(threads["data"][0]["unread_count"], 15);
    assert_eq!(threads["data"][0]["booking_ids"].as_array().map(Vec::len), Some(5));
    let path = format!("/v1/threads/{}/messages", text(&threads["data"][0], "id"));
    let said = said(&api, &guest, &path).await;
    assert_eq!((said.len(), said.iter().filter(|line| *line == "*requested").count()), (20, 5));
    assert_eq!(kit.database.value::<i64>("SELECT max(position) FROM messages", &[]).await, 20);
}
