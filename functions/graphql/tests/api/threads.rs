//! Threads by GraphQL: the same rules as by REST, and one statement a level.

use serde_json::{Value, json};
use testkit::{Api, Kit, Person};

use crate::statements::Counter;
use crate::{CREATE_BOOKING, api, ask, code, data, stay};

const CREATE: &str = "mutation ($input: CreateThreadInput!) { createThread(input: $input) {
    thread { id propertyTitle unreadCount lastMessage { text kind } otherParty { firstName } } } }";
const SEND: &str = "mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
    message { id threadId text sender { id } } } }";

async fn send(api: &Api, person: &Person, to: Value) -> Value {
    data(api, Some(person), SEND, json!({ "input": to })).await["sendMessage"]["message"].clone()
}

#[tokio::test]
async fn a_thread_is_begun_answered_read_and_joined_by_a_booking() {
    let kit = Kit::start().await;
    let (api, host, guest, other) = (api(&kit), kit.host().await, kit.guest().await, kit.guest().await);
    let property = kit.listing_of(&host, |_| {}).await;
    let input = json!({ "input": { "propertyId": property.id, "text": "Is there a cot?", "idempotencyKey": "k" } });
    let made = data(&api, Some(&guest), CREATE, input.clone()).await["createThread"]["thread"].clone();
    assert_eq!(data(&api, Some(&guest), CREATE, input).await["createThread"]["thread"]["id"], made["id"]);
    assert_eq!(made["lastMessage"], json!({ "text": "Is there a cot?", "kind": "MESSAGE" }));
    assert_eq!(
        (&made["propertyTitle"], &made["otherParty"]["firstName"]),
        (&json!("A flat by the river"), &json!("Ada"))
    );
    let booking = data(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), "k2")).await;
    let booking = booking["createBooking"]["booking"]["id"].clone();
    let answer = send(&api, &host, json!({ "threadId": made["id"], "text": "Yes." })).await;
    assert_eq!((&answer["threadId"], &answer["sender"]["id"]), (&made["id"], &json!(host.id)));
    send(&api, &guest, json!({ "bookingId": booking, "text": "Good." })).await;
    let query = "query ($id: ID!, $booking: ID!, $after: String) {
        thread(id: $id) { unreadCount property { id } bookings { id }
            messages(first: 2, after: $after) { nodes { text event bookingId by } pageInfo { endCursor hasNextPage } } }
        node(id: $id) { __typename id }
        booking(id: $booking) { messages { nodes { text event } } } }";
    let variables = |after: Value| json!({ "id": made["id"], "booking": booking, "after": after });
    let seen = data(&api, Some(&guest), query, variables(Value::Null)).await;
    let thread = &seen["thread"];
    assert_eq!((&thread["unreadCount"], &thread["bookings"]), (&json!(1), &json!([{ "id": booking }])));
    assert_eq!(seen["node"]["__typename"], "Thread");
    let texts: Vec<_> = thread["messages"]["nodes"].as_array().expect("a list").iter().map(|it| &it["text"]).collect();
    assert_eq!(texts, ["Good.", "Yes."]);
    let next = data(&api, Some(&guest), query, variables(thread["messages"]["pageInfo"]["endCursor"].clone())).await;
    let requested = json!({ "text": null, "event": "REQUESTED", "bookingId": booking, "by": "GUEST" });
    assert_eq!(next["thread"]["messages"]["nodes"][0], requested);
    assert_eq!(seen["booking"]["messages"]["nodes"].as_array().map(Vec::len), Some(4));
    let read = "mutation ($input: MarkThreadReadInput!) { markThreadRead(input: $input) { thread { unreadCount } } }";
    let read = data(&api, Some(&guest), read, json!({ "input": { "threadId": made["id"] } })).await;
    assert_eq!(read["markThreadRead"]["thread"]["unreadCount"], 0);
    let unseen = data(&api, Some(&other), query, variables(Value::Null)).await;
    assert_eq!(unseen, json!({ "thread": null, "node": null, "booking": null }));
    let admin = data(&api, Some(&kit.admin().await), query, variables(Value::Null)).await;
    assert_eq!((&admin["thread"], &admin["booking"]["messages"]), (&Value::Null, &Value::Null));
    for to in [json!({ "threadId": made["id"] }), json!({ "bookingId": booking }), json!({ "threadId": "x" })] {
        let mut input = to;
        input["text"] = json!("Hello");
        assert_eq!(code(&ask(&api, Some(&other), SEND, json!({ "input": input })).await), "not_found");
    }
    for to in [json!({}), json!({ "threadId": made["id"], "bookingId": booking })] {
        let mut input = to;
        input["text"] = json!("Hello");
        assert_eq!(code(&ask(&api, Some(&guest), SEND, json!({ "input": input })).await), "validation_failed");
    }
    assert_eq!(code(&ask(&api, None, "{ threads { nodes { id } } }", json!({})).await), "unauthenticated");
}

#[tokio::test]
async fn threads_with_everything_below_take_one_statement_a_kind() {
    let kit = Kit::start().await;
    let (api, guest) = (api(&kit), kit.guest().await);
    for n in 0..5 {
        let property = kit.listed_property().await;
        data(&api, Some(&guest), CREATE_BOOKING, stay(property.id, (10, 12), &n.to_string())).await;
        let input = json!({ "propertyId": property.id, "text": "Hello" });
        data(&api, Some(&guest), CREATE, json!({ "input": input })).await;
    }
    let counter = Counter::start(&kit).await;
    let query = "{ threads(first: 10) { nodes { lastMessage { text sender { firstName } } otherParty { firstName }
        property { title } bookings { id } messages(first: 3) { nodes { text sender { id } } } } } }";
    let found = data(&api, Some(&guest), query, json!({})).await;
    assert_eq!(found["threads"]["nodes"].as_array().map(Vec::len), Some(5));
    let mut statements = counter.statements();
    statements.sort();
    statements.dedup();
    let expected = [
        "bookings.find_many",
        "messages.newest_of_threads",
        "properties.find_many_for_guest",
        "threads.list_of_user",
        "users.find_many",
    ];
    assert_eq!(statements, expected);
    let counter = Counter::start(&kit).await;
    let query = "{ bookings(first: 10) { nodes { messages(first: 3) { nodes { text } } } } }";
    let found = data(&api, Some(&guest), query, json!({})).await;
    assert_eq!(found["bookings"]["nodes"][4]["messages"]["nodes"].as_array().map(Vec::len), Some(2));
    let mut statements = counter.statements();
    statements.sort();
    assert_eq!(statements, ["bookings.list", "messages.newest_of_threads", "threads.ids_of_bookings"]);
}
