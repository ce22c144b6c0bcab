//! Query parameters: each checked, none repeated, none unknown; all faults at once, at `?name`.

use std::str::FromStr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::error::{Error, FieldError, Invalid, Result};
use jiff::Timestamp;

use crate::fields::{Faulty, Read};
use crate::pages::PageRequest;
use crate::problem::Problem;

/// What can be read from a query.
pub trait FromParams: Sized {
    /// Reads every parameter, then builds itself.
    ///
    /// # Errors
    /// [`Faulty`] when a parameter was.
    fn from_params(params: &mut Params) -> Read<Self>;
}

/// An endpoint without query parameters.
impl FromParams for () {
    fn from_params(_: &mut Params) -> Read<Self> {
        Ok(())
    }
}

/// Query parameters that were read and found good. Every endpoint takes it, be it as `Query<()>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<T>(pub T);

impl<T: FromParams, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self(read(parts.uri.path(), parts.uri.query().unwrap_or(""))?))
    }
}

/// Reads a query string.
///
/// # Errors
/// `validation_failed` with every fault.
pub fn read<T: FromParams>(path: &str, query: &str) -> Result<T> {
    let mut params = Params { path: path.to_owned(), pairs: decoded(query), asked: Vec::new(), faults: Vec::new() };
    let value = T::from_params(&mut params);
    params.report_unknown();
    match value {
        Ok(value) if params.faults.is_empty() => Ok(value),
        _ => Err(Error::validation(params.faults)),
    }
}

/// A query being read: parameters that nobody asks for are unknown.
#[derive(Debug)]
pub struct Params {
    path: String,
    pairs: Vec<(String, String)>,
    asked: Vec<&'static str>,
    faults: Vec<FieldError>,
}

impl Params {
    /// A parameter that must be there.
    ///
    /// # Errors
    /// `required`, `repeated`, `invalid_characters`, or the parser's.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> std::result::Result<T, Invalid>,
    ) -> Read<T> {
        match self.optional(name, parse)? {
            Some(value) => Ok(value),
            None => Err(self.fault(name, Invalid::new("required", "This parameter is required."))),
        }
    }

    /// A parameter that may be left out.
    ///
    /// # Errors
    /// `repeated`, `invalid_characters`, or the parser's.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> std::result::Result<T, Invalid>,
    ) -> Read<Option<T>> {
        self.asked.push(name);
        let mut values = self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        let parsed = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(_), Some(_)) => Err(Invalid::new("repeated", "This parameter may be given once.")),
            (Some(value), None) if value.contains('\0') => {
                Err(Invalid::new("invalid_characters", "NUL is not allowed."))
            }
            (Some(value), None) => parse(value),
        };
        parsed.map(Some).map_err(|invalid| self.fault(name, invalid))
    }

    /// `limit` and `cursor` of a list.
    ///
    /// # Errors
    /// `out_of_range` and those of `optional`.
    pub fn page(&mut self) -> Read<PageRequest> {
        let limit = self.optional("limit", integer_between(1, 100));
        let cursor = self.optional("cursor", |cursor| Ok(cursor.to_owned()));
        Ok(PageRequest::new(limit?, cursor?, &self.path, &self.pairs))
    }

    /// `cursor` alone, of what is not cut into pages by its reader.
    ///
    /// # Errors
    /// Those of `optional`.
    pub fn cursor(&mut self) -> Read<PageRequest> {
        let cursor = self.optional("cursor", |cursor| Ok(cursor.to_owned()));
        Ok(PageRequest::new(None, cursor?, &self.path, &self.pairs))
    }

    /// Puts a fault at a parameter: also for rules that span several.
    pub fn fault(&mut self, name: &str, invalid: Invalid) -> Faulty {
        self.faults.push(FieldError::new(format!("?{name}"), invalid));
        Faulty
    }

    fn report_unknown(&mut self) {
        let mut unknown: Vec<String> = self.pairs.iter().map(|(key, _)| key.clone()).collect();
        unknown.retain(|key| !self.asked.contains(&key.as_str()));
        unknown.dedup();
        for name in unknown {
            self.fault(&name, Invalid::new("unknown_parameter", "There is no such parameter."));
        }
    }
}

/// A text that the domain parses.
///
/// # Errors
/// The type's.
pub fn text<T: FromStr<Err = Invalid>>(value: &str) -> std::result::Result<T, Invalid> {
    value.parse()
}

/// A whole number within these limits, both included.
pub fn integer_between<T: TryFrom<i64>>(min: i64, max: i64) -> impl Fn(&str) -> std::result::Result<T, Invalid> {
    move |value| {
        let digits = value.strip_prefix('-').unwrap_or(value);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(Invalid::new("not_an_integer", "This must be a whole number."));
        }
        // Digits that do not fit 64 bits are out of any range.
        let number = domain::text::whole_number(value.parse().unwrap_or(i64::MAX), min, max)?;
        T::try_from(number).map_err(|_| Invalid::new("out_of_range", "This number is out of range."))
    }
}

/// A plain decimal number (no exponent) within these limits, both included.
pub fn decimal_between(min: f64, max: f64) -> impl Fn(&str) -> std::result::Result<f64, Invalid> {
    move |value| {
        let digits = value.strip_prefix('-').unwrap_or(value);
        let is_plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let number = value.parse::<f64>().ok().filter(|_| is_plain);
        let number = number.ok_or_else(|| Invalid::new("not_a_number", "This must be a decimal number."))?;
        if (min..=max).contains(&number) {
            Ok(number)
        } else {
            Err(Invalid::new("out_of_range", format!("This must be from {min} to {max}.")))
        }
    }
}

/// An instant by RFC 3339.
///
/// # Errors
/// `invalid_format`.
pub fn instant(value: &str) -> std::result::Result<Timestamp, Invalid> {
    let invalid = |_| Invalid::new("invalid_format", "This must be an instant, such as 2026-11-30T23:59:59Z.");
    value.parse().map_err(invalid)
}

/// `true` or `false`.
///
/// # Errors
/// `wrong_type`.
pub fn boolean(value: &str) -> std::result::Result<bool, Invalid> {
    value.parse().map_err(|_| Invalid::new("wrong_type", "This must be true or false."))
}

/// A list of values with commas between them.
pub fn list<T>(
    max_items: usize,
    parse: impl Fn(&str) -> std::result::Result<T, Invalid>,
) -> impl Fn(&str) -> std::result::Result<Vec<T>, Invalid> {
    move |value| {
        let items: Vec<&str> = value.split(',').collect();
        if items.len() > max_items {
            return Err(Invalid::new("too_many_items", format!("There may be at most {max_items} values.")));
        }
        items.into_iter().map(&parse).collect()
    }
}

fn decoded(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}
