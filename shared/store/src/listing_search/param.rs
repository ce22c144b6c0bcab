//! A statement with its parameters, which can also be written out: for looking at its plan, or running it elsewhere.

use jiff::civil::Date;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// A value for `$n`.
#[derive(Clone, Debug)]
pub(super) enum Param {
    Smallint(Option<i16>),
    Integer(Option<i32>),
    Bigint(Option<i64>),
    Double(Option<f64>),
    Boolean(Option<bool>),
    Text(Option<&'static str>),
    Uuid(Option<Uuid>),
    Date(Date),
    Integers(Vec<i32>),
}

impl Param {
    const fn sql_type(&self) -> &'static str {
        match self {
            Self::Smallint(_) => "smallint",
            Self::Integer(_) => "integer",
            Self::Bigint(_) => "bigint",
            Self::Double(_) => "float8",
            Self::Boolean(_) => "boolean",
            Self::Text(_) => "text",
            Self::Uuid(_) => "uuid",
            Self::Date(_) => "date",
            Self::Integers(_) => "integer[]",
        }
    }

    fn as_sql(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Smallint(value) => value,
            Self::Integer(value) => value,
            Self::Bigint(value) => value,
            Self::Double(value) => value,
            Self::Boolean(value) => value,
            Self::Text(value) => value,
            Self::Uuid(value) => value,
            Self::Date(value) => value,
            Self::Integers(values) => values,
        }
    }

    fn literal(&self) -> String {
        let known = match self {
            Self::Smallint(value) => value.map(|value| value.to_string()),
            Self::Integer(value) => value.map(|value| value.to_string()),
            Self::Bigint(value) => value.map(|value| value.to_string()),
            Self::Double(value) => value.map(|value| value.to_string()),
            Self::Boolean(value) => value.map(|value| value.to_string()),
            // Codes of the domain: nothing to quote.
            Self::Text(value) => value.map(ToOwned::to_owned),
            Self::Uuid(value) => value.map(|value| value.to_string()),
            Self::Date(value) => Some(value.to_string()),
            Self::Integers(values) => {
                Some(format!("{{{}}}", values.iter().map(i32::to_string).collect::<Vec<_>>().join(",")))
            }
        };
        known.map_or_else(|| "NULL".to_owned(), |known| format!("'{known}'::{}", self.sql_type()))
    }
}

/// An SQL text and what its `$n` stand for.
#[derive(Clone, Debug, Default)]
pub struct Statement {
    /// The text.
    pub sql: String,
    params: Vec<Param>,
}

impl Statement {
    /// What to bind.
    pub(super) fn params(&self) -> Vec<&(dyn ToSql + Sync)> {
        self.params.iter().map(Param::as_sql).collect()
    }

    /// What is bound, as SQL writes it: for `EXECUTE name (…)`.
    pub fn literals(&self) -> Vec<String> {
        self.params.iter().map(Param::literal).collect()
    }

    /// Another parameter; gives its place in the text, with its type.
    pub(super) fn bind(&mut self, param: Param) -> String {
        let place = format!("${}::{}", self.params.len() + 1, param.sql_type());
        self.params.push(param);
        place
    }
}
