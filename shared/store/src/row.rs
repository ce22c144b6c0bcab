//! Reading a row's columns into the domain's types; a value the domain does not know is a fault of ours.

use std::fmt::Display;
use std::str::FromStr;

use domain::error::{Error, Result};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

/// Typed access to a row's columns by name.
pub(crate) trait RowExt {
    /// The column as the driver reads it.
    fn read<'a, T: FromSql<'a>>(&'a self, column: &str) -> Result<T>;

    /// A text column parsed by the domain.
    fn parse<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T>;

    /// The same where the column may be NULL.
    fn parse_optional<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>>;
}

impl RowExt for Row {
    fn read<'a, T: FromSql<'a>>(&'a self, column: &str) -> Result<T> {
        self.try_get(column).map_err(Error::internal)
    }

    fn parse<T: FromStr<Err: Display>>(&self, column: &str) -> Result<T> {
        parse_text(column, self.read(column)?)
    }

    fn parse_optional<T: FromStr<Err: Display>>(&self, column: &str) -> Result<Option<T>> {
        self.read::<Option<&str>>(column)?.map(|text| parse_text(column, text)).transpose()
    }
}

fn parse_text<T: FromStr<Err: Display>>(column: &str, text: &str) -> Result<T> {
    text.parse().map_err(|error| Error::internal(format!("column {column}: {error}")))
}

/// A small unsigned number out of a smallint or integer column.
pub(crate) fn unsigned(column: &str, value: i64) -> Result<u32> {
    u32::try_from(value).map_err(|_| Error::internal(format!("column {column} is negative")))
}
