//! The local AWS as tests need it: tables shared by all of them (every key is unique), queues of their own.

use std::collections::HashMap;

use adapters::{Aws, SqsQueue};
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::TIMES_AS_LONG;
use crate::environment::require;

pub(crate) const SESSIONS: &str = "roost-test-sessions";
pub(crate) const ONE_TIME_TOKENS: &str = "roost-test-one-time-tokens";
pub(crate) const THROTTLES: &str = "roost-test-throttles";
pub(crate) const DELIVERIES: &str = "roost-test-deliveries";
pub(crate) const NOTIFICATIONS: &str = "roost-test-notifications";

pub(crate) const PHOTOS: &str = "roost-test-photos";

/// The tests' AWS.
pub struct LocalAws {
    aws: Aws,
    sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
}

impl LocalAws {
    /// Every table there is.
    pub const TABLES: [&str; 5] = [SESSIONS, ONE_TIME_TOKENS, THROTTLES, DELIVERIES, NOTIFICATIONS];

    /// Every item of a table, as text.
    pub async fn all_items(&self, table: &str) -> Vec<String> {
        let scan = self.dynamodb.scan().table_name(table).consistent_read(true).into_paginator().items().send();
        let items: Vec<_> = scan.try_collect().await.expect("the table answers");
        items.iter().map(|item| format!("{item:?}")).collect()
    }

    /// Clients for it.
    pub async fn connect() -> Self {
        require("AWS_ENDPOINT_URL");
        let aws = Aws::with_patience(TIMES_AS_LONG);
        let config = aws.config().await;
        let (sqs, dynamodb) = (aws_sdk_sqs::Client::new(config), aws_sdk_dynamodb::Client::new(config));
        Self { aws, sqs, dynamodb }
    }

    /// What the adapters are made of.
    pub fn adapters(&self) -> Aws {
        self.aws.clone()
    }

    /// Table of refresh sessions.
    pub const fn sessions_table(&self) -> &'static str {
        SESSIONS
    }

    /// Table of one-time tokens.
    pub const fn one_time_tokens_table(&self) -> &'static str {
        ONE_TIME_TOKENS
    }

    /// Table of attempts.
    pub const fn throttles_table(&self) -> &'static str {
        THROTTLES
    }

    /// Table of what workers have done.
    pub const fn deliveries_table(&self) -> &'static str {
        DELIVERIES
    }

    /// Makes the tables, once a process.
    pub async fn ensure_tables(&self) {
        static DONE: OnceCell<()> = OnceCell::const_new();
        DONE.get_or_init(|| async {
            self.table(SESSIONS, "family_id", Some(("by_user", "user_id"))).await;
            self.table(ONE_TIME_TOKENS, "token_hash", None).await;
            self.table(THROTTLES, "throttle_key", None).await;
            self.table(DELIVERIES, "delivery_id", None).await;
            self.sorted_table(NOTIFICATIONS, "user_id", "notification_id").await;
            bucket(PHOTOS).await;
        })
        .await;
    }

    async fn table(&self, name: &str, key: &str, index: Option<(&str, &str)>) {
        let hash = |name: &str| key_element(name, KeyType::Hash);
        let mut request = self.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        request = request.attribute_definitions(attribute(key)).key_schema(hash(key));
        if let Some((index, by)) = index {
            let projection = Projection::builder().projection_type(ProjectionType::All).build();
            let index = GlobalSecondaryIndex::builder().index_name(index).key_schema(hash(by)).projection(projection);
            request = request
                .attribute_definitions(attribute(by))
                .global_secondary_indexes(index.build().expect("name, key and projection are given"));
        }
        self.make(name, request).await;
    }

    async fn sorted_table(&self, name: &str, key: &str, sorted_by: &str) {
        let request = self.dynamodb.create_table().table_name(name).billing_mode(BillingMode::PayPerRequest);
        let request = request
            .attribute_definitions(attribute(key))
            .attribute_definitions(attribute(sorted_by))
            .key_schema(key_element(key, KeyType::Hash))
            .key_schema(key_element(sorted_by, KeyType::Range));
        self.make(name, request).await;
    }

    async fn make(&self, name: &str, request: CreateTableFluentBuilder) {
        if let Err(error) = request.send().await {
            let is_there = error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception());
            assert!(is_there, "the local AWS does not make the table {name} ({error:?}): run `cargo xtask test`");
        }
    }

    /// A new queue's URL.
    pub async fn new_queue(&self) -> String {
        let made = self.sqs.create_queue().queue_name(format!("roost-test-{}", Uuid::now_v7())).send().await;
        let made =
            made.unwrap_or_else(|error| panic!("the local AWS makes no queue ({error:?}): run `cargo xtask test`"));
        made.queue_url.expect("a queue has an address")
    }

    /// Publishes to the queue, as the functions do.
    pub fn publisher(&self, queue_url: &str) -> SqsQueue {
        SqsQueue::new(self.aws.clone(), queue_url)
    }

    /// Bodies of the messages on the queue, which leave it.
    pub async fn drain(&self, queue_url: &str) -> Vec<String> {
        let mut bodies = Vec::new();
        loop {
            let received = self.sqs.receive_message().queue_url(queue_url).max_number_of_messages(10).send().await;
            let messages = received.expect("the queue answers").messages.unwrap_or_default();
            if messages.is_empty() {
                return bodies;
            }
            for message in messages {
                let receipt = message.receipt_handle.expect("a message received has a handle");
                let deleted = self.sqs.delete_message().queue_url(queue_url).receipt_handle(receipt).send().await;
                deleted.expect("a message received can be deleted");
                bodies.extend(message.body);
            }
        }
    }

    /// An item of a table by its key; none when it is not there.
    pub async fn item(&self, table: &str, key: &str, value: &str) -> Option<HashMap<String, AttributeValue>> {
        let get = self.dynamodb.get_item().table_name(table).consistent_read(true);
        get.key(key, AttributeValue::S(value.to_owned())).send().await.expect("the table answers").item
    }

    /// Sets a number of an item, as if time had passed.
    pub async fn set_number(&self, table: &str, (key, value): (&str, &str), attribute: &str, number: i64) {
        let update = self.dynamodb.update_item().table_name(table).key(key, AttributeValue::S(value.to_owned()));
        update
            .update_expression("SET #attribute = :number")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":number", AttributeValue::N(number.to_string()))
            .send()
            .await
            .expect("the table answers");
    }
}

/// Makes a bucket; one that is there stays.
async fn bucket(name: &str) {
    let url = format!("{}/{name}", require("AWS_ENDPOINT_URL"));
    let made = reqwest::Client::new().put(url).send().await.expect("the local AWS answers");
    let is_there = made.status().is_success() || made.status().as_u16() == 409;
    assert!(is_there, "the local AWS makes no bucket ({}): run `cargo xtask test`", made.status());
}

fn attribute(name: &str) -> AttributeDefinition {
    let definition = AttributeDefinition::builder().attribute_name(name);
    definition.attribute_type(ScalarAttributeType::S).build().expect("name and type are given")
}

fn key_element(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("name and type are given")
}
