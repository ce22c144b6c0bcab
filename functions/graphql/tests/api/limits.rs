//! Requests that ask for too much.

use std::fmt::Write as _;

use serde_json::{Value, json};
use testkit::Kit;

use crate::statements::Counter;
use crate::{api, ask, code};

/// `property { host … }` nested so that the innermost field is so many levels deep.
fn nested(levels: usize) -> String {
    // booking, then payment and booking in turn, then the id.
    let mut query = String::from("{ booking(id: \"book_1\") {");
    for level in 2..levels {
        query.push_str(if level % 2 == 0 { " payment {" } else { " booking {" });
    }
    query.push_str(" id");
    query + &"}".repeat(levels)
}

async fn refusal(query: &str) -> Value {
    let kit = Kit::start().await;
    let counter = Counter::start(&kit).await;
    let answer = ask(&api(&kit), None, query, json!({})).await;
    assert_eq!(counter.statements(), Vec::<String>::new());
    answer
}

#[tokio::test]
async fn twelve_levels_are_answered_and_thirteen_refused() {
    assert_eq!(code(&refusal(&nested(12)).await), "unauthenticated");
    let refused = refusal(&nested(13)).await;
    assert_eq!(code(&refused), "query_too_deep");
    assert_eq!(refused.get("data"), None);
}

#[tokio::test]
async fn depth_is_counted_through_fragments() {
    let query = nested(12).replace(" id}", " ...F}") + " fragment F on Booking { property { id } }";
    assert_eq!(code(&refusal(&query).await), "query_too_deep");
}

#[tokio::test]
async fn introspection_may_be_fifteen_levels_deep() {
    let of_type = |levels: usize| {
        format!(
            "{{ __schema {{ types {{ fields {{ type {{ {} name {} }} }} }} }} }}",
            "ofType { ".repeat(levels),
            "}".repeat(levels)
        )
    };
    assert!(refusal(&of_type(10)).await["data"].is_object());
    assert_eq!(code(&refusal(&of_type(11)).await), "query_too_deep");
}

#[tokio::test]
async fn a_hundred_aliases_are_answered_and_one_more_refused() {
    let aliases = |count: usize| {
        let mut query = String::from("{");
        (0..count).for_each(|n| write!(query, " a{n}: __typename").expect("into memory"));
        query + " }"
    };
    assert!(refusal(&aliases(100)).await["data"].is_object());
    assert_eq!(code(&refusal(&aliases(101)).await), "too_many_aliases");
}

#[tokio::test]
async fn lists_cost_their_length_times_what_is_asked_of_each() {
    let search = |first: u32| {
        format!(
            "{{ properties(first: {first}) {{ nodes {{ id title kind roomType currency maxGuests beds bedrooms bathrooms }} }} }}"
        )
    };
    assert_eq!(code(&refusal(&search(100)).await), "query_too_complex");
    let kit = Kit::start().await;
    assert!(ask(&api(&kit), None, &search(99), json!({})).await["data"]["properties"].is_object());
}

#[tokio::test]
async fn fragments_in_fragments_do_not_grow_without_bound() {
    let mut query = String::from("{ ...F0 }");
    (0..60).for_each(|n| {
        let next = n + 1;
        write!(query, " fragment F{n} on Query {{ ...F{next} ...F{next} }}").expect("into memory");
    });
    query.push_str(" fragment F60 on Query { __typename }");
    assert_eq!(code(&refusal(&query).await), "query_too_complex");
}

#[tokio::test]
async fn fragments_within_themselves_are_refused() {
    let answer = refusal("{ ...F } fragment F on Query { me { id } ...F }").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "invalid_query");
}

#[tokio::test]
async fn a_batch_of_eleven_is_refused_whole() {
    let kit = Kit::start().await;
    let batch = |count: usize| Value::Array(vec![json!({ "query": "{ __typename }" }); count]);
    let ten = api(&kit).post("/graphql", None, &batch(10)).await.of_status(200);
    assert_eq!(ten.as_array().map(Vec::len), Some(10));
    let eleven = api(&kit).post("/graphql", None, &batch(11)).await.of_status(400);
    assert_eq!(code(&eleven), "batch_too_large");
}
