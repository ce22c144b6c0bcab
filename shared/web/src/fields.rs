//! Reading a JSON body field by field: every fault of it is found in one pass and named by its JSON Pointer.
//! What a value means is the domain's business: parsers come from there.
//!
//! ```
//! use web::fields::{Faulty, Fields, FromFields, text};
//! # use domain::money::Currency;
//! struct PriceIn { currency: Currency, note: Option<Currency> }
//!
//! impl FromFields for PriceIn {
//!     fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Faulty> {
//!         let currency = fields.required("currency", text);
//!         let note = fields.optional("note", text);
//!         // First read all, then stop at a fault: so each of them is found.
//!         Ok(Self { currency: currency?, note: note? })
//!     }
//! }
//! ```

use std::cell::RefCell;
use std::str::FromStr;

use domain::error::{Error, FieldError, Invalid, Result};
use domain::money::{Currency, Money};
use serde_json::{Map, Value};

/// A fault was found, and is on the list already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faulty;

/// What reading a value gives.
pub type Read<T> = std::result::Result<T, Faulty>;

/// What can be read from an object.
pub trait FromFields: Sized {
    /// Whether no body at all stands for an empty object.
    const BODY_OPTIONAL: bool = false;

    /// Reads every field, then builds itself.
    ///
    /// # Errors
    /// [`Faulty`] when a field was.
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self>;
}

/// An endpoint that takes no body, or an empty object.
impl FromFields for () {
    const BODY_OPTIONAL: bool = true;

    fn from_fields(_: &mut Fields<'_>) -> Read<Self> {
        Ok(())
    }
}

type Faults = RefCell<Vec<FieldError>>;

/// Reads a whole body.
///
/// # Errors
/// `validation_failed` with every fault.
pub fn read<T: FromFields>(body: &Value) -> Result<T> {
    let faults = Faults::default();
    let value = object(Node { value: body, pointer: String::new(), faults: &faults });
    let mut faults = faults.into_inner();
    match value {
        Ok(value) if faults.is_empty() => Ok(value),
        _ => {
            faults.sort_by(|a, b| a.pointer.cmp(&b.pointer));
            Err(Error::validation(faults))
        }
    }
}

/// An object being read: fields that nobody asks for are unknown.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    pointer: String,
    faults: &'a Faults,
    asked: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// A field that must be there and not null.
    ///
    /// # Errors
    /// `required`, or the parser's.
    pub fn required<T>(&mut self, name: &'static str, parse: impl FnOnce(Node<'_>) -> Read<T>) -> Read<T> {
        let node = self.node(name);
        if node.value.is_null() {
            return node.fault(Invalid::new("required", "This is required."));
        }
        parse(node)
    }

    /// A field that may be left out or null: both are `None`.
    ///
    /// # Errors
    /// The parser's.
    pub fn optional<T>(&mut self, name: &'static str, parse: impl FnOnce(Node<'_>) -> Read<T>) -> Read<Option<T>> {
        let node = self.node(name);
        if node.value.is_null() { Ok(None) } else { parse(node).map(Some) }
    }

    /// A field of a `PATCH` that must keep a value: left out is `None`, null is refused.
    ///
    /// # Errors
    /// `required` for null, or the parser's.
    pub fn changed<T>(&mut self, name: &'static str, parse: impl FnOnce(Node<'_>) -> Read<T>) -> Read<Option<T>> {
        if self.object.contains_key(name) { self.required(name, parse).map(Some) } else { self.absent(name) }
    }

    /// A field of a `PATCH` that may be emptied: left out is `None`, null is `Some(None)`.
    ///
    /// # Errors
    /// The parser's.
    pub fn clearable<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(Node<'_>) -> Read<T>,
    ) -> Read<Option<Option<T>>> {
        if self.object.contains_key(name) { self.optional(name, parse).map(Some) } else { self.absent(name) }
    }

    /// Puts a fault at a field that was read well by itself: for rules that span fields.
    pub fn fault(&self, name: &str, invalid: Invalid) -> Faulty {
        self.faults.borrow_mut().push(FieldError::new(child(&self.pointer, name), invalid));
        Faulty
    }

    fn absent<T>(&mut self, name: &'static str) -> Read<Option<T>> {
        self.asked.push(name);
        Ok(None)
    }

    fn node(&mut self, name: &'static str) -> Node<'a> {
        self.asked.push(name);
        let value = self.object.get(name).unwrap_or(&Value::Null);
        Node { value, pointer: child(&self.pointer, name), faults: self.faults }
    }

    fn report_unknown(&self) {
        for name in self.object.keys().filter(|name| !self.asked.contains(&name.as_str())) {
            self.fault(name, Invalid::new("unknown_field", "There is no such field."));
        }
    }
}

/// A value in the body, and where it is.
#[derive(Clone, Debug)]
pub struct Node<'a> {
    value: &'a Value,
    pointer: String,
    faults: &'a Faults,
}

impl<'a> Node<'a> {
    /// Puts a fault here.
    ///
    /// # Errors
    /// Always [`Faulty`], for the parser to end with.
    pub fn fault<T>(&self, invalid: Invalid) -> Read<T> {
        self.faults.borrow_mut().push(FieldError::new(self.pointer.clone(), invalid));
        Err(Faulty)
    }

    /// The value as it came.
    pub fn value(&self) -> &'a Value {
        self.value
    }

    fn take<T>(&self, parsed: std::result::Result<T, Invalid>) -> Read<T> {
        parsed.or_else(|invalid| self.fault(invalid))
    }

    fn wrong_type<T>(&self, wanted: &str) -> Read<T> {
        self.fault(Invalid::new("wrong_type", format!("This must be {wanted}.")))
    }
}

fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A text that the domain parses.
///
/// # Errors
/// `wrong_type`, `invalid_characters` for NUL and lone surrogates, or the type's own.
pub fn text<T: FromStr<Err = Invalid>>(node: Node<'_>) -> Read<T> {
    text_with(str::parse)(node)
}

/// A text for a parser given here.
pub fn text_with<T>(parse: impl Fn(&str) -> std::result::Result<T, Invalid>) -> impl Fn(Node<'_>) -> Read<T> {
    move |node| match node.value {
        Value::String(text) if text.contains('\0') => {
            node.fault(Invalid::new("invalid_characters", "NUL and unpaired surrogates are not allowed."))
        }
        Value::String(text) => node.take(parse(text)),
        _ => node.wrong_type("a string"),
    }
}

/// A whole number that fits its type.
///
/// # Errors
/// `wrong_type`, `not_an_integer`, or `out_of_range`.
pub fn integer<T: TryFrom<i64>>(node: Node<'_>) -> Read<T> {
    integer_with(|number| T::try_from(number).map_err(|_| out_of_range()))(node)
}

/// A whole number within these limits, both included.
pub fn integer_between<T: TryFrom<i64>>(min: i64, max: i64) -> impl Fn(Node<'_>) -> Read<T> {
    integer_with(move |number| {
        let number = domain::text::whole_number(number, min, max)?;
        T::try_from(number).map_err(|_| out_of_range())
    })
}

/// A whole number for a parser given here.
pub fn integer_with<T>(parse: impl Fn(i64) -> std::result::Result<T, Invalid>) -> impl Fn(Node<'_>) -> Read<T> {
    move |node| match node.value {
        Value::Number(number) => match number.as_i64() {
            Some(number) => node.take(parse(number)),
            // Beyond 64 bits, whichever way it was written; 2^63 is exact as a float.
            None if number.as_f64().is_none_or(|float| float.abs() >= 9_223_372_036_854_775_808.0) => {
                node.fault(out_of_range())
            }
            None => {
                node.fault(Invalid::new("not_an_integer", "This must be a whole number, without fraction or exponent."))
            }
        },
        _ => node.wrong_type("a whole number"),
    }
}

/// A number that may have a fraction, for a parser given here.
pub fn number_with<T>(parse: impl Fn(f64) -> std::result::Result<T, Invalid>) -> impl Fn(Node<'_>) -> Read<T> {
    move |node| match node.value.as_f64() {
        Some(number) => node.take(parse(number)),
        None => node.wrong_type("a number"),
    }
}

/// `true` or `false`.
///
/// # Errors
/// `wrong_type`.
pub fn boolean(node: Node<'_>) -> Read<bool> {
    node.value.as_bool().map_or_else(|| node.wrong_type("true or false"), Ok)
}

/// An object with fields of its own.
///
/// # Errors
/// `wrong_type`, or what its fields have.
pub fn object<T: FromFields>(node: Node<'_>) -> Read<T> {
    let Value::Object(object) = node.value else { return node.wrong_type("an object") };
    let mut fields = Fields { object, pointer: node.pointer, faults: node.faults, asked: Vec::new() };
    let value = T::from_fields(&mut fields);
    fields.report_unknown();
    value
}

/// An array of at most `max_items`.
///
/// # Errors
/// `wrong_type`, `too_many_items`, or what its items have.
pub fn list<T>(max_items: usize, parse: impl Fn(Node<'_>) -> Read<T>) -> impl Fn(Node<'_>) -> Read<Vec<T>> {
    move |node| {
        let Value::Array(items) = node.value else { return node.wrong_type("an array") };
        if items.len() > max_items {
            return node.fault(Invalid::new("too_many_items", format!("There may be at most {max_items} items.")));
        }
        let place = |(at, value)| Node { value, pointer: format!("{}/{at}", node.pointer), faults: node.faults };
        let read: Vec<Read<T>> = items.iter().enumerate().map(place).map(&parse).collect();
        read.into_iter().collect()
    }
}

/// A calendar date, `YYYY-MM-DD`.
///
/// # Errors
/// `wrong_type`, `invalid_characters`, or those of [`domain::stay::parse_date`].
pub fn date(node: Node<'_>) -> Read<jiff::civil::Date> {
    text_with(domain::stay::parse_date)(node)
}

/// An amount of money; what may be paid is for the parser around it.
impl FromFields for Money {
    fn from_fields(fields: &mut Fields<'_>) -> Read<Self> {
        let amount = fields.required("amount", integer);
        let currency = fields.required("currency", text::<Currency>);
        Ok(Self::new(amount?, currency?))
    }
}

fn out_of_range() -> Invalid {
    Invalid::new("out_of_range", "This number is out of range.")
}
