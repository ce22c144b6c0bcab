//! Reading parameters strictly: each is taken by name, and what is left at the end is refused by name.
//! Must not know any resource.

use serde_json::{Map, Value};

use crate::error::StripeError;

const MAX_METADATA_KEYS: usize = 50;
const MAX_METADATA_KEY: usize = 40;
const MAX_METADATA_VALUE: usize = 500;

/// The parameters of a call that have not been read yet.
#[derive(Debug, Clone)]
pub(crate) struct Params {
    left: Map<String, Value>,
    /// The name of the object that these are inside of, for messages.
    inside: String,
}

impl Params {
    pub(crate) fn new(tree: Map<String, Value>) -> Self {
        Self { left: tree, inside: String::new() }
    }

    fn full_name(&self, name: &str) -> String {
        if self.inside.is_empty() { name.to_owned() } else { format!("{}[{name}]", self.inside) }
    }

    /// A text that, if given, is not empty.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, StripeError> {
        match self.clearable(name)? {
            Some(text) if text.is_empty() => {
                let name = self.full_name(name);
                let message = format!(
                    "You passed an empty string for '{name}'. We assume empty values are an attempt to unset a \
                     parameter; however '{name}' cannot be unset."
                );
                Err(StripeError::parameter("parameter_invalid_empty", &name, message))
            }
            text => Ok(text),
        }
    }

    /// A text; the empty one unsets.
    pub(crate) fn clearable(&mut self, name: &str) -> Result<Option<String>, StripeError> {
        match self.left.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => {
                let name = self.full_name(name);
                Err(StripeError::parameter("parameter_invalid_string_blank", &name, format!("Invalid string: {name}")))
            }
        }
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<String, StripeError> {
        self.text(name)?.ok_or_else(|| StripeError::missing(&self.full_name(name)))
    }

    pub(crate) fn integer(&mut self, name: &str) -> Result<Option<i64>, StripeError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| {
            let name = self.full_name(name);
            StripeError::parameter("parameter_invalid_integer", &name, format!("Invalid integer: {text}"))
        })
    }

    /// An amount in minor units, at least 1.
    pub(crate) fn amount(&mut self, name: &str) -> Result<Option<i64>, StripeError> {
        match self.integer(name)? {
            Some(amount) if amount < 1 => Err(StripeError::parameter(
                "parameter_invalid_integer",
                &self.full_name(name),
                "This value must be greater than or equal to 1.",
            )),
            amount => Ok(amount),
        }
    }

    pub(crate) fn boolean(&mut self, name: &str) -> Result<Option<bool>, StripeError> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => {
                let message = format!("Invalid boolean: {other}");
                Err(StripeError::invalid(message).param(&self.full_name(name)).not_kept())
            }
        }
    }

    /// A text out of a few.
    pub(crate) fn choice(&mut self, name: &str, choices: &[&'static str]) -> Result<Option<&'static str>, StripeError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if let Some(choice) = choices.iter().find(|choice| **choice == text) {
            return Ok(Some(choice));
        }
        let name = self.full_name(name);
        let message = format!("Invalid {name}: must be one of {}", choices.join(", "));
        Err(StripeError::invalid(message).param(&name).not_kept())
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Self>, StripeError> {
        let inside = self.full_name(name);
        match self.left.remove(name) {
            None => Ok(None),
            Some(Value::Object(left)) => Ok(Some(Self { left, inside })),
            Some(_) => Err(StripeError::invalid("Invalid object").param(&inside).not_kept()),
        }
    }

    pub(crate) fn list(&mut self, name: &str) -> Result<Option<Vec<String>>, StripeError> {
        let Some(inner) = self.object(name)? else { return Ok(None) };
        let invalid = || StripeError::invalid("Invalid array").param(&inner.inside).not_kept();
        let mut items = Vec::new();
        for (index, item) in &inner.left {
            let index: usize = index.parse().map_err(|_| invalid())?;
            items.push((index, item.as_str().ok_or_else(invalid)?.to_owned()));
        }
        items.sort();
        Ok(Some(items.into_iter().map(|(_, item)| item).collect()))
    }

    /// `metadata`: keys with their values, the empty value unsetting its key; `metadata=` unsets all of them.
    pub(crate) fn metadata(&mut self) -> Result<Metadata, StripeError> {
        let Some(given) = self.left.remove("metadata") else { return Ok(Metadata::default()) };
        let invalid = |message: String| StripeError::invalid(message).param("metadata").not_kept();
        let keys = match given {
            Value::String(text) if text.is_empty() => return Ok(Metadata { clear: true, set: Map::new() }),
            Value::Object(keys) => keys,
            _ => return Err(invalid("Invalid object".to_owned())),
        };
        for (key, value) in &keys {
            let Some(value) = value.as_str() else {
                return Err(invalid(format!("Metadata values must be strings: {key}")));
            };
            let length = key.chars().count();
            if length > MAX_METADATA_KEY {
                let limit = format!("Metadata keys can have up to {MAX_METADATA_KEY} characters");
                return Err(invalid(format!("{limit}, but you passed in a key that is {length} characters.")));
            }
            let length = value.chars().count();
            if length > MAX_METADATA_VALUE {
                let limit = format!("Metadata values can have up to {MAX_METADATA_VALUE} characters");
                return Err(invalid(format!("{limit}, but you passed in a value that is {length} characters.")));
            }
        }
        Ok(Metadata { clear: false, set: keys })
    }

    /// Refuses what Stripe has and the simulator has not.
    pub(crate) fn not_simulated(&self, names: &[&str]) -> Result<(), StripeError> {
        names
            .iter()
            .find(|name| self.left.contains_key(**name))
            .map_or(Ok(()), |name| Err(StripeError::unsupported(&self.full_name(name))))
    }

    /// Refuses what nobody has read.
    pub(crate) fn finish(self) -> Result<(), StripeError> {
        let names: Vec<String> = self.left.keys().map(|name| self.full_name(name)).collect();
        let Some(first) = names.first() else { return Ok(()) };
        let plural = if names.len() > 1 { "s" } else { "" };
        let message = format!("Received unknown parameter{plural}: {}", names.join(", "));
        Err(StripeError::parameter("parameter_unknown", first, message))
    }
}

/// A change of an object's metadata.
#[derive(Debug, Default, Clone)]
pub(crate) struct Metadata {
    clear: bool,
    set: Map<String, Value>,
}

impl Metadata {
    pub(crate) fn apply(self, to: &mut Map<String, Value>) -> Result<(), StripeError> {
        if self.clear {
            to.clear();
        }
        for (key, value) in self.set {
            if value.as_str() == Some("") {
                to.remove(&key);
            } else {
                to.insert(key, value);
            }
        }
        if to.len() > MAX_METADATA_KEYS {
            let message = format!("Metadata can have up to {MAX_METADATA_KEYS} keys.");
            return Err(StripeError::invalid(message).param("metadata").not_kept());
        }
        Ok(())
    }
}
