//! Reads `template.yaml` and works out its intrinsic functions for the local stack. It knows nothing of processes
//! or of the local AWS beyond the shape of its names; what it cannot know locally is an error that names it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value, json};

use crate::ministack::{ACCOUNT, REGION};

/// A parsed template with the values that stand for its parameters here.
pub(crate) struct Template {
    document: Value,
    parameters: BTreeMap<String, Value>,
    endpoint: String,
}

/// One resource: its logical id, its type and its properties as written.
pub(crate) struct Resource<'a> {
    /// The key below `Resources`.
    pub(crate) id: &'a str,
    /// `AWS::SQS::Queue` and so on.
    pub(crate) kind: &'a str,
    properties: &'a Value,
}

impl Template {
    /// Reads the file; `overrides` win over the defaults of parameters, `endpoint` is where the local AWS listens.
    pub(crate) fn load(file: &Path, overrides: &[(&str, &str)], endpoint: &str) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        Self::parse(&text, overrides, endpoint).with_context(|| format!("in {}", file.display()))
    }

    /// The same from text.
    pub(crate) fn parse(text: &str, overrides: &[(&str, &str)], endpoint: &str) -> Result<Self> {
        let document = plain(&serde_norway::from_str(text).context("this is not YAML")?)?;
        let mut parameters = BTreeMap::new();
        for (name, declared) in object(&document["Parameters"]) {
            let value = match overrides.iter().find(|(overridden, _)| overridden == name) {
                Some((_, value)) => json!(value),
                None => declared["Default"].clone(),
            };
            parameters.insert(name.clone(), value);
        }
        Ok(Self { document, parameters, endpoint: endpoint.to_owned() })
    }

    /// All resources of these types whose condition holds.
    pub(crate) fn resources(&self, kinds: &[&str]) -> Result<Vec<Resource<'_>>> {
        let mut found = Vec::new();
        for (id, resource) in object(&self.document["Resources"]) {
            let kind = resource["Type"].as_str().unwrap_or_default();
            if !kinds.contains(&kind) || !self.condition_holds(&resource["Condition"])? {
                continue;
            }
            found.push(Resource { id, kind, properties: &resource["Properties"] });
        }
        Ok(found)
    }

    /// `Globals.Function`'s value of one property.
    pub(crate) fn function_global(&self, property: &str) -> &Value {
        &self.document["Globals"]["Function"][property]
    }

    /// The property of a resource, worked out; `Null` when it is not there.
    pub(crate) fn property(&self, resource: &Resource<'_>, name: &str) -> Result<Value> {
        self.resolve(&resource.properties[name]).with_context(|| format!("{}.{name}", resource.id))
    }

    /// The property as written.
    pub(crate) fn raw_property<'a>(&self, resource: &Resource<'a>, name: &str) -> &'a Value {
        &resource.properties[name]
    }

    /// The name of a resource on the local AWS: the one it asks for, else one made from its logical id.
    pub(crate) fn physical_name(&self, resource: &Resource<'_>) -> Result<String> {
        let property = match resource.kind {
            "AWS::SQS::Queue" => "QueueName",
            "AWS::S3::Bucket" => "BucketName",
            "AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable" => "TableName",
            "AWS::SecretsManager::Secret" => "Name",
            "AWS::SES::EmailIdentity" => "EmailIdentity",
            "AWS::Serverless::Function" => "FunctionName",
            _ => "Name",
        };
        let named = self.property(resource, property)?;
        if let Some(name) = named.as_str() {
            return Ok(name.to_owned());
        }
        let fifo = resource.kind == "AWS::SQS::Queue" && self.property(resource, "FifoQueue")? == json!(true);
        Ok(format!("roost-local-{}{}", resource.id, if fifo { ".fifo" } else { "" }))
    }

    /// A queue's address by its name.
    pub(crate) fn queue_url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.endpoint)
    }

    /// Works out `Ref`, `Fn::Sub` and the others, all the way down.
    pub(crate) fn resolve(&self, value: &Value) -> Result<Value> {
        match value {
            Value::Object(fields) if fields.len() == 1 => {
                let (name, argument) = fields.iter().next().context("one field")?;
                match self.intrinsic(name, argument)? {
                    Some(resolved) => Ok(resolved),
                    None => self.resolve_fields(fields),
                }
            }
            Value::Object(fields) => self.resolve_fields(fields),
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect::<Result<_>>().map(Value::Array),
            plain => Ok(plain.clone()),
        }
    }

    fn resolve_fields(&self, fields: &Map<String, Value>) -> Result<Value> {
        let mut resolved = Map::new();
        for (name, field) in fields {
            let field = self.resolve(field).with_context(|| name.clone())?;
            if !field.is_null() {
                resolved.insert(name.clone(), field);
            }
        }
        Ok(Value::Object(resolved))
    }

    fn intrinsic(&self, name: &str, argument: &Value) -> Result<Option<Value>> {
        Ok(Some(match name {
            "Ref" => self.reference(argument.as_str().context("Ref takes a name")?)?,
            "Fn::GetAtt" => self.attribute(argument)?,
            "Fn::Sub" => json!(self.substitute(argument)?),
            "Fn::If" => {
                let [condition, then, otherwise] = arguments(argument)?;
                self.resolve(if self.condition_holds(condition)? { then } else { otherwise })?
            }
            "Fn::Join" => {
                let [separator, parts] = arguments(argument)?;
                let parts = self.resolve(parts)?;
                let parts: Vec<String> = parts.as_array().context("Fn::Join takes a list")?.iter().map(text).collect();
                json!(parts.join(separator.as_str().unwrap_or_default()))
            }
            "Fn::Select" => {
                let [index, list] = arguments(argument)?;
                let index: usize = text(index).parse().context("Fn::Select takes a number")?;
                self.resolve(list)?.get(index).cloned().context("Fn::Select is out of range")?
            }
            "Fn::Split" => {
                let [separator, whole] = arguments(argument)?;
                let whole = text(&self.resolve(whole)?);
                json!(whole.split(separator.as_str().unwrap_or(",")).collect::<Vec<_>>())
            }
            "Fn::FindInMap" => {
                let [map, first, second] = arguments(argument)?;
                let (map, first, second) =
                    (text(&self.resolve(map)?), text(&self.resolve(first)?), text(&self.resolve(second)?));
                let found = &self.document["Mappings"][&map][&first][&second];
                if found.is_null() {
                    bail!("Mappings has no {map}.{first}.{second}");
                }
                found.clone()
            }
            other if other.starts_with("Fn::") => bail!("{other} is not known to the local stack"),
            _ => return Ok(None),
        }))
    }

    fn reference(&self, name: &str) -> Result<Value> {
        if let Some(value) = self.parameters.get(name) {
            return match value {
                Value::Null => Err(anyhow!("parameter {name} has no default and no local value")),
                value => Ok(value.clone()),
            };
        }
        match name {
            "AWS::Region" => return Ok(json!(REGION)),
            "AWS::AccountId" => return Ok(json!(ACCOUNT)),
            "AWS::Partition" => return Ok(json!("aws")),
            "AWS::StackName" => return Ok(json!("roost-local")),
            "AWS::URLSuffix" => return Ok(json!("amazonaws.com")),
            "AWS::NoValue" => return Ok(Value::Null),
            _ => {}
        }
        let resource = self.resource(name)?;
        let physical = self.physical_name(&resource)?;
        match resource.kind {
            "AWS::SQS::Queue" => Ok(json!(self.queue_url(&physical))),
            "AWS::DynamoDB::Table"
            | "AWS::Serverless::SimpleTable"
            | "AWS::SecretsManager::Secret"
            | "AWS::SES::EmailIdentity"
            | "AWS::S3::Bucket"
            | "AWS::Serverless::Function" => Ok(json!(physical)),
            kind => bail!("{name} is an {kind}, which the local stack does not have"),
        }
    }

    fn attribute(&self, argument: &Value) -> Result<Value> {
        let (id, attribute) = match argument {
            Value::String(dotted) => dotted.split_once('.').context("Fn::GetAtt takes Resource.Attribute")?,
            list => {
                let [id, attribute] = arguments(list)?;
                (id.as_str().unwrap_or_default(), attribute.as_str().unwrap_or_default())
            }
        };
        let resource = self.resource(id)?;
        let name = self.physical_name(&resource)?;
        let arn = |service: &str, rest: &str| json!(format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"));
        match (resource.kind, attribute) {
            ("AWS::SQS::Queue", "Arn") => Ok(arn("sqs", &name)),
            ("AWS::SQS::Queue", "QueueName") => Ok(json!(name)),
            ("AWS::SQS::Queue", "QueueUrl") => Ok(json!(self.queue_url(&name))),
            ("AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable", "Arn") => {
                Ok(arn("dynamodb", &format!("table/{name}")))
            }
            ("AWS::SecretsManager::Secret", "Id" | "Arn") => Ok(json!(name)),
            ("AWS::Serverless::Function", "Arn") => Ok(arn("lambda", &format!("function:{name}"))),
            (kind, _) => bail!("{id}.{attribute} of an {kind} is nothing the local stack has"),
        }
    }

    fn substitute(&self, argument: &Value) -> Result<String> {
        let (pattern, variables) = match argument {
            Value::String(pattern) => (pattern.as_str(), &Value::Null),
            list => {
                let [pattern, variables] = arguments(list)?;
                (pattern.as_str().context("Fn::Sub takes a text")?, variables)
            }
        };
        let mut result = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}').with_context(|| format!("an open ${{ in {pattern:?}"))?;
            result.push_str(before);
            if let Some(literal) = name.strip_prefix('!') {
                result.push_str(&format!("${{{literal}}}"));
            } else if !variables[name].is_null() {
                result.push_str(&text(&self.resolve(&variables[name])?));
            } else if name.contains('.') {
                result.push_str(&text(&self.attribute(&json!(name))?));
            } else {
                result.push_str(&text(&self.reference(name)?));
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    fn condition_holds(&self, condition: &Value) -> Result<bool> {
        match condition {
            Value::Null => Ok(true),
            Value::String(name) => match &self.document["Conditions"][name] {
                Value::Null => bail!("there is no condition {name}"),
                declared => self.condition_holds(declared),
            },
            Value::Object(fields) if fields.len() == 1 => {
                let (name, argument) = fields.iter().next().context("one field")?;
                let all = || argument.as_array().context("a condition takes a list");
                match name.as_str() {
                    "Condition" => self.condition_holds(argument),
                    "Fn::Equals" => {
                        let [left, right] = arguments(argument)?;
                        Ok(text(&self.resolve(left)?) == text(&self.resolve(right)?))
                    }
                    "Fn::Not" => all()?.iter().try_fold(true, |_, inner| Ok(!self.condition_holds(inner)?)),
                    "Fn::And" => all()?.iter().try_fold(true, |held, inner| Ok(held && self.condition_holds(inner)?)),
                    "Fn::Or" => all()?.iter().try_fold(false, |held, inner| Ok(held || self.condition_holds(inner)?)),
                    other => bail!("{other} is no condition"),
                }
            }
            other => bail!("{other} is no condition"),
        }
    }

    fn resource(&self, id: &str) -> Result<Resource<'_>> {
        let (id, resource) = object(&self.document["Resources"])
            .find(|(key, _)| *key == id)
            .with_context(|| format!("there is no parameter or resource {id}"))?;
        let kind = resource["Type"].as_str().unwrap_or_default();
        Ok(Resource { id, kind, properties: &resource["Properties"] })
    }
}

/// A scalar as CloudFormation would put it into a text.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// The fields of an object, none if it is something else.
pub(crate) fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn arguments<const COUNT: usize>(value: &Value) -> Result<[&Value; COUNT]> {
    let list: Vec<&Value> = value.as_array().context("a list was expected")?.iter().collect();
    list.try_into().map_err(|_| anyhow!("{COUNT} arguments were expected"))
}

/// YAML with CloudFormation's short tags as JSON with the long names.
fn plain(value: &serde_norway::Value) -> Result<Value> {
    use serde_norway::Value as Yaml;
    Ok(match value {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            json!({ name: plain(&tagged.value)? })
        }
        Yaml::Sequence(items) => Value::Array(items.iter().map(plain).collect::<Result<_>>()?),
        Yaml::Mapping(fields) => {
            let mut object = Map::new();
            for (key, field) in fields {
                object.insert(text(&plain(key)?), plain(field)?);
            }
            Value::Object(object)
        }
        scalar => serde_json::to_value(scalar).context("a YAML scalar")?,
    })
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
