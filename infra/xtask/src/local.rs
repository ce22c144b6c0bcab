//! Where the local stack differs from the one `template.yaml` describes: this one table of parameter values, the
//! credentials of the local AWS, and the values of the secrets. Everything else is the template's.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::ministack::REGION;
use crate::paths::Paths;
use crate::postgres::{DATABASE, Postgres};
use crate::secrets::Secrets;
use crate::template::{Resource, Template, object, text};

/// Kinds that hold queues, tables, secrets, identities and functions.
pub(crate) const QUEUES: &[&str] = &["AWS::SQS::Queue"];
/// Tables of either spelling.
pub(crate) const TABLES: &[&str] = &["AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"];
/// Secrets.
pub(crate) const SECRETS: &[&str] = &["AWS::SecretsManager::Secret"];
/// Buckets.
pub(crate) const BUCKETS: &[&str] = &["AWS::S3::Bucket"];
/// Senders of mail.
pub(crate) const IDENTITIES: &[&str] = &["AWS::SES::EmailIdentity"];
/// Functions.
pub(crate) const FUNCTIONS: &[&str] = &["AWS::Serverless::Function"];

/// Hundreds of people register and sign in from one address within a minute.
const THROTTLE_LIMITS: &str = "calls=10000/60 register=10000/60 register_all=1000000/60 login_address=300/900 \
                               email_taken=300/900 mail=30/3600 mail_account=30/3600 mail_address=10000/60 \
                               mail_all=1000000/60 token=10000/60";

/// Where the parts of a stack listen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// The API.
    pub(crate) api: u16,
    /// The router behind it, which has the Lambda APIs.
    pub(crate) router: u16,
    /// PostgreSQL.
    pub(crate) postgres: u16,
    /// Redis.
    pub(crate) redis: u16,
    /// The local AWS.
    pub(crate) aws: u16,
    /// Stripe's simulator.
    pub(crate) stripe: u16,
    /// Where calendars to import may be served from: by a test or the developer, nothing of the stack listens there.
    pub(crate) calendars: u16,
}

/// The template with this stack's parameter values.
pub(crate) fn template(paths: &Paths, ports: Ports) -> Result<Template> {
    let (api, redis) = (format!("http://127.0.0.1:{}", ports.api), crate::redis::url(ports.redis));
    let stripe = crate::stripe::address(ports.stripe);
    let calendars = format!("http://127.0.0.1:{}", ports.calendars);
    let database_port = ports.postgres.to_string();
    let aws = crate::ministack::endpoint(ports.aws);
    // The name that the template gives the bucket of a stage, in the local AWS's account.
    let photos = format!("{aws}/roost-local-photos-{}", crate::ministack::ACCOUNT);
    Template::load(
        &paths.root.join("template.yaml"),
        &[
            ("Stage", "local"),
            ("PublicBaseUrl", &api),
            ("WebBaseUrl", "http://localhost:3000"),
            ("CorsOrigins", "http://localhost:*,http://127.0.0.1:*"),
            ("MailDomain", "roost.test"),
            ("MailFrom", "no-reply@roost.test"),
            // One guest's open holds: many, so that load and races can be tried with one account.
            ("MaxUnpaidHolds", "200"),
            // So that a rotation of keys is seen while one looks.
            ("SecretsFreshSeconds", "2"),
            // By address wide, since one address is everybody here; by account, and what fails, as everywhere.
            ("ThrottleLimits", THROTTLE_LIMITS),
            ("ClientAddressHeader", crate::gateway::CLIENT_ADDRESS_HEADER),
            // What stands already, so the nested templates of the network, database and cache play no part.
            ("VpcSubnetIds", "subnet-local"),
            ("VpcSecurityGroupIds", "sg-local"),
            ("DatabaseHost", "127.0.0.1"),
            ("DatabasePort", &database_port),
            ("DatabaseName", DATABASE),
            ("RedisUrl", &redis),
            ("StripeApiBase", &stripe),
            // The one private origin past the guard of calendar feeds; all others are refused here too.
            ("CalendarFeedTrustedOrigin", &calendars),
            ("PhotosBaseUrl", &photos),
        ],
        &aws,
    )
}

/// What Lambda itself would put into every function's environment, and the way to the local AWS.
pub(crate) fn aws_environment(aws_port: u16) -> Vec<(String, String)> {
    [
        ("AWS_ENDPOINT_URL", crate::ministack::endpoint(aws_port).as_str()),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// A function of the template.
#[derive(Clone, Debug, Default)]
pub(crate) struct Function {
    /// The Cargo binary, and the name the local Lambda knows it by.
    pub(crate) name: String,
    /// Environment variables as the template gives them.
    pub(crate) environment: BTreeMap<String, String>,
    /// Megabytes.
    pub(crate) memory_megabytes: u64,
    /// The longest that it may take.
    pub(crate) timeout: Duration,
    /// What invokes it, as written below `Events`.
    pub(crate) events: Vec<Event>,
}

/// One entry of a function's `Events`.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// `SQS`, `ScheduleV2`, `HttpApi`…
    pub(crate) kind: String,
    /// Its properties, worked out; of an HTTP event only the path.
    pub(crate) properties: Value,
}

/// Every function with its environment.
pub(crate) fn functions(template: &Template) -> Result<Vec<Function>> {
    template.resources(FUNCTIONS)?.iter().map(|resource| function(template, resource)).collect()
}

fn function(template: &Template, resource: &Resource<'_>) -> Result<Function> {
    let code = text(&template.property(resource, "CodeUri")?);
    let name = code.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty());
    let name = name.with_context(|| format!("{}: CodeUri must end in the name of a binary", resource.id))?.to_owned();
    let mut environment = BTreeMap::new();
    for variables in [template.function_global("Environment"), template.raw_property(resource, "Environment")] {
        for (variable, value) in object(&variables["Variables"]) {
            let value = template.resolve(value).with_context(|| {
                format!("the environment of {name}: {variable} has no local value; see infra/xtask/src/local.rs")
            })?;
            if !value.is_null() {
                environment.insert(variable.clone(), text(&value));
            }
        }
    }
    let number = |property: &str| -> Result<Option<u64>> {
        Ok(match template.property(resource, property)? {
            Value::Null => template.resolve(template.function_global(property))?,
            own => own,
        }
        .as_u64())
    };
    let (memory_megabytes, timeout_seconds) = (number("MemorySize")?.unwrap_or(128), number("Timeout")?.unwrap_or(3));
    let mut events = Vec::new();
    for (_, event) in object(template.raw_property(resource, "Events")) {
        let kind = text(&event["Type"]);
        let properties = match kind.as_str() {
            "SQS" | "Schedule" | "ScheduleV2" => template.resolve(&event["Properties"])?,
            // The rest names the API, which the router stands for here.
            "HttpApi" => json!({ "Path": event["Properties"]["Path"] }),
            _ => Value::Null,
        };
        events.push(Event { kind, properties });
    }
    Ok(Function { name, environment, memory_megabytes, timeout: Duration::from_secs(timeout_seconds), events })
}

/// The value of each secret, by its name: known by the variable that hands it to a function.
pub(crate) fn secret_values(functions: &[Function], postgres: &Postgres, secrets: &Secrets) -> BTreeMap<String, Value> {
    let database = |role: &str, password: &str| {
        json!({
            "username": role, "password": password, "host": "127.0.0.1", "port": postgres.port,
            "dbname": DATABASE, "sslmode": "disable",
        })
    };
    let mut values = BTreeMap::new();
    for (variable, secret) in functions.iter().flat_map(|function| &function.environment) {
        let value = match variable.as_str() {
            "DATABASE_SECRET_ID" => database("roost_app", &secrets.app_password),
            "MIGRATION_DATABASE_SECRET_ID" => database("roost_owner", &secrets.owner_password),
            "TOKEN_KEYS_SECRET_ID" => secrets.token_keys.clone(),
            "SIGNING_SECRET_ID" => secrets.signing_keys.clone(),
            // None: a developer who wants one puts it in (docs/RUNBOOK.md).
            "SIGN_IN_PROVIDERS_SECRET_ID" => json!({ "providers": [] }),
            "STRIPE_SECRET_ID" => crate::stripe::secret(),
            _ => continue,
        };
        values.insert(secret.clone(), value);
    }
    values
}
