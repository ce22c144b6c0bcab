//! Tables as CSV (RFC 4180), for who asks by `Accept: text/csv`. Inert in a spreadsheet: no text becomes a formula.

use axum::Json;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use domain::money::Money;
use serde::Serialize;

use crate::accept;

/// The media type of CSV.
pub const MEDIA_TYPE: &str = "text/csv";

/// What spreadsheets may take for the beginning of a formula.
const SUSPICIOUS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A table being written; the first row names the columns.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Csv {
    text: String,
}

impl Csv {
    /// A table of these columns.
    pub fn new(columns: &[&str]) -> Self {
        let mut csv = Self::default();
        csv.row(columns.iter().map(|column| text(column)));
        csv
    }

    /// Adds a row of cells that [`text`] and [`amount`] made.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells: Vec<String> = cells.into_iter().map(|Cell(cell)| cell).collect();
        self.text.push_str(&cells.join(","));
        self.text.push_str("\r\n");
    }

    /// The whole table.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The answer as a table to who asks for one, as JSON to all others.
pub fn or_json<T: Serialize>(headers: &HeaderMap, answer: &T, table: impl FnOnce(&T) -> Csv) -> Response {
    let vary = [(header::VARY, "Accept")];
    if accept::prefers(headers, MEDIA_TYPE) {
        return (vary, table(answer)).into_response();
    }
    (vary, Json(answer)).into_response()
}

/// A cell as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell(String);

/// A cell of text: made inert by an apostrophe where it might be a formula, quoted where it has to be.
pub fn text(value: &str) -> Cell {
    let guard = if value.starts_with(SUSPICIOUS) { "'" } else { "" };
    let value = format!("{guard}{value}");
    if value.contains([',', '"', '\r', '\n']) {
        Cell(format!("\"{}\"", value.replace('"', "\"\"")))
    } else {
        Cell(value)
    }
}

/// A cell with a decimal number of a currency's main units, `-12.50`: a number, which no spreadsheet takes for a formula.
/// Its currency is another column's.
pub fn amount(money: Money) -> Cell {
    let shown = money.to_string();
    Cell(shown.split(' ').next().unwrap_or_default().to_owned())
}

impl IntoResponse for Csv {
    fn into_response(self) -> Response {
        let media_type = format!("{MEDIA_TYPE}; charset=utf-8; header=present");
        ([(header::CONTENT_TYPE, media_type)], self.text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;

    use super::*;

    #[test]
    fn what_may_be_a_formula_is_made_inert() {
        for (value, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t=1"),
            ("\r=1", "\"'\r=1\""),
            ("=1,2", "\"'=1,2\""),
            ("a=1", "a=1"),
            ("", ""),
        ] {
            assert_eq!(text(value), Cell(cell.to_owned()), "{value:?}");
        }
    }

    #[test]
    fn commas_quotes_and_line_ends_are_quoted_as_rfc_4180_says() {
        let mut csv = Csv::new(&["name", "note"]);
        csv.row([text("a,b"), text("say \"yes\"\nor no")]);
        assert_eq!(csv.as_str(), "name,note\r\n\"a,b\",\"say \"\"yes\"\"\nor no\"\r\n");
    }

    #[test]
    fn amounts_are_numbers_of_the_currencys_decimals() {
        let number = |minor, currency| amount(Money::new(minor, currency)).0;
        assert_eq!(number(12_550, Currency::USD), "125.50");
        assert_eq!(number(-5, Currency::USD), "-0.05");
        assert_eq!(number(1_200, Currency::JPY), "1200");
        assert_eq!(number(1_250, Currency::KWD), "1.250");
    }
}
