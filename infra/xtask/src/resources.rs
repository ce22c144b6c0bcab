//! Makes what `template.yaml` declares on the local AWS: queues, tables, buckets, secrets, the mail identity. Every call may
//! be repeated: what is there already stays, with what it holds.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types as table;
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use crate::local::{BUCKETS, IDENTITIES, QUEUES, SECRETS, TABLES};
use crate::ministack::{REGION, endpoint};
use crate::template::{Resource, Template, text};

/// Clients of the local AWS.
#[derive(Clone)]
pub(crate) struct Aws {
    /// Queues.
    pub(crate) sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    secrets: aws_sdk_secretsmanager::Client,
    mail: aws_sdk_sesv2::Client,
    http: reqwest::Client,
    endpoint: String,
}

impl Aws {
    /// Clients of the local AWS on `port`. Nothing is sent yet.
    pub(crate) async fn new(port: u16) -> Self {
        let credentials = aws_sdk_sqs::config::Credentials::new("test", "test", None, None, "local stack");
        let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(endpoint(port))
            .region(aws_config::Region::new(REGION))
            .credentials_provider(credentials)
            .load()
            .await;
        Self {
            sqs: aws_sdk_sqs::Client::new(&config),
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            mail: aws_sdk_sesv2::Client::new(&config),
            http: reqwest::Client::new(),
            endpoint: endpoint(port),
        }
    }

    /// Makes everything the template declares; returns how many of each there are, for the reader. Two may do so at
    /// once (`stack start` and the keeper, after a crash): what the other has just made counts as there.
    pub(crate) async fn ensure(&self, template: &Template, values: &BTreeMap<String, Value>) -> Result<String> {
        let mut queues = template.resources(QUEUES)?;
        // A queue names its dead-letter queue, which must be there first.
        queues.sort_by_key(|queue| !template.raw_property(queue, "RedrivePolicy").is_null());
        for queue in &queues {
            self.queue(template, queue).await.with_context(|| format!("making the queue {}", queue.id))?;
        }
        let tables = template.resources(TABLES)?;
        for table in &tables {
            self.table(template, table).await.with_context(|| format!("making the table {}", table.id))?;
        }
        let buckets = template.resources(BUCKETS)?;
        for bucket in &buckets {
            self.bucket(template, bucket).await.with_context(|| format!("making the bucket {}", bucket.id))?;
        }
        let secrets = template.resources(SECRETS)?;
        for secret in &secrets {
            let name = template.physical_name(secret)?;
            let value = values.get(&name).with_context(|| {
                format!("no function's environment says what the secret {} is; see infra/xtask/src/local.rs", secret.id)
            })?;
            self.secret(&name, value).await.with_context(|| format!("making the secret {name}"))?;
        }
        let identities = template.resources(IDENTITIES)?;
        for identity in &identities {
            let name = template.physical_name(identity)?;
            self.identity(&name).await.with_context(|| format!("making the mail identity {name}"))?;
        }
        let (queues, tables, buckets) = (queues.len(), tables.len(), buckets.len());
        Ok(format!("{queues} queues, {tables} tables, {buckets} bucket, {} secrets", secrets.len()))
    }

    /// Whether the first table of the template is there; after a crash of the local AWS nothing is.
    pub(crate) async fn has_resources(&self, template: &Template) -> Result<bool> {
        let Some(first) = template.resources(TABLES)?.into_iter().next() else { return Ok(true) };
        let name = template.physical_name(&first)?;
        self.table_exists(&name).await
    }

    async fn queue(&self, template: &Template, queue: &Resource<'_>) -> Result<()> {
        const ATTRIBUTES: [&str; 7] = [
            "VisibilityTimeout",
            "MessageRetentionPeriod",
            "DelaySeconds",
            "MaximumMessageSize",
            "FifoQueue",
            "ContentBasedDeduplication",
            "RedrivePolicy",
        ];
        let name = template.physical_name(queue)?;
        let mut request = self.sqs.create_queue().queue_name(&name);
        let mut attributes = BTreeMap::new();
        for attribute in ATTRIBUTES {
            let value = template.property(queue, attribute)?;
            if !value.is_null() {
                attributes.insert(QueueAttributeName::from(attribute), text(&value));
            }
        }
        if let Ok(known) = self.sqs.get_queue_url().queue_name(&name).send().await {
            // Fixed for a queue's life.
            attributes.remove(&QueueAttributeName::FifoQueue);
            let update = self.sqs.set_queue_attributes().set_queue_url(known.queue_url);
            update.set_attributes(Some(attributes.into_iter().collect())).send().await?;
            return Ok(());
        }
        for (attribute, value) in attributes {
            request = request.attributes(attribute, value);
        }
        request.send().await?;
        Ok(())
    }

    /// A bucket that tells its queue of objects; who calls by hand needs no SDK for two requests.
    async fn bucket(&self, template: &Template, bucket: &Resource<'_>) -> Result<()> {
        let url = format!("{}/{}", self.endpoint, template.physical_name(bucket)?);
        let made = self.http.put(&url).send().await?;
        if made.status() != reqwest::StatusCode::CONFLICT {
            made.error_for_status()?;
        }
        let notifications = template.property(bucket, "NotificationConfiguration")?;
        let mut xml = String::new();
        for queue in list(&notifications["QueueConfigurations"]) {
            let rules: String = list(&queue["Filter"]["S3Key"]["Rules"]).iter().map(filter_rule).collect();
            let (arn, event) = (text(&queue["Queue"]), text(&queue["Event"]));
            xml += &format!(
                "<QueueConfiguration><Queue>{arn}</Queue><Event>{event}</Event>\
                 <Filter><S3Key>{rules}</S3Key></Filter></QueueConfiguration>"
            );
        }
        let body = format!("<NotificationConfiguration>{xml}</NotificationConfiguration>");
        self.http.put(format!("{url}?notification")).body(body).send().await?.error_for_status()?;
        Ok(())
    }

    async fn table_exists(&self, name: &str) -> Result<bool> {
        match self.dynamodb.describe_table().table_name(name).send().await {
            Ok(_) => Ok(true),
            Err(error) => {
                let error = error.into_service_error();
                if error.is_resource_not_found_exception() { Ok(false) } else { Err(error.into()) }
            }
        }
    }

    async fn table(&self, template: &Template, resource: &Resource<'_>) -> Result<()> {
        let name = template.physical_name(resource)?;
        if self.table_exists(&name).await? {
            return Ok(());
        }
        let mut request =
            self.dynamodb.create_table().table_name(&name).billing_mode(table::BillingMode::PayPerRequest);
        if resource.kind == "AWS::Serverless::SimpleTable" {
            let key = template.property(resource, "PrimaryKey")?;
            let attribute = key["Name"].as_str().unwrap_or("id");
            request = request
                .attribute_definitions(attribute_definition(attribute, "S")?)
                .key_schema(key_element(attribute, "HASH")?);
        } else {
            for attribute in list(&template.property(resource, "AttributeDefinitions")?) {
                request = request.attribute_definitions(attribute_definition(
                    &text(&attribute["AttributeName"]),
                    &text(&attribute["AttributeType"]),
                )?);
            }
            for key in key_schema(&template.property(resource, "KeySchema")?)? {
                request = request.key_schema(key);
            }
            for index in list(&template.property(resource, "GlobalSecondaryIndexes")?) {
                let projection = table::Projection::builder()
                    .projection_type(text(&index["Projection"]["ProjectionType"]).as_str().into())
                    .build();
                request = request.global_secondary_indexes(
                    table::GlobalSecondaryIndex::builder()
                        .index_name(text(&index["IndexName"]))
                        .set_key_schema(Some(key_schema(&index["KeySchema"])?))
                        .projection(projection)
                        .build()?,
                );
            }
        }
        if let Err(error) = request.send().await {
            let error = error.into_service_error();
            return if error.is_resource_in_use_exception() { Ok(()) } else { Err(error.into()) };
        }
        self.expiry(&name, &template.property(resource, "TimeToLiveSpecification")?).await
    }

    async fn expiry(&self, name: &str, specification: &Value) -> Result<()> {
        let Some(attribute) = specification["AttributeName"].as_str() else { return Ok(()) };
        let specification =
            table::TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
        self.dynamodb.update_time_to_live().table_name(name).time_to_live_specification(specification).send().await?;
        Ok(())
    }

    /// What a secret says.
    pub(crate) async fn secret_text(&self, name: &str) -> Result<String> {
        let kept = self.secrets.get_secret_value().secret_id(name).send().await?;
        kept.secret_string.context("the secret has no text")
    }

    /// Gives a secret another value.
    pub(crate) async fn put_secret(&self, name: &str, value: &Value) -> Result<()> {
        self.secrets.put_secret_value().secret_id(name).secret_string(value.to_string()).send().await?;
        Ok(())
    }

    async fn secret(&self, name: &str, value: &Value) -> Result<()> {
        let value = value.to_string();
        match self.secrets.get_secret_value().secret_id(name).send().await {
            Ok(kept) if kept.secret_string() == Some(&value) => Ok(()),
            Ok(_) => {
                self.secrets.put_secret_value().secret_id(name).secret_string(value).send().await?;
                Ok(())
            }
            Err(error) => {
                let error = error.into_service_error();
                if !error.is_resource_not_found_exception() {
                    return Err(error.into());
                }
                match self.secrets.create_secret().name(name).secret_string(value).send().await {
                    Ok(_) => Ok(()),
                    Err(error) => {
                        let error = error.into_service_error();
                        if error.is_resource_exists_exception() { Ok(()) } else { Err(error.into()) }
                    }
                }
            }
        }
    }

    async fn identity(&self, name: &str) -> Result<()> {
        match self.mail.create_email_identity().email_identity(name).send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = error.into_service_error();
                if error.is_already_exists_exception() { Ok(()) } else { Err(error.into()) }
            }
        }
    }
}

fn filter_rule(rule: &Value) -> String {
    let (name, value) = (text(&rule["Name"]), text(&rule["Value"]));
    format!("<FilterRule><Name>{name}</Name><Value>{value}</Value></FilterRule>")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn key_schema(value: &Value) -> Result<Vec<table::KeySchemaElement>> {
    list(value).iter().map(|key| key_element(&text(&key["AttributeName"]), &text(&key["KeyType"]))).collect()
}

fn key_element(attribute: &str, kind: &str) -> Result<table::KeySchemaElement> {
    Ok(table::KeySchemaElement::builder().attribute_name(attribute).key_type(kind.into()).build()?)
}

fn attribute_definition(attribute: &str, kind: &str) -> Result<table::AttributeDefinition> {
    Ok(table::AttributeDefinition::builder().attribute_name(attribute).attribute_type(kind.into()).build()?)
}
